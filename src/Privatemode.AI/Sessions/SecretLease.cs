using Privatemode.AI.Encryption;
using Privatemode.AI.Internal;
using Privatemode.AI.KeyExchange;

namespace Privatemode.AI.Sessions;

/// <summary>The right to use a secret for one exchange. The secret is zeroed when it is retired and its last lease is released.</summary>
internal sealed class SecretLease : IDisposable
{
    private readonly SessionSecret _session;
    private readonly IDisposable? _permit;
    private readonly IDisposable? _slot;
    private readonly Action? _released;
    private int _isReleased;

    private SecretLease(SessionSecret session, IDisposable? permit, IDisposable? slot, Action? released) =>
        (_session, _permit, _slot, _released) = (session, permit, slot, released);

    // A stream that was dropped without being disposed must not keep the secret in memory. Its permit has its own finalizer.
    ~SecretLease() => _ = TryRelease();

    public SessionSecret Session
    {
        get
        {
            ObjectDisposedException.ThrowIf(Volatile.Read(ref _isReleased) == 1, this);
            return _session;
        }
    }

    /// <summary>Takes a lease, or returns null if the secret has already been cleared.</summary>
    /// <param name="permit">The rate limiter's permit for the exchange, released after the lease: a limiter may count concurrent calls.</param>
    /// <param name="slot">The connection slot of the exchange, released after the lease.</param>
    /// <param name="released">Called when the lease is released, also by the finalizer.</param>
    public static SecretLease? TryAcquire(SessionSecret session, IDisposable? permit = null, IDisposable? slot = null, Action? released = null) =>
        session.TryAddReference() ? new SecretLease(session, permit, slot, released) : null;

    public void Dispose()
    {
        GC.SuppressFinalize(this);
        if (TryRelease())
        {
            // Last, because it is the application's code.
            _permit?.Dispose();
        }
    }

    /// <summary>Releases everything except the permit. Returns false if this was done before.</summary>
    private bool TryRelease()
    {
        if (Interlocked.Exchange(ref _isReleased, 1) == 1)
        {
            return false;
        }

        _session.Release();
        _released?.Invoke();
        _slot?.Dispose();
        return true;
    }
}

/// <summary>An inference secret with the GPU policy that all requests under it contain.</summary>
/// <param name="lifetime">The period in which the secret can be used for new requests.</param>
/// <param name="deployment">The report about the deployment with which it was established.</param>
/// <param name="verification">The validity of that verification.</param>
internal sealed class SessionSecret(
    InferenceSecret secret, ValidityPeriod lifetime, string gpuPolicy, string gpuPolicyMac, VerifiedDeployment deployment, ValidityPeriod verification)
{
    private static readonly TimeSpan RenewalLead = TimeSpan.FromMinutes(5);

    // The service keeps a secret for one hour. The time is counted from before the exchange was sent, so that it never ends later here.
    private static readonly TimeSpan LifetimeAtService = TimeSpan.FromHours(1);

    private bool _hasWorked;

    /// <summary>The name of the secret on the wire.</summary>
    public string Id => secret.Id;

    /// <summary><see cref="Id"/> in UTF-8.</summary>
    public ReadOnlyMemory<byte> IdUtf8 => secret.IdUtf8;

    /// <summary>The 32 secret bytes. Use them only while you hold a lease.</summary>
    public ReadOnlySpan<byte> Key => secret.Key;

    /// <summary>The encryption key of the secret. Use it only while you hold a lease.</summary>
    public AesGcmKey EncryptionKey => secret.EncryptionKey;

    public VerifiedDeployment Deployment => deployment;

    public string GpuPolicy { get; } = gpuPolicy;

    public string GpuPolicyMac { get; } = gpuPolicyMac;

    /// <summary>Whether the service has answered under this secret at least once.</summary>
    public bool HasWorked
    {
        get => Volatile.Read(ref _hasWorked);
        set => Volatile.Write(ref _hasWorked, value);
    }

    /// <summary>Returns whether the secret must no longer be used for new requests. It is never valid for longer than the verification of the
    /// deployment.</summary>
    public bool IsOver(TimeProvider time) => lifetime.IsOver(time) || verification.IsOver(time);

    /// <summary>Returns whether the secret expires soon, so that the next one must be established while this one is still valid.</summary>
    public bool IsDue(TimeProvider time) => lifetime.Left(time) <= RenewalLead || verification.Left(time) <= RenewalLead;

    /// <summary>Returns the time for which the service still keeps the secret: an answer under it cannot last longer.</summary>
    public TimeSpan LeftAtService(TimeProvider time) => lifetime.Left(LifetimeAtService, time);

    public bool IsInUse => secret.IsInUse;

    public bool TryAddReference() => secret.TryAddReference();

    public void Release() => secret.Release();

    /// <summary>Releases the owner's reference: there are no new leases, and the secret is zeroed when the last lease is released.</summary>
    public void Retire() => secret.Dispose();
}
