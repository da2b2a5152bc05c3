namespace Privatemode.AI.Sessions;

/// <summary>One session for each API key in use, so that keys never share a secret. Keys come and go: rotation, or several tenants.</summary>
/// <remarks>
/// Sessions nobody uses are given up when their secret has expired, or, the longest unused first, when another key needs the room. One in
/// use is never given up: with all in use, another key waits.
/// </remarks>
internal sealed class SessionManager(Func<string, AccountSession> create, TimeProvider time, int mostSessions, TimeSpan longestWait) : IDisposable
{
    private static readonly TimeSpan SweepInterval = TimeSpan.FromMinutes(1);

    private readonly Lock _gate = new();
    private readonly Dictionary<string, Entry> _accounts = [];
    private readonly RoomQueue _queue = new();
    private DateTimeOffset _sweptAt;
    private long _uses;
    private bool _disposed;

    /// <summary>How many sessions there are now.</summary>
    public int Count
    {
        get
        {
            lock (_gate)
            {
                return _accounts.Count;
            }
        }
    }

    /// <summary>How many of them hold a secret that new calls may use.</summary>
    public int CountSecrets()
    {
        Entry[] accounts;
        lock (_gate)
        {
            accounts = [.. _accounts.Values];
        }

        return accounts.Count(account => !account.Session.IsExpired);
    }

    /// <inheritdoc cref="AccountSession.AcquireAsync"/>
    /// <param name="apiKey">Whose secret.</param>
    /// <param name="rejectedId">Id of a secret the service no longer knows; it is replaced unless that happened already.</param>
    /// <param name="async">False when the caller is synchronous.</param>
    /// <param name="cancellationToken">Ends this caller's wait only.</param>
    /// <exception cref="PrivatemodeServiceException">All sessions were in use for too long; or what the exchange throws.</exception>
    public ValueTask<SecretLease> AcquireAsync(string apiKey, string? rejectedId, bool async, CancellationToken cancellationToken)
    {
        ManifestKeeper.DemandOutside();
        return AcquireInsideAsync(apiKey, rejectedId, async, cancellationToken);
    }

    /// <summary>Makes every account exchange a new secret before its next call.</summary>
    public void ForgetAll()
    {
        Entry[] accounts;
        lock (_gate)
        {
            accounts = [.. _accounts.Values];
        }

        foreach (Entry account in accounts)
        {
            account.Session.Forget();
        }

        _queue.WakeAll();
    }

    public void Dispose()
    {
        Entry[] accounts;
        lock (_gate)
        {
            _disposed = true;
            accounts = [.. _accounts.Values];
            _accounts.Clear();
        }

        foreach (Entry account in accounts)
        {
            account.Session.Dispose();
        }

        _queue.WakeAll();
    }

    private async ValueTask<SecretLease> AcquireInsideAsync(string apiKey, string? rejectedId, bool async, CancellationToken cancellationToken)
    {
        using Patience patience = new(longestWait, time, cancellationToken);
        AccountSession session = TryEnter(apiKey, isFirst: false) ?? await EnterWhenThereIsRoomAsync(apiKey, async, patience).ConfigureAwait(false);
        try
        {
            SecretLease lease = await session.AcquireAsync(rejectedId, async, patience).ConfigureAwait(false);
            lease.GivenBack = _queue.WakeOne;
            return lease;
        }
        catch
        {
            _queue.WakeOne();
            throw;
        }
    }

    /// <summary>In turn; whoever was woken and did not take the room wakes the next.</summary>
    private async ValueTask<AccountSession> EnterWhenThereIsRoomAsync(string apiKey, bool async, Patience patience)
    {
        RoomQueue.Place place = _queue.Join(apiKey);
        try
        {
            while (true)
            {
                // After joining: a session that becomes idle from here on wakes somebody.
                if (TryEnter(apiKey, isFirst: _queue.IsFirst(place)) is { } session)
                {
                    return session;
                }

                _ = await SyncOrAsync.WaitAsync(place.Woken, async, patience.Token).ConfigureAwait(false);
                place.Rearm();
            }
        }
        catch (OperationCanceledException) when (patience.IsOver)
        {
            throw patience.End(
                $"All {mostSessions} sessions were in use by calls with other API keys, and none became free in time. Nothing was sent. " +
                "Raise MaxSessions, or retry later.");
        }
        finally
        {
            _queue.Leave(place);
            _queue.WakeOne();
        }
    }

    /// <summary>The key's session, counted in; null when there is no room for one.</summary>
    /// <param name="apiKey">The key.</param>
    /// <param name="isFirst">Whether room may be taken although others wait for it.</param>
    private AccountSession? TryEnter(string apiKey, bool isFirst)
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_disposed, typeof(PrivatemodeClient));
            GiveUpExpired(apiKey);
            if (!_accounts.TryGetValue(apiKey, out Entry? entry))
            {
                if ((!isFirst && !_queue.IsEmpty) || !MakeRoom())
                {
                    return null;
                }

                _accounts[apiKey] = entry = new Entry(create(apiKey));
                entry.Session.Landed = _queue.WakeOne;
            }

            entry.LastUse = ++_uses;
            entry.Session.Enter();
            return entry.Session;
        }
    }

    private void GiveUpExpired(string exceptKey)
    {
        DateTimeOffset now = time.GetUtcNow();
        if ((now - _sweptAt).Duration() < SweepInterval)
        {
            return;
        }

        _sweptAt = now;
        foreach ((string key, Entry entry) in _accounts.Where(
            account => account.Key != exceptKey && account.Value.Session is { IsExpired: true, IsIdle: true }).ToList())
        {
            GiveUp(key, entry);
        }
    }

    /// <summary>Gives up the longest unused when all are taken; false when all are in use.</summary>
    private bool MakeRoom()
    {
        if (_accounts.Count < mostSessions)
        {
            return true;
        }

        foreach ((string key, Entry entry) in _accounts.OrderBy(account => account.Value.LastUse).ToList())
        {
            if (entry.Session.IsIdle)
            {
                GiveUp(key, entry);
                return true;
            }
        }

        return false;
    }

    private void GiveUp(string key, Entry entry)
    {
        _ = _accounts.Remove(key);
        entry.Session.Dispose();
    }

    private sealed class Entry(AccountSession session)
    {
        public AccountSession Session { get; } = session;

        public long LastUse { get; set; }
    }
}
