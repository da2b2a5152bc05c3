using System.Text.Json;

namespace Privatemode.AI.Internal;

/// <summary>Finds the JSON object in what a model wrote as the arguments of a tool call.</summary>
internal static class CallArguments
{
    // Of two arguments with one name it is unknown which the model meant, and parsers differ.
    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false };

    /// <summary>Returns the object, or says that there is no complete one, so that the call must not run.</summary>
    /// <param name="raw">What the model wrote. Nothing and white space mean no arguments unless the call is cut off; <c>null</c> always does.</param>
    /// <param name="isCutOff">Whether the answer ended early in this call, so that missing arguments do not mean none.</param>
    /// <param name="json">A JSON object whose names are all different, without white space around it: a part of <paramref name="raw"/>, or another text if
    /// the object is inside a JSON string, which is how some models write arguments, or contains half of a surrogate pair.</param>
    public static bool TryRead(ReadOnlyMemory<byte> raw, bool isCutOff, out ReadOnlyMemory<byte> json)
    {
        ReadOnlyMemory<byte> text = Trim(raw);
        if (text.IsEmpty || text.Span.SequenceEqual("null"u8))
        {
            json = "{}"u8.ToArray();
            return !(text.IsEmpty && isCutOff);
        }

        json = WellFormed(text);
        return HasDifferentNames(json) || (Inside(json) is { } inside && HasDifferentNames(json = WellFormed(Trim(inside))));
    }

    /// <summary>Whether a text is one JSON object, whatever is in it.</summary>
    public static bool IsObject(ReadOnlySpan<byte> json)
    {
        Utf8JsonReader reader = new(json);
        try
        {
            return reader.Read() && reader.TokenType == JsonTokenType.StartObject && reader.TrySkip() && !reader.Read();
        }
        catch (JsonException)
        {
            return false;
        }
    }

    private static ReadOnlyMemory<byte> Trim(ReadOnlyMemory<byte> json) => json.Trim(" \t\r\n"u8);

    private static bool HasDifferentNames(ReadOnlyMemory<byte> json)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(json, Strict);
            return document.RootElement.ValueKind == JsonValueKind.Object;
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            return false;
        }
    }

    /// <summary>The value of a JSON string; null for anything else.</summary>
    private static byte[]? Inside(ReadOnlyMemory<byte> json)
    {
        if (json.Span[0] != (byte)'"')
        {
            return null;
        }

        try
        {
            Utf8JsonReader reader = new(json.Span);
            if (!reader.Read() || reader.TokenType != JsonTokenType.String)
            {
                return null;
            }

            byte[] value = new byte[reader.ValueSpan.Length];
            int length = reader.CopyString(value);
            return reader.Read() ? null : value[..length];
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            return null;
        }
    }

    private static ReadOnlyMemory<byte> WellFormed(ReadOnlyMemory<byte> json)
    {
        if (LoneSurrogates.Find(json.Span) < 0)
        {
            return json;
        }

        byte[] copy = json.ToArray();
        LoneSurrogates.Replace(copy);
        return copy;
    }
}
