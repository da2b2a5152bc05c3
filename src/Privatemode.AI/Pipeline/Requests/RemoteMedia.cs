using System.Text.Json;
using Privatemode.AI.Encryption;
using Privatemode.AI.Encryption.Json;

namespace Privatemode.AI.Pipeline.Requests;

/// <summary>The URL of an image in a body.</summary>
/// <param name="Start">Where its raw JSON string begins in the document.</param>
/// <param name="Length">Length of that string.</param>
/// <param name="Place">Message and part, for exceptions: <c>messages[0].content[1]</c>.</param>
/// <param name="IsData">The URL holds the image itself.</param>
/// <param name="IsHttps">The URL is an https address.</param>
/// <param name="IsParsable">The service can parse it.</param>
internal readonly record struct MediaUrl(int Start, int Length, string Place, bool IsData, bool IsHttps, bool IsParsable);

/// <summary>Finds media that messages name by URL: at <c>messages[i].content[j]</c>, where the service looks for them.</summary>
internal static class RemoteMedia
{
    /// <summary>The URLs of images in chat messages that have to be dealt with: all that are no good <c>data:</c> URLs.</summary>
    /// <exception cref="PrivatemodeWouldLeakException">Audio or video by URL, which the service refuses, quoting the URL in the clear.</exception>
    public static IReadOnlyList<MediaUrl> Find(ReadOnlySpan<byte> document, JsonIndex index)
    {
        if (!TryGetMessages(document, index, out ReadOnlySpan<byte> messages, out int offset)
            || (messages.IndexOf("_url\""u8) < 0 && !HasEscapedLetter(messages)))
        {
            // No such name, and none that is written with escapes: the common case.
            return [];
        }

        // Depth 0 is the array of messages, 1 a message, 2 its members, 3 a part of its content, 4 the members of the part.
        List<MediaUrl> found = [];
        Utf8JsonReader reader = new(messages, new JsonReaderOptions { MaxDepth = JsonIndex.MaxDepth });
        _ = reader.Read();
        MediaPlace place = default;
        bool inContent = false;
        while (reader.Read())
        {
            if (reader.TokenType != JsonTokenType.PropertyName)
            {
                place.Advance(reader.TokenType, reader.CurrentDepth);
            }
            else if (reader.CurrentDepth == 2)
            {
                inContent = NameIs(ref reader, "content"u8);
            }
            else if (reader.CurrentDepth == 4 && inContent)
            {
                TakePartMember(ref reader, messages, offset, place, found);
            }
        }

        return found;
    }

    /// <summary>The same for Anthropic-style messages: <c>source.url</c> in blocks of <c>content</c>, and in blocks of the <c>content</c> of those.</summary>
    /// <remarks>Elsewhere, and where it is a text, a <c>source</c> is content like any other: of a search result, or in what a tool is called with.</remarks>
    public static IReadOnlyList<MediaUrl> FindSources(ReadOnlySpan<byte> document, JsonIndex index)
    {
        if (!TryGetMessages(document, index, out ReadOnlySpan<byte> messages, out int offset))
        {
            return [];
        }

        List<MediaUrl> found = [];
        Utf8JsonReader reader = new(messages, new JsonReaderOptions { MaxDepth = JsonIndex.MaxDepth });
        _ = reader.Read();
        MediaPlace place = default;

        // As above; two deeper in the content of a tool's result. Whether there is a list of blocks two depths further up, for depths 4 and 6.
        (bool outer, bool inner) = (false, false);
        bool isContent = false;
        while (reader.Read())
        {
            (JsonTokenType token, int depth) = (reader.TokenType, reader.CurrentDepth);
            if (token != JsonTokenType.PropertyName)
            {
                place.Advance(token, depth);
                bool isList = isContent && token == JsonTokenType.StartArray;
                (outer, inner) = (depth == 2 ? isList : outer, depth == 4 ? isList : inner);
            }
            else if (outer && (depth == 4 || (depth == 6 && inner)) && NameIs(ref reader, "source"u8))
            {
                TakeUrlOrMembers(ref reader, messages, offset, place.ToString(isNested: depth == 6), found, mayBeText: false);
            }
            else
            {
                isContent = NameIs(ref reader, "content"u8);
            }
        }

        return found;
    }

    private static bool TryGetMessages(ReadOnlySpan<byte> document, JsonIndex index, out ReadOnlySpan<byte> messages, out int offset)
    {
        int i = index.Find("messages"u8);
        bool isArray = i >= 0 && index.Members[i].Kind == JsonTokenType.StartArray;
        messages = isArray ? index.Members[i].Value(document) : default;
        offset = isArray ? index.Members[i].ValueStart : 0;
        return isArray;
    }

    /// <summary>Whether a letter or an underscore, U+0050 to U+007F, is written as an escape. Writers of JSON have no reason to.</summary>
    private static bool HasEscapedLetter(ReadOnlySpan<byte> text) =>
        text.IndexOf("\\u005"u8) >= 0 || text.IndexOf("\\u006"u8) >= 0 || text.IndexOf("\\u007"u8) >= 0;

    private static void TakePartMember(ref Utf8JsonReader reader, ReadOnlySpan<byte> messages, int offset, MediaPlace place, List<MediaUrl> found)
    {
        if (NameIs(ref reader, "audio_url"u8) || NameIs(ref reader, "video_url"u8))
        {
            throw new PrivatemodeWouldLeakException(
                "remote-media",
                $"{place.ToString(isNested: false)} names audio or video by URL, which the service does not take. Put the media into the request.");
        }

        if (NameIs(ref reader, "image_url"u8))
        {
            TakeUrlOrMembers(ref reader, messages, offset, place.ToString(isNested: false), found);
        }
    }

    private static void TakeUrlOrMembers(
        ref Utf8JsonReader reader, ReadOnlySpan<byte> messages, int offset, string place, List<MediaUrl> found, bool mayBeText = true)
    {
        _ = reader.Read();
        if (reader.TokenType == JsonTokenType.String && mayBeText)
        {
            TakeUrl(ref reader, messages, offset, place, found);
        }
        else if (reader.TokenType == JsonTokenType.StartObject)
        {
            while (reader.Read() && reader.TokenType != JsonTokenType.EndObject)
            {
                bool isUrl = NameIs(ref reader, "url"u8);
                _ = reader.Read();
                if (isUrl && reader.TokenType == JsonTokenType.String)
                {
                    TakeUrl(ref reader, messages, offset, place, found);
                }

                reader.Skip();
            }
        }
    }

    private static void TakeUrl(ref Utf8JsonReader reader, ReadOnlySpan<byte> messages, int offset, string place, List<MediaUrl> found)
    {
        int start = checked((int)reader.TokenStartIndex);
        int length = checked((int)reader.BytesConsumed) - start;
        MediaUrl url;
        if (reader.ValueIsEscaped)
        {
            // Its text as the service reads it, which takes lone surrogates too.
            using PooledBytes text = new(length);
            JsonText.AppendUnescaped(messages.Slice(start, length), text);
            url = Judge(text.Span, offset + start, length, place);
        }
        else
        {
            url = Judge(reader.ValueSpan, offset + start, length, place);
        }

        if (!(url.IsData && url.IsParsable))
        {
            found.Add(url);
        }
    }

    private static MediaUrl Judge(ReadOnlySpan<byte> text, int start, int length, string place) =>
        new(start, length, place, ServiceUrl.IsData(text), ServiceUrl.IsHttps(text), ServiceUrl.IsParsable(text));

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

    /// <summary>Counts messages, parts, and parts of the results of tools.</summary>
    private struct MediaPlace
    {
        private int _messages;
        private int _parts;
        private int _nested;

        /// <summary>Takes in a token that is no name.</summary>
        public void Advance(JsonTokenType token, int depth)
        {
            bool begins = token is not (JsonTokenType.EndArray or JsonTokenType.EndObject);
            switch (depth)
            {
                case 1 when begins:
                    _messages++;
                    break;
                case 2 when token == JsonTokenType.StartArray:
                    _parts = 0;
                    break;
                case 3 when begins:
                    _parts++;
                    break;
                case 4 when token == JsonTokenType.StartArray:
                    _nested = 0;
                    break;
                case 5 when begins:
                    _nested++;
                    break;
            }
        }

        public readonly string ToString(bool isNested) =>
            $"messages[{_messages - 1}].content[{_parts - 1}]{(isNested ? $".content[{_nested - 1}]" : "")}";
    }
}
