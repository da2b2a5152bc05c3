namespace Privatemode.AI.Sessions;

/// <summary>The right to use a secret for one exchange. The secret is zeroed when it is retired and its last lease is back.</summary>
internal sealed class SecretLease : IDisposable
{
    private SessionSecret? _session;

    private SecretLease(SessionSecret session) => _session = session;

    // A stream somebody dropped without disposing it must not keep the secret in memory for ever.
    ~SecretLease() => GiveBack();

    public SessionSecret Session => _session ?? throw new ObjectDisposedException(nameof(SecretLease));

    /// <summary>Called when the lease is back, also by the finalizer.</summary>
    public Action? GivenBack { get; set; }

    /// <summary>A lease, or null when the secret is gone already.</summary>
    public static SecretLease? TryTake(SessionSecret session) => session.TryAddReference() ? new SecretLease(session) : null;

    public void Dispose()
    {
        GiveBack();
        GC.SuppressFinalize(this);
    }

    private void GiveBack()
    {
        if (Interlocked.Exchange(ref _session, null) is { } session)
        {
            session.Release();
            GivenBack?.Invoke();
        }
    }
}
