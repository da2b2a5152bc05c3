using System.ClientModel;
using System.ClientModel.Primitives;
using System.Runtime.ExceptionServices;
using System.Threading.RateLimiting;
using Privatemode.AI.Encryption;
using Privatemode.AI.Sessions;

namespace Privatemode.AI.Pipeline;

/// <summary>
/// Seals every attempt anew and opens its answer. Sits after the retry policy, so that a retry is a new exchange, and before
/// message logging, so that logs see ciphertext only.
/// </summary>
internal sealed class SealingPolicy(
    SealingEngine engine, MediaResolver media, AnswerOpener answers, SessionManager sessions, ApiKeys apiKeys, RateLimiter? limiter,
        TimeSpan responseTimeout, TimeProvider time, CancellationToken closing) : PipelinePolicy
{
    private static readonly TimeSpan PauseAfterReset = TimeSpan.FromMilliseconds(50);

    // A connection that had gone stale in the pool is reset at once. Later, the service may be at work on the call already.
    private static readonly TimeSpan LatestReset = TimeSpan.FromSeconds(5);

    public override void Process(PipelineMessage message, IReadOnlyList<PipelinePolicy> pipeline, int currentIndex) =>
        ProcessAsync(message, pipeline, currentIndex, async: false).Completed();

    public override ValueTask ProcessAsync(PipelineMessage message, IReadOnlyList<PipelinePolicy> pipeline, int currentIndex) =>
        ProcessAsync(message, pipeline, currentIndex, async: true);

    private async ValueTask ProcessAsync(PipelineMessage message, IReadOnlyList<PipelinePolicy> pipeline, int currentIndex, bool async)
    {
        CallState state = CallState.Of(message) ?? throw new InvalidOperationException("The call policy is missing from the pipeline.");
        state.Tries++;
        state.ForgetUnless(message.Request.Content);
        string apiKey = apiKeys.Read();
        state.Call ??= await PrepareAsync(message, apiKey, async).ConfigureAwait(false);
        while (true)
        {
            long begun = time.GetTimestamp();
            try
            {
                await AttemptAsync(message, pipeline, currentIndex, state, apiKey, async).ConfigureAwait(false);
                if (!state.Repeats.MayRepeatWithNewSecret())
                {
                    return;
                }

                message.Response?.Dispose();
            }
            catch (ClientResultException exception) when (
                TransportFailure.IsReset(exception) && time.GetElapsedTime(begun) < LatestReset && state.Repeats.MayRepeatAfterReset())
            {
                await Pause.ForAsync(PauseAfterReset, time, async, message.CancellationToken).ConfigureAwait(false);
            }

            apiKey = apiKeys.Read();
        }
    }

    private async ValueTask<SealedCall> PrepareAsync(PipelineMessage message, string apiKey, bool async)
    {
        PipelineRequest request = message.Request;
        EndpointRule rule = engine.Match(
            request.Method, request.Uri ?? throw new InvalidOperationException("The request has no address."), request.Headers);
        if (!rule.IsSealed)
        {
            return request.Content is null
                ? engine.PrepareWithoutBody(rule)
                : throw new PrivatemodeWouldLeakException(
                    "unexpected-body", $"The endpoint {rule.Path} takes no body, and one would travel in the clear. Leave it out.");
        }

        PooledBytes bytes = await SnapshotAsync(request.Content, rule.PlainLimit, async, message.CancellationToken).ConfigureAwait(false);
        string? contentType = request.Headers.TryGetValue(ProtocolHeaders.ContentType, out string? type) ? type : null;
        RequestBody body = SealingEngine.Read(rule, bytes, contentType);
        try
        {
            if (body is PlainBody json)
            {
                await ResolveMediaAsync(rule, json, apiKey, async, message.CancellationToken).ConfigureAwait(false);
            }
        }
        catch
        {
            body.Dispose();
            throw;
        }

        return engine.Prepare(rule, body, apiKey);
    }

    private async ValueTask ResolveMediaAsync(EndpointRule rule, PlainBody body, string apiKey, bool async, CancellationToken cancellationToken)
    {
        if (media.FetchesHere)
        {
            // The addresses of images are content too: their hosts see them only on behalf of a deployment that proved itself.
            (await sessions.AcquireAsync(apiKey, rejectedId: null, async, cancellationToken).ConfigureAwait(false)).Dispose();
        }

        await media.ResolveAsync(rule, body, async, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>The plaintext, taken once: the content may be a stream that cannot be read again.</summary>
    private static async ValueTask<PooledBytes> SnapshotAsync(BinaryContent? content, int limit, bool async, CancellationToken cancellationToken)
    {
        long length = content is not null && content.TryComputeLength(out long known) ? known : 0;
        PooledWriteStream.Demand(length, limit);
        PooledBytes body = new((int)Math.Max(length, 1024));
        try
        {
            using PooledWriteStream writer = new(body, limit);
            if (content is not null && async)
            {
                await content.WriteToAsync(writer, cancellationToken).ConfigureAwait(false);
            }
            else
            {
                content?.WriteTo(writer, cancellationToken);
            }

            return body;
        }
        catch
        {
            body.Dispose();
            throw;
        }
    }

    private async ValueTask AttemptAsync(
        PipelineMessage message, IReadOnlyList<PipelinePolicy> pipeline, int currentIndex, CallState state, string apiKey, bool async)
    {
        SealedCall call = state.Call!;
        call.Current = await BeginAttemptAsync(call, state, apiKey, async, message.CancellationToken).ConfigureAwait(false);
        bool done = false;
        try
        {
            using Deadline deadline = new(responseTimeout, time, message.CancellationToken, closing);
            state.Deadline = deadline.Token;
            bool buffered = await SendAsync(message, pipeline, currentIndex, call, deadline, async).ConfigureAwait(false);
            SessionSecret? secret = call.Current.Session;
            if (CallNote.Current is { } note && Receipts.Of(call) is { } receipt)
            {
                note.Take(receipt);
            }

            OpenedAnswer answer = await OpenAsync(message.Response!, call, buffered, deadline, async).ConfigureAwait(false);
            state.Repeats.Note(secret, answer.Error);
            done = true;
        }
        finally
        {
            // An event stream has taken the attempt over and left null here.
            call.Current?.Dispose();
            call.Current = null;
            if (!done)
            {
                message.Response?.Dispose();
            }
        }
    }

    private async ValueTask<SealedAttempt> BeginAttemptAsync(
        SealedCall call, CallState state, string apiKey, bool async, CancellationToken cancellationToken)
    {
        if (!call.Rule.IsSealed)
        {
            // It carries nothing, but not even that goes to a deployment that has not proved itself.
            (await sessions.AcquireAsync(apiKey, rejectedId: null, async, cancellationToken).ConfigureAwait(false)).Dispose();
            return engine.WithoutBody(call, apiKey);
        }

        RateLimitLease? permit = await Permits.TakeAsync(limiter, call.RequestId, async, cancellationToken).ConfigureAwait(false);
        try
        {
            SecretLease lease = await sessions.AcquireAsync(apiKey, state.Repeats.RejectedSecretId, async, cancellationToken).ConfigureAwait(false);
            SealedAttempt attempt = engine.Seal(call, lease, apiKey);
            attempt.Permit = permit;
            return attempt;
        }
        catch
        {
            permit?.Dispose();
            throw;
        }
    }

    /// <summary>Puts the sealed request in the message for the time of sending, and the caller's back afterwards.</summary>
    private static async ValueTask<bool> SendAsync(
        PipelineMessage message, IReadOnlyList<PipelinePolicy> pipeline, int currentIndex, SealedCall call, Deadline deadline, bool async)
    {
        using MessageSwap swap = new(message, call.Current!);
        try
        {
            if (async)
            {
                await ProcessNextAsync(message, pipeline, currentIndex).ConfigureAwait(false);
            }
            else
            {
                ProcessNext(message, pipeline, currentIndex);
            }
        }
        catch (OperationCanceledException) when (!message.CancellationToken.IsCancellationRequested)
        {
            throw deadline.CutOff(call.RequestId);
        }
        catch (ClientResultException exception) when (TransportFailure.Own(exception) is { } own)
        {
            ExceptionDispatchInfo.Throw(own);
        }

        return swap.WasBuffered;
    }

    private async ValueTask<OpenedAnswer> OpenAsync(PipelineResponse response, SealedCall call, bool buffered, Deadline deadline, bool async)
    {
        AnswerHead head = new()
        {
            Status = response.Status,
            ContentType = Header(response, ProtocolHeaders.ContentType),
            Encrypted = Header(response, ProtocolHeaders.Encrypted),
            RetryAfter = Header(response, ProtocolHeaders.RetryAfter),
        };
        OpenedAnswer answer = await answers.OpenAsync(
            head, response.ContentStream ?? Stream.Null, call, buffered, deadline, async).ConfigureAwait(false);
        response.ContentStream = answer.Content;
        if (answer.Error is not null)
        {
            ServiceErrors.Remember(response, answer.Error);
        }

        return answer;
    }

    private static string? Header(PipelineResponse response, string name) => response.Headers.TryGetValue(name, out string? value) ? value : null;
}
