namespace Privatemode.AI.Testing;

/// <summary>The faults of one kind of request, in order. A fault counts its requests, so that one for all requests takes no more memory than another.</summary>
internal sealed class FaultQueue
{
    private readonly Lock _gate = new();
    private readonly Queue<(Fault Fault, int Times)> _faults = [];
    private int _applied;

    /// <summary>The number of requests that faults are left for; more than fit into an <see cref="int"/> if one of them is for all requests.</summary>
    public long Count
    {
        get
        {
            lock (_gate)
            {
                return _faults.Sum(entry => (long)entry.Times) - _applied;
            }
        }
    }

    public void Enqueue(Fault fault, int times)
    {
        lock (_gate)
        {
            _faults.Enqueue((fault, times));
        }
    }

    /// <summary>The fault of the next request; null for none.</summary>
    public Fault? Take()
    {
        lock (_gate)
        {
            if (!_faults.TryPeek(out (Fault Fault, int Times) entry))
            {
                return null;
            }

            if (++_applied == entry.Times)
            {
                _ = _faults.Dequeue();
                _applied = 0;
            }

            return entry.Fault;
        }
    }

    public void Clear()
    {
        lock (_gate)
        {
            _faults.Clear();
            _applied = 0;
        }
    }
}
