using Privatemode.AI.AspNetCore.Errors;

namespace Privatemode.AI.AspNetCore.Limits;

/// <summary>Applies one set of limits to requests, in the order in which they arrive.</summary>
internal sealed class RateQueue : IDisposable
{
    private readonly ProxyRateLimits _limits;
    private readonly TimeProvider _time;
    private readonly TokenWindow _window;
    private readonly LinkedList<Waiter> _waiting = new();
    private readonly Lock _gate = new();
    private readonly ITimer _timer;
    private readonly long _began;
    private int _running;
    private int _holders;

    public RateQueue(ProxyRateLimits limits, TimeProvider time)
    {
        (_limits, _time, _window, _began) = (limits, time, new TokenWindow(limits), time.GetTimestamp());
        _timer = time.CreateTimer(static state => ((RateQueue)state!).Admit(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Whether no request is in progress, waiting or about to enter.</summary>
    public bool IsIdle
    {
        get
        {
            lock (_gate)
            {
                return _running == 0 && _waiting.Count == 0 && _holders == 0;
            }
        }
    }

    /// <summary>Keeps the queue from being idle until <see cref="Release"/>, for a request that has not entered yet.</summary>
    public void Hold()
    {
        lock (_gate)
        {
            _holders++;
        }
    }

    public void Release()
    {
        lock (_gate)
        {
            _holders--;
        }
    }

    private TimeSpan Now => _time.GetElapsedTime(_began);

    /// <summary>Waits until a request may be sent.</summary>
    /// <returns>The second in which the request counts, for <see cref="Charge"/>. The request is in progress until <see cref="Leave"/>.</returns>
    /// <exception cref="ProxyRefusalException">The request would have to wait too long.</exception>
    /// <exception cref="OperationCanceledException">The caller has disconnected.</exception>
    public async ValueTask<long> EnterAsync(long input, CancellationToken cancellationToken)
    {
        LinkedListNode<Waiter> node;
        lock (_gate)
        {
            if (_waiting.Count == 0 && IsFree(input, out _))
            {
                return Pass(input);
            }

            if (_waiting.Count >= _limits.QueueLength || _limits.MaxWait == TimeSpan.Zero)
            {
                throw Refused(input);
            }

            node = _waiting.AddLast(new Waiter(input, Now + _limits.MaxWait));
            SetTimer();
        }

        await using (cancellationToken.UnsafeRegister(state => Cancel((LinkedListNode<Waiter>)state!, cancellationToken), node).ConfigureAwait(false))
        {
            return await node.Value.Admitted.Task.ConfigureAwait(false);
        }
    }

    /// <summary>Replaces the estimate of a request with its actual token counts.</summary>
    public void Charge(long second, long estimated, TokenUsage usage)
    {
        lock (_gate)
        {
            _window.Charge(Now, second, estimated, usage.Input, usage.Output);
        }

        Admit();
    }

    /// <summary>Records that a request has ended.</summary>
    public void Leave()
    {
        lock (_gate)
        {
            _running--;
        }

        Admit();
    }

    public void Dispose() => _timer.Dispose();

    private bool IsFree(long input, out TimeSpan wait)
    {
        wait = _window.TimeUntilAvailable(Now, input);
        return wait == TimeSpan.Zero && !(_running >= _limits.ConcurrentRequests);
    }

    private long Pass(long input)
    {
        _running++;
        return _window.Add(Now, input);
    }

    /// <summary>Admits the requests that the limits allow, and refuses those that have waited too long.</summary>
    private void Admit()
    {
        lock (_gate)
        {
            while (_waiting.First is { } first && IsFree(first.Value.Input, out _))
            {
                _waiting.RemoveFirst();
                first.Value.Admitted.SetResult(Pass(first.Value.Input));
            }

            for (LinkedListNode<Waiter>? node = _waiting.First, next; node is not null && node.Value.Until <= Now; node = next)
            {
                // All wait equally long, so that the deadlines are in order.
                next = node.Next;
                _waiting.Remove(node);
                node.Value.Admitted.SetException(Refused(node.Value.Input));
            }

            SetTimer();
        }
    }

    private void Cancel(LinkedListNode<Waiter> node, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            if (node.List is not null)
            {
                _waiting.Remove(node);
                node.Value.Admitted.SetCanceled(cancellationToken);
            }
        }

        Admit();
    }

    private void SetTimer()
    {
        if (_waiting.First is not { } first)
        {
            _ = _timer.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
            return;
        }

        TimeSpan deadline = first.Value.Until - Now;
        TimeSpan wait = _window.TimeUntilAvailable(Now, first.Value.Input) is { Ticks: > 0 } needed && needed < deadline ? needed : deadline;

        // Timers count whole milliseconds, and one that fires early would find nothing to do.
        _ = _timer.Change(TimeSpan.FromMilliseconds(Math.Max(1, Math.Ceiling(wait.TotalMilliseconds))), Timeout.InfiniteTimeSpan);
    }

    private ProxyRefusalException Refused(long input)
    {
        TimeSpan wait = _window.TimeUntilAvailable(Now, input);
        return new ProxyRefusalException(ProxyError.RateLimited(wait > TimeSpan.Zero ? wait : TimeSpan.FromSeconds(1)));
    }

    private sealed record Waiter(long Input, TimeSpan Until)
    {
        public TaskCompletionSource<long> Admitted { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
