using System.Text;
using System.Text.Json;
using Privatemode.AI.Testing;
using Privatemode.AI.Testing.Evidence;

namespace Privatemode.AI.Tests.Testing.Evidence;

/// <summary>Issues evidence as a deployment does and reads it back without help of the code that wrote it.</summary>
internal static class DocumentFacts
{
    public static DateTimeOffset Day { get; } = new(2026, 6, 1, 0, 0, 0, TimeSpan.Zero);

    public static byte[] Nonce { get; } = [.. Enumerable.Range(0, 32).Select(i => (byte)i)];

    /// <summary>Stands for the deployment's mesh CA; any text will do.</summary>
    public const string MeshCa = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";

    public static Facts Read(EvidenceSettings settings)
    {
        Facts facts = new();
        IssuedEvidence issued = new(settings, Day);
        string text = issued.Attest(Nonce, MeshCa);
        if (!TryParse(text, out JsonDocument? document))
        {
            facts.Add("document", "no JSON");
            return facts;
        }

        using (document)
        {
            facts.Add("document.members", string.Join(',', document.RootElement.EnumerateObject().Select(property => property.Name)));
            AddDocument(facts, document.RootElement, issued);
            AddManifest(facts, issued.Manifest);
            AddEvidence(facts, document.RootElement, issued, settings);
        }

        return facts;
    }

    private static void AddDocument(Facts facts, JsonElement document, IssuedEvidence issued)
    {
        facts.Add("document.type", document.TryGetProperty("attestation_type", out JsonElement type) ? type.ToString() : "none");
        JsonElement[] manifests = [.. document.GetProperty("manifests").EnumerateArray()];
        facts.Add("document.manifests", string.Join(
            ',', manifests.Select(manifest => manifest.GetBytesFromBase64().AsSpan().SequenceEqual(issued.Manifest) ? "expected" : "other")));
        facts.Add("document.meshCa", FirstString(document, "mesh_ca") == Convert.ToBase64String(Encoding.UTF8.GetBytes(MeshCa)) ? "own" : "other");
    }

    private static void AddManifest(Facts facts, byte[] manifest)
    {
        using JsonDocument parsed = JsonDocument.Parse(manifest);
        facts.Add("manifest", parsed.RootElement);
    }

    private static void AddEvidence(Facts facts, JsonElement document, IssuedEvidence issued, EvidenceSettings settings)
    {
        string base64 = FirstString(document, "raw_attestation_doc");
        if (!TryReadBase64(base64, out byte[] evidence))
        {
            facts.Add("evidence", "no base64");
            return;
        }

        try
        {
            facts.Add("holds.report data", ReportData(evidence, settings.Kind).AsSpan().SequenceEqual(ExpectedReportData(document)));
        }
        catch (Exception exception) when (exception is ArgumentOutOfRangeException or IndexOutOfRangeException)
        {
            facts.Add("evidence", "ends early");
            return;
        }

        TestTrustAnchors anchors = TestTrustAnchors.For(new Uri("http://127.0.0.1"));
        if (evidence.Length > 0 && issued.Snp is { } snp)
        {
            facts.AddSnp(evidence, snp, anchors.AmdRoots[settings.Product]);
        }
        else if (evidence.Length > 0)
        {
            facts.AddTdx(evidence, issued.Tdx!, anchors.IntelRoot);
        }
    }

    private static byte[] ReportData(byte[] evidence, EvidenceKind kind) =>
        kind == EvidenceKind.SevSnp ? new ProtobufMessage(evidence).Message(1).Bytes(11) : new ProtobufMessage(evidence).Message(2).Bytes(12);

    // SHA-256 over nonce, manifest history, root CA and mesh CA, each from the document.
    private static byte[] ExpectedReportData(JsonElement document)
    {
        byte[] transition = new byte[32];
        foreach (JsonElement manifest in document.GetProperty("manifests").EnumerateArray())
        {
            transition = Hash([.. Hash(manifest.GetBytesFromBase64()), .. transition]);
        }

        byte[] rootCa = Convert.FromBase64String(FirstString(document, "root_ca"));
        byte[] meshCa = Convert.FromBase64String(FirstString(document, "mesh_ca"));
        return [.. Hash([.. Nonce, .. transition, .. Hash(rootCa), .. Hash(meshCa)]), .. new byte[32]];
    }

    private static byte[] Hash(byte[] data) => System.Security.Cryptography.SHA256.HashData(data);

    private static string FirstString(JsonElement document, string name) =>
        document.EnumerateObject().First(property => property.Name == name).Value.GetString()!;

    private static bool TryReadBase64(string text, out byte[] bytes)
    {
        bytes = new byte[text.Length];
        bool read = Convert.TryFromBase64String(text, bytes, out int written);
        bytes = bytes[..written];
        return read;
    }

    private static bool TryParse(string text, [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out JsonDocument? document)
    {
        try
        {
            document = JsonDocument.Parse(text);
            return true;
        }
        catch (JsonException)
        {
            document = null;
            return false;
        }
    }
}
