using System.Runtime.CompilerServices;
using Privatemode.AI.Encryption;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.Tests.Encryption;

/// <summary>Tests of a store that all code of the process shares.</summary>
[Collection(ContentArraysAlone.Name)]
public sealed class ContentArraysTests
{
    public ContentArraysTests() => ContentArraysAlone.ReleaseRetained();

    [Fact]
    public void Rent_Large_IsAsLongAsAskedFor()
    {
        byte[] array = ContentArrays.Rent(2_010_001);
        Assert.Equal(2_010_001, array.Length);
        Assert.True(ContentArrays.Rent(1000).Length >= 1000);
        Assert.Equal(ContentArrays.MaxSharedSize, ContentArrays.Rent(ContentArrays.MaxSharedSize).Length);
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
    public void Return_LongerThanAllThatMayBeKept_IsRentedAgainOnceUnlessACollectionComesFirst()
    {
        byte[] array = ContentArrays.Rent(ContentArrays.MaxRetained + 1);
        ContentArrays.Return(array);
        Assert.NotSame(array, ContentArrays.Rent(ContentArrays.MaxRetained / 2));
        Assert.Same(array, ContentArrays.Rent(ContentArrays.MaxRetained));
        Assert.NotSame(array, ContentArrays.Rent(ContentArrays.MaxRetained));

        WeakReference collected = ReturnOne(ContentArrays.MaxRetained + 1);
        GC.Collect();
        Assert.False(collected.IsAlive);
    }

    [Fact]
    public void Rent_SeveralAreLongEnough_TakesTheShortest()
    {
        byte[] shorter = ContentArrays.Rent(1_210_000);
        byte[] longer = ContentArrays.Rent(1_310_000);
        ContentArrays.Return(shorter);
        ContentArrays.Return(longer);
        Assert.Same(shorter, ContentArrays.Rent(1_200_000));
        Assert.Same(longer, ContentArrays.Rent(1_200_000));
    }

    [Fact]
    public void Rent_AQuarterUnused_IsTheMost()
    {
        byte[] array = ContentArrays.Rent(1_600_000);
        ContentArrays.Return(array);
        Assert.NotSame(array, ContentArrays.Rent(1_199_999));
        Assert.Same(array, ContentArrays.Rent(1_200_000));
    }

    [Fact]
    public void Return_AsLongAsAllThatMayBeKept_IsKept()
    {
        byte[] array = ContentArrays.Rent(ContentArrays.MaxRetained);
        ContentArrays.Return(array);
        Assert.Same(array, ContentArrays.Rent(ContentArrays.MaxRetained));
    }

    [Fact]
    public void Return_OfThoseFromTheSharedPool_LeavesTheRoomToLongOnes()
    {
        for (int i = 0; i < 4; i++)
        {
            ContentArrays.Return(new byte[ContentArrays.MaxSharedSize]);
        }

        byte[] array = ContentArrays.Rent(1_510_001);
        ContentArrays.Return(array);
        Assert.Same(array, ContentArrays.Rent(1_510_001));
    }

    [Fact]
    public void Kept_OneCollectionLater_IsStillThere()
    {
        byte[] array = ContentArrays.Rent(1_710_001);
        ContentArrays.Return(array);
        GC.Collect();
        GC.WaitForPendingFinalizers();
        Assert.Same(array, ContentArrays.Rent(1_710_001));
    }

    [Fact]
    public void Kept_NotUsedForLong_IsGivenUp()
    {
        WeakReference array = ReturnOne(1_210_001);
        ContentArraysAlone.ReleaseRetained();
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
    private static WeakReference ReturnOne(int length)
    {
        byte[] array = ContentArrays.Rent(length);
        ContentArrays.Return(array);
        return new WeakReference(array);
    }
}

/// <summary>Tests that need the store of arrays empty: they run with no other test beside them.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class ContentArraysAlone
{
    public const string Name = "content arrays alone";

    /// <summary>Empties the store: what has not been used for a few collections is given up.</summary>
    public static void ReleaseRetained()
    {
        for (int i = 0; i < 20; i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }
    }
}
