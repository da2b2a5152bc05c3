namespace Privatemode.AI.AspNetCore;

/// <summary>Represents rate limits for requests. Requests that exceed the limits wait in order, for at most <see cref="MaxWait"/>.</summary>
/// <remarks>Requests and tokens are counted over the last 60 seconds. Token counts come from the service and are not authenticated; input tokens
/// are estimated until the answer has ended. Counting tokens, listing models and health checks are not limited. Each process counts its own requests: divide
/// the limits among replicas.</remarks>
public sealed class ProxyRateLimits
{
    /// <summary>Gets a new instance with the limits of the service's free tier in October 2026, according to third parties: 20 requests, 200,000 input tokens
    /// and 20,000 output tokens a minute.</summary>
    public static ProxyRateLimits FreeTier => new() { RequestsPerMinute = 20, InputTokensPerMinute = 200_000, OutputTokensPerMinute = 20_000 };

    /// <summary>Gets or sets the maximum number of requests in any period of 60 seconds.</summary>
    /// <value>From 1 to 100,000, or <see langword="null"/>, the default, for no limit.</value>
    public int? RequestsPerMinute { get; set; }

    /// <summary>Gets or sets the maximum number of input tokens in any period of 60 seconds.</summary>
    /// <value>From 1 to 1,000,000,000, or <see langword="null"/>, the default, for no limit.</value>
    /// <remarks>A request with more tokens than the limit is sent when no other request was counted in the last 60 seconds; the service then
    /// accepts or refuses it.</remarks>
    public long? InputTokensPerMinute { get; set; }

    /// <summary>Gets or sets the number of output tokens in the last 60 seconds at which further requests start to wait.</summary>
    /// <value>From 1 to 1,000,000,000, or <see langword="null"/>, the default, for no limit.</value>
    public long? OutputTokensPerMinute { get; set; }

    /// <summary>Gets or sets the maximum number of concurrent requests.</summary>
    /// <value>From 1 to 100,000, or <see langword="null"/>, the default, for no limit.</value>
    public int? ConcurrentRequests { get; set; }

    /// <summary>Gets or sets the maximum time that a request waits because of the limits.</summary>
    /// <value>From zero to 10 minutes. The default is 60 seconds. After this time, the request is answered with status 429 and <c>Retry-After</c>.</value>
    public TimeSpan MaxWait { get; set; } = TimeSpan.FromSeconds(60);

    /// <summary>Gets or sets the maximum number of requests that wait at the same time.</summary>
    /// <value>From 0 to 10,000. The default is 100. A further request is answered with status 429 immediately.</value>
    public int QueueLength { get; set; } = 100;
}
