using System.Threading.RateLimiting;
using Privatemode.AI;

namespace UserPrograms;

/// <summary>The settings of a company that reviews manifests itself and buys its own hardware.</summary>
public static class StrictSettings
{
    public static PrivatemodeOptions Create(string manifestSha256, RateLimiter limiter, byte[] cacheSecret, Func<string?> currentUser) => new()
    {
        ApiKey = "not-a-key",
        MaxSessions = 4,
        WarmUp = WarmUpMode.Required,
        Verification =
        {
            Manifest = ManifestPolicy.Pinned(manifestSha256),
            Hardware = HardwarePolicy.Default with { RequireNewestTdxTcbInfo = true },
            GpuRevocation = GpuRevocationPolicy.Strict,
            Lifetime = TimeSpan.FromHours(1),
        },
        Transport =
        {
            RateLimiter = limiter,
            ResponseTimeout = TimeSpan.FromMinutes(2),
            IdleTimeout = TimeSpan.FromSeconds(30),
        },
        PromptCache = { Scope = PromptCacheScope.PerUser(cacheSecret, currentUser) },
        Media = { Remote = RemoteMediaPolicy.FetchLocally, MaxFetchedImages = 4 },
    };
}
