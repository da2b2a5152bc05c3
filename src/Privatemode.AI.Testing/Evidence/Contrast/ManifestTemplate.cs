using System.Text.Json;
using Privatemode.AI.Testing.Evidence.Certificates;

namespace Privatemode.AI.Testing.Evidence.Contrast;

/// <summary>A manifest with the structure of the production manifest, before it is written.</summary>
internal sealed class ManifestTemplate
{
    private static readonly JsonWriterOptions Indented = new() { Indented = true, NewLine = "\n" };

    /// <summary>The DNS names in the secret service's entry and therefore in its certificate. They are those of production.</summary>
    public static readonly IReadOnlyList<string> SecretServiceNames =
    [
        "root",
        "secret-service",
        ManifestPolicy.Wildcard,
        $"secret-service-internal.{ManifestPolicy.Namespace}.svc.cluster.local",
        $"*.secret-service-headless.{ManifestPolicy.Namespace}.svc.cluster.local",
    ];

    public ManifestTemplate(int revision, SnpReference snp, TdxReference tdx)
    {
        Coordinator = new ManifestPolicy("coordinator", revision, ["coordinator", ManifestPolicy.Wildcard]) { Role = "coordinator" };
        SecretService = new ManifestPolicy("secret-service", revision, SecretServiceNames);
        ManifestPolicy workload = new(
            "workload-gpt-oss-120b", revision, ["continuum-etcd-client", "workload-gpt-oss-120b", ManifestPolicy.Wildcard]);
        Policies = [Coordinator, SecretService, workload];
        Snp = [snp];
        Tdx = [tdx];
    }

    public ManifestPolicy Coordinator { get; }

    public ManifestPolicy SecretService { get; }

    public List<ManifestPolicy> Policies { get; }

    public List<SnpReference> Snp { get; }

    public List<TdxReference> Tdx { get; }

    /// <summary>Whether the manifest also contains reference values of an unknown kind.</summary>
    public bool HasUnknownKind { get; set; }

    /// <summary>Whether the manifest also contains an unknown member.</summary>
    public bool HasUnknownMember { get; set; }

    /// <summary>Whether the member with the reference values occurs twice. The second one is empty.</summary>
    public bool RepeatsMember { get; set; }

    /// <summary>Writes the manifest. Callers must keep the bytes: clients compare manifests byte for byte.</summary>
    public byte[] Write()
    {
        using MemoryStream stream = new();
        using (Utf8JsonWriter writer = new(stream, Indented))
        {
            writer.WriteStartObject();
            writer.WriteStartObject("Policies"u8);
            foreach (ManifestPolicy policy in Policies.OrderBy(policy => policy.Key, StringComparer.Ordinal))
            {
                policy.Write(writer);
            }

            writer.WriteEndObject();
            writer.WriteStartObject("ReferenceValues"u8);
            WriteAll(writer, "snp", Snp, (value, target) => value.Write(target));
            WriteAll(writer, "tdx", Tdx, (value, target) => value.Write(target));
            if (HasUnknownKind)
            {
                writer.WriteStartArray("cca"u8);
                writer.WriteStartObject();
                writer.WriteString("Platform"u8, "Metal-QEMU-CCA");
                writer.WriteEndObject();
                writer.WriteEndArray();
            }

            writer.WriteEndObject();
            writer.WriteStartArray("SeedshareOwnerPubKeys"u8);
            writer.WriteStringValue(Convert.ToHexStringLower(TestKeys.ArkGenoa.PublicKey));
            writer.WriteEndArray();
            WriteOddities(writer);
            writer.WriteEndObject();
        }

        return stream.ToArray();
    }

    private void WriteOddities(Utf8JsonWriter writer)
    {
        if (HasUnknownMember)
        {
            writer.WriteString("AddedLater"u8, "of no meaning to us");
        }

        if (RepeatsMember)
        {
            writer.WriteStartObject("ReferenceValues"u8);
            writer.WriteEndObject();
        }
    }

    private static void WriteAll<T>(Utf8JsonWriter writer, string name, List<T> values, Action<T, Utf8JsonWriter> write)
    {
        if (values.Count == 0)
        {
            return;
        }

        writer.WriteStartArray(name);
        foreach (T value in values)
        {
            write(value, writer);
        }

        writer.WriteEndArray();
    }
}
