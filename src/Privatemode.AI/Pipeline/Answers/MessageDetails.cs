using System.Text.Json;
using Privatemode.AI.Encryption.Json;

namespace Privatemode.AI.Pipeline.Answers;

/// <summary>Renames members of the audio, annotations and function call of a message that contain no content and make OpenAI's parser throw, such
/// as <c>"expires_at":null</c>.</summary>
/// <remarks>
/// With the prefix <c>original_</c> the parser ignores them. Content that cannot be read, such as audio that is not Base64, is left for the parser to
/// throw on, because the caller must learn of it.
/// </remarks>
internal static class MessageDetails
{
    // Each costs memory beside the text; no model server writes as many. Further ones are left for the parser to throw on.
    private const int MostRenamed = 4096;

    private static readonly byte[] Prefix = "original_"u8.ToArray();

    /// <summary>Collects the prefixes for one member of a message.</summary>
    /// <param name="reader">A copy, at the value of the member; read to its end if that is an object or array.</param>
    /// <param name="replacements">Gets the prefixes; made for the first one.</param>
    public static void Rename(ref Utf8JsonReader reader, ref List<Replacement>? replacements)
    {
        if (reader.TokenType == JsonTokenType.StartObject)
        {
            RenameInObject(ref reader, ref replacements);
        }
        else if (reader.TokenType == JsonTokenType.StartArray)
        {
            while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
            {
                if (reader.TokenType == JsonTokenType.StartObject)
                {
                    RenameInObject(ref reader, ref replacements);
                }
                else
                {
                    reader.Skip();
                }
            }
        }
    }

    private static void RenameInObject(ref Utf8JsonReader reader, ref List<Replacement>? replacements)
    {
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            int afterQuote = (int)reader.TokenStartIndex + 1;
            bool isReadable = IsReadable(ref reader);
            if (!isReadable && (replacements ??= []).Count < MostRenamed)
            {
                replacements.Add(new Replacement(afterQuote, 0, Prefix));
            }
            else if (isReadable && reader.TokenType == JsonTokenType.StartObject)
            {
                RenameInObject(ref reader, ref replacements);
                continue;
            }

            reader.Skip();
        }
    }

    /// <summary>Moves from a name to its value and returns whether the parser can read it.</summary>
    private static bool IsReadable(ref Utf8JsonReader reader)
    {
        bool isText = Is(in reader, "id"u8) || Is(in reader, "transcript"u8) || Is(in reader, "title"u8);
        bool isAddress = Is(in reader, "url"u8);
        bool isContent = Is(in reader, "data"u8) || Is(in reader, "arguments"u8);
        bool isTime = Is(in reader, "expires_at"u8);
        bool isPosition = Is(in reader, "start_index"u8) || Is(in reader, "end_index"u8);
        _ = reader.Read();
        return isText ? reader.TokenType is JsonTokenType.String or JsonTokenType.Null
            : isAddress ? reader.TokenType == JsonTokenType.String
            : isContent ? reader.TokenType != JsonTokenType.Null
            : isTime ? reader.TokenType == JsonTokenType.Number && reader.TryGetInt64(out _)
            : !isPosition || (reader.TokenType == JsonTokenType.Number && reader.TryGetInt32(out _));
    }

    // A name with escapes may hold a lone surrogate, on which the comparison throws; none of ours needs any.
    private static bool Is(in Utf8JsonReader reader, ReadOnlySpan<byte> name) => !reader.ValueIsEscaped && reader.ValueSpan.SequenceEqual(name);
}
