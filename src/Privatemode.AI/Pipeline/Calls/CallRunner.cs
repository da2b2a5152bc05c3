using System.ClientModel;
using System.ClientModel.Primitives;
using System.Runtime.ExceptionServices;
using System.Threading.RateLimiting;
using Privatemode.AI.Encryption;
using Privatemode.AI.Internal;
using Privatemode.AI.Pipeline.Answers;
using Privatemode.AI.Pipeline.Requests;
using Privatemode.AI.Pipeline.Transport;
using Privatemode.AI.Sessions;

namespace Privatemode.AI.Pipeline.Calls;

/// <summary>
/// Runs a call: takes the plaintext once, then seals an attempt, has it carried, and opens the answer; once more where the protocol wants it.
/// The same for every way in. Retries beyond that are the business of whoever calls.
/// </summary>
internal sealed class CallRunner(
    RequestEncryptor engine, RemoteMediaResolver media, AnswerReader answers, SessionManager sessions, ApiKeys apiKeys, RateLimiter? limiter,
        TimeSpan responseTimeout, TimeProvider time, CancellationToken closing, ConnectionSlots? connections = null)
{
    private const int RoomForAdditions = 1024;

    private static readonly TimeSpan PauseAfterEnd = TimeSpan.FromMilliseconds(50);

    // A connection that had gone stale in the pool ends at once. Later, the service may be at work on the call already.
    private static readonly TimeSpan LatestEnd = TimeSpan.FromSeconds(5);

    /// <summary>Runs a call until its carrier has an opened answer. What the state holds already is not taken from the carrier again.</summary>
    public async ValueTask RunAsync(ICallCarrier carrier, CallState state, bool async)
    {
        // Once for all attempts: the body under its salt belongs to whoever called.
        string apiKey = state.ApiKey ??= await apiKeys.ReadAsync(async, carrier.CancellationToken).ConfigureAwait(false);
        state.Call ??= await PrepareAsync(carrier, apiKey, async).ConfigureAwait(false);
        using ConnectionSlots.Slot? slot = connections is null || !state.Call.Rule.IsSealed
            ? null
            : await connections.AcquireAsync(async, carrier.CancellationToken, closing).ConfigureAwait(false);
        while (true)
        {
            try
            {
                if (await TryAnswerAsync(carrier, state, apiKey, slot, async).ConfigureAwait(false))
                {
                    return;
                }
            }
            catch (Exception exception) when (
                TransportExceptions.IsUnanswered(exception) && !UserCallback.Threw(exception) && time.GetElapsedTime(state.SentAt) < LatestEnd
                && state.Repeats.MayRepeatUnanswered())
            {
                await time.DelayAsync(PauseAfterEnd, async, carrier.CancellationToken).ConfigureAwait(false);
            }
        }
    }

    private async ValueTask<EncryptedCall> PrepareAsync(ICallCarrier carrier, string apiKey, bool async)
    {
        EndpointRule rule = engine.Match(carrier.Method, carrier.Address, carrier.Headers);
        if (!rule.IsSealed)
        {
            return carrier.HasBody
                ? throw new PrivatemodeWouldLeakException(
                    "unexpected-body", $"The endpoint {rule.Path} takes no body, and one would travel in the clear. Leave it out.")
                : engine.PrepareWithoutBody(rule);
        }

        PooledBytes bytes = await SnapshotAsync(carrier, rule.PlainLimit, async).ConfigureAwait(false);
        RequestBody body = RequestEncryptor.Read(rule, bytes, carrier.ContentType);
        try
        {
            if (body is JsonRequestBody json)
            {
                await ResolveMediaAsync(rule, json, apiKey, async, carrier.CancellationToken).ConfigureAwait(false);
            }
        }
        catch
        {
            body.Dispose();
            throw;
        }

        return engine.Prepare(rule, body, apiKey);
    }

    private async ValueTask ResolveMediaAsync(EndpointRule rule, JsonRequestBody body, string apiKey, bool async, CancellationToken cancellationToken)
    {
        if (media.FetchesHere)
        {
            // The addresses of images are content too: their hosts see them only on behalf of a deployment that proved itself.
            (await sessions.AcquireAsync(apiKey, rejectedId: null, async, cancellationToken).ConfigureAwait(false)).Dispose();
        }

        await media.ResolveAsync(rule, body, async, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>A buffer for a plaintext of this length, with room for what is added: a salt, a field of a form. Without that a large body would be
    /// copied into a buffer of twice its length.</summary>
    internal static PooledBytes NewSnapshot(long length) => new((int)(length + RoomForAdditions));

    /// <summary>The plaintext, taken once: the content may be a stream that cannot be read again.</summary>
    private static async ValueTask<PooledBytes> SnapshotAsync(ICallCarrier carrier, int limit, bool async)
    {
        long length = carrier.BodyLength ?? 0;
        PooledWriteStream.Demand(length, limit);
        PooledBytes body = NewSnapshot(length);
        try
        {
            if (carrier.HasBody)
            {
                using PooledWriteStream writer = new(body, limit);
                await carrier.WriteBodyAsync(writer, async).ConfigureAwait(false);
            }

            return body;
        }
        catch
        {
            body.Dispose();
            throw;
        }
    }

    /// <summary>Makes one attempt.</summary>
    /// <returns>False if it is to be repeated at once with a new secret; otherwise, the carrier has the answer.</returns>
    private async ValueTask<bool> TryAnswerAsync(ICallCarrier carrier, CallState state, string apiKey, ConnectionSlots.Slot? slot, bool async)
    {
        EncryptedCall call = state.Call!;
        CallAttempt attempt = await BeginAttemptAsync(call, state, apiKey, slot, async, carrier.CancellationToken).ConfigureAwait(false);
        bool isOwnedByAnswer = false;
        bool isAnswered = false;
        try
        {
            // Not the end of the client: an answer that is under way may still be read.
            using CallDeadline deadline = new(responseTimeout, time, async, carrier.CancellationToken);
            state.Deadline = deadline.Token;
            state.Repeats.CountSend();
            state.SentAt = time.GetTimestamp();
            ReceivedAnswer received = await SendAsync(carrier, attempt, deadline, async).ConfigureAwait(false);
            SessionSecret? secret = attempt.Session;
            try
            {
                CallAnswer answer = await answers.ReadAsync(received.Head, received.Body, attempt, received.IsBuffered, deadline, async).ConfigureAwait(false);
                state.Repeats.Note(secret, answer.Error);
                if (state.Repeats.MayRepeatWithNewSecret())
                {
                    received.Response.Dispose();
                    return false;
                }

                carrier.Take(call, received, answer, answer.Error is { IsAuthenticated: false } ? null : attempt.CreateReceipt(secret));
                isOwnedByAnswer = answer.OwnsAttempt;
                isAnswered = answer.Error is null;
                return true;
            }
            catch
            {
                received.Response.Dispose();
                throw;
            }
        }
        finally
        {
            try
            {
                if (!isOwnedByAnswer)
                {
                    attempt.Dispose();
                }
            }
            finally
            {
                if (!isAnswered)
                {
                    call.Body?.EndAttempt();
                }
            }
        }
    }

    private async ValueTask<CallAttempt> BeginAttemptAsync(
        EncryptedCall call, CallState state, string apiKey, ConnectionSlots.Slot? slot, bool async, CancellationToken cancellationToken)
    {
        if (!call.Rule.IsSealed)
        {
            // It carries nothing, but not even that goes to a deployment that has not proved itself.
            (await sessions.AcquireAsync(apiKey, rejectedId: null, async, cancellationToken).ConfigureAwait(false)).Dispose();
            return RequestEncryptor.WithoutBody(call, apiKey);
        }

        RateLimitLease? permit = limiter is null
            ? null
            : await RateLimitGate.AcquireAsync(limiter, call.RequestId, async, cancellationToken, closing).ConfigureAwait(false);
        ConnectionSlots.Slot? share = slot?.AddHolder();
        SecretLease lease;
        try
        {
            lease = await sessions.AcquireAsync(apiKey, state.Repeats.RejectedSecretId, async, cancellationToken, permit, share).ConfigureAwait(false);
        }
        catch
        {
            share?.Dispose();
            permit?.Dispose();
            throw;
        }

        return engine.Seal(call, lease, apiKey);
    }

    private async ValueTask<ReceivedAnswer> SendAsync(ICallCarrier carrier, CallAttempt attempt, CallDeadline deadline, bool async)
    {
        try
        {
            return await carrier.SendAsync(attempt, deadline, async).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!carrier.CancellationToken.IsCancellationRequested)
        {
            throw deadline.ToException(CallDeadline.NoAnswer, attempt.Call.RequestId, closing.IsCancellationRequested);
        }
        catch (ObjectDisposedException) when (closing.IsCancellationRequested)
        {
            throw new ObjectDisposedException(nameof(PrivatemodeClient));
        }
        catch (Exception exception) when (exception is ClientResultException or HttpRequestException && TransportExceptions.FindOwn(exception) is { } own)
        {
            ExceptionDispatchInfo.Throw(own);
            throw;
        }
    }
}

/// <summary>What one call carries from its first attempt to its last.</summary>
internal sealed class CallState : IDisposable
{
    private BinaryContent? _content;

    public EncryptedCall? Call { get; set; }

    /// <summary>Whose call it is; null until that is asked.</summary>
    public string? ApiKey { get; set; }

    /// <summary>Cancelled when the attempt under way has taken too long.</summary>
    public CancellationToken Deadline { get; set; }

    /// <summary>When the attempt under way was handed to the transport, by the monotonic clock: what the call waited for before does not count.</summary>
    public long SentAt { get; set; }

    /// <summary>How often the retry policy has let this call through.</summary>
    public int Tries { get; set; }

    /// <summary>Whether and why attempts were repeated at once.</summary>
    public ImmediateRetryBudget Repeats { get; } = new();

    public static CallState Begin(PipelineMessage message)
    {
        CallState state = new();
        message.SetProperty(typeof(CallState), state);
        return state;
    }

    public static CallState? Of(PipelineMessage message) =>
        message.TryGetProperty(typeof(CallState), out object? state) ? (CallState?)state : null;

    /// <summary>Drops the plaintext taken before if the caller has put another body into the message since.</summary>
    public void ForgetUnless(BinaryContent? content)
    {
        if (!ReferenceEquals(content, _content))
        {
            Call?.Dispose();
            Call = null;
            _content = content;
        }
    }

    public void Dispose()
    {
        Call?.Dispose();
        Call = null;
    }
}
