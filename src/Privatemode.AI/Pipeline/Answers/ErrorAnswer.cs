using System.Buffers.Text;
using System.Text;
using System.Text.Json;
using Privatemode.AI.Encryption;
using Privatemode.AI.Encryption.Json;
using Privatemode.AI.Internal;
using Privatemode.AI.Pipeline.Requests;

namespace Privatemode.AI.Pipeline.Answers;

/// <summary>Finds message and code in the known forms of errors. Server text is data: unexpected input never fails.</summary>
internal static class ErrorText
{
    private const int DepthLimit = 32;

    // The maximum number of names, values and brackets of an error that is read as JSON, because each takes memory. A longer error is its own message.
    private const int TokenLimit = 16 * 1024;

    /// <summary>
    /// Reads <c>{"error":{…}}</c>, <c>{"message","code"}</c>, <c>{"detail":…}</c> or a bare string; anything else is its own message.
    /// </summary>
    public static (string? Message, string? Code) Read(ReadOnlySpan<byte> text)
    {
        try
        {
            Utf8JsonReader reader = new(text, new JsonReaderOptions { MaxDepth = DepthLimit });
            if (!JsonLimits.HasTokensAtMost(TokenLimit, text, DepthLimit))
            {
                return (Encoding.UTF8.GetString(text), null);
            }

            using JsonDocument document = JsonDocument.ParseValue(ref reader);
            return Read(document.RootElement);
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            // An escaped lone surrogate, in a text or in a name, causes an InvalidOperationException.
            return (text.IsEmpty ? null : Encoding.UTF8.GetString(text), null);
        }
    }

    /// <summary>The status in the code of an error: an integer from 400 to 599; null for anything else.</summary>
    public static int? StatusOf(ReadOnlySpan<byte> error)
    {
        using JsonIndex index = new();
        if (index.Read(error) != JsonShape.Usable || index.Find("code"u8) is var at && at < 0 || index.Members[at].Kind != JsonTokenType.Number)
        {
            return null;
        }

        ReadOnlySpan<byte> code = index.Members[at].Value(error);
        return Utf8Parser.TryParse(code, out int status, out int length) && length == code.Length && status is >= 400 and <= 599 ? status : null;
    }

    /// <summary>The payload of the first <c>data:</c> line of an error in the form of an event stream; the whole text if it has no such line.</summary>
    public static ReadOnlySpan<byte> FirstEvent(ReadOnlySpan<byte> stream)
    {
        foreach (Range range in stream.Split((byte)'\n'))
        {
            ReadOnlySpan<byte> line = stream[range].TrimEnd((byte)'\r');
            if (line.StartsWith("data:"u8))
            {
                return line["data:".Length..].TrimStart((byte)' ');
            }
        }

        return stream;
    }

    private static (string? Message, string? Code) Read(JsonElement element)
    {
        if (element.ValueKind == JsonValueKind.String)
        {
            return (element.GetString(), null);
        }

        if (element.ValueKind != JsonValueKind.Object)
        {
            return (element.GetRawText(), null);
        }

        if (element.TryGetProperty("error", out JsonElement error) && error.ValueKind != JsonValueKind.Null)
        {
            return Read(error);
        }

        string? code = element.TryGetProperty("code", out JsonElement codeElement) ? Scalar(codeElement) : null;
        return element.TryGetProperty("message", out JsonElement message) || element.TryGetProperty("detail", out message)
            ? (Scalar(message), code)
            : (element.GetRawText(), code);
    }

    /// <summary>The text of a string, the raw text of anything else; null for null. Codes are strings or numbers.</summary>
    private static string? Scalar(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.Null => null,
        JsonValueKind.String => element.GetString(),
        _ => element.GetRawText(),
    };
}

/// <summary>Distinguishes an error that the deployment encrypted from an answer whose status or member names were changed on the way.</summary>
/// <remarks>
/// Status and names are not authenticated: without this check, the text of an answer would be returned as the message of an error. The content of a
/// value is authentic, so an error is recognized by its content: <c>{"error":{"message":…}}</c>, <c>{"detail":…}</c>, or the flat form.
/// </remarks>
internal static class ErrorAnswer
{
    // The maximum number of names, values and brackets, because each takes memory in addition to the text. Errors have some tens.
    private const int MaxJsonTokens = 16 * 1024;
    private const int MaxErrorLength = 1024 * 1024;

    private static readonly JsonDocumentOptions Options = new() { MaxDepth = JsonLimits.MaxDepth };

    /// <summary>Throws the error that a decrypted answer, or event, of status 200 contains instead of its payload.</summary>
    /// <returns><see cref="AnswerFault.RenamedMember"/> if the member named <c>error</c> is not an error, or is longer than 1 MiB.</returns>
    /// <exception cref="PrivatemodeServiceException">The answer contains an error of the model server.</exception>
    /// <exception cref="PrivatemodeConfigurationException">The answer contains an error of the model server with the status 401.</exception>
    public static AnswerFault Check(DecryptedDocument decrypted, string requestId, bool partReturned)
    {
        if (decrypted.TryGet("error"u8, out ReadOnlySpan<byte> error, out JsonTokenType kind) && kind != JsonTokenType.Null)
        {
            return kind == JsonTokenType.StartObject && HasText(error, "message", "detail")
                ? throw ServiceErrors.FromErrorInAnswer(error, requestId, partReturned)
                : AnswerFault.RenamedMember;
        }

        // The form of older model servers. The text "error" is authentic, and no answer has it.
        return decrypted.TryGet("object"u8, out ReadOnlySpan<byte> type, out _) && type.SequenceEqual("\"error\""u8)
            && decrypted.TryGet("message"u8, out _, out kind) && kind == JsonTokenType.String
            ? throw ServiceErrors.FromErrorInAnswer(decrypted.Text, requestId, partReturned)
            : AnswerFault.None;
    }

    /// <summary>Whether a decrypted answer with a status from 400 is an error.</summary>
    public static bool IsOne(DecryptedDocument decrypted, EndpointRule rule, int status)
    {
        for (int i = 0; i < decrypted.Count; i++)
        {
            if (JsonKind.IsArrayOfObjects(decrypted.ValueAt(i, out _)) && !decrypted.NameAt(i).SequenceEqual("detail"u8))
            {
                return false;
            }
        }

        // On an endpoint whose answer is a text, a text does not prove an error, unless it only names the status: an attacker gains nothing by renaming that.
        bool mayBeText = rule.Answer!.PayloadKind != JsonTokenType.String;
        if (decrypted.TryGet("error"u8, out ReadOnlySpan<byte> error, out JsonTokenType kind) && kind != JsonTokenType.Null)
        {
            return (kind == JsonTokenType.String && (mayBeText || IsPhrase(error, status)))
                || (kind == JsonTokenType.StartObject && HasText(error, "message", "detail"));
        }

        if (decrypted.TryGet("message"u8, out _, out kind) && kind != JsonTokenType.Null)
        {
            return kind == JsonTokenType.String
                && (mayBeText || (decrypted.TryGet("object"u8, out ReadOnlySpan<byte> type, out _) && type.SequenceEqual("\"error\""u8)));
        }

        return decrypted.TryGet("detail"u8, out ReadOnlySpan<byte> detail, out kind) && kind switch
        {
            JsonTokenType.String => mayBeText || IsPhrase(detail, status),
            JsonTokenType.StartObject => HasText(detail, "message", "msg"),
            JsonTokenType.StartArray => IsListOfMistakes(detail),
            _ => false,
        };
    }

    /// <summary>Whether a text is the default of web frameworks: the phrase of the status (RFC 9110, section 15).</summary>
    private static bool IsPhrase(ReadOnlySpan<byte> value, int status) => value.SequenceEqual(status switch
    {
        401 => "\"Unauthorized\""u8,
        404 => "\"Not Found\""u8,
        405 => "\"Method Not Allowed\""u8,
        500 => "\"Internal Server Error\""u8,
        503 => "\"Service Unavailable\""u8,
        _ => default,
    });

    /// <summary>Whether a value is a list of mistakes, each with location and message, as the model servers' framework reports an invalid request.</summary>
    private static bool IsListOfMistakes(ReadOnlySpan<byte> detail) => Matches(detail, list => list.GetArrayLength() > 0 && list.EnumerateArray().All(
        item => item.ValueKind == JsonValueKind.Object && IsText(item, "msg") && item.TryGetProperty("loc", out _)));

    private static bool HasText(ReadOnlySpan<byte> value, string name, string other) =>
        Matches(value, element => element.ValueKind == JsonValueKind.Object && (IsText(element, name) || IsText(element, other)));

    private static bool IsText(JsonElement element, string name) =>
        element.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.String;

    private static bool Matches(ReadOnlySpan<byte> value, Func<JsonElement, bool> isError)
    {
        try
        {
            if (value.Length > MaxErrorLength || !JsonLimits.HasTokensAtMost(MaxJsonTokens, value, JsonLimits.MaxDepth))
            {
                return false;
            }

            using JsonDocument document = JsonDocument.Parse(value.ToArray(), Options);
            return isError(document.RootElement);
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            // An escaped lone surrogate in a name causes an InvalidOperationException.
            return false;
        }
    }
}
