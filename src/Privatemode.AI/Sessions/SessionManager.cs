namespace Privatemode.AI.Sessions;

/// <summary>One session for each API key in use, so that keys never share a secret. Keys come and go: rotation, or several tenants.</summary>
/// <remarks>
/// Sessions nobody uses are given up when their secret has expired, or, the longest unused first, when there are more than
/// <see cref="MostSessions"/>. One in use is never given up.
/// </remarks>
internal sealed class SessionManager(Func<string, AccountSession> create, TimeProvider time) : IDisposable
{
    public const int MostSessions = 256;

    private static readonly TimeSpan SweepInterval = TimeSpan.FromMinutes(1);

    private readonly Lock _gate = new();
    private readonly Dictionary<string, Entry> _accounts = [];
    private DateTimeOffset _sweptAt;
    private long _uses;
    private bool _disposed;

    /// <inheritdoc cref="AccountSession.AcquireAsync"/>
    /// <param name="apiKey">Whose secret.</param>
    /// <param name="rejectedId">Id of a secret the service no longer knows; it is replaced unless that happened already.</param>
    /// <param name="async">False when the caller is synchronous.</param>
    /// <param name="cancellationToken">Ends this caller's wait only.</param>
    public ValueTask<SecretLease> AcquireAsync(string apiKey, string? rejectedId, bool async, CancellationToken cancellationToken) =>
        EnterFromOutside(apiKey).AcquireAsync(rejectedId, async, cancellationToken);

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
    }

    private AccountSession EnterFromOutside(string apiKey)
    {
        ManifestKeeper.DemandOutside();
        return Enter(apiKey);
    }

    private AccountSession Enter(string apiKey)
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_disposed, typeof(PrivatemodeClient));
            GiveUpExpired(apiKey);
            if (!_accounts.TryGetValue(apiKey, out Entry? entry))
            {
                GiveUpLongestUnused();
                _accounts[apiKey] = entry = new Entry(create(apiKey));
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

    private void GiveUpLongestUnused()
    {
        if (_accounts.Count < MostSessions)
        {
            return;
        }

        foreach ((string key, Entry entry) in _accounts.OrderBy(account => account.Value.LastUse).ToList())
        {
            if (entry.Session.IsIdle)
            {
                GiveUp(key, entry);
                return;
            }
        }
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
