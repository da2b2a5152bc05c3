using Microsoft.Extensions.AI;
using OpenAI.Chat;

namespace Privatemode.AI.Chat;

/// <summary>Decides for each content of a message where a chat request has a place for it, so that no content is dropped silently.</summary>
/// <remarks>docs/chat.md lists these rules.</remarks>
internal static class ContentPlaces
{
    /// <param name="content">The content.</param>
    /// <param name="role">The role of its message.</param>
    /// <param name="member">The position that the exception names: <c>messages[0].Contents[0]</c>.</param>
    /// <exception cref="PrivatemodeRequestException">A chat request cannot contain it.</exception>
    public static ContentPlace Of(AIContent? content, ChatRole role, string member)
    {
        bool isAssistant = role == ChatRole.Assistant;
        bool isTool = role == ChatRole.Tool;
        return content switch
        {
            null => throw new PrivatemodeRequestException(member, $"{member} is null. Remove it."),
            { RawRepresentation: ChatMessageContentPart } when !isTool => ContentPlace.Part,
            FunctionResultContent => ContentPlace.Result,
            FunctionCallContent when isAssistant => ContentPlace.Call,
            FunctionCallContent => throw Misplaced(content, member, "in messages with the role assistant"),
            TextContent or DataContent or UriContent when !isTool => ContentPlace.Part,
            TextContent => ContentPlace.Part,
            DataContent or UriContent => throw Misplaced(
                content, member, "in messages with a role other than tool. Pass it in a message with the role user"),
            TextReasoningContent => isAssistant ? ContentPlace.Part : ContentPlace.Nowhere,
            ErrorContent { ErrorCode: AssistantMessageMapper.RefusalCode } when isAssistant => ContentPlace.Part,
            ErrorContent or UsageContent => ContentPlace.Nowhere,
            HostedFileContent => throw new PrivatemodeRequestException(
                member, $"{member} names a file that a service stores, and this service stores no files. Pass the content of the file as DataContent."),
            _ when IsSettledApproval(content) => ContentPlace.Nowhere,
            ToolApprovalRequestContent or ToolApprovalResponseContent => throw new PrivatemodeRequestException(
                member, $"{member} requests or answers the approval of a tool call, which the service does not support. " +
                "Add UseFunctionInvocation() to the pipeline of the client: it turns approvals into calls and results."),
            _ => throw new PrivatemodeRequestException(
                member, $"{member} is of type {content.GetType().Name}, which a chat request cannot contain. Remove it from the history, or " +
                "pass what the model should read as TextContent."),
        };
    }

    /// <summary>Whether it is an approval of a completed call, whose call and result are in messages of their own.</summary>
    public static bool IsSettledApproval(AIContent content) => content is
        ToolApprovalRequestContent { ToolCall: FunctionCallContent { InformationalOnly: true } } or
        ToolApprovalResponseContent { ToolCall: FunctionCallContent { InformationalOnly: true } };

    private static PrivatemodeRequestException Misplaced(AIContent content, string member, string place) =>
        new(member, $"{member} is of type {content.GetType().Name}, which a chat request can contain only {place}.");
}
