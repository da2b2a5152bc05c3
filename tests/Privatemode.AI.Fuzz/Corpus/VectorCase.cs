using System.Text.Json;
using Privatemode.AI.Attestation.Certificates;

namespace Privatemode.AI.Fuzz.Corpus;

/// <summary>One case of a manifest of vectors.</summary>
internal sealed class VectorCase(string folder, JsonElement element)
{
    public string Id => element.GetProperty("id").GetString()!;

    public bool IsOurs => element.GetProperty("origin").GetString() == "synthetic";

    public DateTimeOffset At => element.GetProperty("verifyAt").GetDateTimeOffset();

    /// <summary>Of the processor; null where the case has none.</summary>
    public string? Product => Text(element, "product");

    /// <summary>SHA-256 of the key of the only root of the case; null for the makers' own.</summary>
    public byte[]? Root => Text(element, "trustRootForThisCase") is { } path
        ? Certificate.Parse(FirstCertificate(Path.Combine(folder, path)), "the root").SubjectPublicKeyInfoSha256()
        : null;

    /// <summary>A file of the case; empty when it has none of this name.</summary>
    public byte[] Read(string name) => Text(element.GetProperty("files"), name) is { } path ? File.ReadAllBytes(Path.Combine(folder, path)) : [];

    /// <summary>A certificate of the case as DER.</summary>
    public byte[] ReadCertificate(string name) =>
        Text(element.GetProperty("files"), name) is { } path ? FirstCertificate(Path.Combine(folder, path)) : [];

    private static byte[] FirstCertificate(string path)
    {
        byte[] bytes = File.ReadAllBytes(path);
        return bytes.AsSpan().StartsWith("-----BEGIN"u8) ? Pem.ReadCertificates(bytes, 3)[0].ToArray() : bytes;
    }

    private static string? Text(JsonElement parent, string name) => parent.TryGetProperty(name, out JsonElement value) ? value.GetString() : null;
}
