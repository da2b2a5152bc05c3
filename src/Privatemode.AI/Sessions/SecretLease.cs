using Privatemode.AI.Encryption;
using Privatemode.AI.Internal;
using Privatemode.AI.KeyExchange;
using Privatemode.AI.Verification;

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

/// <summary>An inference secret with the GPU policy that all requests under it carry.</summary>
/// <param name="secret">The secret.</param>
/// <param name="own">How long it may be used for new requests.</param>
/// <param name="gpuPolicy">The policy.</param>
/// <param name="gpuPolicyMac">The policy's authentication code.</param>
/// <param name="mesh">Whom it was agreed with; null only in tests.</param>
internal sealed class SessionSecret(InferenceSecret secret, ValidityPeriod own, string gpuPolicy, string gpuPolicyMac, VerifiedMesh? mesh = null)
{
    private static readonly TimeSpan RenewalLead = TimeSpan.FromMinutes(5);

    // The service keeps a secret for one hour. Counted from before the exchange was sent, so that this side never counts longer.
    private static readonly TimeSpan LifetimeAtService = TimeSpan.FromHours(1);

    private bool _hasWorked;

    /// <summary>Name of the secret on the wire.</summary>
    public string Id => secret.Id;

    /// <summary><see cref="Id"/> in UTF-8.</summary>
    public ReadOnlyMemory<byte> IdUtf8 => secret.IdUtf8;

    /// <summary>The 32 bytes; only while a lease is held.</summary>
    public ReadOnlySpan<byte> Key => secret.Key;

    /// <summary>The same bytes as a key for encryption; only while a lease is held.</summary>
    public AesGcmKey EncryptionKey => secret.EncryptionKey;

    /// <summary>What the deployment proved before the exchange; null only where a test gives the mesh CA itself.</summary>
    public VerifiedDeployment? Deployment => mesh?.Deployment;

    public string GpuPolicy { get; } = gpuPolicy;

    public string GpuPolicyMac { get; } = gpuPolicyMac;

    /// <summary>The service has answered under this secret at least once.</summary>
    public bool HasWorked
    {
        get => Volatile.Read(ref _hasWorked);
        set => Volatile.Write(ref _hasWorked, value);
    }

    /// <summary>Whether it must not be used for new requests any more: no longer than the verdict about the deployment counts.</summary>
    public bool IsOver(TimeProvider time) => own.IsOver(time) || mesh?.Verdict?.IsOver(time) == true;

    /// <summary>Whether it will be over soon: time to agree on the next one while this one still serves.</summary>
    public bool IsDue(TimeProvider time) => own.Left(time) <= RenewalLead || mesh?.Verdict?.Left(time) <= RenewalLead;

    /// <summary>Returns the time for which the service still keeps the secret: an answer under it cannot last longer.</summary>
    public TimeSpan LeftAtService(TimeProvider time) => (own with { Until = own.From + LifetimeAtService }).Left(time);

    public bool IsInUse => secret.IsInUse;

    public bool TryAddReference() => secret.TryAddReference();

    public void Release() => secret.Release();

    /// <summary>Gives the owner's reference back: no new leases, and zeroed when the last lease is back.</summary>
    public void Retire() => secret.Dispose();
}
