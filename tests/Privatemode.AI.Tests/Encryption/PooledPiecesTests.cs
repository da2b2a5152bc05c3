using Privatemode.AI.Encryption;
using Privatemode.AI.Internal;

namespace Privatemode.AI.Tests.Encryption;

public sealed class PooledPiecesTests
{
    private const int Megabyte = 1024 * 1024;

    [Theory]
    [InlineData(0, false)]
    [InlineData(1, false)]
    [InlineData(PooledPieces.MaxFirstPieceSize - 1, false)]
    [InlineData(PooledPieces.MaxFirstPieceSize, false)]
    [InlineData(PooledPieces.MaxFirstPieceSize + 1, true)]
    [InlineData(2 * Megabyte + 4096, true)]
    [InlineData(2 * Megabyte + 4097, true)]
    [InlineData(5 * Megabyte + 3, true)]
    public async Task Read_OfAnyLength_KeepsEveryByte(int length, bool isInPieces)
    {
        byte[] content = new byte[length];
        new Random(1).NextBytes(content);
        using PooledPieces read = new();
        Assert.True(await BoundedReader.TryReadAsync(new MemoryStream(content), read, length, async: true, CancellationToken.None));
        Assert.Equal(length, read.Length);
        Assert.Equal(isInPieces, read.Text.IsInPieces);
        Assert.True(content.AsSpan().SequenceEqual(read.ToArray()));
    }

    [Fact]
    public void Read_InSmallSteps_KeepsEveryByte()
    {
        byte[] content = new byte[3 * Megabyte];
        Random random = new(1);
        random.NextBytes(content);
        using PooledPieces pieces = new();
        while (pieces.Length < content.Length)
        {
            Memory<byte> free = pieces.GetMemory();
            int count = Math.Min(Math.Min(free.Length, random.Next(1, 30_000)), content.Length - pieces.Length);
            content.AsSpan(pieces.Length, count).CopyTo(free.Span);
            pieces.Advance(count);
        }

        Assert.True(content.AsSpan().SequenceEqual(pieces.ToArray()));
    }

    // A reader of the platform that asks for more would write beyond what it gets.
    [Fact]
    public void GetMemory_MoreThanOneByteWanted_IsRefused()
    {
        using PooledPieces pieces = new();
        Assert.NotEqual(0, pieces.GetMemory(1).Length);
        Assert.Throws<ArgumentOutOfRangeException>(() => pieces.GetMemory(2));
    }

    [Fact]
    public void Dispose_WipesEveryPiece_AndEndsItsUse()
    {
        List<ArraySegment<byte>> seen = [];
        PooledPieces pieces = new();
        while (pieces.Length < 3 * Megabyte)
        {
            Memory<byte> free = pieces.GetMemory();
            free.Span.Fill(7);
            pieces.Advance(free.Length);
            Assert.True(System.Runtime.InteropServices.MemoryMarshal.TryGetArray(free, out ArraySegment<byte> segment));
            seen.Add(segment);
        }

        pieces.Dispose();
        pieces.Dispose();

        // Others may have got the arrays by now, and write into them, but not this.
        byte[] trace = Enumerable.Repeat((byte)7, 64).ToArray();
        Assert.All(seen, segment => Assert.True(segment.AsSpan().IndexOf(trace) < 0));
        Assert.Throws<ObjectDisposedException>(() => pieces.Text.Length);
        Assert.Throws<ObjectDisposedException>(() => pieces.GetMemory());
    }
}
