using System.Text.Json;
using Microsoft.Extensions.AI;
using OpenAI.Chat;
using Privatemode.AI.Internal;

namespace Privatemode.AI.Chat;

/// <summary>Maps the parts of messages: text, images, audio and files.</summary>
internal static class ContentMapper
{
    private const int MaxQuotedLength = 100;

    private const string Carried =
        "Supported are images, audio (audio/mpeg and audio/wav) and application/pdf. Convert the content, or pass text as TextContent.";

    /// <summary>Returns the parts of a message, or one empty text for a message without parts.</summary>
    /// <exception cref="PrivatemodeRequestException">A file or other data has a media type that a message cannot contain. If it were left out, the model would
    /// answer as if it had never been attached.</exception>
    public static List<ChatMessageContentPart> ToOpenAI(List<AIContent> contents)
    {
        List<ChatMessageContentPart> parts = new(Math.Max(contents.Count, 1));
        foreach (AIContent content in contents)
        {
            if (TryMap(content) is { } part)
            {
                parts.Add(part);
            }
            else if (content is DataContent or UriContent)
            {
                throw Unsupported(content);
            }
        }

        if (parts.Count == 0)
        {
            parts.Add(ChatMessageContentPart.CreateTextPart(""));
        }

        return parts;
    }

    /// <summary>Returns the part for one content, or null for content that a chat message cannot contain.</summary>
    public static ChatMessageContentPart? TryMap(AIContent content) => content switch
    {
        // The server's part may have been edited since.
        TextContent { RawRepresentation: ChatMessageContentPart { Kind: ChatMessageContentPartKind.Text } raw } text when raw.Text != text.Text =>
            ChatMessageContentPart.CreateTextPart(text.Text),
        { RawRepresentation: ChatMessageContentPart raw } => raw,
        TextReasoningContent => null,
        TextContent text => ChatMessageContentPart.CreateTextPart(text.Text),
        UriContent { Uri.Scheme: "data" } uri => FromData(ToData(uri), uri),
        UriContent uri when uri.HasTopLevelMediaType("image") => ChatMessageContentPart.CreateImagePart(uri.Uri, Detail(content)),
        DataContent data => FromData(data, data),
        _ => null,
    };

    public static PrivatemodeRequestException Unsupported(AIContent content)
    {
        (string member, string mediaType, string possible) = content switch
        {
            UriContent { Uri.Scheme: "data" } uri => ("UriContent.Uri", ToData(uri).MediaType, Carried),
            UriContent uri => ("UriContent.MediaType", uri.MediaType, "Only images can be passed by URL. Load other data and pass it as DataContent."),
            _ => ("DataContent.MediaType", ((DataContent)content).MediaType, Carried),
        };

        // Parameters of a media type may contain a file name, and a type that is longer than any registered name is not quoted either.
        string name = MediaTypes.Normalize(mediaType);
        string quoted = name.Length <= MaxQuotedLength ? $"the media type '{name}'" : "its media type";
        return new PrivatemodeRequestException(member, $"A chat message cannot contain data of {quoted}. {possible}");
    }

    /// <summary>Returns the part for data of a supported media type; otherwise null.</summary>
    /// <param name="data">The data.</param>
    /// <param name="content">The content that contains it, with the level of detail of an image.</param>
    private static ChatMessageContentPart? FromData(DataContent data, AIContent content)
    {
        string mediaType = MediaTypes.Normalize(data.MediaType);
        BinaryData bytes = BinaryData.FromBytes(data.Data);
        return mediaType switch
        {
            MediaTypes.Mp3 => ChatMessageContentPart.CreateInputAudioPart(bytes, ChatInputAudioFormat.Mp3),
            MediaTypes.Wave => ChatMessageContentPart.CreateInputAudioPart(bytes, ChatInputAudioFormat.Wav),
            MediaTypes.Pdf => ChatMessageContentPart.CreateFilePart(bytes, mediaType, data.Name ?? "document.pdf"),
            _ when mediaType.StartsWith("image/", StringComparison.Ordinal) => ChatMessageContentPart.CreateImagePart(bytes, mediaType, Detail(content)),
            _ => null,
        };
    }

    /// <summary>Returns the data of a <c>data:</c> URL with the media type in the URL, because that of the content can be a range such as
    /// <c>image/*</c>.</summary>
    private static DataContent ToData(UriContent uri)
    {
        try
        {
            return new DataContent(uri.Uri);
        }
        catch (Exception exception) when (exception is ArgumentException or FormatException)
        {
            throw new PrivatemodeRequestException("UriContent.Uri", "The data URL is malformed. It needs a media type and valid base64.");
        }
    }

    private static ChatImageDetailLevel? Detail(AIContent content) =>
        content.AdditionalProperties?.TryGetValue("detail", out object? value) != true ? default(ChatImageDetailLevel?) : value switch
        {
            ChatImageDetailLevel level => level,
            string text => new ChatImageDetailLevel(text),
            JsonElement { ValueKind: JsonValueKind.String } element => new ChatImageDetailLevel(element.GetString()),

            // A bare null would use the type's conversion from string, which throws.
            _ => default(ChatImageDetailLevel?),
        };
}
