using Privatemode.AI.KeyExchange;

namespace Privatemode.AI.Sessions;

/// <summary>An inference secret with the GPU policy that all requests under it carry.</summary>
internal sealed class SessionSecret(InferenceSecret secret, string gpuPolicy, string gpuPolicyMac, VerifiedDeployment? deployment = null)
{
    private static readonly TimeSpan RenewalLead = TimeSpan.FromMinutes(5);

    private bool _hasWorked;

    /// <summary>Name of the secret on the wire.</summary>
    public string Id => secret.Id;

    /// <summary><see cref="Id"/> in UTF-8.</summary>
    public ReadOnlyMemory<byte> IdUtf8 => secret.IdUtf8;

    /// <summary>The 32 bytes; only while a lease is held.</summary>
    public ReadOnlySpan<byte> Key => secret.Key;

    public DateTimeOffset ObtainedAt => secret.ObtainedAt;

    /// <summary>From when on it must not be used for new requests: no later than the verdict about the deployment counts.</summary>
    public DateTimeOffset ExpiresAt => deployment?.ValidUntil < secret.ExpiresAt ? deployment.ValidUntil : secret.ExpiresAt;

    /// <summary>It will be over soon: time to agree on the next one while this one still serves.</summary>
    public bool IsDue(TimeProvider time) => ExpiresAt - time.GetUtcNow() <= RenewalLead;

    /// <summary>What the deployment proved before the exchange; null only where a test gives the mesh CA itself.</summary>
    public VerifiedDeployment? Deployment => deployment;

    public string GpuPolicy { get; } = gpuPolicy;

    public string GpuPolicyMac { get; } = gpuPolicyMac;

    /// <summary>The service has answered under this secret at least once.</summary>
    public bool HasWorked
    {
        get => Volatile.Read(ref _hasWorked);
        set => Volatile.Write(ref _hasWorked, value);
    }

    public bool IsInUse => secret.IsInUse;

    public bool TryAddReference() => secret.TryAddReference();

    public void Release() => secret.Release();

    /// <summary>Gives the owner's reference back: no new leases, and zeroed when the last lease is back.</summary>
    public void Retire() => secret.Dispose();
}
