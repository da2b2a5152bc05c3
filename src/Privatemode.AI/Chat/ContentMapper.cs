using System.Text.Json;
using Microsoft.Extensions.AI;
using OpenAI.Chat;

namespace Privatemode.AI.Chat;

/// <summary>Parts of messages: text, images, audio, files.</summary>
internal static class ContentMapper
{
    private const string Pdf = "application/pdf";

    /// <summary>The parts of a message somebody wrote; one empty text when there are none.</summary>
    /// <exception cref="PrivatemodeRequestException">A file or other data of a media type that a message cannot carry; without it, the
    /// model would answer as if it had never been attached.</exception>
    public static List<ChatMessageContentPart> ToOpenAI(IEnumerable<AIContent> contents)
    {
        List<ChatMessageContentPart> parts = [];
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

    /// <summary>The part for one content; null for what a chat message cannot carry.</summary>
    public static ChatMessageContentPart? TryMap(AIContent content) => content switch
    {
        // What the server wrote may have been edited since.
        TextContent { RawRepresentation: ChatMessageContentPart { Kind: ChatMessageContentPartKind.Text } raw } text when raw.Text != text.Text =>
            ChatMessageContentPart.CreateTextPart(text.Text),
        { RawRepresentation: ChatMessageContentPart raw } => raw,
        TextReasoningContent => null,
        TextContent text => ChatMessageContentPart.CreateTextPart(text.Text),
        UriContent uri when uri.HasTopLevelMediaType("image") => ChatMessageContentPart.CreateImagePart(uri.Uri, Detail(content)),
        DataContent data when data.HasTopLevelMediaType("image") =>
            ChatMessageContentPart.CreateImagePart(BinaryData.FromBytes(data.Data), data.MediaType, Detail(content)),
        DataContent data when data.HasTopLevelMediaType("audio") => Audio(data),
        DataContent data when data.MediaType.StartsWith(Pdf, StringComparison.OrdinalIgnoreCase) =>
            ChatMessageContentPart.CreateFilePart(BinaryData.FromBytes(data.Data), data.MediaType, data.Name ?? "document.pdf"),
        HostedFileContent file => ChatMessageContentPart.CreateFilePart(file.FileId),
        _ => null,
    };

    public static PrivatemodeRequestException Unsupported(AIContent content)
    {
        (string member, string mediaType, string possible) = content is UriContent uri
            ? ("UriContent.MediaType", uri.MediaType, "By URL it carries images only: load anything else and pass it as DataContent.")
            : ("DataContent.MediaType", ((DataContent)content).MediaType,
                "It carries images, audio as audio/mpeg or audio/wav, and application/pdf: convert it, or pass what is text as TextContent.");

        // Parameters of a media type may name the file.
        return new PrivatemodeRequestException(
            member, $"A chat message cannot carry content of the media type '{mediaType.Split(';')[0].Trim()}'. {possible}");
    }

    private static ChatMessageContentPart? Audio(DataContent data)
    {
        ChatInputAudioFormat? format = data.MediaType.ToLowerInvariant() switch
        {
            "audio/mpeg" or "audio/mp3" => ChatInputAudioFormat.Mp3,
            "audio/wav" or "audio/x-wav" or "audio/wave" => ChatInputAudioFormat.Wav,
            _ => default(ChatInputAudioFormat?),
        };
        return format is null ? null : ChatMessageContentPart.CreateInputAudioPart(BinaryData.FromBytes(data.Data), format.Value);
    }

    private static ChatImageDetailLevel? Detail(AIContent content) =>
        content.AdditionalProperties?.TryGetValue("detail", out object? value) != true ? default(ChatImageDetailLevel?) : value switch
        {
            ChatImageDetailLevel level => level,
            string text => new ChatImageDetailLevel(text),
            JsonElement { ValueKind: JsonValueKind.String } element => new ChatImageDetailLevel(element.GetString()),

            // A bare null would go through the type's conversion from string, which throws.
            _ => default(ChatImageDetailLevel?),
        };
}
