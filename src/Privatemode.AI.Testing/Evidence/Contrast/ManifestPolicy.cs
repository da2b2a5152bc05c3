using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace Privatemode.AI.Testing.Evidence.Contrast;

/// <summary>One workload of a manifest, identified by the hash of its policy document.</summary>
internal sealed class ManifestPolicy
{
    /// <summary>The Kubernetes namespace.</summary>
    public const string Namespace = "privatemode-test";

    /// <summary>The name that Contrast gives every workload, so it does not identify one.</summary>
    public const string Wildcard = "*";

    public ManifestPolicy(string name, int revision, IReadOnlyList<string> names)
    {
        Document = Encoding.UTF8.GetBytes($"# workload {name} of a test deployment, revision {revision}\n");
        Key = Convert.ToHexStringLower(Hash);
        Names = names;
        SecretId = $"apps/v1/StatefulSet/{Namespace}/{name}";
    }

    /// <summary>The policy document.</summary>
    public byte[] Document { get; }

    /// <summary>The SHA-256 digest of the policy document.</summary>
    public byte[] Hash => SHA256.HashData(Document);

    /// <summary>The digest as it is written in the manifest.</summary>
    public string Key { get; set; }

    public IReadOnlyList<string> Names { get; }

    public string SecretId { get; }

    /// <summary>The role of the workload; null to omit it.</summary>
    public string? Role { get; set; }

    public void Write(Utf8JsonWriter writer)
    {
        writer.WriteStartObject(Key);
        writer.WriteStartArray("SANs"u8);
        foreach (string name in Names)
        {
            writer.WriteStringValue(name);
        }

        writer.WriteEndArray();
        writer.WriteString("WorkloadSecretID"u8, SecretId);
        if (Role is not null)
        {
            writer.WriteString("Role"u8, Role);
        }

        writer.WriteEndObject();
    }
}
