using System.Runtime.ExceptionServices;
using System.Text.Json;
using Microsoft.Extensions.AI;
using OpenAI.Chat;
using Privatemode.AI.Internal;
using ChatMessage = Microsoft.Extensions.AI.ChatMessage;
using OpenAIMessage = OpenAI.Chat.ChatMessage;

namespace Privatemode.AI.Chat;

/// <summary>Maps the messages of one request from the types of Microsoft.Extensions.AI to those of the OpenAI client.</summary>
internal sealed class MessageMapper
{
    private const int ParticipantNameLimit = 64;

    private static readonly ChatRole Developer = new("developer");

    private readonly List<OpenAIMessage> _result = [];
    private readonly ToolCallPairs _pairs;

    private MessageMapper(IReadOnlyList<ChatMessage?> messages) => _pairs = new ToolCallPairs(messages);

    /// <exception cref="PrivatemodeRequestException">A message is null, or has a content that a chat request cannot contain.</exception>
    public static List<OpenAIMessage> ToOpenAI(IEnumerable<ChatMessage?> messages, ChatOptions? options, out ToolCallIds callIds)
    {
        List<ChatMessage?> all = [.. messages];
        MessageMapper mapper = new(all);
        if (options?.Instructions is { } instructions && !string.IsNullOrWhiteSpace(instructions))
        {
            mapper._result.Add(new SystemChatMessage(instructions));
        }

        for (int index = 0; index < all.Count; index++)
        {
            mapper.Add(
                all[index] ?? throw new PrivatemodeRequestException($"messages[{index}]", $"messages[{index}] is null. Remove it."), index);
        }

        callIds = new ToolCallIds(mapper._pairs.Ids);
        return mapper._result;
    }

    /// <summary>Returns the first 64 letters, digits and underscores of a name, or null if it has none.</summary>
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

    private void Add(ChatMessage message, int index)
    {
        if (message.RawRepresentation is OpenAIMessage raw)
        {
            _pairs.Observe(raw);
            _result.Add(raw);
            return;
        }

        List<(AIContent Content, ContentPlace Place, ContentPath Member)> contents = new(message.Contents.Count);
        for (int position = 0; position < message.Contents.Count; position++)
        {
            ContentPath member = new(index, position);
            contents.Add((message.Contents[position], ContentPositions.Of(message.Contents[position], message.Role, member), member));
        }

        if (contents.Count > 0 && contents.TrueForAll(content => ContentPositions.IsSettledApproval(content.Content)))
        {
            return;
        }

        if (message.Role == ChatRole.Tool)
        {
            AddTool(contents, $"messages[{index}]");
        }
        else if (message.Role == ChatRole.Assistant)
        {
            AddAssistant(message, contents, index);
        }
        else
        {
            AddAuthor(message, contents);
        }
    }

    /// <summary>Adds a message with the role <c>tool</c> for each result. Text becomes the result of the only call that has no result yet.</summary>
    private void AddTool(List<(AIContent Content, ContentPlace Place, ContentPath Member)> contents, string member)
    {
        HashSet<string> results = [];
        foreach ((AIContent content, _, ContentPath place) in contents.Where(content => content.Place == ContentPlace.Result))
        {
            _ = results.Add(AddResult((FunctionResultContent)content, place));
        }

        // Semantic Kernel adds the text of a result to the message too.
        List<TextContent> texts = [.. contents.Select(content => content.Content).OfType<TextContent>()
            .Where(text => !results.Contains(text.Text) && (results.Count == 0 || text.Text.Length > 0))];
        if (texts.Count == 0 && results.Count > 0)
        {
            return;
        }

        string? id = texts.Count > 0 && results.Count == 0 ? _pairs.AnswerOnlyOpen() : null;
        _result.Add(id is not null ? new ToolChatMessage(id, string.Join('\n', texts)) : throw new PrivatemodeRequestException(
            member,
            $"{member} has the role tool but {(texts.Count == 0 ? "contains no result" : "contains text, and it is unclear which call the text answers")}. " +
            "Pass each result as a FunctionResultContent with the CallId of its call, and other text in a message with the role user."));
    }

    /// <summary>Adds an answer of the model. A message that also contains results, such as that of a server that runs tools itself, is split at each
    /// result.</summary>
    private void AddAssistant(ChatMessage message, List<(AIContent Content, ContentPlace Place, ContentPath Member)> contents, int index)
    {
        List<AIContent> part = [];
        foreach ((AIContent content, ContentPlace place, ContentPath member) in contents)
        {
            if (place != ContentPlace.Result)
            {
                part.Add(content);
                continue;
            }

            AddPart();
            _ = AddResult((FunctionResultContent)content, member);
        }

        if (part.Count > 0 || contents.TrueForAll(content => content.Place != ContentPlace.Result))
        {
            AddPart(isWhole: true);
        }

        void AddPart(bool isWhole = false)
        {
            if (part.Count > 0 || isWhole)
            {
                AddAssistantPart(message, part, index);
                part = [];
            }
        }
    }

    private void AddAssistantPart(ChatMessage message, List<AIContent> contents, int index)
    {
        FunctionCallContent[] calls = [.. contents.OfType<FunctionCallContent>()];
        if (Array.FindIndex(calls, call => call.Name.Length == 0) >= 0)
        {
            throw new PrivatemodeRequestException($"messages[{index}]", $"messages[{index}] has a tool call without a name. Remove the call.");
        }

        List<string> ids = _pairs.Open(calls, index, out List<(FunctionCallContent Call, string Id)> unanswered);
        _result.Add(AssistantMessageMapper.ToOpenAI(message, contents, ids));

        // The API requires a result for each call.
        _result.AddRange(unanswered.Select(call => new ToolChatMessage(call.Id, ToolCallArguments.ErrorFor(call.Call))));
    }

    /// <summary>Adds a message of the user or the system, with its tool results first: the API requires them directly after the calls.</summary>
    private void AddAuthor(ChatMessage message, List<(AIContent Content, ContentPlace Place, ContentPath Member)> contents)
    {
        bool hasResults = false;
        List<AIContent> rest = new(contents.Count);
        foreach ((AIContent content, ContentPlace place, ContentPath member) in contents)
        {
            if (place == ContentPlace.Result)
            {
                hasResults = true;
                _ = AddResult((FunctionResultContent)content, member);
            }
            else if (place == ContentPlace.Part)
            {
                rest.Add(content);
            }
        }

        if (hasResults && rest.Count == 0)
        {
            return;
        }

        List<ChatMessageContentPart> parts = ContentMapper.ToOpenAI(rest);
        string? name = ParticipantName(message.AuthorName);
        _result.Add(
            message.Role == ChatRole.System ? new SystemChatMessage(parts) { ParticipantName = name }
            : message.Role == Developer ? new DeveloperChatMessage(parts) { ParticipantName = name }
            : new UserChatMessage(parts) { ParticipantName = name });
    }

    /// <summary>Adds the message of a result, and returns its text.</summary>
    private string AddResult(FunctionResultContent result, ContentPath member)
    {
        string id = WellFormedText.ValidateName("FunctionResultContent.CallId", _pairs.Answer(result.CallId));
        if (id.Length == 0)
        {
            throw new PrivatemodeRequestException(
                member, $"{member} has no CallId, but every call before it has an ID. Set CallId to the ID of the call that it answers.");
        }

        // A model may correct the error of a function, but a failed verification or a forged answer must reach the caller.
        if (result.Exception is { } exception && IsNotAuthentic(exception))
        {
            ExceptionDispatchInfo.Throw(exception);
        }

        string text = result is { Result: null, Exception: not null } ? "Error: the function failed." : ToText(result.Result);
        _result.Add(new ToolChatMessage(id, text));
        return text;
    }

    private static bool IsNotAuthentic(Exception? exception) => exception switch
    {
        null => false,
        PrivatemodeVerificationException or PrivatemodeIntegrityException => true,
        AggregateException several => several.InnerExceptions.Any(IsNotAuthentic),
        _ => IsNotAuthentic(exception.InnerException),
    };

    /// <summary>Returns a text unchanged and without quotation marks, because models read it better, and any other result as JSON.</summary>
    /// <exception cref="PrivatemodeRequestException">The result cannot be written as JSON; leaving it out would leave a call without an
    /// answer.</exception>
    private static string ToText(object? result) => result switch
    {
        null => "",
        string text => text,
        TextContent content => content.Text,
        IEnumerable<AIContent> contents when contents.All(content => content is TextContent) => string.Join('\n', contents),
        JsonElement { ValueKind: JsonValueKind.String } element => WellFormedText.Of("FunctionResultContent.Result", element).GetString()!,
        _ => CompactJsonSerializer.Result(result),
    };
}

/// <summary>Maps an earlier answer of the model to a message of the request: text, tool calls, refusal and reasoning.</summary>
internal static class AssistantMessageMapper
{
    /// <summary><see cref="ErrorContent.ErrorCode"/> of a refusal.</summary>
    public const string RefusalCode = "Refusal";

    /// <param name="message">The message.</param>
    /// <param name="contents">The contents to send.</param>
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

    /// <summary>Leaves out audio in formats that a message cannot contain: the model produced it, so no attachment is lost.</summary>
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
            // The type does not accept an empty list, not even with a refusal.
            return new AssistantChatMessage(parts.Count > 0 ? parts : [ChatMessageContentPart.CreateTextPart("")]);
        }

        AssistantChatMessage result = new(calls);
        foreach (ChatMessageContentPart part in parts)
        {
            result.Content.Add(part);
        }

        return result;
    }

    /// <summary>Adds the reasoning of the answer, which models that reason between tool calls need to continue.</summary>
    private static void GiveReasoningBack(List<AIContent> contents, AssistantChatMessage result)
    {
        string reasoning = string.Concat(contents.OfType<TextReasoningContent>().Select(content => content.Text));
        if (reasoning.Length > 0)
        {
            result.Patch.Set("$.reasoning"u8, reasoning);
        }
    }

    /// <summary>Creates the tool call from its current arguments: those that the server sent can be malformed, or can have been edited since.</summary>
    private static ChatToolCall ToOpenAI(FunctionCallContent call, string id) =>
        ChatToolCall.CreateFunctionToolCall(
            WellFormedText.ValidateName("FunctionCallContent.CallId", id),
            WellFormedText.ValidateName("FunctionCallContent.Name", call.Name),
            BinaryData.FromString(CompactJsonSerializer.Arguments(call.Arguments)));
}

/// <summary>Determines the place of each content of a message in a chat request, so that no content is dropped silently.</summary>
/// <remarks>docs/chat.md lists these rules.</remarks>
internal static class ContentPositions
{
    /// <param name="content">The content.</param>
    /// <param name="role">The role of its message.</param>
    /// <param name="member">The position that the exception names.</param>
    /// <exception cref="PrivatemodeRequestException">A chat request cannot contain it.</exception>
    public static ContentPlace Of(AIContent? content, ChatRole role, ContentPath member)
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
                member, $"{member} refers to a stored file, but this service does not store files. Pass the content of the file as DataContent."),
            _ when IsSettledApproval(content) => ContentPlace.Nowhere,
            ToolApprovalRequestContent or ToolApprovalResponseContent => throw new PrivatemodeRequestException(
                member, $"{member} requests or answers the approval of a tool call, which the service does not support. " +
                "Add UseFunctionInvocation() to the pipeline of the client: it turns approvals into calls and results."),
            _ => throw new PrivatemodeRequestException(
                member, $"{member} is of type {content.GetType().Name}, which a chat request cannot contain. Remove it from the history, or " +
                "pass what the model should read as TextContent."),
        };
    }

    /// <summary>Returns whether a content is the approval of a completed call. The call and its result are in separate messages.</summary>
    public static bool IsSettledApproval(AIContent content) => content is
        ToolApprovalRequestContent { ToolCall: FunctionCallContent { InformationalOnly: true } } or
        ToolApprovalResponseContent { ToolCall: FunctionCallContent { InformationalOnly: true } };

    private static PrivatemodeRequestException Misplaced(AIContent content, ContentPath member, string place) =>
        new(member, $"{member} is of type {content.GetType().Name}, which a chat request can contain only {place}.");
}

/// <summary>The position of a content in a request, for exceptions: <c>messages[0].Contents[0]</c>. It is converted to text only when it is needed.</summary>
internal readonly record struct ContentPath(int Message, int Content)
{
    public static implicit operator string(ContentPath path) => path.ToString();

    public override string ToString() => $"messages[{Message}].Contents[{Content}]";
}

/// <summary>Specifies where a content of a message is sent in a chat request.</summary>
internal enum ContentPlace
{
    /// <summary>It is not sent: it describes an answer or repeats another content, so the model needs nothing of it.</summary>
    Nowhere,

    /// <summary>In the content of its message.</summary>
    Part,

    /// <summary>In the tool calls of its message.</summary>
    Call,

    /// <summary>In a separate message with the role <c>tool</c>.</summary>
    Result,
}
