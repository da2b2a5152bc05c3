using System.Text.Json;
using Privatemode.AI.Encryption.Json;

namespace Privatemode.AI.Pipeline;

/// <summary>Finds media that messages name by URL: at <c>messages[i].content[j]</c>, where the service looks for them.</summary>
internal static class RemoteMedia
{
    /// <summary>Byte ranges, within the document, of the raw JSON strings of image URLs that are not <c>data:</c>.</summary>
    /// <exception cref="PrivatemodeWouldLeakException">Audio or video by URL, which the service refuses, or an address that is not https.</exception>
    public static IReadOnlyList<(int Start, int Length)> Find(ReadOnlySpan<byte> document, JsonIndex index)
    {
        int i = index.Find("messages"u8);
        if (i < 0 || index.Members[i].Kind != JsonTokenType.StartArray)
        {
            return [];
        }

        JsonMember messages = index.Members[i];
        if (messages.Value(document).IndexOf("_url\""u8) < 0 && !HasEscapedLetter(messages.Value(document)))
        {
            // No such name, and none that is written with escapes: the common case.
            return [];
        }

        List<(int Start, int Length)> found = [];
        Walk(messages.Value(document), messages.ValueStart, found);
        return found;
    }

    /// <summary>Whether a letter or an underscore, U+0050 to U+007F, is written as an escape. Writers of JSON have no reason to.</summary>
    private static bool HasEscapedLetter(ReadOnlySpan<byte> text) =>
        text.IndexOf("\\u005"u8) >= 0 || text.IndexOf("\\u006"u8) >= 0 || text.IndexOf("\\u007"u8) >= 0;

    private static void Walk(ReadOnlySpan<byte> messages, int offset, List<(int Start, int Length)> found)
    {
        // Depth 0 is inside the messages array, 1 a message, 2 its content, 3 a part of it, 4 an object in the part.
        Utf8JsonReader reader = new(messages, new JsonReaderOptions { MaxDepth = JsonIndex.MaxDepth });
        _ = reader.Read();
        bool inContent = false;
        while (reader.Read())
        {
            if (reader.TokenType != JsonTokenType.PropertyName)
            {
                continue;
            }

            if (reader.CurrentDepth == 2)
            {
                inContent = NameIs(ref reader, "content"u8);
            }
            else if (reader.CurrentDepth == 4 && inContent)
            {
                TakePartMember(ref reader, offset, found);
            }
        }
    }

    private static void TakePartMember(ref Utf8JsonReader reader, int offset, List<(int Start, int Length)> found)
    {
        bool isImage = NameIs(ref reader, "image_url"u8);
        bool isOtherMedia = NameIs(ref reader, "audio_url"u8) || NameIs(ref reader, "video_url"u8);
        if (isOtherMedia)
        {
            throw new PrivatemodeWouldLeakException("remote-media", "The service takes no audio or video by URL. Put the media into the request.");
        }

        if (isImage)
        {
            TakeUrlOrMembers(ref reader, offset, found);
        }
    }

    private static void TakeUrlOrMembers(ref Utf8JsonReader reader, int offset, List<(int Start, int Length)> found)
    {
        _ = reader.Read();
        if (reader.TokenType == JsonTokenType.String)
        {
            TakeUrl(ref reader, offset, found);
        }
        else if (reader.TokenType == JsonTokenType.StartObject)
        {
            while (reader.Read() && reader.TokenType != JsonTokenType.EndObject)
            {
                bool isUrl = NameIs(ref reader, "url"u8);
                _ = reader.Read();
                if (isUrl && reader.TokenType == JsonTokenType.String)
                {
                    TakeUrl(ref reader, offset, found);
                }

                reader.Skip();
            }
        }
    }

    /// <summary>Byte ranges of the raw JSON strings of <c>source.url</c> in blocks of Anthropic-style messages, and in the results of tools there.</summary>
    public static IReadOnlyList<(int Start, int Length)> FindSources(ReadOnlySpan<byte> document, JsonIndex index)
    {
        int i = index.Find("messages"u8);
        if (i < 0 || index.Members[i].Kind != JsonTokenType.StartArray)
        {
            return [];
        }

        JsonMember messages = index.Members[i];
        List<(int Start, int Length)> found = [];
        Utf8JsonReader reader = new(messages.Value(document), new JsonReaderOptions { MaxDepth = JsonIndex.MaxDepth });
        _ = reader.Read();
        while (reader.Read())
        {
            // As in Walk; two deeper in the content of a tool's result.
            if (reader.TokenType == JsonTokenType.PropertyName && reader.CurrentDepth is 4 or 6 && NameIs(ref reader, "source"u8))
            {
                TakeUrlOrMembers(ref reader, messages.ValueStart, found);
            }
        }

        return found;
    }

    private static void TakeUrl(ref Utf8JsonReader reader, int offset, List<(int Start, int Length)> found)
    {
        if (!IsData(ref reader))
        {
            int start = checked((int)reader.TokenStartIndex);
            found.Add((offset + start, checked((int)reader.BytesConsumed) - start));
        }
    }

    private static bool NameIs(ref Utf8JsonReader reader, ReadOnlySpan<byte> name)
    {
        try
        {
            return reader.ValueTextEquals(name);
        }
        catch (InvalidOperationException)
        {
            // A lone surrogate: no text, and so none of the names looked for.
            return false;
        }
    }

    /// <summary>Looks at the scheme only, because the rest of a data URL may be megabytes.</summary>
    private static bool IsData(ref Utf8JsonReader reader)
    {
        if (!reader.ValueIsEscaped)
        {
            return reader.ValueSpan.Length >= 5 && System.Text.Ascii.EqualsIgnoreCase(reader.ValueSpan[..5], "data:"u8);
        }

        try
        {
            return reader.GetString()!.StartsWith("data:", StringComparison.OrdinalIgnoreCase);
        }
        catch (InvalidOperationException)
        {
            // A lone surrogate: no URL at all, and none that may pass.
            return false;
        }
    }
}
