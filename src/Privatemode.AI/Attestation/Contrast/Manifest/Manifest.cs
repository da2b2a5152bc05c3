using System.Security.Cryptography;

namespace Privatemode.AI.Attestation.Contrast;

/// <summary>A manifest that passed every rule of validity: what may run, on which machines.</summary>
/// <remarks>It is the file's exact bytes that are compared and hashed; nothing is ever written out again.</remarks>
internal sealed class Manifest
{
    /// <summary>The longest manifest that is read, in bytes; real ones have 6 to 10 thousand.</summary>
    public const int MaxSize = 1 << 20;

    internal Manifest(ReadOnlyMemory<byte> raw, IReadOnlyList<WorkloadPolicy> policies)
    {
        Raw = raw;
        Digest = SHA256.HashData(raw.Span);
        Policies = policies;
        CoordinatorPolicyHashes =
        [
            .. policies.Where(policy => policy.Role == WorkloadPolicy.Coordinator)
                .Select(policy => (ReadOnlyMemory<byte>)Convert.FromHexString(policy.Hash)),
        ];
        SecretServiceNames = [.. NamesOfSecretService(policies)];
    }

    /// <summary>The file as it stands.</summary>
    public ReadOnlyMemory<byte> Raw { get; }

    /// <summary>SHA-256 of the file.</summary>
    public ReadOnlyMemory<byte> Digest { get; }

    public IReadOnlyList<WorkloadPolicy> Policies { get; }

    /// <summary>Hashes of the policies with the coordinator's role, 32 bytes each; at least one.</summary>
    public IReadOnlyList<ReadOnlyMemory<byte>> CoordinatorPolicyHashes { get; }

    /// <summary>The DNS names that the secret service's entry has and no other entry; none when it is not clear which entry that is.</summary>
    public IReadOnlyList<string> SecretServiceNames { get; }

    public required IReadOnlyList<SnpReferenceValue> Snp { get; init; }

    public required IReadOnlyList<TdxReferenceValue> Tdx { get; init; }

    /// <exception cref="PrivatemodeVerificationException">The bytes are not a manifest we accept.</exception>
    public static Manifest Parse(ReadOnlyMemory<byte> json) =>
        StrictObject.Read(json, MaxSize, ManifestObject.Failure, root => ManifestReader.Read(json, root));

    private static IEnumerable<string> NamesOfSecretService(IReadOnlyList<WorkloadPolicy> policies)
    {
        WorkloadPolicy[] services = [.. policies.Where(policy => policy.IsSecretService)];
        return services is not [WorkloadPolicy service] ? []
            : service.Names
                .Except(policies.Where(policy => policy != service).SelectMany(policy => policy.Names), StringComparer.OrdinalIgnoreCase)
                .Where(name => name != WorkloadPolicy.Wildcard);
    }
}
