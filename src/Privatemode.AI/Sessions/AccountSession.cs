using Privatemode.AI.Internal;

namespace Privatemode.AI.Sessions;

/// <summary>The current secret of one API key, renewed by one exchange at a time, regardless of the number of waiting callers.</summary>
internal sealed class AccountSession : IDisposable
{
    // A machine rarely sleeps during two exchanges in a row. After three, the clock is wrong, and more exchanges would not help.
    private const int MaxExpired = 3;

    private static readonly TimeSpan RenewalPause = TimeSpan.FromMinutes(1);

    private readonly Func<bool, CancellationToken, ValueTask<SessionSecret>> _getSecret;
    private readonly Func<VerifiedDeployment, bool> _isTrusted;
    private readonly TimeProvider _time;
    private readonly Lock _gate = new();
    private readonly CancellationTokenSource _lifetime = new();
    private SessionSecret? _current;
    private Task<SessionSecret>? _exchange;
    private DateTimeOffset _renewedAt;
    private int _callers;
    private bool _disposed;

    /// <param name="getSecret">Establishes a new secret; called with the <c>async</c> flag of <see cref="SyncOrAsync"/>, never concurrently.</param>
    /// <param name="time">The clock. Both its wall clock and its monotonic clock determine expiry; see <see cref="ValidityPeriod"/>.</param>
    /// <param name="isTrusted">Returns whether the deployment with which a secret was established is still trusted; null if it always is.</param>
    public AccountSession(
        Func<bool, CancellationToken, ValueTask<SessionSecret>> getSecret, TimeProvider time, Func<VerifiedDeployment, bool>? isTrusted = null)
    {
        _isTrusted = isTrusted ?? (_ => true);
        _getSecret = getSecret;
        _time = time;
    }

    /// <summary>Returns a lease on a secret that is valid now, and establishes a new one if necessary.</summary>
    /// <param name="rejectedId">The ID of a secret that the service no longer knows. It is replaced for all callers, unless that happened already.</param>
    /// <param name="deadline">The deadline of this caller's wait. The exchange continues for the other callers.</param>
    /// <param name="permit">Released with the lease, as is <paramref name="slot"/>; if this method throws, the caller keeps both.</param>
    /// <exception cref="PrivatemodeServiceException">The verification, or the secret, expired during the exchange, several times in a row.</exception>
    /// <remarks>Call <see cref="Enter"/> first.</remarks>
    public async ValueTask<SecretLease> AcquireAsync(
        string? rejectedId, bool async, CallDeadline deadline, IDisposable? permit = null, IDisposable? slot = null)
    {
        try
        {
            int expired = 0;
            while (true)
            {
                deadline.Caller.ThrowIfCancellationRequested();
                Abandon(rejectedId);
                if (AcquireOrJoin(async, permit, slot, out Task<SessionSecret>? exchange) is { } lease)
                {
                    return lease;
                }

                SessionSecret session = await JoinAsync(exchange!, async, deadline).ConfigureAwait(false);
                if (TryAcquire(session, permit, slot) is { } fresh)
                {
                    return fresh;
                }

                // Abandoned, retired or expired between the exchange and now: try again. The machine may have slept meanwhile, or the answer was slow.
                if (session.IsOver(_time) && ++expired == MaxExpired)
                {
                    throw new PrivatemodeServiceException(
                        ServiceFailureReason.Timeout,
                        $"The verification of the deployment expired during the key exchange, {MaxExpired} times in a row. Check the system clock, and retry.")
                    {
                        WasNotSent = true,
                    };
                }
            }
        }
        finally
        {
            Leave();
        }
    }

    /// <summary>Returns a lease on a secret that is valid now, and ends the registration; null if the caller has to wait, and is still registered.</summary>
    public SecretLease? TryAcquireNow(IDisposable? permit, IDisposable? slot)
    {
        bool hasToWait = false;
        try
        {
            lock (_gate)
            {
                SecretLease? lease = _disposed ? null : TryAcquireCurrent(permit, slot);
                hasToWait = lease is null;
                return lease;
            }
        }
        finally
        {
            if (!hasToWait)
            {
                Leave();
            }
        }
    }

    /// <summary>Registers a caller, so that the session is not evicted meanwhile. <see cref="AcquireAsync"/> ends the registration.</summary>
    public void Enter() => Interlocked.Increment(ref _callers);

    /// <summary>The last exchange, completed when it has succeeded or failed, for tests.</summary>
    internal Task Exchange { get; private set; } = Task.CompletedTask;

    /// <summary>Called when the session may be idle: an exchange has ended, successfully or not, or a lease was released, possibly by its finalizer.</summary>
    public Action? MayBeIdle { get; set; }

    /// <summary>Whether no caller waits, no exchange is in progress, and no stream uses the current secret.</summary>
    public bool IsIdle
    {
        get
        {
            lock (_gate)
            {
                return CanBeDetached && _current?.IsInUse != true;
            }
        }
    }

    /// <summary>Whether no caller waits for a secret and no exchange is in progress. Streams can be running.</summary>
    public bool CanBeDetached
    {
        get
        {
            lock (_gate)
            {
                return Volatile.Read(ref _callers) == 0 && _exchange is null;
            }
        }
    }

    /// <summary>Whether the session has no secret that can still be used.</summary>
    public bool IsExpired
    {
        get
        {
            lock (_gate)
            {
                return _current is null || _current.IsOver(_time);
            }
        }
    }

    /// <summary>Abandons the current secret, because the deployment it was established with is no longer trusted. Streams that use it finish.</summary>
    public void Forget()
    {
        SessionSecret? retired;
        lock (_gate)
        {
            retired = _current;
            _current = null;
        }

        retired?.Retire();
    }

    /// <summary>Ends the session for new calls. Streams that use its secret finish.</summary>
    /// <returns>The secret that they use; <see langword="null"/> if they use no secret.</returns>
    public SessionSecret? Detach()
    {
        SessionSecret? retired;
        lock (_gate)
        {
            if (_disposed)
            {
                return null;
            }

            _disposed = true;
            retired = _current;
            _current = null;
        }

        _lifetime.Cancel();
        retired?.Retire();
        return retired;
    }

    public void Dispose() => _ = Detach();

    /// <summary>Takes a lease on a secret if it is still the current one, because an abandoned secret must not be leased while a stream uses it. The
    /// verification can have expired during the exchange.</summary>
    private SecretLease? TryAcquire(SessionSecret session, IDisposable? permit, IDisposable? slot)
    {
        lock (_gate)
        {
            return ReferenceEquals(session, _current) && !session.IsOver(_time) ? SecretLease.TryAcquire(session, permit, slot, MayBeIdle) : null;
        }
    }

    /// <summary>Abandons the current secret if it is the one that the service refused, so that other callers are not refused as well.</summary>
    private void Abandon(string? rejectedId)
    {
        SessionSecret? retired = null;
        lock (_gate)
        {
            if (_current is { } current && current.Id == rejectedId)
            {
                retired = current;
                _current = null;
            }
        }

        retired?.Retire();
    }

    private void Leave() => Interlocked.Decrement(ref _callers);

    private SecretLease? AcquireOrJoin(bool async, IDisposable? permit, IDisposable? slot, out Task<SessionSecret>? exchange)
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_disposed, typeof(PrivatemodeClient));
            exchange = null;
            if (TryAcquireCurrent(permit, slot) is { } lease)
            {
                return lease;
            }

            exchange = _exchange ??= Start(async);
            return null;
        }
    }

    private SecretLease? TryAcquireCurrent(IDisposable? permit, IDisposable? slot)
    {
        if (_current is { } current && !current.IsOver(_time) && _isTrusted(current.Deployment)
            && SecretLease.TryAcquire(current, permit, slot, MayBeIdle) is { } lease)
        {
            RenewAhead(current);
            return lease;
        }

        return null;
    }

    /// <summary>Establishes the next secret in the background while the current one is still valid. After a failure, it tries again a minute later.</summary>
    private void RenewAhead(SessionSecret current)
    {
        DateTimeOffset now = _time.GetUtcNow();
        if (_exchange is null && current.IsDue(_time) && (now - _renewedAt).Duration() >= RenewalPause)
        {
            _renewedAt = now;
            _exchange = Start(async: true);
        }
    }

    private async ValueTask<SessionSecret> JoinAsync(Task<SessionSecret> exchange, bool async, CallDeadline deadline)
    {
        try
        {
            return await SyncOrAsync.WaitAsync(exchange, async, deadline.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (deadline.IsOver)
        {
            throw deadline.ToException(
                "The deployment could not be verified, or no session established, within Transport.ResponseTimeout. Retry later.");
        }
        catch (Exception exception) when (exception is OperationCanceledException or ObjectDisposedException && _lifetime.IsCancellationRequested)
        {
            throw new ObjectDisposedException(nameof(PrivatemodeClient));
        }
    }

    private Task<SessionSecret> Start(bool async)
    {
        Task<SessionSecret> exchange = BackgroundWork.Start(() => async
            ? Task.Run(() => ExchangeAsync(async: true).AsTask())
            : Task.Factory.StartNew(
                () => ExchangeAsync(async: false).Completed(), CancellationToken.None,
                TaskCreationOptions.LongRunning | TaskCreationOptions.DenyChildAttach, TaskScheduler.Default));

        // All callers may have left when it ends. Those that still need a secret try again themselves.
        Exchange = BackgroundWork.Observe(exchange);
        return exchange;
    }

    private async ValueTask<SessionSecret> ExchangeAsync(bool async)
    {
        SessionSecret? session = null;
        try
        {
            session = await _getSecret(async, _lifetime.Token).ConfigureAwait(false);
            return session;
        }
        finally
        {
            Complete(session);
        }
    }

    private void Complete(SessionSecret? session)
    {
        SessionSecret? retired = null;
        lock (_gate)
        {
            _exchange = null;
            if (session is not null)
            {
                // The deployment may have become untrusted during the exchange, or its verification expired: then Forget found nothing to abandon.
                bool isUnwanted = _disposed || session.IsOver(_time) || !_isTrusted(session.Deployment);
                retired = isUnwanted ? session : _current;
                _current = isUnwanted ? null : session;
            }
        }

        // Streams that began with the old secret have their own leases.
        retired?.Retire();
        MayBeIdle?.Invoke();
    }
}
