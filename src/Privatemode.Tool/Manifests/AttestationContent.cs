using System.Text.Json;

namespace Privatemode.Tool.Manifests;

/// <summary>The content of saved evidence, as the file claims. Nothing is verified here: compare digests with those of a verified manifest.</summary>
/// <param name="NewestManifest">The exact bytes of the last manifest.</param>
/// <param name="Policies">The policies that the coordinator delivered; empty if it delivered none.</param>
internal sealed record AttestationContent(byte[] NewestManifest, IReadOnlyList<byte[]> Policies)
{
    /// <summary>Reads the members <c>manifests</c> and <c>policies</c> of the attestation document.</summary>
    /// <exception cref="FormatException">The file is not saved evidence. <see cref="JsonException"/>, <see cref="InvalidOperationException"/> and
    /// <see cref="KeyNotFoundException"/> mean the same.</exception>
    public static AttestationContent Read(ReadOnlyMemory<byte> file)
    {
        using JsonDocument outer = JsonDocument.Parse(file);
        byte[] text = outer.RootElement.GetProperty("document").GetBytesFromBase64();
        using JsonDocument document = JsonDocument.Parse(text);
        JsonElement manifests = document.RootElement.GetProperty("manifests");
        byte[][] policies = document.RootElement.TryGetProperty("policies", out JsonElement list) && list.ValueKind == JsonValueKind.Array
            ? [.. list.EnumerateArray().Select(PolicyOf).OfType<byte[]>()]
            : [];
        return manifests.GetArrayLength() > 0
            ? new AttestationContent(manifests[manifests.GetArrayLength() - 1].GetBytesFromBase64(), policies)
            : throw new FormatException("The evidence has no manifest.");
    }

    // The deployment can put anything there; only what the manifest lists by digest counts.
    private static byte[]? PolicyOf(JsonElement policy) =>
        policy.ValueKind == JsonValueKind.String && policy.TryGetBytesFromBase64(out byte[]? bytes) ? bytes : null;
}
