using Microsoft.Extensions.Options;

namespace Privatemode.AI.AspNetCore.Calls;

/// <summary>One timer for all streams. Every second, it sends a keep-alive frame on each stream that has been silent for too long.</summary>
internal sealed class KeepAliveClock(TimeProvider time, IOptions<PrivatemodeProxyOptions> options) : IDisposable
{
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(1);

    private readonly Lock _gate = new();
    private readonly HashSet<StreamPump> _streams = [];
    private StreamPump[] _round = [];
    private ITimer? _timer;

    public TimeProvider Time => time;

    /// <summary>The maximum time that a stream is silent; infinite if streams are not kept alive.</summary>
    public TimeSpan Interval { get; } = options.Value.KeepAliveInterval;

    /// <summary>The number of streams.</summary>
    public int Count
    {
        get
        {
            lock (_gate)
            {
                return _streams.Count;
            }
        }
    }

    public void Add(StreamPump stream)
    {
        if (Interval == Timeout.InfiniteTimeSpan)
        {
            return;
        }

        lock (_gate)
        {
            _ = _streams.Add(stream);
            if (_streams.Count == 1)
            {
                Start();
            }
        }
    }

    public void Remove(StreamPump stream)
    {
        lock (_gate)
        {
            if (_streams.Remove(stream) && _streams.Count == 0)
            {
                _timer?.Dispose();
                _timer = null;
            }
        }
    }

    public void Dispose()
    {
        lock (_gate)
        {
            _streams.Clear();
            _timer?.Dispose();
            _timer = null;
        }
    }

    // The timer must not carry the context of the request that happened to start it.
    private void Start()
    {
        using (ExecutionContext.SuppressFlow())
        {
            _timer = time.CreateTimer(static clock => ((KeepAliveClock)clock!).Tick(), this, Period, Timeout.InfiniteTimeSpan);
        }
    }

    private void Tick()
    {
        StreamPump[] round;
        int count;
        lock (_gate)
        {
            if (_timer is null)
            {
                return;
            }

            count = _streams.Count;
            round = _round.Length >= count ? _round : new StreamPump[Math.Max(count, 16)];
            _streams.CopyTo(round);
            _round = [];
        }

        foreach (StreamPump stream in round.AsSpan(0, count))
        {
            stream.KeepAlive();
        }

        Array.Clear(round);
        lock (_gate)
        {
            _round = round;

            // Not periodic: a round that takes long must not run twice at the same time.
            _ = _timer?.Change(Period, Timeout.InfiniteTimeSpan);
        }
    }
}
