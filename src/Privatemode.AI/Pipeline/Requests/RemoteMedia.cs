using System.Buffers.Text;
using System.Text;
using System.Text.Json;
using Privatemode.AI.Encryption;
using Privatemode.AI.Encryption.Json;
using Privatemode.AI.Internal;

namespace Privatemode.AI.Pipeline.Requests;

/// <summary>The URL of an image in a body.</summary>
/// <param name="Start">The position of its raw JSON string in the document.</param>
/// <param name="Place">Message and part, for exceptions. It is converted to text only there, because a body can have millions of URLs.</param>
/// <param name="IsData">Whether the URL contains the image itself.</param>
/// <param name="IsParsable">Whether the service can parse the URL.</param>
internal readonly record struct MediaUrl(int Start, int Length, MediaPlace Place, bool IsData, bool IsHttps, bool IsParsable);

/// <summary>Finds media that messages name by URL: at <c>messages[i].content[j]</c>, where the service looks for them.</summary>
internal static class RemoteMediaFinder
{
    /// <summary>Finds the URLs of images in chat messages that must be handled: all except valid <c>data:</c> URLs.</summary>
    /// <param name="document">The body.</param>
    /// <param name="index">The members of the body.</param>
    /// <param name="handle">Called for each URL when it is found. This class keeps none of them.</param>
    /// <exception cref="PrivatemodeWouldLeakException">The body has audio or video by URL. The service would quote the URL in a clear error.</exception>
    public static void Find(ReadOnlySpan<byte> document, JsonIndex index, Action<MediaUrl> handle)
    {
        if (!index.HasUrlNames || !TryFindMessages(index, out int member))
        {
            // All names that are searched for end with _url, and most bodies have no such name.
            return;
        }

        // Depth 0 is the array of messages, 1 a message, 2 its members, 3 a part of its content, 4 the members of the part.
        using ShortenedText messages = new(document, index, index.Members[member]);
        Utf8JsonReader reader = new(messages.Shortened, new JsonReaderOptions { MaxDepth = JsonLimits.MaxDepth });
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
                ReadPartMember(ref reader, messages, place, handle);
            }
        }
    }

    /// <summary>Finds the URLs in Anthropic-style messages: <c>source.url</c> in the blocks of a message, and in the blocks of a tool result.</summary>
    /// <remarks>A <c>source</c> that is a text or elsewhere, such as in a search result or in the arguments of a tool, is ordinary content.</remarks>
    public static void FindSources(ReadOnlySpan<byte> document, JsonIndex index, Action<MediaUrl> handle)
    {
        if (!TryFindMessages(index, out int member))
        {
            return;
        }

        using ShortenedText messages = new(document, index, index.Members[member]);
        Utf8JsonReader reader = new(messages.Shortened, new JsonReaderOptions { MaxDepth = JsonLimits.MaxDepth });
        _ = reader.Read();
        MediaPlace place = default;

        // Depths as above; the blocks of a tool's result are two levels deeper. These show whether the value at depth 2 or 4 is a list of blocks.
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
                ReadUrlOrMembers(ref reader, messages, place with { IsNested = depth == 6 }, handle, mayBeText: false);
            }
            else
            {
                isContent = NameIs(ref reader, "content"u8);
            }
        }
    }

    private static bool TryFindMessages(JsonIndex index, out int member)
    {
        member = index.Find("messages"u8);
        return member >= 0 && index.Members[member].Kind == JsonTokenType.StartArray;
    }

    private static void ReadPartMember(ref Utf8JsonReader reader, in ShortenedText messages, MediaPlace place, Action<MediaUrl> handle)
    {
        if (NameIs(ref reader, "audio_url"u8) || NameIs(ref reader, "video_url"u8))
        {
            throw new PrivatemodeWouldLeakException(
                "remote-media",
                $"{place} names audio or video by URL, which the service does not accept. Put the media into the request.");
        }

        if (NameIs(ref reader, "image_url"u8))
        {
            ReadUrlOrMembers(ref reader, messages, place, handle);
        }
    }

    private static void ReadUrlOrMembers(
        ref Utf8JsonReader reader, in ShortenedText messages, MediaPlace place, Action<MediaUrl> handle, bool mayBeText = true)
    {
        _ = reader.Read();
        if (reader.TokenType == JsonTokenType.String && mayBeText)
        {
            ReadUrl(ref reader, messages, place, handle);
        }
        else if (reader.TokenType == JsonTokenType.StartObject)
        {
            while (reader.Read() && reader.TokenType != JsonTokenType.EndObject)
            {
                bool isUrl = NameIs(ref reader, "url"u8);
                _ = reader.Read();
                if (isUrl && reader.TokenType == JsonTokenType.String)
                {
                    ReadUrl(ref reader, messages, place, handle);
                }

                reader.Skip();
            }
        }
    }

    private static void ReadUrl(ref Utf8JsonReader reader, in ShortenedText messages, MediaPlace place, Action<MediaUrl> handle)
    {
        int start = messages.OriginalPosition(reader.TokenStartIndex);
        ReadOnlySpan<byte> value = messages.Original[start..messages.OriginalPosition(reader.BytesConsumed)];
        MediaUrl url;
        if (reader.ValueIsEscaped)
        {
            // Its text as the service reads it, which accepts lone surrogates too.
            using PooledBytes text = new(value.Length);
            CanonicalText.AppendUnescaped(value, text);
            url = Classify(text.Span, messages.Offset + start, value.Length, place);
        }
        else
        {
            url = Classify(value[1..^1], messages.Offset + start, value.Length, place);
        }

        if (!(url.IsData && url.IsParsable))
        {
            handle(url);
        }
    }

    private static MediaUrl Classify(ReadOnlySpan<byte> text, int start, int length, MediaPlace place) =>
        new(start, length, place, ServiceUrl.IsData(text), ServiceUrl.IsHttps(text), ServiceUrl.IsParsable(text));

    private static bool NameIs(ref Utf8JsonReader reader, ReadOnlySpan<byte> name)
    {
        try
        {
            return reader.ValueTextEquals(name);
        }
        catch (InvalidOperationException)
        {
            // A name with a lone surrogate is not valid text, so it is not a name that is searched for.
            return false;
        }
    }
}

/// <summary>Counts messages, content parts, and parts of tool results. As text, it is a path such as <c>messages[0].content[1]</c>.</summary>
internal record struct MediaPlace
{
    private int _messages;
    private int _parts;
    private int _nested;

    /// <summary>Whether the content part is inside a tool result.</summary>
    public bool IsNested { get; init; }

    /// <summary>Processes a token that is not a name.</summary>
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

    public override readonly string ToString() =>
        $"messages[{_messages - 1}].content[{_parts - 1}]{(IsNested ? $".content[{_nested - 1}]" : "")}";
}

/// <summary>Applies <see cref="RemoteMediaPolicy"/> to the images a body names by URL.</summary>
/// <param name="fetcher">Fetches images; null unless the policy requires it.</param>
/// <param name="mostImages">The maximum number of images that one request may name, if they are fetched here.</param>
internal sealed class RemoteMediaResolver(RemoteMediaPolicy policy, ImageFetcher? fetcher, int mostImages = MediaOptions.DefaultMaxFetchedImages)
{
    private const string Refused = "remote-media";

    /// <summary>Whether this process fetches images that are named by URL.</summary>
    public bool FetchesHere => policy == RemoteMediaPolicy.FetchLocally;

    /// <summary>Handles the images of a body: refuses them, leaves them unchanged, or replaces them with their data.</summary>
    /// <exception cref="PrivatemodeWouldLeakException">The policy refuses images by URL, or the service cannot parse the URL.</exception>
    /// <exception cref="PrivatemodeServiceException">An image could not be fetched.</exception>
    /// <exception cref="PrivatemodeRequestException">There are too many images, or with them the body is larger than the service accepts.</exception>
    public async ValueTask ResolveAsync(EndpointRule rule, JsonRequestBody body, bool async, CancellationToken cancellationToken)
    {
        if (rule.Stream == StreamKind.Messages)
        {
            // Anthropic-style images have their address in another member, and cannot be replaced.
            RemoteMediaFinder.FindSources(body.Bytes.Span, body.Index, ThrowIfSourceForbidden);
        }

        List<MediaUrl> images = [];
        RemoteMediaFinder.Find(body.Bytes.Span, body.Index, image =>
        {
            ThrowIfForbidden(image);
            if (!FetchesHere)
            {
                return;
            }

            ThrowIfTooMany(images.Count);
            images.Add(image);
        });

        if (images.Count > 0)
        {
            await InlineAsync(rule, body, images, async, cancellationToken).ConfigureAwait(false);
        }
    }

    private async ValueTask InlineAsync(
        EndpointRule rule, JsonRequestBody body, List<MediaUrl> images, bool async, CancellationToken cancellationToken)
    {
        Uri[] addresses = [.. images.Select(image => AddressOf(body, image))];

        // The base64 of the images must fit into the remaining size of the body.
        int remainingSize = (int)((long)Math.Max(0, rule.PlaintextLimit - body.Bytes.Length) * 3 / 4);
        FetchedImage[] fetched = await fetcher!.FetchAllAsync(addresses, remainingSize, async, cancellationToken).ConfigureAwait(false);

        try
        {
            // From the last to the first, so that positions before it stay valid.
            for (int i = images.Count - 1; i >= 0; i--)
            {
                using PooledBytes url = DataUrl(fetched[i]);
                body.Bytes.Replace(images[i].Start, images[i].Length, url.Span);
            }
        }
        finally
        {
            Array.ForEach(fetched, image => image.Dispose());
        }

        _ = body.Index.Read(body.Bytes.Span);
    }

    private void ThrowIfTooMany(int count)
    {
        if (count >= mostImages)
        {
            throw new PrivatemodeRequestException(
                "messages",
                $"The request names more than {mostImages} images by URL, and at most {mostImages} are fetched for one request. Send fewer at once, or " +
                    $"raise {OptionNames.MaxFetchedImages}.");
        }
    }

    private void ThrowIfSourceForbidden(MediaUrl image)
    {
        ThrowIfForbidden(image);
        if (FetchesHere)
        {
            throw new PrivatemodeWouldLeakException(
                Refused, $"{image.Place} names an image by URL, and on this endpoint images are not fetched here. Put the image into the request.");
        }
    }

    private void ThrowIfForbidden(MediaUrl image)
    {
        if (policy == RemoteMediaPolicy.Refuse && !image.IsData)
        {
            throw new PrivatemodeWouldLeakException(
                Refused,
                $"{image.Place} names an image by URL. Put the image into the request, or opt in with " +
                    $"{nameof(RemoteMediaPolicy)}.{nameof(RemoteMediaPolicy.FetchLocally)} " +
                    $"(this process fetches it) or {nameof(RemoteMediaPolicy)}.{nameof(RemoteMediaPolicy.FetchByService)} (the deployment fetches it).");
        }

        if (!image.IsData && !image.IsHttps)
        {
            throw new PrivatemodeWouldLeakException(
                Refused, $"{image.Place} names an image by an address that is not https. Put the image into the request.");
        }

        if (!image.IsParsable)
        {
            throw new PrivatemodeWouldLeakException(
                Refused,
                $"{image.Place} has an image URL that the service cannot parse; its error would quote the URL in the clear. Correct the URL: no control " +
                    "characters or line breaks, a valid host, and two hexadecimal digits after each percent sign of the path and the fragment.");
        }
    }

    private static Uri AddressOf(JsonRequestBody body, MediaUrl image) =>
        Uri.TryCreate(TextOf(body.Bytes.Span.Slice(image.Start, image.Length)), UriKind.Absolute, out Uri? address) && address.Scheme == Uri.UriSchemeHttps
            ? address
            : throw new PrivatemodeWouldLeakException(Refused, $"{image.Place} has an image URL that cannot be parsed. Correct the URL.");

    private static string TextOf(ReadOnlySpan<byte> rawString)
    {
        using PooledBytes text = new(rawString.Length);
        CanonicalText.AppendUnescaped(rawString, text);
        return Encoding.UTF8.GetString(text.Span);
    }

    /// <summary>Returns an image as a <c>data:</c> URL in a JSON string. Neither the media type nor base64 needs escapes.</summary>
    private static PooledBytes DataUrl(FetchedImage image)
    {
        byte[] head = Encoding.ASCII.GetBytes($"\"data:{image.Type};base64,");
        int length = Base64.GetMaxEncodedToUtf8Length(image.Content.Length);
        PooledBytes url = new(head.Length + length + 1);
        url.Append(head);
        _ = Base64.EncodeToUtf8(image.Content, url.Extend(length), out _, out int written);
        url.Truncate(head.Length + written);
        url.Append((byte)'"');
        return url;
    }
}
