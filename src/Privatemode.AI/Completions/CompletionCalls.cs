using System.ClientModel;
using System.ClientModel.Primitives;
using System.Net.ServerSentEvents;
using System.Runtime.CompilerServices;
using Privatemode.AI.Pipeline.Answers;
using Privatemode.AI.Receipts;

namespace Privatemode.AI.Completions;

/// <summary>Sends requests through the pipeline of the encrypting OpenAI client, which has no client for this endpoint.</summary>
internal sealed class CompletionCalls(ClientPipeline pipeline, Uri service, ExceptionMapper failures)
{
    private static readonly PipelineMessageClassifier OkOnly = PipelineMessageClassifier.Create([200]);

    // The body is written before.
    private static readonly AnswerParser Format = new(data => CompletionReader.Read(data.ToMemory(), null), () => null);

    private static ReadOnlySpan<byte> EndMark => "[DONE]"u8;

    public async Task<TextCompletion> CompleteAsync(BinaryData body, CancellationToken cancellationToken)
    {
        ReceiptScope scope = ReceiptScope.Begin();
        try
        {
            using PipelineResponse response = await SendAsync(body, "application/json", buffered: true, cancellationToken).ConfigureAwait(false);
            return CompletionReader.Read(response.Content.ToMemory(), scope.Receipt);
        }
        catch (Exception exception) when (failures.TryMap(exception, scope, Format, out Exception? mapped))
        {
            throw await failures.ExplainAsync(mapped, cancellationToken).ConfigureAwait(false);
        }
    }

    public async IAsyncEnumerable<TextCompletion> StreamAsync(
        BinaryData body, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        ReceiptScope scope = ReceiptScope.Begin();
        await using ConfiguredAsyncDisposable held = scope.ConfigureAwait(false);
        using PipelineResponse response = await BeginAsync(body, scope, cancellationToken).ConfigureAwait(false);
        Stream stream = response.ContentStream ?? Stream.Null;
        await using (stream.ConfigureAwait(false))
        {
            bool partReturned = false;
            SseParser<TextCompletion?> parser = SseParser.Create(
                stream, (_, data) => data.SequenceEqual(EndMark) ? null : CompletionReader.Read(data.ToArray(), scope.Receipt, partReturned));
            IAsyncEnumerator<SseItem<TextCompletion?>> events = parser.EnumerateAsync(cancellationToken).GetAsyncEnumerator(cancellationToken);
            await using (events.ConfigureAwait(false))
            {
                while (await NextAsync(events, scope, cancellationToken).ConfigureAwait(false) is { } completion)
                {
                    partReturned = true;
                    yield return completion;
                }
            }
        }
    }

    private async Task<PipelineResponse> BeginAsync(BinaryData body, ReceiptScope scope, CancellationToken cancellationToken)
    {
        try
        {
            return await SendAsync(body, "text/event-stream", buffered: false, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception exception) when (failures.TryMap(exception, scope, Format, out Exception? mapped))
        {
            throw await failures.ExplainAsync(mapped, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Returns the next event, or null after the last one. The pipeline returns the end marker only after it has verified that the answer is
    /// complete.</summary>
    private async ValueTask<TextCompletion?> NextAsync(
        IAsyncEnumerator<SseItem<TextCompletion?>> events, ReceiptScope scope, CancellationToken cancellationToken)
    {
        try
        {
            return await events.MoveNextAsync().ConfigureAwait(false) ? events.Current.Data : null;
        }
        catch (Exception exception) when (failures.TryMap(exception, scope, Format, out Exception? mapped))
        {
            throw await failures.ExplainAsync(mapped, cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task<PipelineResponse> SendAsync(BinaryData body, string accept, bool buffered, CancellationToken cancellationToken)
    {
        using PipelineMessage message = pipeline.CreateMessage();
        message.ResponseClassifier = OkOnly;
        message.BufferResponse = buffered;
        message.Apply(new RequestOptions { CancellationToken = cancellationToken, BufferResponse = buffered });
        message.Request.Method = "POST";
        message.Request.Uri = new Uri(service, "/v1/completions");
        message.Request.Headers.Set("Accept", accept);
        message.Request.Headers.Set("Content-Type", "application/json");
        using BinaryContent content = BinaryContent.Create(body);
        message.Request.Content = content;
        await pipeline.SendAsync(message).ConfigureAwait(false);
        PipelineResponse response = message.ExtractResponse()!;
        return response.IsError ? throw await ClientResultException.CreateAsync(response).ConfigureAwait(false) : response;
    }
}
