using System.ClientModel;
using System.ClientModel.Primitives;
using System.Diagnostics;
using System.Runtime.CompilerServices;
using Microsoft.Extensions.AI;
using OpenAI;
using OpenAI.Chat;
using Privatemode.AI.Internal;
using Privatemode.AI.Pipeline.Answers;
using Privatemode.AI.Receipts;
using ChatMessage = Microsoft.Extensions.AI.ChatMessage;
using OpenAIMessage = OpenAI.Chat.ChatMessage;

namespace Privatemode.AI.Chat;

/// <summary>An <see cref="IChatClient"/> over an OpenAI chat client. It maps types and does not depend on the layers below that client.</summary>
internal sealed class PrivatemodeChatClient : IChatClient
{
    private const string ProviderName = "privatemode";

    private readonly ChatClient _client;
    private readonly ChatClientMetadata _metadata;
    private readonly ExceptionMapper _failures;

    public PrivatemodeChatClient(ChatClient client, Uri endpoint, string modelId, ExceptionMapper failures)
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
        ReceiptScope scope = ReceiptScope.Begin();
        try
        {
            ClientResult<ChatCompletion> result =
                await _client.CompleteChatAsync(request, OptionsMapper.ToSend(completionOptions), cancellationToken).ConfigureAwait(false);
            ChatResponse response = ResponseMapper.FromOpenAI(result.Value, completionOptions, callIds, scope);
            response.AdditionalProperties = scope.AddTo(response.AdditionalProperties);
            return response;
        }
        catch (Exception exception) when (
            _failures.TryMap(exception, scope, ChatAnswerParser.Whole(request, completionOptions), out Exception? mapped))
        {
            throw await _failures.ExplainAsync(mapped, cancellationToken).ConfigureAwait(false);
        }
    }

    public IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default)
    {
        // Checked here, and not when the enumeration starts, so that the exception is thrown near the mistake.
        ArgumentNullException.ThrowIfNull(messages);
        return StreamAsync(messages, options, cancellationToken);
    }

    public object? GetService(Type serviceType, object? serviceKey = null) =>
        ClientMembers.FindService(this, _metadata, _client, typeof(ChatClient), serviceType, serviceKey);

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
        ReceiptScope scope = ReceiptScope.Begin();
        UpdateMapper mapper = new(completionOptions, callIds, scope);
        await using ConfiguredAsyncDisposable held = scope.ConfigureAwait(false);
        IAsyncEnumerator<StreamingChatCompletionUpdate> events =
            _client.CompleteChatStreamingAsync(request, OptionsMapper.ToSend(completionOptions), cancellationToken).GetAsyncEnumerator(cancellationToken);
        await using (events.ConfigureAwait(false))
        {
            while (await NextAsync(events, mapper, scope, request, completionOptions, cancellationToken).ConfigureAwait(false) is { } update)
            {
                update.AdditionalProperties = scope.AddTo(update.AdditionalProperties);
                yield return update;
            }
        }

        if (mapper.Complete() is { } last)
        {
            last.AdditionalProperties = scope.AddTo(last.AdditionalProperties);
            yield return last;
        }
    }

    // Pooled, because it runs for each event.
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<ChatResponseUpdate?> NextAsync(
        IAsyncEnumerator<StreamingChatCompletionUpdate> events, UpdateMapper mapper, ReceiptScope scope, List<OpenAIMessage> request,
        ChatCompletionOptions options, CancellationToken cancellationToken)
    {
        try
        {
            return await CallerContext.MoveNextAsync(events).ConfigureAwait(false) ? mapper.Map(events.Current) : null;
        }
        catch (Exception exception) when (_failures.TryMap(exception, scope, ChatAnswerParser.Events(request, options), out Exception? mapped))
        {
            throw await _failures.ExplainAsync(mapped, cancellationToken).ConfigureAwait(false);
        }
    }

    private static List<OpenAIMessage> ToRequest(IEnumerable<ChatMessage> messages, ChatOptions? options, out ToolCallIds callIds)
    {
        List<OpenAIMessage> request = MessageMapper.ToOpenAI(messages, options, out callIds);
        return request.Count > 0 ? request
            : throw new ArgumentException("There are neither messages nor instructions to send. Pass at least one message.", nameof(messages));
    }
}

/// <summary>Adds the API type to the caller's own <c>chat</c> activity, as the OpenTelemetry conventions for OpenAI require.</summary>
/// <remarks>The tier and the fingerprint of the server are not added: they arrive encrypted, and telemetry leaves the process unencrypted.</remarks>
internal static class ChatActivity
{
    private const string Operation = "chat";

    public static void Tag()
    {
        if (Activity.Current is { IsAllDataRequested: true } activity && IsChat(activity.DisplayName))
        {
            _ = activity.SetTag("openai.api.type", "chat_completions");
        }
    }

    /// <summary>Returns whether a name is <c>chat</c>, alone or followed by the name of a model.</summary>
    private static bool IsChat(string name) =>
        name.StartsWith(Operation, StringComparison.Ordinal) && (name.Length == Operation.Length || name[Operation.Length] == ' ');
}

/// <summary>Finds the member of a chat that the OpenAI client cannot write or read, and names it in the exception.</summary>
internal static class ChatAnswerParser
{
    /// <summary>Creates the parser for a complete answer.</summary>
    public static AnswerParser Whole(IReadOnlyList<OpenAIMessage> messages, ChatCompletionOptions options) => new(
        answer => ModelReaderWriter.Read<ChatCompletion>(answer, ModelReaderWriterOptions.Json, OpenAIContext.Default),
        () => FindUnwritable(messages, options));

    /// <summary>Creates the parser for a streamed answer.</summary>
    public static AnswerParser Events(IReadOnlyList<OpenAIMessage> messages, ChatCompletionOptions options) => new(
        data => ModelReaderWriter.Read<StreamingChatCompletionUpdate>(data, ModelReaderWriterOptions.Json, OpenAIContext.Default),
        () => FindUnwritable(messages, options));

    private static string? FindUnwritable(IReadOnlyList<OpenAIMessage> messages, ChatCompletionOptions options)
    {
        for (int i = 0; i < messages.Count; i++)
        {
            if (!CanWrite(messages[i]))
            {
                return $"messages[{i}]";
            }
        }

        for (int i = 0; i < options.Tools.Count; i++)
        {
            if (!CanWrite(options.Tools[i]))
            {
                return $"tools[{i}]";
            }
        }

        return options.ResponseFormat is { } format && !CanWrite(format) ? "response_format"
            : options.ToolChoice is { } choice && !CanWrite(choice) ? "tool_choice"
            : null;
    }

    private static bool CanWrite<T>(T part)
        where T : IPersistableModel<T>
    {
        try
        {
            _ = ModelReaderWriter.Write(part, ModelReaderWriterOptions.Json, OpenAIContext.Default);
            return true;
        }
        catch (Exception)
        {
            return false;
        }
    }
}
