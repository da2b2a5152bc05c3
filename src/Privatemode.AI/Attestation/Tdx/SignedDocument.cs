using System.Runtime.InteropServices;
using System.Text.Json;

namespace Privatemode.AI.Attestation.Tdx;

// {"tcbInfo":{…},"signature":"128 hex digits"}; the signature is over the value's bytes as they stand. What was verified and what is
// read must be the same bytes: names that stand twice are refused everywhere, and nothing is written anew to be verified.

/// <summary>A JSON answer of Intel's service: a value and the signature over its exact bytes. Dispose it when it has been read.</summary>
internal sealed class SignedDocument : IDisposable
{
    /// <summary>The longest document that is looked at, in bytes; real ones have at most 10,000.</summary>
    public const int MaximumLength = 256 * 1024;

    private const int MaximumDepth = 16;
    private const int SignatureSize = 64;
    private readonly JsonDocument _document;

    private SignedDocument(JsonDocument document, JsonElement content, byte[] signature)
    {
        _document = document;
        Content = content;
        Signature = signature;
    }

    /// <summary>The signed value.</summary>
    public JsonElement Content { get; }

    /// <summary>The signed value's bytes.</summary>
    public ReadOnlySpan<byte> SignedBytes => JsonMarshal.GetRawUtf8Value(Content);

    /// <summary>r and s, big-endian, 64 bytes.</summary>
    public byte[] Signature { get; }

    /// <summary>Takes the answer apart, without reading the value.</summary>
    /// <param name="answer">The body of the answer; it must not change while the document is in use.</param>
    /// <param name="name">The member with the signed value.</param>
    /// <param name="check">The check that fails when it is none.</param>
    /// <exception cref="PrivatemodeVerificationException">It is not such an answer.</exception>
    public static SignedDocument Parse(ReadOnlyMemory<byte> answer, string name, string check)
    {
        if (answer.Length > MaximumLength)
        {
            throw TdxFailure.Collateral(check, $"Intel's {name} is too long", $"at most {MaximumLength} bytes", $"{answer.Length} bytes");
        }

        JsonDocument? document = null;
        try
        {
            document = JsonDocument.Parse(answer, new JsonDocumentOptions { AllowDuplicateProperties = false, MaxDepth = MaximumDepth });
            JsonElement content = document.RootElement.ReadObject(name);
            return new SignedDocument(document, content, document.RootElement.ReadHex("signature", SignatureSize));
        }
        catch (Exception exception) when (CollateralJson.IsMalformed(exception))
        {
            document?.Dispose();
            throw TdxFailure.Collateral(check, $"Intel's {name} is not the signed JSON document it should be");
        }
    }

    public void Dispose() => _document.Dispose();
}
