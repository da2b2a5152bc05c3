namespace Privatemode.AI.AspNetCore;

/// <summary>Provides limits for calls in one minute.</summary>
public sealed class ProxyRateLimits
{
    /// <summary>Gets or sets the number of requests a minute, from 1 to 100,000, or <see langword="null"/> for no limit.</summary>
    public int? RequestsPerMinute { get; set; }

    /// <summary>Gets or sets the number of input tokens a minute, from 1 to 1,000,000,000, or <see langword="null"/> for no limit.</summary>
    public long? InputTokensPerMinute { get; set; }

    /// <summary>Gets or sets the number of output tokens a minute, from 1 to 1,000,000,000, or <see langword="null"/> for no limit.</summary>
    public long? OutputTokensPerMinute { get; set; }

    /// <summary>Gets or sets the number of requests at the same time, from 1 to 100,000, or <see langword="null"/> for no limit.</summary>
    public int? ConcurrentRequests { get; set; }

    /// <summary>Gets or sets how long a request waits at most, up to 10 minutes. The default is 60 seconds.</summary>
    public TimeSpan MaxWait { get; set; } = TimeSpan.FromSeconds(60);

    /// <summary>Gets or sets how many requests wait at most, up to 10,000. The default is 100.</summary>
    public int QueueLength { get; set; } = 100;

    /// <summary>Gets the limits of the service's free tier, as a new object.</summary>
    public static ProxyRateLimits FreeTier => new() { RequestsPerMinute = 20, InputTokensPerMinute = 200_000, OutputTokensPerMinute = 20_000 };
}
