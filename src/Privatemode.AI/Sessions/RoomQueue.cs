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

    /// <param name="apiKey">For whose session.</param>
    public Place Join(string apiKey)
    {
        Place place = new(apiKey);
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

    /// <summary>There is a session for this key now: everybody who waits for room for it need not any more.</summary>
    public void WakeThoseWith(string apiKey)
    {
        lock (_gate)
        {
            foreach (Place place in _places)
            {
                if (place.ApiKey == apiKey)
                {
                    place.Wake();
                }
            }
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

    public sealed class Place(string apiKey)
    {
        private volatile TaskCompletionSource<bool> _woken = New();

        public string ApiKey => apiKey;

        public Task<bool> Woken => _woken.Task;

        public void Wake() => _ = _woken.TrySetResult(true);

        /// <summary>Called by the owner once it was woken, before it looks.</summary>
        public void Rearm() => _woken = New();

        private static TaskCompletionSource<bool> New() => new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
