using System.Text.Json;
using Microsoft.Extensions.AI;
using OpenAI.Chat;
using ChatMessage = Microsoft.Extensions.AI.ChatMessage;
using OpenAIMessage = OpenAI.Chat.ChatMessage;

namespace Privatemode.AI.Chat;

/// <summary>From Microsoft.Extensions.AI messages to those of the OpenAI client.</summary>
internal static class MessageMapper
{
    private const int ParticipantNameLimit = 64;

    private static readonly ChatRole Developer = new("developer");

    public static List<OpenAIMessage> ToOpenAI(IEnumerable<ChatMessage> messages, ChatOptions? options)
    {
        List<OpenAIMessage> result = [];
        if (options?.Instructions is { } instructions && !string.IsNullOrWhiteSpace(instructions))
        {
            result.Add(new SystemChatMessage(instructions));
        }

        foreach (ChatMessage message in messages)
        {
            if (message.RawRepresentation is OpenAIMessage raw)
            {
                result.Add(raw);
            }
            else if (message.Role == ChatRole.Tool)
            {
                result.AddRange(ToolMessages(message));
            }
            else
            {
                result.Add(message.Role == ChatRole.Assistant ? AssistantMessageMapper.ToOpenAI(message) : FromAuthor(message));
            }
        }

        return result;
    }

    /// <summary>Letters, digits and underscores of a name, at most 64; null when nothing is left.</summary>
    public static string? ParticipantName(string? authorName)
    {
        if (authorName is null)
        {
            return null;
        }

        string name = string.Concat(
            authorName.Where(character => char.IsAsciiLetterOrDigit(character) || character == '_').Take(ParticipantNameLimit));
        return name.Length == 0 ? null : name;
    }

    private static OpenAIMessage FromAuthor(ChatMessage message)
    {
        List<ChatMessageContentPart> parts = ContentMapper.ToOpenAI(message.Contents);
        string? name = ParticipantName(message.AuthorName);
        return message.Role == ChatRole.System ? new SystemChatMessage(parts) { ParticipantName = name }
            : message.Role == Developer ? new DeveloperChatMessage(parts) { ParticipantName = name }
            : new UserChatMessage(parts) { ParticipantName = name };
    }

    private static IEnumerable<OpenAIMessage> ToolMessages(ChatMessage message) =>
        message.Contents.OfType<FunctionResultContent>().Select(result => new ToolChatMessage(result.CallId, ToText(result.Result)));

    /// <summary>Text as it is, not quoted: models read it better. Anything else as JSON.</summary>
    /// <exception cref="PrivatemodeRequestException">The result cannot be written as JSON; leaving it out would leave a call without an
    /// answer.</exception>
    private static string ToText(object? result) => result switch
    {
        null => "",
        string text => text,
        TextContent content => content.Text,
        IEnumerable<AIContent> contents when contents.All(content => content is TextContent) => string.Join('\n', contents),
        JsonElement { ValueKind: JsonValueKind.String } element => element.GetString()!,
        _ => CompactJson.Result(result),
    };
}
