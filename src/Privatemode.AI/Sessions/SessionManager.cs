using Privatemode.AI.Internal;
using Privatemode.AI.Receipts;

namespace Privatemode.AI.Sessions;

/// <summary>Manages one session for each API key in use, so that keys never share a secret.</summary>
/// <remarks>
/// An unused session is evicted when its secret has expired, when its key exchange failed, or when another key needs its slot: first those without a
/// valid secret, so that made-up keys do not evict those of other callers, then the least recently used one. If all are in use,
/// the least recently used one is detached: its streams finish, and the next call with its key establishes a new session. The number of
/// detached sessions is limited to the number of live ones; beyond that, another key waits.
/// </remarks>
internal sealed class SessionManager(Func<string, AccountSession> create, TimeProvider time, int mostSessions, TimeSpan longestWait) : IDisposable
{
    private static readonly TimeSpan SweepInterval = TimeSpan.FromMinutes(5);

    private readonly Lock _gate = new();
    private readonly Dictionary<string, LinkedListNode<Account>> _accounts = [];
    private readonly LinkedList<Account> _byUse = new(); // least recently used first
    private readonly List<SessionSecret> _detached = []; // secrets of detached sessions that streams still use
    private readonly SessionSlotQueue _queue = new();
    private ITimer? _sweeping;
    private bool _disposed;

    /// <summary>The number of sessions.</summary>
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

    /// <summary>Returns the number of sessions with a secret that new calls can use.</summary>
    public int CountSecrets() => Sessions().Count(session => !session.IsExpired);

    /// <inheritdoc cref="AccountSession.AcquireAsync"/>
    /// <param name="rejectedId">The ID of a secret that the service no longer knows; it is replaced unless that happened already.</param>
    /// <param name="permit">Released with the lease, as is <paramref name="slot"/>; if this method throws, the caller keeps both.</param>
    /// <exception cref="PrivatemodeServiceException">All sessions, live and detached, were in use for too long, or the exchange took too long or
    /// failed.</exception>
    public ValueTask<SecretLease> AcquireAsync(
        string apiKey, string? rejectedId, bool async, CancellationToken cancellationToken, IDisposable? permit = null, IDisposable? slot = null)
    {
        ReceiptScope.ThrowIfInsideCallback();
        AccountSession? session = TryEnter(apiKey, isFirst: false);

        // Nearly every call: there is nothing to wait for, so no deadline either.
        return rejectedId is null && !cancellationToken.IsCancellationRequested && session?.TryAcquireNow(permit, slot) is { } lease
            ? new(lease)
            : AcquireInsideAsync(session, apiKey, rejectedId, permit, slot, async, cancellationToken);
    }

    /// <summary>Makes every account establish a new secret before its next call.</summary>
    public void ForgetAll()
    {
        foreach (AccountSession session in Sessions())
        {
            session.Forget();
        }

        _queue.WakeAll();
    }

    public void Dispose()
    {
        AccountSession[] sessions;
        lock (_gate)
        {
            _disposed = true;
            sessions = Sessions();
            _accounts.Clear();
            _byUse.Clear();
            StopSweeping();
        }

        foreach (AccountSession session in sessions)
        {
            session.Dispose();
        }

        _queue.WakeAll();
    }

    private async ValueTask<SecretLease> AcquireInsideAsync(
        AccountSession? entered, string apiKey, string? rejectedId, IDisposable? permit, IDisposable? slot, bool async, CancellationToken cancellationToken)
    {
        using CallDeadline deadline = new(longestWait, time, async, cancellationToken);
        AccountSession session = entered ?? await EnterWhenSlotIsFreeAsync(apiKey, async, deadline).ConfigureAwait(false);
        try
        {
            return await session.AcquireAsync(rejectedId, async, deadline, permit, slot).ConfigureAwait(false);
        }
        catch
        {
            RemoveIfUnused(apiKey, session);
            _queue.WakeOne();
            throw;
        }
    }

    /// <summary>Waits in the queue; a caller that was woken and did not use the free slot wakes the next one.</summary>
    private async ValueTask<AccountSession> EnterWhenSlotIsFreeAsync(string apiKey, bool async, CallDeadline deadline)
    {
        SessionSlotQueue.Place place = _queue.Join(apiKey);
        try
        {
            while (true)
            {
                // After joining the queue: a session that becomes idle from now on wakes a waiting caller.
                if (TryEnter(apiKey, isFirst: _queue.IsFirst(place)) is { } session)
                {
                    return session;
                }

                _ = await SyncOrAsync.WaitAsync(place.Woken, async, deadline.Token).ConfigureAwait(false);
                place.Rearm();
            }
        }
        catch (OperationCanceledException) when (deadline.IsOver)
        {
            throw deadline.ToException(
                $"All {mostSessions} sessions, and as many detached ones, were in use by calls with other API keys, and none became free in time. " +
                "Raise MaxSessions, or retry later.");
        }
        finally
        {
            _queue.Leave(place);
            _queue.WakeOne();
        }
    }

    /// <summary>Returns the key's session and registers the caller with it, or null if there is no free slot.</summary>
    /// <param name="isFirst">Whether the caller can take a slot although others wait for one.</param>
    private AccountSession? TryEnter(string apiKey, bool isFirst)
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_disposed, typeof(PrivatemodeClient));
            if (!_accounts.TryGetValue(apiKey, out LinkedListNode<Account>? account))
            {
                if ((!isFirst && !_queue.IsEmpty) || !EvictOne())
                {
                    return null;
                }

                // The timer must not keep a client in memory that was dropped without being disposed.
                _sweeping ??= BackgroundWork.StartTimer(time, this, static sessions => sessions.RemoveUnused(), SweepInterval);
                account = new LinkedListNode<Account>(new Account(apiKey, create(apiKey)));
                account.Value.Session.MayBeIdle = _queue.WakeOne;
                _accounts[apiKey] = account;
                _queue.WakeThoseWith(apiKey);
            }
            else
            {
                _byUse.Remove(account);
            }

            _byUse.AddLast(account);
            account.Value.Session.Enter();
            return account.Value.Session;
        }
    }

    /// <summary>Evicts the least recently used session if all slots are taken, or detaches one; false if neither is possible.</summary>
    private bool EvictOne()
    {
        if (_accounts.Count < mostSessions || EvictFirst(session => session is { IsExpired: true, IsIdle: true }) || EvictFirst(session => session.IsIdle))
        {
            return true;
        }

        // Streams still use the secrets of sessions that were detached before.
        _ = _detached.RemoveAll(secret => !secret.IsInUse);
        if (_detached.Count >= mostSessions)
        {
            return false;
        }

        return EvictFirst(session => session.CanBeDetached);
    }

    private bool EvictFirst(Func<AccountSession, bool> may)
    {
        for (LinkedListNode<Account>? account = _byUse.First; account is not null; account = account.Next)
        {
            if (may(account.Value.Session))
            {
                Evict(account);
                return true;
            }
        }

        return false;
    }

    private void Evict(LinkedListNode<Account> account)
    {
        _ = _accounts.Remove(account.Value.ApiKey);
        _byUse.Remove(account);
        if (account.Value.Session.Detach() is { IsInUse: true } secret)
        {
            _detached.Add(secret);
        }
    }

    /// <summary>Removes a session that has no secret and that no other caller uses: its exchange failed.</summary>
    private void RemoveIfUnused(string apiKey, AccountSession session)
    {
        lock (_gate)
        {
            if (_accounts.TryGetValue(apiKey, out LinkedListNode<Account>? account) && account.Value.Session == session
                && session is { IsExpired: true, IsIdle: true })
            {
                Evict(account);
            }
        }
    }

    /// <summary>Removes idle sessions whose secret has expired. A timer calls it while there are sessions, because the next call may come much later.</summary>
    private void RemoveUnused()
    {
        lock (_gate)
        {
            foreach (LinkedListNode<Account> account in _accounts.Values.ToArray())
            {
                if (account.Value.Session is { IsExpired: true, IsIdle: true })
                {
                    Evict(account);
                }
            }

            if (_byUse.Count == 0)
            {
                StopSweeping();
            }

            _ = _sweeping?.Change(SweepInterval, Timeout.InfiniteTimeSpan);
        }
    }

    private void StopSweeping()
    {
        _sweeping?.Dispose();
        _sweeping = null;
    }

    private AccountSession[] Sessions()
    {
        lock (_gate)
        {
            return [.. _byUse.Select(account => account.Session)];
        }
    }

    // Not a record, because its text would contain the key.
    private sealed class Account(string apiKey, AccountSession session)
    {
        public string ApiKey => apiKey;

        public AccountSession Session => session;
    }
}

/// <summary>The callers that wait for a slot, in order of arrival. Waking too many of them is harmless; waking too few is not.</summary>
internal sealed class SessionSlotQueue
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

    /// <summary>Wakes the first caller in the queue, because a slot may be free.</summary>
    public void WakeOne()
    {
        lock (_gate)
        {
            _places.First?.Value.Wake();
        }
    }

    /// <summary>Wakes the callers that wait for a slot for this key, because it has a session now.</summary>
    public void WakeThoseWith(string apiKey) => Wake(place => place.ApiKey == apiKey);

    public void WakeAll() => Wake(_ => true);

    private void Wake(Func<Place, bool> filter)
    {
        lock (_gate)
        {
            foreach (Place place in _places.Where(filter))
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

        /// <summary>Called by the owner after it was woken, before it checks again.</summary>
        public void Rearm() => _woken = New();

        private static TaskCompletionSource<bool> New() => new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
