using System.Text.Json;
using System.Text.Unicode;

namespace Privatemode.AI.KeyExchange;

/// <summary>The answer of the secret service, taken apart and not yet judged.</summary>
/// <remarks>
/// Stricter than the reference, which forgives case, missing members, line breaks in base64 and arrays of numbers: exact names, each
/// once, strings of padded standard base64. Members we do not know are ignored.
/// </remarks>
internal sealed record SecretExchangeResponse(
    ReadOnlyMemory<byte> EncapsulatedKey, ReadOnlyMemory<byte> Signature, ReadOnlyMemory<byte> MeshCertificate)
{
    private const int MaxDepth = 8;

    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false, MaxDepth = MaxDepth };

    /// <exception cref="PrivatemodeVerificationException">The body is not such an answer.</exception>
    public static SecretExchangeResponse Parse(ReadOnlyMemory<byte> body)
    {
        // The parser looks at the UTF-8 of a string only when somebody reads it.
        if (!Utf8.IsValid(body.Span))
        {
            throw Failure("a JSON object in UTF-8");
        }

        try
        {
            using JsonDocument document = JsonDocument.Parse(body, Strict);
            JsonElement root = document.RootElement;
            if (root.ValueKind != JsonValueKind.Object)
            {
                throw Failure("a JSON object");
            }

            return new SecretExchangeResponse(
                ReadBytes(root, "EncapsulatedKey"), ReadBytes(root, "Signature"), ReadBytes(root, "MeshCert"));
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            throw Failure("a JSON object"); // InvalidOperationException: an escaped lone surrogate
        }
    }

    private static byte[] ReadBytes(JsonElement root, string name)
    {
        // Encoding again is the strict check: the decoder forgives white space and stray bits after the last byte.
        if (root.TryGetProperty(name, out JsonElement member)
            && member.ValueKind == JsonValueKind.String
            && member.TryGetBytesFromBase64(out byte[]? bytes)
            && member.ValueEquals(Convert.ToBase64String(bytes)))
        {
            return bytes;
        }

        throw Failure($"member {name} as a string of padded standard base64");
    }

    private static PrivatemodeVerificationException Failure(string expected) => new(
        KeyExchangeChecks.ResponseFormat,
        "The secret service's answer has the wrong form. Do not send anything; update this package if the service is newer.")
    {
        Expected = expected,
    };
}
