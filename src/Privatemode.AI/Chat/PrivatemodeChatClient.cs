using System.ClientModel;
using System.Runtime.CompilerServices;
using Microsoft.Extensions.AI;
using OpenAI.Chat;
using Privatemode.AI.Internal;
using Privatemode.AI.Pipeline.Answers;
using Privatemode.AI.Receipts;
using ChatMessage = Microsoft.Extensions.AI.ChatMessage;
using OpenAIMessage = OpenAI.Chat.ChatMessage;

namespace Privatemode.AI.Chat;

/// <summary>An <see cref="IChatClient"/> over an OpenAI chat client. It maps types and knows nothing of what is below that client.</summary>
internal sealed class PrivatemodeChatClient : IChatClient
{
    private const string ProviderName = "privatemode";

    private readonly ChatClient _client;
    private readonly ChatClientMetadata _metadata;
    private readonly CallFailures _failures;

    /// <param name="client">Sends the requests.</param>
    /// <param name="endpoint">Address of the service, for the metadata.</param>
    /// <param name="modelId">The model used when a call names none.</param>
    /// <param name="failures">From what the client throws to what callers see.</param>
    public PrivatemodeChatClient(ChatClient client, Uri endpoint, string modelId, CallFailures failures)
    {
        _client = client;
        _metadata = new ChatClientMetadata(ProviderName, endpoint, modelId);
        _failures = failures;
    }

    public async Task<ChatResponse> GetResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(messages);
        List<OpenAIMessage> request = ToRequest(messages, options, out ToolCallIds callIds);
        ChatCompletionOptions completionOptions = OptionsMapper.ToOpenAI(this, _metadata.DefaultModelId, options);
        ChatActivity.Tag();
        CallNote note = CallNote.Begin();
        try
        {
            ClientResult<ChatCompletion> result =
                await _client.CompleteChatAsync(request, completionOptions, cancellationToken).ConfigureAwait(false);
            ChatResponse response = ResponseMapper.FromOpenAI(result.Value, completionOptions, callIds);
            response.AdditionalProperties = WithReceipt(response.AdditionalProperties, note);
            return response;
        }
        catch (Exception exception) when (
            _failures.TryMap(exception, note, ChatFormat.Whole(request, completionOptions), out Exception? mapped))
        {
            throw await _failures.ExplainAsync(mapped, cancellationToken).ConfigureAwait(false);
        }
    }

    public IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default)
    {
        // Here, and not at the first step of the enumeration, where the mistake would be far away.
        ArgumentNullException.ThrowIfNull(messages);
        return StreamAsync(messages, options, cancellationToken);
    }

    public object? GetService(Type serviceType, object? serviceKey = null)
    {
        ArgumentNullException.ThrowIfNull(serviceType);
        return serviceKey is not null ? null
            : serviceType == typeof(ChatClientMetadata) ? _metadata
            : serviceType == typeof(ChatClient) ? _client
            : serviceType.IsInstanceOfType(this) ? this
            : null;
    }

    void IDisposable.Dispose()
    {
        // The PrivatemodeClient owns everything; several chat clients share it.
    }

    private async IAsyncEnumerable<ChatResponseUpdate> StreamAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        List<OpenAIMessage> request = ToRequest(messages, options, out ToolCallIds callIds);
        ChatCompletionOptions completionOptions = OptionsMapper.ToOpenAI(this, _metadata.DefaultModelId, options);
        ChatActivity.Tag();
        UpdateMapper mapper = new(completionOptions, callIds);
        CallNote note = CallNote.Begin();
        await using ConfiguredAsyncDisposable held = note.ConfigureAwait(false);
        CallFormat format = ChatFormat.Events(request, completionOptions);
        IAsyncEnumerator<StreamingChatCompletionUpdate> events =
            _client.CompleteChatStreamingAsync(request, completionOptions, cancellationToken).GetAsyncEnumerator(cancellationToken);
        await using (events.ConfigureAwait(false))
        {
            while (await NextAsync(events, mapper, note, format, cancellationToken).ConfigureAwait(false) is { } update)
            {
                update.AdditionalProperties = WithReceipt(update.AdditionalProperties, note);
                yield return update;
            }
        }

        if (mapper.Complete() is { } last)
        {
            last.AdditionalProperties = WithReceipt(last.AdditionalProperties, note);
            yield return last;
        }
    }

    private async ValueTask<ChatResponseUpdate?> NextAsync(
        IAsyncEnumerator<StreamingChatCompletionUpdate> events, UpdateMapper mapper, CallNote note, CallFormat format,
        CancellationToken cancellationToken)
    {
        try
        {
            return await CallerContext.MoveNextAsync(events).ConfigureAwait(false) ? mapper.Map(events.Current) : null;
        }
        catch (Exception exception) when (_failures.TryMap(exception, note, format, out Exception? mapped))
        {
            throw await _failures.ExplainAsync(mapped, cancellationToken).ConfigureAwait(false);
        }
    }

    private static AdditionalPropertiesDictionary? WithReceipt(AdditionalPropertiesDictionary? properties, CallNote note)
    {
        if (note.Receipt is not null)
        {
            (properties ??= [])[EncryptionReceipt.PropertyName] = note.Receipt;
        }

        return properties;
    }

    private static List<OpenAIMessage> ToRequest(IEnumerable<ChatMessage> messages, ChatOptions? options, out ToolCallIds callIds)
    {
        List<OpenAIMessage> request = MessageMapper.ToOpenAI(messages, options, out callIds);
        return request.Count > 0 ? request
            : throw new ArgumentException("There is nothing to send: neither messages nor instructions.", nameof(messages));
    }
}
