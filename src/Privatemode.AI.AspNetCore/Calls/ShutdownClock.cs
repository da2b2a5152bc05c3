using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace Privatemode.AI.AspNetCore.Calls;

/// <summary>Ends calls shortly before a stopping host resets their connections, so that their callers can be told.</summary>
internal sealed class ShutdownClock : IDisposable
{
    /// <summary>The time before the host's own limit at which calls end. If the limit is short, they end after half of it.</summary>
    private static readonly TimeSpan TimeToTell = TimeSpan.FromSeconds(2);

    // Not disposed: the timer may be firing, and there is nothing to release.
    private readonly CancellationTokenSource _ending = new();
    private readonly CancellationTokenRegistration _registration;
    private readonly TimeSpan _timeout;
    private readonly ITimer _timer;

    public ShutdownClock(IHostApplicationLifetime lifetime, IOptions<HostOptions> host, TimeProvider time)
    {
        _timeout = host.Value.ShutdownTimeout;
        _timer = time.CreateTimer(
            static ending => ((CancellationTokenSource)ending!).Cancel(), _ending, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        _registration = lifetime.ApplicationStopping.Register(Begin);
    }

    /// <summary>Canceled when calls must end.</summary>
    public CancellationToken Ending => _ending.Token;

    public void Dispose()
    {
        _registration.Dispose();
        _timer.Dispose();
    }

    private void Begin()
    {
        if (_timeout != Timeout.InfiniteTimeSpan)
        {
            TimeSpan early = _timeout / 2 < TimeToTell ? _timeout / 2 : TimeToTell;
            _ = _timer.Change(_timeout - early, Timeout.InfiniteTimeSpan);
        }
    }
}
