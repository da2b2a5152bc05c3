using System.Text.Json;
using Privatemode.AI.Encryption.Json;

namespace Privatemode.AI.Encryption.EventStream;

/// <summary>Judges the last line of a stream when it has no line end: whole, or cut off in the middle.</summary>
/// <remarks>What was cut off is missing, not malformed; the caller is told that the stream is truncated.</remarks>
internal static class LastLine
{
    /// <summary>Whether the line carries data of which nothing seems to be missing.</summary>
    public static bool IsWholeData(ReadOnlySpan<byte> line)
    {
        if (!line.StartsWith("data:"u8))
        {
            return false;
        }

        ReadOnlySpan<byte> payload = line["data:".Length..].Trim(" \r"u8);
        return payload.SequenceEqual(EventOpener.EndMark) || !(EventOpener.EndMark.StartsWith(payload) || IsBeginningOfJson(payload));
    }

    private static bool IsBeginningOfJson(ReadOnlySpan<byte> payload)
    {
        Utf8JsonReader reader = new(payload, isFinalBlock: false, new JsonReaderState(new JsonReaderOptions { MaxDepth = JsonIndex.MaxDepth }));
        try
        {
            while (reader.Read())
            {
            }

            return reader.CurrentDepth > 0 || reader.TokenType != JsonTokenType.EndObject;
        }
        catch (JsonException)
        {
            return false;
        }
    }
}
