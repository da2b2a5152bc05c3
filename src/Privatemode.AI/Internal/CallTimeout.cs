namespace Privatemode.AI.Internal;

/// <summary>A timeout that also holds for a synchronous caller while the thread pool is busy.</summary>
/// <remarks>
/// The timers of the platform run on the thread pool. When each of its threads is blocked in a synchronous call, and these wait for connections
/// that the pool would have to make, a timeout on the pool comes as late as the connection. Those of synchronous calls have a thread of their own.
/// </remarks>
internal sealed class CallTimeout : IDisposable
{
    private static readonly TimeSpan UnusedAfter = TimeSpan.FromSeconds(30);

    private static readonly object Gate = new();
    private static readonly SortedDictionary<(TimeSpan Due, long Number), CallTimeout> Pending = [];
    private static readonly long Start = TimeProvider.System.GetTimestamp();
    private static long s_number;
    private static bool s_isRunning;
    private static TimeSpan s_wakesAt; // when the thread looks again by itself

    private readonly CancellationTokenSource _source;
    private readonly (TimeSpan Due, long Number) _key;

    /// <param name="time">How long.</param>
    /// <param name="clock">By which clock; any but the system's keeps its own timers.</param>
    /// <param name="async">False when the caller is synchronous.</param>
    public CallTimeout(TimeSpan time, TimeProvider clock, bool async)
    {
        if (async || clock != TimeProvider.System)
        {
            _source = new CancellationTokenSource(time, clock);
            return;
        }

        _source = new CancellationTokenSource();
        lock (Gate)
        {
            _key = (Now + time, ++s_number);
            Pending.Add(_key, this);
            if (!s_isRunning)
            {
                s_isRunning = true;
                new Thread(Run) { IsBackground = true, Name = "Privatemode timeouts" }.UnsafeStart();
            }

            // Nearly every timeout is disposed of long before it passes: without this the thread would wake for each call.
            if (_key.Due < s_wakesAt)
            {
                Monitor.Pulse(Gate);
            }
        }
    }

    private static TimeSpan Now => TimeProvider.System.GetElapsedTime(Start);

    public CancellationToken Token => _source.Token;

    public bool HasPassed => _source.IsCancellationRequested;

    public void Dispose()
    {
        if (_key != default)
        {
            lock (Gate)
            {
                _ = Pending.Remove(_key);
            }
        }

        _source.Dispose();
    }

    private static void Run()
    {
        while (Next() is { } timeout)
        {
            try
            {
                timeout._source.Cancel();
            }
            catch (Exception exception) when (exception is ObjectDisposedException or AggregateException)
            {
                // The call was over in the same moment, or a handler of the application's threw in its own registration.
            }
        }
    }

    /// <summary>Waits for the next one to pass; null when there was none for a while.</summary>
    private static CallTimeout? Next()
    {
        lock (Gate)
        {
            while (true)
            {
                if (Pending.Count == 0)
                {
                    s_wakesAt = TimeSpan.MaxValue;
                    if (!Monitor.Wait(Gate, UnusedAfter) && Pending.Count == 0)
                    {
                        s_isRunning = false;
                        return null;
                    }

                    continue;
                }

                ((TimeSpan Due, long Number) key, CallTimeout first) = Pending.First();
                TimeSpan left = key.Due - Now;
                if (left <= TimeSpan.Zero)
                {
                    _ = Pending.Remove(key);
                    return first;
                }

                s_wakesAt = key.Due;

                // Rounded up: Wait counts whole milliseconds.
                _ = Monitor.Wait(Gate, left + TimeSpan.FromMilliseconds(1));
            }
        }
    }
}
