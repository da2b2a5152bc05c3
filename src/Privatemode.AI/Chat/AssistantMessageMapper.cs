using Microsoft.Extensions.AI;
using OpenAI.Chat;
using Privatemode.AI.Internal;
using ChatMessage = Microsoft.Extensions.AI.ChatMessage;

namespace Privatemode.AI.Chat;

/// <summary>What the model said earlier, given back to it: text, tool calls, refusal and its reasoning.</summary>
internal static class AssistantMessageMapper
{
    /// <summary><see cref="ErrorContent.ErrorCode"/> of a refusal.</summary>
    public const string RefusalCode = "Refusal";

    /// <param name="message">The message.</param>
    /// <param name="contents">What to send of its contents.</param>
    /// <param name="ids">The IDs to send for its tool calls, in their order.</param>
    public static AssistantChatMessage ToOpenAI(ChatMessage message, List<AIContent> contents, List<string> ids)
    {
        List<ChatMessageContentPart> parts = [];
        List<ChatToolCall> calls = [];
        string? refusal = null;
        foreach (AIContent content in contents)
        {
            switch (content)
            {
                case ErrorContent { ErrorCode: RefusalCode } error: refusal = error.Message; break;
                case FunctionCallContent call: calls.Add(ToOpenAI(call, ids[calls.Count])); break;
                default: AddPart(parts, content); break;
            }
        }

        AssistantChatMessage result = Create(parts, calls);
        result.ParticipantName = MessageMapper.ParticipantName(message.AuthorName);
        result.Refusal = refusal;
        GiveReasoningBack(contents, result);
        return result;
    }

    /// <summary>Leaves out audio in other formats than a message can contain: the model produced it, so it is not an attachment that would be lost.</summary>
    private static void AddPart(List<ChatMessageContentPart> parts, AIContent content)
    {
        if (ContentMapper.TryMap(content) is { } part)
        {
            parts.Add(part);
        }
        else if (content is UriContent || (content is DataContent data && !data.HasTopLevelMediaType("audio")))
        {
            throw ContentMapper.Unsupported(content);
        }
    }

    private static AssistantChatMessage Create(List<ChatMessageContentPart> parts, List<ChatToolCall> calls)
    {
        if (calls.Count == 0)
        {
            // The type takes no empty list, not even beside a refusal.
            return new AssistantChatMessage(parts.Count > 0 ? parts : [ChatMessageContentPart.CreateTextPart("")]);
        }

        AssistantChatMessage result = new(calls);
        foreach (ChatMessageContentPart part in parts)
        {
            result.Content.Add(part);
        }

        return result;
    }

    /// <summary>Models that think between tool calls go on from where they were only if they see it.</summary>
    private static void GiveReasoningBack(List<AIContent> contents, AssistantChatMessage result)
    {
        string reasoning = string.Concat(contents.OfType<TextReasoningContent>().Select(content => content.Text));
        if (reasoning.Length > 0)
        {
            result.Patch.Set("$.reasoning"u8, reasoning);
        }
    }

    /// <summary>Always from the arguments as they are now: what the server wrote may have been broken, or edited since.</summary>
    private static ChatToolCall ToOpenAI(FunctionCallContent call, string id) =>
        ChatToolCall.CreateFunctionToolCall(
            WellFormedText.ValidateName("FunctionCallContent.CallId", id),
            WellFormedText.ValidateName("FunctionCallContent.Name", call.Name),
            BinaryData.FromString(CompactJson.Arguments(call.Arguments)));
}
