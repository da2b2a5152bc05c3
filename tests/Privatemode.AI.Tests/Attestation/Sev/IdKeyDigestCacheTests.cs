using Privatemode.AI.Attestation.Sev;

namespace Privatemode.AI.Tests.Attestation.Sev;

public sealed class IdKeyDigestCacheTests
{
    private static readonly byte[] LaunchDigest = new byte[48];

    [Fact]
    public void Get_SameQuestion_IsComputedOnce()
    {
        IdKeyDigestCache cache = new();
        ReadOnlyMemory<byte> first = cache.Get(LaunchDigest, 1);
        ReadOnlyMemory<byte> other = cache.Get(LaunchDigest, 2);
        Assert.Equal(IdKeyDigest.Compute(LaunchDigest, 1), first.ToArray());
        Assert.NotEqual(first.ToArray(), other.ToArray());
        Assert.True(IsSame(first, cache.Get(LaunchDigest, 1)));
        Assert.True(IsSame(other, cache.Get(LaunchDigest, 2)));
    }

    [Fact]
    public void Get_ManyQuestions_StaysSmall()
    {
        IdKeyDigestCache cache = new();
        ReadOnlyMemory<byte> first = cache.Get(LaunchDigest, 0);
        for (ulong policy = 1; policy < IdKeyDigestCache.Capacity; policy++)
        {
            _ = cache.Get(LaunchDigest, policy);
        }

        Assert.True(IsSame(first, cache.Get(LaunchDigest, 0)));
        ReadOnlyMemory<byte> last = cache.Get(LaunchDigest, IdKeyDigestCache.Capacity);
        Assert.True(IsSame(last, cache.Get(LaunchDigest, IdKeyDigestCache.Capacity)));
        Assert.False(IsSame(first, cache.Get(LaunchDigest, 0)));
    }

    // What is computed anew is another array.
    private static bool IsSame(ReadOnlyMemory<byte> one, ReadOnlyMemory<byte> other) => one.Equals(other);
}
