using System.Buffers.Text;
using System.Text;
using System.Text.Json;
using Privatemode.AI.Encryption.Json;

namespace Privatemode.AI.Pipeline.Answers;

/// <summary>Finds message and code in the shapes errors come in. Server text is data: nothing here fails on odd input.</summary>
internal static class ErrorText
{
    private const int DepthLimit = 32;

    // Names, values and brackets of an error that is read as JSON. Each costs memory beside the text; longer ones are their own message.
    private const int TokenLimit = 16 * 1024;

    /// <summary>
    /// Reads <c>{"error":{…}}</c>, <c>{"message","code"}</c>, <c>{"detail":…}</c> or a bare string; anything else is its own message.
    /// </summary>
    public static (string? Message, string? Code) Read(ReadOnlySpan<byte> text)
    {
        try
        {
            Utf8JsonReader reader = new(text, new JsonReaderOptions { MaxDepth = DepthLimit });
            if (!JsonTokens.AreAtMost(TokenLimit, text, DepthLimit))
            {
                return (Encoding.UTF8.GetString(text), null);
            }

            using JsonDocument document = JsonDocument.ParseValue(ref reader);
            return Read(document.RootElement);
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            // The latter: an escaped lone surrogate, in a text or in a name that may be one of ours.
            return (text.IsEmpty ? null : Encoding.UTF8.GetString(text), null);
        }
    }

    /// <summary>The status that the code of an error names: an integer from 400 to 599; null for anything else.</summary>
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

    /// <summary>The payload of the first <c>data:</c> line of an error that came as an event stream; the whole text if it has no such line.</summary>
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

    /// <summary>Text of a string, raw text of anything else; null for null. Codes come as strings and as numbers.</summary>
    private static string? Scalar(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.Null => null,
        JsonValueKind.String => element.GetString(),
        _ => element.GetRawText(),
    };
}
