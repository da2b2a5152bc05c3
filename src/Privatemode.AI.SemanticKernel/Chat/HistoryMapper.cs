using Microsoft.Extensions.AI;
using Microsoft.SemanticKernel;
using Microsoft.SemanticKernel.ChatCompletion;
using AICall = Microsoft.Extensions.AI.FunctionCallContent;
using AIResult = Microsoft.Extensions.AI.FunctionResultContent;
using AIText = Microsoft.Extensions.AI.TextContent;
using KernelCall = Microsoft.SemanticKernel.FunctionCallContent;
using KernelResult = Microsoft.SemanticKernel.FunctionResultContent;
using KernelText = Microsoft.SemanticKernel.TextContent;

namespace Privatemode.AI.SemanticKernel.Chat;

/// <summary>Maps a chat history to the messages of a request. Items that a request cannot contain are refused, not dropped.</summary>
internal static class HistoryMapper
{
    private const string DetailOfOpenAI = "ChatImageDetailLevel";
    private const string Detail = "detail";

    /// <param name="history">The chat history; it is not changed.</param>
    /// <param name="settings">The settings, which can contain a system prompt and a developer prompt.</param>
    /// <exception cref="PrivatemodeRequestException">An item of a message cannot be sent.</exception>
    public static List<ChatMessage> ToMessages(ChatHistory history, PrivatemodePromptExecutionSettings settings)
    {
        List<ChatMessage> messages = [];
        AddPrompt(messages, history, AuthorRole.System, settings.ChatSystemPrompt);
        AddPrompt(messages, history, AuthorRole.Developer, settings.ChatDeveloperPrompt);
        for (int index = 0; index < history.Count; index++)
        {
            messages.Add(ToMessage(history[index], index));
        }

        return messages;
    }

    private static void AddPrompt(List<ChatMessage> messages, ChatHistory history, AuthorRole role, string? prompt)
    {
        if (!string.IsNullOrWhiteSpace(prompt) && !history.Any(message => message.Role == role))
        {
            messages.Add(new ChatMessage(new ChatRole(role.Label), prompt));
        }
    }

    private static ChatMessage ToMessage(ChatMessageContent message, int index)
    {
        List<AIContent> contents = [];
        for (int item = 0; item < message.Items.Count; item++)
        {
            contents.Add(ToContent(message.Items[item], $"messages[{index}].Items[{item}]"));
        }

        return new ChatMessage(new ChatRole(message.Role.Label), contents) { AuthorName = message.AuthorName };
    }

    private static AIContent ToContent(KernelContent item, string member) => item switch
    {
        KernelText text => new AIText(text.Text),
        ReasoningContent reasoning => new TextReasoningContent(reasoning.Text),
        BinaryContent binary => ToData(binary, member),
        KernelCall call => ToCall(call),
        KernelResult result => new AIResult(result.CallId ?? "", ToResult(result.Result)),
        _ => throw new PrivatemodeRequestException(
            member, $"{member} is of type {item.GetType().Name}, which a chat message cannot contain. Remove it, or pass text, images, audio or PDF files."),
    };

    private static AIContent ToData(BinaryContent content, string member)
    {
        string any = content is ImageContent ? "image/*" : content is AudioContent ? "audio/*" : "application/octet-stream";
        AIContent data;
        try
        {
            data = content.Data is { IsEmpty: false } bytes
                ? new DataContent(bytes, content.MimeType ?? throw new PrivatemodeRequestException(
                    $"{member}.MimeType", $"{member} has no MimeType. Set it, for example to image/png."))
                : content.Uri is { } uri ? new UriContent(uri, content.MimeType ?? any)
                : throw new PrivatemodeRequestException(member, $"{member} has neither data nor a URI. Set Data, DataUri or Uri.");
        }
        catch (ArgumentException)
        {
            throw new PrivatemodeRequestException($"{member}.MimeType", $"The MimeType of {member} is not a media type. Set one such as image/png.");
        }

        if (content is ImageContent && DetailOf(content.Metadata) is { } detail)
        {
            data.AdditionalProperties = new() { [Detail] = detail };
        }

        return data;
    }

    private static string? DetailOf(IReadOnlyDictionary<string, object?>? metadata) =>
        metadata is not null && (metadata.TryGetValue(DetailOfOpenAI, out object? detail) || metadata.TryGetValue(Detail, out detail))
            ? detail?.ToString()?.ToLowerInvariant()
            : null;

    /// <summary>The call as the model made it, if it is still available: Semantic Kernel converts arguments to strings.</summary>
    private static AICall ToCall(KernelCall call) => call.InnerContent is AICall made && made.CallId == call.Id
        ? made
        : new AICall(call.Id ?? "", FunctionSet.WireName(call.PluginName, call.FunctionName), call.Arguments);

    /// <summary>Converts contents of Semantic Kernel to text. All other results are serialized as JSON later.</summary>
    public static object? ToResult(object? result) => result switch
    {
        FunctionResult inner => ToResult(inner.GetValue<object>()),
        Exception exception => $"Error: Exception while invoking function. {exception.Message}",
        BinaryContent => "Error: The result is a file, which the model cannot read in a tool result.",
        IEnumerable<ChatMessageContent> messages => string.Join(',', messages),
        KernelContent content => content.ToString(),
        _ => result,
    };
}
