using System.Runtime.CompilerServices;
using Privatemode.AI.Encryption;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.Tests.Encryption;

/// <summary>Sizes here are used by no other test, so that tests running at the same time do not take each other's arrays.</summary>
public sealed class ContentArraysTests
{
    [Fact]
    public void Rent_Large_IsAsLongAsAskedFor()
    {
        byte[] array = ContentArrays.Rent(2_010_001);
        Assert.Equal(2_010_001, array.Length);
        Assert.True(ContentArrays.Rent(1000).Length >= 1000);
        Assert.Equal(ContentArrays.LargestShared, ContentArrays.Rent(ContentArrays.LargestShared).Length);
    }

    [Fact]
    public async Task Return_Large_IsFoundByAnotherThreadOnce()
    {
        byte[] array = ContentArrays.Rent(1_810_001);
        ContentArrays.Return(array);
        byte[] again = await TestTimeouts.OnOwnThread(() => ContentArrays.Rent(1_809_900));
        Assert.Same(array, again);
        Assert.NotSame(array, ContentArrays.Rent(1_809_900));
    }

    [Fact]
    public void Rent_MuchShorter_DoesNotTakeTheLongOne()
    {
        byte[] array = ContentArrays.Rent(1_610_001);
        ContentArrays.Return(array);
        Assert.NotSame(array, ContentArrays.Rent(1_100_000));
    }

    [Fact]
    public void Return_LongerThanAllThatMayBeKept_IsGivenUpAtOnce()
    {
        byte[] array = ContentArrays.Rent(ContentArrays.MostKept + 1);
        ContentArrays.Return(array);
        Assert.NotSame(array, ContentArrays.Rent(ContentArrays.MostKept + 1));
    }

    [Fact]
    public void Kept_NotUsedForLong_IsGivenUp()
    {
        WeakReference array = ReturnOne();
        for (int i = 0; i < 20 && array.IsAlive; i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }

        Assert.False(array.IsAlive);
    }

    [Fact]
    public void PooledBytes_Large_AreWipedBeforeOthersGetThem()
    {
        byte[] array;
        using (PooledBytes bytes = new(1_410_001))
        {
            bytes.Extend(1000).Fill(7);
            array = System.Runtime.InteropServices.MemoryMarshal.TryGetArray(bytes.Memory, out ArraySegment<byte> segment) ? segment.Array! : [];
        }

        Assert.Equal(1_410_001, array.Length);
        Assert.False(array.AsSpan(0, 1000).ContainsAnyExcept((byte)0));
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static WeakReference ReturnOne()
    {
        byte[] array = ContentArrays.Rent(1_210_001);
        ContentArrays.Return(array);
        return new WeakReference(array);
    }
}
