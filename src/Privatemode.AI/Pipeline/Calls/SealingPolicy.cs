using System.ClientModel;
using System.ClientModel.Primitives;
using Privatemode.AI.Internal;
using Privatemode.AI.Pipeline.Answers;
using Privatemode.AI.Pipeline.Requests;
using Privatemode.AI.Receipts;

namespace Privatemode.AI.Pipeline.Calls;

/// <summary>
/// Seals every attempt anew and opens its answer. Sits after the retry policy, so that a retry is a new exchange, and before
/// message logging, so that logs see ciphertext only.
/// </summary>
internal sealed class SealingPolicy(CallRunner runner) : PipelinePolicy
{
    public override void Process(PipelineMessage message, IReadOnlyList<PipelinePolicy> pipeline, int currentIndex) =>
        ProcessAsync(message, pipeline, currentIndex, async: false).Completed();

    public override ValueTask ProcessAsync(PipelineMessage message, IReadOnlyList<PipelinePolicy> pipeline, int currentIndex) =>
        ProcessAsync(message, pipeline, currentIndex, async: true);

    private ValueTask ProcessAsync(PipelineMessage message, IReadOnlyList<PipelinePolicy> pipeline, int currentIndex, bool async)
    {
        CallState state = CallState.Of(message) ?? throw new InvalidOperationException("The call policy is missing from the pipeline.");
        state.Tries++;
        state.ForgetUnless(message.Request.Content);
        return runner.RunAsync(new MessageCarrier(message, pipeline, currentIndex), state, async);
    }

    /// <summary>Carries attempts in the message, through the policies after this one.</summary>
    private sealed class MessageCarrier(PipelineMessage message, IReadOnlyList<PipelinePolicy> pipeline, int currentIndex) : ICallCarrier
    {
        public string Method => message.Request.Method;

        public Uri Address => message.Request.Uri ?? throw new InvalidOperationException("The request has no address.");

        public IEnumerable<KeyValuePair<string, string>> Headers => message.Request.Headers;

        public string? ContentType => message.Request.Headers.TryGetValue(ProtocolHeaders.ContentType, out string? type) ? type : null;

        public bool HasBody => message.Request.Content is not null;

        public long? BodyLength => message.Request.Content is { } content && content.TryComputeLength(out long length) ? length : null;

        public CancellationToken CancellationToken => message.CancellationToken;

        public async ValueTask WriteBodyAsync(Stream target, bool async)
        {
            BinaryContent content = message.Request.Content!;
            if (async)
            {
                await content.WriteToAsync(target, message.CancellationToken).ConfigureAwait(false);
            }
            else
            {
                content.WriteTo(target, message.CancellationToken);
            }

            CallNote.Current?.TakeRequest();
        }

        /// <summary>Puts the sealed request in the message for the time of sending, and the caller's back afterwards.</summary>
        public async ValueTask<CarriedAnswer> SendAsync(SealedCall call, Deadline deadline, bool async)
        {
            using MessageSwap swap = new(message, call.Current!);
            if (async)
            {
                await ProcessNextAsync(message, pipeline, currentIndex).ConfigureAwait(false);
            }
            else
            {
                ProcessNext(message, pipeline, currentIndex);
            }

            if (CallNote.Current is { } note && ReceiptFactory.Of(call) is { } receipt)
            {
                note.Take(receipt);
            }

            PipelineResponse response = message.Response!;
            AnswerHead head = new()
            {
                Status = response.Status,
                ContentType = Header(response, ProtocolHeaders.ContentType),
                Encrypted = Header(response, ProtocolHeaders.Encrypted),
                RetryAfter = Header(response, ProtocolHeaders.RetryAfter),
            };
            return new CarriedAnswer(head, response.ContentStream ?? Stream.Null, swap.WasBuffered);
        }

        public void Take(OpenedAnswer answer)
        {
            message.Response!.ContentStream = answer.Content;
            CallNote.Current?.Take(answer.Content);
            if (answer.Error is not null)
            {
                ServiceErrors.Remember(message.Response, answer.Error);
            }
        }

        public void Drop() => message.Response?.Dispose();

        private static string? Header(PipelineResponse response, string name) =>
            response.Headers.TryGetValue(name, out string? value) ? value : null;
    }
}
