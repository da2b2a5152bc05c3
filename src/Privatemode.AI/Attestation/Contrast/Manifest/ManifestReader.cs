using System.Text.Json;

namespace Privatemode.AI.Attestation.Contrast;

/// <summary>Reads a manifest and applies every rule of validity.</summary>
/// <remarks>
/// Stricter than the reference in what can only be a mistake: numbers are integers, four runtime measurements are four, a reset address
/// has 4 bytes, a platform instance 16, and no two policies have hashes that differ only in case. Members we do not know are ignored,
/// but not a kind of reference value we do not know: it would be a door that this client cannot guard.
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
            Snp = [.. values.Items("snp").Select((value, i) => SnpReferenceValue.Read(value, $"ReferenceValues.snp[{i}]"))],
            Tdx = [.. values.Items("tdx").Select((value, i) => TdxReferenceValue.Read(value, $"ReferenceValues.tdx[{i}]"))],
        };
        Demand(result.CoordinatorPolicyHashes.Count > 0, ManifestChecks.Coordinator, "at least one policy with the role coordinator");
        Demand(result.Snp.Count + result.Tdx.Count > 0, ManifestChecks.ReferenceValues, "at least one reference value");
        OwnerKeys.Check(manifest);
        return result;
    }

    /// <summary>The name of a platform, which must not be one without protection.</summary>
    public static string Platform(ManifestObject value)
    {
        string platform = value.Text("Platform");
        Demand(
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
            Demand(kind.Name is "snp" or "tdx", ManifestChecks.ReferenceValueKind, "reference values of the kinds snp and tdx");
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
            Demand(hashes.Add(hash), ManifestChecks.PolicyHash, $"policy {hash} once");
            policies.Add(ReadPolicy(hash, entry.Value));
        }

        return policies;
    }

    private static WorkloadPolicy ReadPolicy(string hash, JsonElement element)
    {
        ManifestObject policy = new(element, $"Policies.{hash}", WorkloadPolicy.Members);
        string role = policy.Text("Role");
        Demand(role is "" or WorkloadPolicy.Coordinator, ManifestChecks.Role, $"{policy.PathOf("Role")} as coordinator or empty");
        return new WorkloadPolicy(hash, policy.TextItems("SANs"), policy.Text("WorkloadSecretID"), role);
    }

    private static void Demand(bool condition, string check, string expected)
    {
        if (!condition)
        {
            throw ManifestObject.Failure.For(check).Create(expected);
        }
    }
}
