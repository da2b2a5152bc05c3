using System.Runtime.CompilerServices;
using Microsoft.Extensions.AI;
using Microsoft.SemanticKernel;
using Microsoft.SemanticKernel.ChatCompletion;
using Microsoft.SemanticKernel.Services;
using Privatemode.AI.SemanticKernel.Chat;
using Privatemode.AI.SemanticKernel.Settings;

namespace Privatemode.AI.SemanticKernel;

/// <summary>Represents a chat completion service that uses Privatemode and supports function calling.</summary>
/// <remarks>
/// <para>All requests are sent by the <see cref="PrivatemodeClient"/>. The service throws the exceptions of that client, such as
/// <see cref="PrivatemodeServiceException"/> and <see cref="PrivatemodeVerificationException"/>.</para>
/// <para>Settings of any type are converted with <see cref="PrivatemodePromptExecutionSettings.FromExecutionSettings"/>. Functions are offered and invoked as
/// <see cref="PromptExecutionSettings.FunctionChoiceBehavior"/> specifies. Each function call runs through the kernel's
/// <see cref="IAutoFunctionInvocationFilter"/>s, and intermediate messages are added to the chat history.</para>
/// <para>The reasoning of the model is returned as <see cref="ReasoningContent"/> and in the metadata, which also contains the receipt; see
/// <see cref="KernelMetadata"/>.</para>
/// <para>This class is thread-safe.</para>
/// </remarks>
public sealed class PrivatemodeChatCompletionService : IChatCompletionService
{
    private readonly IChatClient _client;

    /// <summary>Initializes a new instance of the <see cref="PrivatemodeChatCompletionService"/> class.</summary>
    /// <param name="modelId">The model ID, for example <c>gpt-oss-120b</c>. Execution settings can specify another model.</param>
    /// <param name="client">The client. Do not dispose it while the service is in use.</param>
    /// <exception cref="ArgumentNullException"><paramref name="modelId"/> or <paramref name="client"/> is <see langword="null"/>.</exception>
    /// <exception cref="ArgumentException"><paramref name="modelId"/> is empty.</exception>
    public PrivatemodeChatCompletionService(string modelId, PrivatemodeClient client)
    {
        ArgumentException.ThrowIfNullOrEmpty(modelId);
        ArgumentNullException.ThrowIfNull(client);
        _client = client.AsIChatClient(modelId);
        Attributes = new Dictionary<string, object?>
        {
            [AIServiceExtensions.ModelIdKey] = modelId,
            [AIServiceExtensions.EndpointKey] = _client.GetService<ChatClientMetadata>()?.ProviderUri?.ToString(),
        };
    }

    /// <summary>Gets the attributes of this service: the model ID and the address to which requests are sent.</summary>
    public IReadOnlyDictionary<string, object?> Attributes { get; }

    /// <summary>Gets the answer of the model to a chat, and invokes functions as the settings specify.</summary>
    /// <param name="chatHistory">The messages of the chat. If functions are invoked, their calls and results are added.</param>
    /// <param name="executionSettings">The settings of any type, or <see langword="null"/> for the defaults; see
    /// <see cref="PrivatemodePromptExecutionSettings.FromExecutionSettings"/>.</param>
    /// <param name="kernel">The kernel whose functions and filters are used, or <see langword="null"/> if the settings offer no functions.</param>
    /// <param name="cancellationToken">A token that cancels the operation.</param>
    /// <returns>A list with one element: the answer, or the result of the last function if a filter ended the call.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="chatHistory"/> is <see langword="null"/>.</exception>
    /// <exception cref="PrivatemodeException">The request could not be sent, or the answer could not be received. The type of the exception identifies the
    /// cause.</exception>
    public async Task<IReadOnlyList<ChatMessageContent>> GetChatMessageContentsAsync(
        ChatHistory chatHistory, PromptExecutionSettings? executionSettings = null, Kernel? kernel = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(chatHistory);
        PrivatemodePromptExecutionSettings settings = Normalize(executionSettings);
        for (int index = 0; ; index++)
        {
            FunctionSet functions = FunctionSet.Create(settings.FunctionChoiceBehavior, chatHistory, kernel, index, FunctionInvoker.IsAllowed(index));
            ChatResponse response = await _client.GetResponseAsync(
                HistoryMapper.ToMessages(chatHistory, settings), ToOptions(settings, functions), cancellationToken).ConfigureAwait(false);
            ChatMessageContent answer = ContentMapper.ToMessage(response, functions);
            if (!functions.AutoInvokes || !answer.Items.OfType<Microsoft.SemanticKernel.FunctionCallContent>().Any())
            {
                return [answer];
            }

            FunctionInvoker invoker = new(kernel!, chatHistory, executionSettings, isStreaming: false);
            if (await invoker.InvokeAsync(answer, functions, index, cancellationToken).ConfigureAwait(false) is { } last)
            {
                return [last];
            }
        }
    }

    /// <summary>Gets the answer of the model to a chat while the model generates it, and invokes functions as the settings specify.</summary>
    /// <param name="chatHistory">The messages of the chat. If functions are invoked, their calls and results are added.</param>
    /// <param name="executionSettings">The settings of any type, or <see langword="null"/> for the defaults; see
    /// <see cref="PrivatemodePromptExecutionSettings.FromExecutionSettings"/>.</param>
    /// <param name="kernel">The kernel whose functions and filters are used, or <see langword="null"/> if the settings offer no functions.</param>
    /// <param name="cancellationToken">A token that cancels the operation.</param>
    /// <returns>The updates of the answer. The request is sent when they are enumerated. The answer is complete only if the enumeration ends without an
    /// exception.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="chatHistory"/> is <see langword="null"/>.</exception>
    /// <exception cref="PrivatemodeException">The request could not be sent, or the answer could not be received. The type of the exception identifies the
    /// cause.</exception>
    public IAsyncEnumerable<StreamingChatMessageContent> GetStreamingChatMessageContentsAsync(
        ChatHistory chatHistory, PromptExecutionSettings? executionSettings = null, Kernel? kernel = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(chatHistory);
        return StreamAsync(chatHistory, executionSettings, kernel, cancellationToken);
    }

    private async IAsyncEnumerable<StreamingChatMessageContent> StreamAsync(
        ChatHistory history, PromptExecutionSettings? executionSettings, Kernel? kernel, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        PrivatemodePromptExecutionSettings settings = Normalize(executionSettings);
        for (int index = 0; ; index++)
        {
            FunctionSet functions = FunctionSet.Create(settings.FunctionChoiceBehavior, history, kernel, index, FunctionInvoker.IsAllowed(index));
            List<ChatResponseUpdate> updates = [];
            IAsyncEnumerable<ChatResponseUpdate> stream = _client.GetStreamingResponseAsync(
                HistoryMapper.ToMessages(history, settings), ToOptions(settings, functions), cancellationToken);
            await foreach (ChatResponseUpdate update in stream.ConfigureAwait(false))
            {
                if (functions.AutoInvokes)
                {
                    updates.Add(update);
                }

                yield return ContentMapper.ToUpdate(update, index);
            }

            ChatMessageContent answer = ContentMapper.ToMessage(updates.ToChatResponse(), functions);
            if (!answer.Items.OfType<Microsoft.SemanticKernel.FunctionCallContent>().Any())
            {
                yield break;
            }

            FunctionInvoker invoker = new(kernel!, history, executionSettings, isStreaming: true);
            if (await invoker.InvokeAsync(answer, functions, index, cancellationToken).ConfigureAwait(false) is { } last)
            {
                yield return new StreamingChatMessageContent(last.Role, last.Content);
                yield break;
            }
        }
    }

    private static PrivatemodePromptExecutionSettings Normalize(PromptExecutionSettings? settings) =>
        ForeignSettings.Normalize(PrivatemodePromptExecutionSettings.FromExecutionSettings(settings));

    private static ChatOptions ToOptions(PrivatemodePromptExecutionSettings settings, FunctionSet functions)
    {
        ChatOptions options = new();
        ChatOptionsWriter.Write(options, settings);
        functions.Write(options);
        return options;
    }
}
