using System.ClientModel;
using System.Runtime.CompilerServices;
using Microsoft.Extensions.AI;
using OpenAI.Chat;
using ChatMessage = Microsoft.Extensions.AI.ChatMessage;

namespace Privatemode.AI.Chat;

/// <summary>An <see cref="IChatClient"/> over an OpenAI chat client. It maps types and knows nothing of what is below that client.</summary>
internal sealed class PrivatemodeChatClient : IChatClient
{
    private const string ProviderName = "privatemode";

    private readonly ChatClient _client;
    private readonly ChatClientMetadata _metadata;
    private readonly Func<Exception, Exception> _mapException;

    /// <param name="client">Sends the requests.</param>
    /// <param name="endpoint">Address of the service, for the metadata.</param>
    /// <param name="modelId">The model used when a call names none.</param>
    /// <param name="mapException">From what the client throws to what callers see.</param>
    public PrivatemodeChatClient(ChatClient client, Uri endpoint, string modelId, Func<Exception, Exception> mapException)
    {
        _client = client;
        _metadata = new ChatClientMetadata(ProviderName, endpoint, modelId);
        _mapException = mapException;
    }

    public async Task<ChatResponse> GetResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(messages);
        List<OpenAI.Chat.ChatMessage> request = MessageMapper.ToOpenAI(messages, options);
        ChatCompletionOptions completionOptions = OptionsMapper.ToOpenAI(this, options);
        try
        {
            ClientResult<ChatCompletion> result =
                await _client.CompleteChatAsync(request, completionOptions, cancellationToken).ConfigureAwait(false);
            return ResponseMapper.FromOpenAI(result.Value, completionOptions);
        }
        catch (Exception exception) when (_mapException(exception) is { } mapped && !ReferenceEquals(mapped, exception))
        {
            throw mapped;
        }
    }

    public async IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(messages);
        List<OpenAI.Chat.ChatMessage> request = MessageMapper.ToOpenAI(messages, options);
        ChatCompletionOptions completionOptions = OptionsMapper.ToOpenAI(this, options);
        UpdateMapper mapper = new(completionOptions);
        IAsyncEnumerator<StreamingChatCompletionUpdate> updates =
            _client.CompleteChatStreamingAsync(request, completionOptions, cancellationToken).GetAsyncEnumerator(cancellationToken);
        await using (updates.ConfigureAwait(false))
        {
            while (await MoveNextAsync(updates).ConfigureAwait(false))
            {
                yield return mapper.Map(updates.Current);
            }
        }

        if (mapper.Complete() is { } last)
        {
            yield return last;
        }
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

    private async ValueTask<bool> MoveNextAsync(IAsyncEnumerator<StreamingChatCompletionUpdate> updates)
    {
        try
        {
            return await updates.MoveNextAsync().ConfigureAwait(false);
        }
        catch (Exception exception) when (_mapException(exception) is { } mapped && !ReferenceEquals(mapped, exception))
        {
            throw mapped;
        }
    }
}
