using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Text.Json;

namespace Privatemode.AI.Attestation.Contrast;

/// <summary>A valid manifest, which lists what may run, and on which machines.</summary>
/// <remarks>The file's exact bytes are compared and hashed; a manifest is never serialized again.</remarks>
internal sealed class Manifest
{
    /// <summary>The maximum length of a manifest in bytes; real ones have 6,000 to 10,000.</summary>
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

    /// <summary>The exact bytes of the file.</summary>
    public ReadOnlyMemory<byte> Raw { get; }

    /// <summary>SHA-256 of the file.</summary>
    public ReadOnlyMemory<byte> Digest { get; }

    public IReadOnlyList<WorkloadPolicy> Policies { get; }

    /// <summary>Hashes of the policies with the coordinator's role, 32 bytes each; at least one.</summary>
    public IReadOnlyList<ReadOnlyMemory<byte>> CoordinatorPolicyHashes { get; }

    /// <summary>The DNS names that only the entry of the secret service has; empty if this entry cannot be identified.</summary>
    public IReadOnlyList<string> SecretServiceNames { get; }

    public required IReadOnlyList<SnpReferenceValue> Snp { get; init; }

    public required IReadOnlyList<TdxReferenceValue> Tdx { get; init; }

    /// <exception cref="PrivatemodeVerificationException">The bytes are not a manifest that this library accepts.</exception>
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

/// <summary>One workload that the manifest allows to run.</summary>
/// <param name="Hash">SHA-256 of its policy document, in hexadecimal, lower case.</param>
/// <param name="Names">The names that its certificates may contain, in the manifest's order.</param>
/// <param name="WorkloadSecretId">The ID for which its secrets are derived; empty if it has none.</param>
/// <param name="Role">Empty, or <see cref="Coordinator"/>.</param>
internal sealed record WorkloadPolicy(string Hash, IReadOnlyList<string> Names, string WorkloadSecretId, string Role)
{
    /// <summary>The role of the workload that answers attestation requests and issues certificates.</summary>
    public const string Coordinator = "coordinator";

    /// <summary>The name that Contrast gave every workload up to version 1.24; it does not identify a workload.</summary>
    public const string Wildcard = "*";

    /// <summary>The members of a policy's entry in the manifest.</summary>
    public static readonly string[] Members = ["SANs", "WorkloadSecretID", "Role"];

    /// <summary>Whether this is the secret service: a Kubernetes resource of that name, as in <c>apps/v1/StatefulSet/continuum-0/secret-service</c>.</summary>
    public bool IsSecretService => Role.Length == 0 && WorkloadSecretId.EndsWith("/secret-service", StringComparison.Ordinal);
}

/// <summary>Reads a manifest and applies every rule of validity.</summary>
/// <remarks>
/// Stricter than Contrast's verifier (Go) where a deviation can only be a mistake: numbers are integers, there are four runtime measurements, a reset
/// address has 4 bytes, a platform instance 16, and no two policies have hashes that differ only in case. Unknown members are ignored,
/// but unknown kinds of reference values are refused, because they could allow hardware that this client cannot verify.
/// </remarks>
internal static class ManifestReader
{
    private const int PolicyHashSize = 32;

    public static Manifest Read(ReadOnlyMemory<byte> raw, JsonElement root)
    {
        ManifestObject manifest = new(
            root, "", "Policies", "ReferenceValues", "WorkloadOwnerPubKeys", "WorkloadOwnerKeyDigests", "SeedshareOwnerPubKeys");
        IReadOnlyList<WorkloadPolicy> policies = ReadPolicies(manifest.Required("Policies", ManifestChecks.Coordinator));
        ManifestObject values = ReadValues(manifest.Required("ReferenceValues", ManifestChecks.ReferenceValues));
        Manifest result = new(raw, policies)
        {
            Snp = values.ReadList("snp", SnpReferenceValue.Read),
            Tdx = values.ReadList("tdx", TdxReferenceValue.Read),
        };
        Require(result.CoordinatorPolicyHashes.Count > 0, ManifestChecks.Coordinator, "at least one policy with the role coordinator");
        Require(result.Snp.Count + result.Tdx.Count > 0, ManifestChecks.ReferenceValues, "at least one reference value");
        OwnerKeys.Check(manifest);
        return result;
    }

    /// <summary>The name of a platform, which must be one with confidential computing.</summary>
    public static string Platform(ManifestObject value)
    {
        string platform = value.Text("Platform");
        Require(
            !platform.Contains("insecure", StringComparison.OrdinalIgnoreCase),
            ManifestChecks.InsecurePlatform,
            $"{value.PathOf("Platform")} with confidential computing");
        return platform;
    }

    private static ManifestObject ReadValues(JsonElement element)
    {
        ManifestObject values = new(element, "ReferenceValues", "snp", "tdx");
        foreach (JsonProperty kind in element.EnumerateObject())
        {
            Require(kind.Name is "snp" or "tdx", ManifestChecks.ReferenceValueKind, "reference values of the kinds snp and tdx");
        }

        return values;
    }

    private static List<WorkloadPolicy> ReadPolicies(JsonElement element)
    {
        _ = new ManifestObject(element, "Policies");
        List<WorkloadPolicy> policies = [];
        HashSet<string> hashes = new(StringComparer.Ordinal);
        foreach (JsonProperty entry in element.EnumerateObject())
        {
            string hash = Convert.ToHexStringLower(
                ManifestObject.Hex(entry.Name, PolicyHashSize, ManifestChecks.PolicyHash, "each name in Policies"));
            Require(hashes.Add(hash), ManifestChecks.PolicyHash, $"policy {hash} once");
            policies.Add(ReadPolicy(hash, entry.Value));
        }

        return policies;
    }

    private static WorkloadPolicy ReadPolicy(string hash, JsonElement element)
    {
        ManifestObject policy = new(element, $"Policies.{hash}", WorkloadPolicy.Members);
        string role = policy.Text("Role");
        Require(role is "" or WorkloadPolicy.Coordinator, ManifestChecks.Role, $"{policy.PathOf("Role")} as coordinator or empty");
        return new WorkloadPolicy(hash, policy.TextItems("SANs"), policy.Text("WorkloadSecretID"), role);
    }

    private static void Require(bool condition, string check, string expected)
    {
        if (!condition)
        {
            throw ManifestObject.Failure.For(check).Create(expected);
        }
    }
}

// References: RFC 5480, section 2 (ECDSA public keys); RFC 8017, appendix A.1.1 (RSA public keys); DER of X.690.

/// <summary>Checks the owners' keys in a manifest. This client never uses them, but a manifest with malformed ones is invalid.</summary>
internal static class OwnerKeys
{
    private const int DigestSize = 32;
    private const string EcPublicKey = "1.2.840.10045.2.1";

    public static void Check(ManifestObject manifest)
    {
        _ = manifest.HexItems("WorkloadOwnerKeyDigests", DigestSize, ManifestChecks.WorkloadOwnerKey);
        CheckKeys(manifest, "WorkloadOwnerPubKeys", ManifestChecks.WorkloadOwnerKey, "an ECDSA public key", ReadEcKey);
        CheckKeys(manifest, "SeedshareOwnerPubKeys", ManifestChecks.SeedShareOwnerKey, "an RSA public key", ReadRsaKey);
    }

    private static void CheckKeys(ManifestObject manifest, string name, string check, string expected, Action<AsnReader> read)
    {
        foreach (ReadOnlyMemory<byte> key in manifest.HexItems(name, null, check))
        {
            try
            {
                AsnReader reader = new(key, AsnEncodingRules.DER);
                AsnReader sequence = reader.ReadSequence();
                reader.ThrowIfNotEmpty();
                read(sequence);
                sequence.ThrowIfNotEmpty();
            }
            catch (AsnContentException)
            {
                throw ManifestObject.Failure.For(check).Create($"each of {name} as {expected}, DER in hexadecimal");
            }
        }
    }

    private static void ReadEcKey(AsnReader key)
    {
        AsnReader algorithm = key.ReadSequence();
        if (algorithm.ReadObjectIdentifier() != EcPublicKey)
        {
            throw new AsnContentException();
        }

        _ = algorithm.ReadObjectIdentifier(); // the curve
        algorithm.ThrowIfNotEmpty();
        _ = key.ReadBitString(out _);
    }

    private static void ReadRsaKey(AsnReader key)
    {
        _ = key.ReadIntegerBytes();
        _ = key.ReadIntegerBytes();
    }
}
