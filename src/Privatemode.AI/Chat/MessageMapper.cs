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
        if (options?.Instructions is { Length: > 0 } instructions)
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

    /// <summary>One message per result; what cannot be written as JSON is left out.</summary>
    private static IEnumerable<OpenAIMessage> ToolMessages(ChatMessage message)
    {
        foreach (FunctionResultContent result in message.Contents.OfType<FunctionResultContent>())
        {
            if (TryGetText(result.Result, out string text))
            {
                yield return new ToolChatMessage(result.CallId, text);
            }
        }
    }

    private static bool TryGetText(object? result, out string text)
    {
        text = result switch
        {
            null => "",
            string already => already,
            TextContent content => content.Text,
            JsonElement { ValueKind: JsonValueKind.String } element => element.GetString()!,
            _ => null!,
        };
        if (text is not null)
        {
            return true;
        }

        try
        {
            text = CompactJson.Result(result!);
            return true;
        }
        catch (NotSupportedException)
        {
            text = "";
            return false;
        }
    }
}
