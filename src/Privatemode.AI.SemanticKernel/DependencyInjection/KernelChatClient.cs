using Microsoft.Extensions.AI;
using Privatemode.AI.SemanticKernel.Settings;

namespace Privatemode.AI.SemanticKernel.DependencyInjection;

/// <summary>Corrects the options that Semantic Kernel creates from execution settings for an <see cref="IChatClient"/>: names that are not those of a request,
/// and a system prompt that the chat history also contains.</summary>
/// <param name="client">The client that sends the request.</param>
internal sealed class KernelChatClient(IChatClient client) : DelegatingChatClient(client)
{
    public override Task<ChatResponse> GetResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default)
    {
        List<ChatMessage> all = [.. messages];
        return base.GetResponseAsync(all, Correct(all, options), cancellationToken);
    }

    public override IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default)
    {
        List<ChatMessage> all = [.. messages];
        return base.GetStreamingResponseAsync(all, Correct(all, options), cancellationToken);
    }

    private static ChatOptions? Correct(List<ChatMessage> messages, ChatOptions? options)
    {
        if (options is null)
        {
            return null;
        }

        ChatOptions corrected = options.Clone();
        if (corrected.Instructions is { } instructions && messages.Exists(message => message.Text == instructions && IsPrompt(message.Role)))
        {
            corrected.Instructions = null;
        }

        if (corrected.Reasoning is { Effort: null, Output: null })
        {
            // Semantic Kernel does not know the effort and has dropped it.
            throw new PrivatemodeRequestException(
                "PromptExecutionSettings.reasoning_effort",
                "Semantic Kernel does not pass this reasoning effort on to a chat client. Use PrivatemodePromptExecutionSettings.");
        }

        if (corrected.ResponseFormat is ChatResponseFormatJson { Schema: { } schema } && ResponseFormats.IsWholeFormat(schema))
        {
            // Semantic Kernel treats every JSON object as a schema.
            corrected.ResponseFormat = null;
            ResponseFormats.Write(corrected, schema);
        }

        PrivatemodePromptExecutionSettings settings = new();
        object? strict = null;
        foreach ((string name, object? value) in options.AdditionalProperties ?? [])
        {
            if (name == "strict")
            {
                strict = value;
            }
            else
            {
                SettingNames.Set(settings, name, value);
            }
        }

        corrected.AdditionalProperties = strict is null ? null : new() { ["strict"] = strict };
        ChatOptionsWriter.Write(corrected, settings);
        return corrected;
    }

    private static bool IsPrompt(ChatRole role) => role == ChatRole.System || role == new ChatRole("developer");
}
