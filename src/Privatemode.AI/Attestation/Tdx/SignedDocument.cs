using System.Buffers;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;

namespace Privatemode.AI.Attestation.Tdx;

// {"tcbInfo":{…},"signature":"128 hex digits"}; the signature covers the exact bytes of the value. The bytes that are verified and those
// that are read must be the same: duplicate names are refused everywhere, and nothing is serialized again for the verification.

/// <summary>A JSON answer of Intel's service: a value and the signature over its exact bytes. Dispose it after reading.</summary>
internal sealed class SignedDocument(JsonDocument document, JsonElement content, byte[] signature) : IDisposable
{
    /// <summary>The maximum length of a document in bytes; real ones have at most 10,000.</summary>
    public const int MaximumLength = 256 * 1024;

    private const int MaximumDepth = 16;
    private const int SignatureSize = 64;

    /// <summary>The signed value.</summary>
    public JsonElement Content { get; } = content;

    /// <summary>The signed value's bytes.</summary>
    public ReadOnlySpan<byte> SignedBytes => JsonMarshal.GetRawUtf8Value(Content);

    /// <summary>r and s, big-endian, 64 bytes.</summary>
    public byte[] Signature { get; } = signature;

    /// <summary>Splits the answer, without reading the value.</summary>
    /// <param name="answer">The body of the answer; it must not change while the document is in use.</param>
    /// <param name="name">The member with the signed value.</param>
    /// <param name="check">The check that fails if the answer does not have this form.</param>
    public static SignedDocument Parse(ReadOnlyMemory<byte> answer, string name, string check)
    {
        if (answer.Length > MaximumLength)
        {
            throw TdxExceptions.Collateral(check, $"Intel's {name} is too long", $"at most {MaximumLength} bytes", $"{answer.Length} bytes");
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
            throw TdxExceptions.Collateral(check, $"Intel's {name} is not a signed JSON document of the expected form");
        }
    }

    /// <summary>Verifies the signature of a value and reads it.</summary>
    /// <param name="answer">The body of the answer; it must not change during the call.</param>
    /// <param name="name">The member with the signed value.</param>
    /// <param name="formatCheck">The check that fails if the answer does not have this form.</param>
    /// <exception cref="PrivatemodeVerificationException">The answer does not have this form, or is not signed.</exception>
    public static T Read<T>(
        ReadOnlyMemory<byte> answer, CollateralSigner signer, string name, string formatCheck, string signatureCheck, Func<JsonElement, T> read)
    {
        using SignedDocument document = Parse(answer, name, formatCheck);
        signer.CheckSignature(document, name, signatureCheck);
        return read(document.Content);
    }

    public void Dispose() => document.Dispose();
}

/// <summary>Reads typed members of Intel's collateral; a value of another type causes a <see cref="JsonException"/>.</summary>
internal static class CollateralJson
{
    private const int MaxTextLength = 64;
    private const int MaxItems = 256;

    // JsonDocument throws InvalidOperationException for a name or text with half a surrogate pair.
    public static bool IsMalformed(Exception exception) => exception is JsonException or InvalidOperationException;

    /// <summary>Reads a signed value.</summary>
    /// <exception cref="PrivatemodeVerificationException">It lacks a member, or has a member of the wrong type.</exception>
    public static T Read<T>(JsonElement content, string name, string check, Func<JsonElement, T> read)
    {
        try
        {
            return read(content);
        }
        catch (Exception exception) when (IsMalformed(exception))
        {
            throw TdxExceptions.Collateral(check, $"Intel's {name} lacks a member, or has a member of the wrong type");
        }
    }

    /// <summary>Reads the levels of a platform, a module or an enclave; there is at least one.</summary>
    public static IReadOnlyList<T> ReadLevels<T>(this JsonElement parent, Func<JsonElement, T> read)
    {
        List<T> levels = [];
        foreach (JsonElement level in parent.ReadObjects("tcbLevels"))
        {
            levels.Add(read(level));
        }

        return levels.Count > 0 ? levels : throw new JsonException();
    }

    public static JsonElement ReadObject(this JsonElement parent, string name)
    {
        JsonElement value = parent.Member(name);
        return value.ValueKind == JsonValueKind.Object ? value : throw new JsonException();
    }

    /// <summary>The items of an array of objects.</summary>
    public static JsonElement.ArrayEnumerator ReadObjects(this JsonElement parent, string name) => ArrayOf(parent.Member(name), JsonValueKind.Object);

    public static int ReadInteger(this JsonElement parent, string name, int maximum)
    {
        JsonElement value = parent.Member(name);
        return value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out int number) && number >= 0 && number <= maximum
            ? number
            : throw new JsonException();
    }

    public static byte[] ReadHex(this JsonElement parent, string name, int size)
    {
        ReadOnlySpan<byte> digits = parent.ReadText(name);
        byte[] bytes = new byte[size];
        OperationStatus status = Convert.FromHexString(digits, bytes, out int consumed, out int written);
        return status == OperationStatus.Done && consumed == digits.Length && written == size ? bytes : throw new JsonException();
    }

    /// <summary>A moment as Intel writes it, to the second and in UTC.</summary>
    public static DateTimeOffset ReadDate(this JsonElement parent, string name)
    {
        const string format = "yyyy-MM-dd'T'HH:mm:ss'Z'";
        const int length = 20;
        Span<char> characters = stackalloc char[length];
        ReadOnlySpan<byte> text = parent.ReadText(name);
        return text.Length == length
            && Ascii.ToUtf16(text, characters, out _) == OperationStatus.Done
            && DateTimeOffset.TryParseExact(characters, format, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out DateTimeOffset date)
            ? date
            : throw new JsonException();
    }

    /// <summary>Text without escapes, which Intel never uses; valid as long as the document.</summary>
    public static ReadOnlySpan<byte> ReadText(this JsonElement parent, string name) => TextOf(parent.Member(name));

    /// <summary>Short texts of printable ASCII; empty if the member is absent.</summary>
    public static string[] ReadTexts(this JsonElement parent, string name)
    {
        if (!parent.TryGetProperty(name, out JsonElement value))
        {
            return [];
        }

        JsonElement.ArrayEnumerator items = ArrayOf(value, JsonValueKind.String);
        List<string> texts = [];
        foreach (JsonElement item in items)
        {
            ReadOnlySpan<byte> text = TextOf(item);
            texts.Add(text.Length <= MaxTextLength && !text.ContainsAnyExceptInRange((byte)' ', (byte)'~')
                ? Encoding.ASCII.GetString(text)
                : throw new JsonException());
        }

        return [.. texts];
    }

    private static JsonElement Member(this JsonElement parent, string name) =>
        parent.ValueKind == JsonValueKind.Object && parent.TryGetProperty(name, out JsonElement value) ? value : throw new JsonException();

    private static JsonElement.ArrayEnumerator ArrayOf(JsonElement value, JsonValueKind kind)
    {
        if (value.ValueKind != JsonValueKind.Array || value.GetArrayLength() > MaxItems)
        {
            throw new JsonException();
        }

        foreach (JsonElement item in value.EnumerateArray())
        {
            if (item.ValueKind != kind)
            {
                throw new JsonException();
            }
        }

        return value.EnumerateArray();
    }

    private static ReadOnlySpan<byte> TextOf(JsonElement value)
    {
        if (value.ValueKind != JsonValueKind.String)
        {
            throw new JsonException();
        }

        ReadOnlySpan<byte> text = JsonMarshal.GetRawUtf8Value(value)[1..^1];
        return text.Contains((byte)'\\') ? throw new JsonException() : text;
    }
}

/// <summary>The validity of a signed document of Intel.</summary>
internal static class CollateralDates
{
    public static void Check(
        string name, DateTimeOffset issueDate, DateTimeOffset nextUpdate, DateTimeOffset at, string notYetValidCheck, string expiredCheck)
    {
        if (at < issueDate)
        {
            throw TdxExceptions.Collateral(
                notYetValidCheck,
                $"Intel's {name} is not valid yet (or this machine's clock is wrong)",
                $"issued by {at:u}",
                $"{issueDate:u}");
        }

        if (at > nextUpdate)
        {
            throw TdxExceptions.Collateral(
                expiredCheck,
                $"Intel's {name} has expired (or this machine's clock is wrong)",
                $"valid at {at:u}",
                $"until {nextUpdate:u}",
                VerificationCause.ExpiredCollateral);
        }
    }
}

/// <summary>The validity of a piece of collateral.</summary>
internal readonly record struct CollateralPeriod(DateTimeOffset From, DateTimeOffset Until);
