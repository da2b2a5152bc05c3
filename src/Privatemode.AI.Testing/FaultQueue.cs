namespace Privatemode.AI.Testing;

/// <summary>The faults of one kind of request, in order. A fault has a counter of its requests, so a fault for all requests needs no more memory than any
/// other.</summary>
internal sealed class FaultQueue
{
    private readonly Lock _gate = new();
    private readonly Queue<(Fault Fault, int Times)> _faults = [];
    private int _applied;

    /// <summary>The number of requests to which faults are still to be applied. It can exceed the range of <see cref="int"/> if a fault is for all
    /// requests.</summary>
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

    /// <summary>Removes and returns the fault for the next request, or null.</summary>
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
