namespace Privatemode.AI.Sessions;

/// <summary>The right to use a secret for one exchange. The secret is zeroed when it is retired and its last lease is back.</summary>
internal sealed class SecretLease : IDisposable
{
    private SessionSecret? _session;
    private IDisposable? _permit;
    private IDisposable? _slot;

    private SecretLease(SessionSecret session) => _session = session;

    // A stream somebody dropped without disposing it must not keep the secret in memory for ever, nor its permit.
    ~SecretLease()
    {
        GiveBack();
        if (TakePermit() is { } permit)
        {
            _ = ThreadPool.UnsafeQueueUserWorkItem(Release, permit, preferLocal: false);
        }
    }

    public SessionSecret Session => _session ?? throw new ObjectDisposedException(nameof(SecretLease));

    /// <summary>Called when the lease is back, also by the finalizer.</summary>
    public Action? GivenBack { get; set; }

    /// <summary>The rate limiter's permit for what the lease is used for, given back after it: a limiter may count how many are under way.</summary>
    public IDisposable? Permit
    {
        set => _permit = value;
    }

    /// <summary>The connection that the lease is used on, given back after it.</summary>
    public IDisposable? Slot
    {
        set => _slot = value;
    }

    /// <summary>A lease, or null when the secret is gone already.</summary>
    public static SecretLease? TryTake(SessionSecret session) => session.TryAddReference() ? new SecretLease(session) : null;

    public void Dispose()
    {
        GC.SuppressFinalize(this);
        GiveBack();

        // Last: it is the user's code.
        TakePermit()?.Dispose();
    }

    /// <summary>Not on the finalizer's thread, which all need, and where an exception would end the process.</summary>
    private static void Release(IDisposable permit)
    {
        try
        {
            permit.Dispose();
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            // There is nobody to tell.
        }
    }

    private IDisposable? TakePermit() => Interlocked.Exchange(ref _permit, null);

    private void GiveBack()
    {
        if (Interlocked.Exchange(ref _session, null) is { } session)
        {
            session.Release();
            GivenBack?.Invoke();
            _slot?.Dispose();
        }
    }
}
