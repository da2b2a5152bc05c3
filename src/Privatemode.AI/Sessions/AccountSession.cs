using Privatemode.AI.Internal;

namespace Privatemode.AI.Sessions;

/// <summary>The current secret of one API key, renewed by one exchange at a time however many callers wait for it.</summary>
internal sealed class AccountSession : IDisposable
{
    private static readonly TimeSpan RenewalPause = TimeSpan.FromMinutes(1);

    private readonly Func<bool, CancellationToken, ValueTask<SessionSecret>> _exchange;
    private readonly Func<SessionSecret, bool> _isTrusted;
    private readonly TimeProvider _time;
    private readonly Lock _gate = new();
    private readonly CancellationTokenSource _lifetime = new();
    private SessionSecret? _current;
    private Task<SessionSecret>? _flight;
    private DateTimeOffset _renewedAt;
    private int _callers;
    private bool _disposed;

    /// <param name="exchange">Gets a new secret; called with the <c>async</c> flag of <see cref="SyncOrAsync"/>, never twice at once.</param>
    /// <param name="time">Both its clocks decide about expiry, see <see cref="ValidityPeriod"/>.</param>
    /// <param name="isTrusted">Whether the deployment a secret was agreed with is still the trusted one; null for always.</param>
    public AccountSession(
        Func<bool, CancellationToken, ValueTask<SessionSecret>> exchange, TimeProvider time, Func<SessionSecret, bool>? isTrusted = null)
    {
        _isTrusted = isTrusted ?? (_ => true);
        _exchange = exchange;
        _time = time;
    }

    /// <summary>A lease on a secret that is valid now, getting a new one when needed.</summary>
    /// <param name="rejectedId">Id of a secret the service no longer knows; it is replaced, for everybody, unless that happened already.</param>
    /// <param name="async">False when the caller is synchronous.</param>
    /// <param name="deadline">Ends this caller's wait only; the exchange goes on for the others.</param>
    /// <remarks>Call <see cref="Enter"/> before.</remarks>
    public async ValueTask<SecretLease> AcquireAsync(string? rejectedId, bool async, CallDeadline deadline)
    {
        try
        {
            while (true)
            {
                deadline.Caller.ThrowIfCancellationRequested();
                GiveUp(rejectedId);
                if (TakeOrJoin(async, out Task<SessionSecret>? flight) is { } lease)
                {
                    return lease;
                }

                SessionSecret session = await JoinAsync(flight!, async, deadline).ConfigureAwait(false);
                if (SecretLease.TryTake(session) is { } fresh)
                {
                    if (IsCurrent(session))
                    {
                        return fresh;
                    }

                    fresh.Dispose();
                }

                // Given up or retired between the exchange and now: look again.
            }
        }
        finally
        {
            Leave();
        }
    }

    /// <summary>Counts a caller in, so that the session is not given up under it. <see cref="AcquireAsync"/> counts it out.</summary>
    public void Enter() => Interlocked.Increment(ref _callers);

    /// <summary>The last exchange, done when it has ended in whatever way, for tests.</summary>
    internal Task Exchange { get; private set; } = Task.CompletedTask;

    /// <summary>Called when an exchange is over, however it ended: the session may be idle now.</summary>
    public Action? Landed { get; set; }

    /// <summary>Nobody is here, nothing is under way, and no stream runs under the current secret.</summary>
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

    /// <summary>No caller waits for a secret and no exchange is under way; streams may run.</summary>
    public bool CanBeDetached
    {
        get
        {
            lock (_gate)
            {
                return Volatile.Read(ref _callers) == 0 && _flight is null;
            }
        }
    }

    /// <summary>Holds no secret that could still be used.</summary>
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

    /// <summary>Gives the current secret up: the deployment it was agreed with is not the trusted one any more. Streams under it finish.</summary>
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

    /// <summary>Ends the session for new calls. Streams under its secret finish.</summary>
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

    /// <summary>A secret that was given up can still be leased while a stream runs under it.</summary>
    private bool IsCurrent(SessionSecret session)
    {
        lock (_gate)
        {
            return ReferenceEquals(session, _current);
        }
    }

    /// <summary>Gives the current secret up if it is the one the service refused: nobody else needs to be refused as well.</summary>
    private void GiveUp(string? rejectedId)
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

    private SecretLease? TakeOrJoin(bool async, out Task<SessionSecret>? flight)
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_disposed, typeof(PrivatemodeClient));
            flight = null;
            if (_current is { } current && !current.IsOver(_time) && SecretLease.TryTake(current) is { } lease)
            {
                RenewAhead(current);
                return lease;
            }

            flight = _flight ??= Start(async);
            return null;
        }
    }

    /// <summary>Gets the next secret in the background while the current one still serves; after a failure again a minute later.</summary>
    private void RenewAhead(SessionSecret current)
    {
        DateTimeOffset now = _time.GetUtcNow();
        if (_flight is null && current.IsDue(_time) && (now - _renewedAt).Duration() >= RenewalPause)
        {
            _renewedAt = now;
            _flight = Start(async: true);
        }
    }

    private async ValueTask<SessionSecret> JoinAsync(Task<SessionSecret> flight, bool async, CallDeadline deadline)
    {
        try
        {
            return await SyncOrAsync.WaitAsync(flight, async, deadline.Token).ConfigureAwait(false);
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

    /// <summary>Starts an exchange that belongs to nobody in particular: no caller's context, no caller's cancellation.</summary>
    private Task<SessionSecret> Start(bool async)
    {
        AsyncFlowControl? flow = ExecutionContext.IsFlowSuppressed() ? null : ExecutionContext.SuppressFlow();
        try
        {
            Task<SessionSecret> flight = async
                ? Task.Run(() => FlyAsync(async: true).AsTask())
                : Task.Factory.StartNew(
                    () => FlyAsync(async: false).Completed(), CancellationToken.None,
                    TaskCreationOptions.LongRunning | TaskCreationOptions.DenyChildAttach, TaskScheduler.Default);

            // All who wanted it may have left by its end. Whoever needs what it did not get tries himself, and is told.
            Exchange = flight.ContinueWith(
                static flight => _ = flight.Exception, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
            return flight;
        }
        finally
        {
            flow?.Undo();
        }
    }

    private async ValueTask<SessionSecret> FlyAsync(bool async)
    {
        SessionSecret? session = null;
        try
        {
            session = await _exchange(async, _lifetime.Token).ConfigureAwait(false);
            return session;
        }
        finally
        {
            Land(session);
        }
    }

    private void Land(SessionSecret? session)
    {
        SessionSecret? retired = null;
        lock (_gate)
        {
            _flight = null;
            if (session is not null)
            {
                // The deployment may have lost its trust while a secret was being agreed on: then Forget found nothing to give up.
                bool isUnwanted = _disposed || !_isTrusted(session);
                retired = isUnwanted ? session : _current;
                _current = isUnwanted ? null : session;
            }
        }

        // Streams that began with the old secret hold leases of their own.
        retired?.Retire();
        Landed?.Invoke();
    }
}
