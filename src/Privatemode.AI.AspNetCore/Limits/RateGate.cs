using Microsoft.Extensions.Options;
using Privatemode.AI.AspNetCore.Gate;
using Privatemode.AI.AspNetCore.Status;

namespace Privatemode.AI.AspNetCore.Limits;

/// <summary>The token counts of one answer, as the service returned them. They are not authenticated.</summary>
internal readonly record struct TokenUsage(long Input, long Output, long Cached);

/// <summary>Applies the rate limits of the options: those of each caller, and those of all callers together.</summary>
internal sealed class RateGate(IOptions<PrivatemodeProxyOptions> options, TimeProvider time, ProxyTelemetry telemetry) : IDisposable
{
    private const int MaxCallers = 1024;
    private static readonly TimeSpan IdleTime = TimeSpan.FromMinutes(10);

    // With keys of the service's, each key is an organisation with limits of its own.
    private readonly ProxyRateLimits? _allLimits = options.Value.UseCallerKeyAsApiKey ? null : options.Value.RateLimit;
    private readonly ProxyRateLimits? _callerLimits = options.Value.UseCallerKeyAsApiKey
        ? options.Value.CallerRateLimit ?? options.Value.RateLimit
        : options.Value.CallerRateLimit;
    private readonly Dictionary<string, CallerQueue> _callers = new(StringComparer.Ordinal);
    private readonly Lock _lock = new();
    private RateQueue? _all;

    /// <summary>Waits until the call may be sent.</summary>
    /// <param name="caller">The caller.</param>
    /// <param name="estimatedInputTokens">The estimated number of input tokens of the request.</param>
    /// <param name="cancellationToken">A token that cancels the wait.</param>
    /// <exception cref="Errors.ProxyRefusalException">The call would have to wait too long.</exception>
    public async ValueTask<RatePermit> EnterAsync(ProxyCaller caller, long estimatedInputTokens, CancellationToken cancellationToken)
    {
        long began = time.GetTimestamp();
        RatePermit permit = new(estimatedInputTokens);
        List<RateQueue> queues = [];
        try
        {
            queues = HoldQueuesOf(caller);

            // First the caller's own, so that one who waits for those does not hold a place of the others.
            foreach (RateQueue queue in queues)
            {
                permit.Add(queue, await queue.EnterAsync(estimatedInputTokens, cancellationToken).ConfigureAwait(false));
            }

            permit.Waited = time.GetElapsedTime(began);
            return permit;
        }
        catch (Exception exception)
        {
            permit.Dispose();
            if (exception is Errors.ProxyRefusalException)
            {
                telemetry.Rejected("rate");
            }

            throw;
        }
        finally
        {
            queues.ForEach(queue => queue.Release());
        }
    }

    public void Dispose()
    {
        lock (_lock)
        {
            _all?.Dispose();
            foreach (CallerQueue caller in _callers.Values)
            {
                caller.Queue.Dispose();
            }

            _callers.Clear();
        }
    }

    /// <summary>The number of callers whose own limits are in memory.</summary>
    internal int CallerCount
    {
        get
        {
            lock (_lock)
            {
                return _callers.Count;
            }
        }
    }

    /// <summary>Whether no call is in progress or waiting.</summary>
    internal bool IsIdle
    {
        get
        {
            lock (_lock)
            {
                return _all?.IsIdle != false && _callers.Values.All(caller => caller.Queue.IsIdle);
            }
        }
    }

    /// <summary>Returns the queues that a request has to pass, and holds them, so that they are not evicted as idle before the request has entered
    /// them.</summary>
    internal List<RateQueue> HoldQueuesOf(ProxyCaller caller)
    {
        lock (_lock)
        {
            List<RateQueue> queues = new(2);
            if (_callerLimits is not null)
            {
                queues.Add(QueueOf(caller.KeyDigest));
            }

            if (_allLimits is not null)
            {
                queues.Add(_all ??= new RateQueue(_allLimits, time));
            }

            queues.ForEach(queue => queue.Hold());
            return queues;
        }
    }

    private RateQueue QueueOf(string digest)
    {
        if (!_callers.TryGetValue(digest, out CallerQueue? known))
        {
            EvictOne();
            known = new CallerQueue(new RateQueue(_callerLimits!, time));
            _callers.Add(digest, known);
        }

        known.UsedAt = time.GetTimestamp();
        return known.Queue;
    }

    /// <summary>Removes callers that have been idle for long or, if there are none, the one that has been idle for the longest time.</summary>
    private void EvictOne()
    {
        if (_callers.Count < MaxCallers)
        {
            return;
        }

        KeyValuePair<string, CallerQueue>[] idle = [.. _callers.Where(caller => caller.Value.Queue.IsIdle).OrderBy(caller => caller.Value.UsedAt)];
        foreach ((string digest, CallerQueue caller) in idle.Where((entry, i) => i == 0 || time.GetElapsedTime(entry.Value.UsedAt) >= IdleTime))
        {
            _ = _callers.Remove(digest);
            caller.Queue.Dispose();
        }

        if (idle.Length == 0)
        {
            throw new Errors.ProxyRefusalException(Errors.ProxyError.Overloaded("This proxy serves too many callers at the moment.", TimeSpan.FromSeconds(1)));
        }
    }

    private sealed class CallerQueue(RateQueue queue)
    {
        public RateQueue Queue => queue;

        public long UsedAt { get; set; }
    }
}

/// <summary>The permit for one call. Disposing it ends the call.</summary>
internal sealed class RatePermit(long estimatedInputTokens) : IDisposable
{
    private readonly List<(RateQueue Queue, long Second)> _queues = new(2);
    private bool _isEnded;

    /// <summary>The time that the call waited.</summary>
    public TimeSpan Waited { get; set; }

    /// <summary>Replaces the estimate with the actual token counts. Not called if the answer contained no usage.</summary>
    public void Charge(TokenUsage usage)
    {
        // Counts are not authenticated: a negative one would make room, an enormous one would close the proxy.
        TokenUsage plausible = new(Plausible(usage.Input), Plausible(usage.Output), Plausible(usage.Cached));
        foreach ((RateQueue queue, long second) in _queues)
        {
            queue.Charge(second, estimatedInputTokens, plausible);
        }
    }

    public void Dispose()
    {
        if (!_isEnded)
        {
            _isEnded = true;
            foreach ((RateQueue queue, _) in _queues)
            {
                queue.Leave();
            }
        }
    }

    internal void Add(RateQueue queue, long second) => _queues.Add((queue, second));

    private static long Plausible(long tokens) => Math.Clamp(tokens, 0, 10_000_000);
}
