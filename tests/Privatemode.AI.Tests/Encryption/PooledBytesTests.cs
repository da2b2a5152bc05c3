using System.Runtime.InteropServices;
using Privatemode.AI.Encryption;

namespace Privatemode.AI.Tests.Encryption;

public sealed class PooledBytesTests
{
    [Fact]
    public void Extend_ManyTimes_KeepsTheContent()
    {
        using PooledBytes bytes = new(1);
        List<byte> expected = [];
        for (int i = 0; i < 300; i++)
        {
            bytes.Extend(i).Fill((byte)(i % 251));
            bytes.Append(255);
            expected.AddRange(Enumerable.Repeat((byte)(i % 251), i));
            expected.Add(255);
        }

        Assert.Equal(expected, bytes.Span.ToArray());
        Assert.Equal(expected.Count, bytes.Length);
        Assert.Equal(expected, bytes.Memory.ToArray());
    }

    [Fact]
    public void Append_OneByOne_MovesTheContentSeldom()
    {
        using PooledBytes bytes = new(16);
        int moves = 0;
        byte[] array = ArrayOf(bytes);
        for (int i = 0; i < 256 * 1024; i++)
        {
            bytes.Append(1);
            moves += ReferenceEquals(array, ArrayOf(bytes)) ? 0 : 1;
            array = ArrayOf(bytes);
        }

        Assert.InRange(moves, 1, 14);
    }

    [Theory]
    [InlineData(10)]
    [InlineData(ContentArrays.MaxSharedSize + 1)]
    public void Detach_GivesTheContentAndNothingElse(int capacity)
    {
        using PooledBytes bytes = new(capacity);
        bytes.Extend(10).Fill(7);
        bytes.Truncate(3);

        using MemoryStream content = bytes.Detach();

        Assert.Equal([7, 7, 7], content.ToArray());
        Assert.True(!content.TryGetBuffer(out ArraySegment<byte> buffer) || !buffer.Array.AsSpan(3).Contains((byte)7));
        Assert.Equal(0, bytes.Length);
        bytes.Append(9);
        Assert.Equal([9], bytes.Span.ToArray());
        Assert.Equal([7, 7, 7], content.ToArray());
    }

    [Fact]
    public void Free_AndCommit_TakeInWhatWasRead()
    {
        using PooledBytes bytes = PooledBytes.Copy("ab"u8);
        Memory<byte> free = bytes.Free(5000);
        Assert.True(free.Length >= 5000);
        Assert.Equal(2, bytes.Length);

        "cdef"u8.CopyTo(free.Span);
        bytes.Commit(3);
        Assert.Equal("abcde"u8.ToArray(), bytes.Span.ToArray());

        bytes.Commit(0);
        Assert.Equal(5, bytes.Length);
        Assert.Throws<ArgumentOutOfRangeException>(() => bytes.Commit(-1));
        Assert.Throws<ArgumentOutOfRangeException>(() => bytes.Commit(ArrayOf(bytes).Length - 4));
        bytes.Commit(ArrayOf(bytes).Length - 5);
    }

    [Theory]
    [InlineData(0, 0, "xyz", "xyzabcdef")]
    [InlineData(6, 0, "xyz", "abcdefxyz")]
    [InlineData(0, 6, "", "")]
    [InlineData(0, 2, "", "cdef")]
    [InlineData(2, 2, "xyz", "abxyzef")]
    [InlineData(2, 2, "x", "abxef")]
    [InlineData(2, 2, "xy", "abxyef")]
    [InlineData(4, 2, "0123456789012345678901234567890123456789", "abcd0123456789012345678901234567890123456789")]
    public void Replace_Range_GivesTheOtherBytes(int start, int length, string replacement, string expected)
    {
        using PooledBytes bytes = PooledBytes.Copy("abcdef"u8);
        bytes.Replace(start, length, System.Text.Encoding.UTF8.GetBytes(replacement));
        Assert.Equal(expected, System.Text.Encoding.UTF8.GetString(bytes.Span));
    }

    [Theory]
    [InlineData(-1, 0)]
    [InlineData(0, -1)]
    [InlineData(7, 0)]
    [InlineData(5, 2)]
    [InlineData(int.MaxValue, int.MaxValue)]
    public void Replace_RangeOutsideTheContent_ThrowsAndChangesNothing(int start, int length)
    {
        using PooledBytes bytes = PooledBytes.Copy("abcdef"u8);
        Assert.Throws<ArgumentOutOfRangeException>(() => bytes.Replace(start, length, "xy"u8));
        Assert.Equal("abcdef"u8.ToArray(), bytes.Span.ToArray());
    }

    [Fact]
    public void AppendAndReplace_PartOfTheContentItself_AreRefused()
    {
        // Growing moves the content and wipes the old place: the bytes to add would be gone.
        using PooledBytes bytes = PooledBytes.Copy("abcdef"u8);
        Assert.Throws<ArgumentException>(() => bytes.Append(bytes.Span));
        Assert.Throws<ArgumentException>(() => bytes.Replace(0, 1, bytes.Span[2..]));
        Assert.Equal("abcdef"u8.ToArray(), bytes.Span.ToArray());
    }

    [Fact]
    public void Truncate_AndClear_DropTheEnd()
    {
        using PooledBytes bytes = PooledBytes.Copy("abcdef"u8);
        bytes.Truncate(6);
        bytes.Truncate(2);
        Assert.Equal("ab"u8.ToArray(), bytes.Span.ToArray());
        Assert.Throws<ArgumentOutOfRangeException>(() => bytes.Truncate(3));
        Assert.Throws<ArgumentOutOfRangeException>(() => bytes.Truncate(-1));
        bytes.Clear();
        Assert.Equal(0, bytes.Length);
    }

    [Fact]
    public void Extend_BeyondTheLargestArray_Throws()
    {
        using PooledBytes bytes = PooledBytes.Copy("abcdef"u8);
        Assert.Throws<OverflowException>(() => { _ = bytes.Extend(int.MaxValue); });
        Assert.Throws<ArgumentOutOfRangeException>(() => { _ = bytes.Extend(-1); });
        Assert.Equal(6, bytes.Length);
    }

    [Fact]
    public void Dispose_WipesTheArray()
    {
        PooledBytes bytes = PooledBytes.Copy("secret"u8);
        _ = bytes.Extend(10);
        byte[] array = ArrayOf(bytes);
        array.AsSpan().Fill(1);
        bytes.Dispose();
        Assert.Equal(-1, array.AsSpan().IndexOfAnyExcept((byte)0));
    }

    [Fact]
    public void Extend_WhenItMoves_WipesTheOldArray()
    {
        using PooledBytes bytes = PooledBytes.Copy("secret"u8);
        byte[] array = ArrayOf(bytes);
        _ = bytes.Extend(array.Length + 1);
        Assert.NotSame(array, ArrayOf(bytes));
        Assert.Equal(-1, array.AsSpan(0, "secret".Length).IndexOfAnyExcept((byte)0));
    }

    [Fact]
    public void Dispose_Twice_ReturnsTheArrayOnce()
    {
        PooledBytes bytes = new(12345);
        bytes.Dispose();
        bytes.Dispose();
        using PooledBytes first = new(12345);
        using PooledBytes second = new(12345);
        Assert.NotSame(ArrayOf(first), ArrayOf(second));
    }

    [Fact]
    public void EveryUse_AfterDispose_Throws()
    {
        PooledBytes bytes = PooledBytes.Copy("abc"u8);
        bytes.Dispose();
        Action[] uses =
        [
            () => _ = bytes.Span.Length,
            () => _ = bytes.Memory.Length,
            () => _ = bytes.Extend(0).Length,
            () => bytes.Append(1),
            () => bytes.Append([]),
            () => _ = bytes.Free(0).Length,
            () => bytes.Commit(0),
            () => bytes.Replace(0, 0, []),
            () => bytes.Truncate(0),
            bytes.Clear,
        ];
        Assert.All(uses, use => Assert.Throws<ObjectDisposedException>(use));
        Assert.Equal(0, bytes.Length);
    }

    private static byte[] ArrayOf(PooledBytes bytes)
    {
        Assert.True(MemoryMarshal.TryGetArray(bytes.Memory, out ArraySegment<byte> segment));
        return segment.Array!;
    }

    [Fact]
    public void Dispose_AfterTruncate_WipesWhatWasThereBefore()
    {
        PooledBytes bytes = new(64);
        bytes.Append("secret text"u8);
        Span<byte> whole = bytes.Span;
        bytes.Truncate(2);
        bytes.Dispose();
        Assert.True(whole.IndexOfAnyExcept((byte)0) < 0);
    }

    [Fact]
    public void Dispose_AfterALongerReplacement_WipesAllOfIt()
    {
        PooledBytes bytes = new(256);
        bytes.Append("ab"u8);
        bytes.Replace(0, 2, "a much longer secret"u8);
        Span<byte> whole = bytes.Span;
        bytes.Dispose();
        Assert.True(whole.IndexOfAnyExcept((byte)0) < 0);
    }

    [Fact]
    public void Detach_LongContent_IsNotCopied()
    {
        using PooledBytes bytes = new(ContentArrays.MaxSharedSize + 1);
        bytes.Extend(10).Fill(7);
        byte[] array = ArrayOf(bytes);
        using MemoryStream content = bytes.Detach();
        Assert.True(content.TryGetBuffer(out ArraySegment<byte> buffer));
        Assert.Same(array, buffer.Array);
    }

    [Fact]
    public void Dispose_AfterFree_WipesWhatWasNotCommitted()
    {
        PooledBytes bytes = new(64);
        Memory<byte> free = bytes.Free(8);
        "secret"u8.CopyTo(free.Span);
        bytes.Dispose();
        Assert.True(free.Span.IndexOfAnyExcept((byte)0) < 0);
    }

    [Fact]
    public void Dispose_WithCiphertext_WipesEverythingAroundIt()
    {
        PooledBytes bytes = new(64);
        bytes.Append("one, two, three, four"u8);
        Span<byte> whole = bytes.Span;
        bytes.Truncate(16);
        bytes.Dispose([new ValueRange(10, 5), new ValueRange(0, 3)]);
        Assert.Equal("one\0\0\0\0\0\0\0three\0\0\0\0\0\0"u8, whole);
        bytes.Dispose([new ValueRange(0, 3)]);
        Assert.Throws<ObjectDisposedException>(() => bytes.Span.Length);
    }

    [Fact]
    public void Append_ManyBytes_CopiesAllOfThem()
    {
        byte[] many = new byte[600_001];
        new Random(1).NextBytes(many);
        using PooledBytes bytes = new(16);
        bytes.Append("a"u8);
        bytes.Append(many);
        Assert.Equal([(byte)'a', .. many], bytes.Span);
    }

    [Fact]
    public void Dispose_OfWhatIsNoSecret_LeavesTheTimeToWipeIt()
    {
        PooledBytes bytes = new(64, isSecret: false);
        bytes.Append("seen by everybody"u8);
        Span<byte> whole = bytes.Span;
        bytes.Dispose();
        Assert.Equal((byte)'s', whole[0]);
    }
}
