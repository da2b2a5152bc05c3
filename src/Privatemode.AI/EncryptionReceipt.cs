using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Privatemode.AI;

/// <summary>What this client states about one answer: to which verified deployment it was sealed. A statement of the client's, not a signature of the
/// enclave's.</summary>
public sealed record EncryptionReceipt
{
    /// <summary>Key under which it lies, as JSON text, in the additional properties of answers.</summary>
    public const string PropertyName = "privatemode.receipt";

    /// <summary>Id of the secret under which request and answer were sealed. Not secret.</summary>
    public required string SecretId { get; init; }

    /// <summary>SHA-256 of the manifest the deployment proved, 64 lower-case hexadecimal digits.</summary>
    public required string ManifestSha256 { get; init; }

    /// <summary>When the deployment was verified.</summary>
    public required DateTimeOffset VerifiedAt { get; init; }

    /// <summary>Id of the request as the service knows it.</summary>
    public required string RequestId { get; init; }

    /// <summary>Names of the members of the request that were sealed, comma-separated; <c>(whole body)</c> when the names were sealed too, as those
    /// of a document are.</summary>
    public required string SealedMembers { get; init; }

    /// <summary>Names of the members of the request that travelled in the clear, comma-separated; empty for none.</summary>
    public required string ClearMembers { get; init; }

    /// <summary>The receipt in JSON text; null when the text is none.</summary>
    /// <param name="json">What <see cref="ToJson"/> wrote.</param>
    /// <returns>The receipt.</returns>
    public static EncryptionReceipt? Parse(string? json)
    {
        if (json is null)
        {
            return null;
        }

        try
        {
            using JsonDocument document = JsonDocument.Parse(json);
            JsonElement root = document.RootElement;
            return new EncryptionReceipt
            {
                SecretId = Text(root, "secretId"),
                ManifestSha256 = Text(root, "manifestSha256"),
                VerifiedAt = root.GetProperty("verifiedAt").GetDateTimeOffset(),
                RequestId = Text(root, "requestId"),
                SealedMembers = Text(root, "sealedMembers"),
                ClearMembers = Text(root, "clearMembers"),
            };
        }
        catch (Exception exception) when (exception is
            JsonException or KeyNotFoundException or InvalidOperationException or FormatException or ArgumentException)
        {
            // The last for half a surrogate pair, which has no UTF-8.
            return null;
        }
    }

    /// <summary>The receipt as JSON text.</summary>
    /// <returns>One object.</returns>
    public string ToJson()
    {
        ArrayBufferWriter<byte> buffer = new();
        using (Utf8JsonWriter json = new(buffer))
        {
            json.WriteStartObject();
            json.WriteString("secretId", SecretId);
            json.WriteString("manifestSha256", ManifestSha256);
            json.WriteString("verifiedAt", VerifiedAt);
            json.WriteString("requestId", RequestId);
            json.WriteString("sealedMembers", SealedMembers);
            json.WriteString("clearMembers", ClearMembers);
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    /// <summary>The statement in a sentence.</summary>
    /// <returns>For people.</returns>
    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"This client states: request {RequestId} ({SealedMembers}) and its answer were sealed under secret {SecretId}, agreed with a deployment that had " +
            $"proved manifest {ManifestSha256} at {VerifiedAt:u}. In the clear: {(ClearMembers.Length == 0 ? "no member" : ClearMembers)}.");

    private static string Text(JsonElement root, string name) => root.GetProperty(name).GetString() ?? throw new FormatException(name);
}
