using Privatemode.AI.Attestation.Sev;

namespace Privatemode.AI.Tests.Attestation.Sev;

public sealed class IdKeyDigestCacheTests
{
    private static readonly byte[] LaunchDigest = new byte[48];

    [Fact]
    public void Get_SameQuestion_IsComputedOnce()
    {
        IdKeyDigestCache cache = new();
        Assert.Equal(IdKeyDigest.Compute(LaunchDigest, 1), cache.Get(LaunchDigest, 1).ToArray());
        Assert.Equal(cache.Get(LaunchDigest, 1).ToArray(), cache.Get(LaunchDigest, 1).ToArray());
        Assert.NotEqual(cache.Get(LaunchDigest, 1).ToArray(), cache.Get(LaunchDigest, 2).ToArray());
        Assert.Equal(2, cache.Computed);
    }

    [Fact]
    public void Get_ManyQuestions_StaysSmall()
    {
        IdKeyDigestCache cache = new();
        for (ulong policy = 0; policy <= IdKeyDigestCache.Capacity; policy++)
        {
            _ = cache.Get(LaunchDigest, policy);
        }

        _ = cache.Get(LaunchDigest, IdKeyDigestCache.Capacity);
        Assert.Equal(IdKeyDigestCache.Capacity + 1, cache.Computed);
        _ = cache.Get(LaunchDigest, 0);
        Assert.Equal(IdKeyDigestCache.Capacity + 2, cache.Computed);
    }
}
