namespace Privatemode.AI.Sessions;

/// <summary>Callers that wait for room, first come, first served. Waking one too many does no harm; one too few would.</summary>
internal sealed class RoomQueue
{
    private readonly Lock _gate = new();
    private readonly LinkedList<Place> _places = new();

    public bool IsEmpty
    {
        get
        {
            lock (_gate)
            {
                return _places.Count == 0;
            }
        }
    }

    public Place Join()
    {
        Place place = new();
        lock (_gate)
        {
            _ = _places.AddLast(place);
        }

        return place;
    }

    public bool IsFirst(Place place)
    {
        lock (_gate)
        {
            return _places.First?.Value == place;
        }
    }

    public void Leave(Place place)
    {
        lock (_gate)
        {
            _ = _places.Remove(place);
        }
    }

    /// <summary>Something may have become free: the first in line looks.</summary>
    public void WakeOne()
    {
        lock (_gate)
        {
            _places.First?.Value.Wake();
        }
    }

    /// <summary>Everybody looks.</summary>
    public void WakeAll()
    {
        lock (_gate)
        {
            foreach (Place place in _places)
            {
                place.Wake();
            }
        }
    }

    public sealed class Place
    {
        private volatile TaskCompletionSource<bool> _woken = New();

        public Task<bool> Woken => _woken.Task;

        public void Wake() => _ = _woken.TrySetResult(true);

        /// <summary>Called by the owner once it was woken, before it looks.</summary>
        public void Rearm() => _woken = New();

        private static TaskCompletionSource<bool> New() => new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
