using System.ClientModel;
using System.ClientModel.Primitives;
using System.Runtime.CompilerServices;
using System.Runtime.ExceptionServices;
using System.Threading.RateLimiting;
using Privatemode.AI.Internal;
using Privatemode.AI.Pipeline.Answers;
using Privatemode.AI.Pipeline.Requests;
using Privatemode.AI.Pipeline.Transport;
using Privatemode.AI.Responses;
using Privatemode.AI.Sessions;

namespace Privatemode.AI.Pipeline.Calls;

/// <summary>
/// Runs a call: reads the plaintext once, encrypts an attempt, sends it with a carrier, and decrypts the answer. Repeats the attempt immediately if the
/// protocol requires it. Used by the OpenAI client's pipeline and by the message handler; only the pipeline also retries after a pause
/// (<see cref="PrivatemodeRetryPolicy"/>).
/// </summary>
internal sealed class CallRunner(
    RequestEncryptor encryptor, RemoteMediaResolver media, ResponsesTranslator responses, AnswerReader answers, SessionManager sessions, ApiKeys apiKeys,
        RateLimiter? limiter, TimeSpan responseTimeout, TimeProvider time, CancellationToken closing, ConnectionSlots? connections = null)
{
    private readonly CallPreparation _preparation = new(encryptor, media, responses, (apiKey, async, token) => VerifyAsync(sessions, apiKey, async, token));

    /// <summary>Runs a call until its carrier has a decrypted answer. Parts that the state contains already are not read from the carrier again.</summary>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    public async ValueTask RunAsync(ICallCarrier carrier, CallState state, bool async)
    {
        try
        {
            // One key for all attempts: the body with its salt belongs to this key.
            string apiKey = state.ApiKey ??= await apiKeys.ReadAsync(async, carrier.CancellationToken).ConfigureAwait(false);
            state.Call ??= await _preparation.PrepareAsync(carrier, apiKey, async).ConfigureAwait(false);
            using ConnectionSlots.Slot? slot = connections is null || !state.Call.Rule.IsEncrypted
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
                catch (Exception exception) when (state.SendBudget.CanRetryUnanswered(exception))
                {
                    await state.SendBudget.DelayAsync(async, carrier.CancellationToken).ConfigureAwait(false);
                }
            }
        }
        catch (PrivatemodeServiceException exception) when (exception.WasNotSent && state.SendBudget.HasSent && !UserCallback.Threw(exception))
        {
            // An earlier attempt of this call was sent. The exception is copied, not changed, because several calls can share it.
            throw exception.CopyForSentCall();
        }
    }

    /// <summary>Makes one attempt.</summary>
    /// <returns>False if it must be repeated immediately with a new secret; otherwise, the carrier has the answer.</returns>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<bool> TryAnswerAsync(ICallCarrier carrier, CallState state, string apiKey, ConnectionSlots.Slot? slot, bool async)
    {
        EncryptedCall call = state.Call!;
        CallAttempt attempt = await BeginAttemptAsync(call, state, apiKey, slot, async, carrier.CancellationToken).ConfigureAwait(false);

        // The disposal of the client does not end the deadline: an answer that has started may still be read.
        using CallDeadline deadline = new(responseTimeout, time, async, carrier.CancellationToken);
        ReceivedAnswer? received = null;
        bool isOwnedByAnswer = false;
        bool isAnswered = false;
        try
        {
            state.SendBudget.CountSend(time);
            received = await carrier.SendAsync(attempt, deadline, async).ConfigureAwait(false);
            SessionSecret? secret = attempt.Session;
            CallAnswer answer = await answers.ReadAsync(received, attempt, deadline, async).ConfigureAwait(false);
            state.SendBudget.Record(secret, answer.Error);
            if (state.SendBudget.CanRetryWithNewSecret())
            {
                received.Response.Dispose();
                return false;
            }

            carrier.SetAnswer(call, received, answer, answer.Error is { IsAuthenticated: false } ? null : attempt.CreateReceipt(secret));
            isOwnedByAnswer = answer.OwnsAttempt;
            isAnswered = answer.Error is null;
            return true;
        }
        catch (Exception exception)
        {
            received?.Response.Dispose();
            ThrowIfTranslated(received is null ? exception : null, deadline, call, closing);
            throw;
        }
        finally
        {
            EndAttempt(isOwnedByAnswer ? null : attempt, isAnswered ? null : call.Body);
        }
    }

    private static void EndAttempt(CallAttempt? attempt, RequestBody? body)
    {
        try
        {
            attempt?.Dispose();
        }
        finally
        {
            body?.EndAttempt();
        }
    }

    private async ValueTask<CallAttempt> BeginAttemptAsync(
        EncryptedCall call, CallState state, string apiKey, ConnectionSlots.Slot? slot, bool async, CancellationToken cancellationToken)
    {
        if (!call.Rule.IsEncrypted)
        {
            // The model list has no content, but it too is requested only from a verified deployment.
            await VerifyAsync(sessions, apiKey, async, cancellationToken).ConfigureAwait(false);
            return RequestEncryptor.WithoutBody(call, apiKey);
        }

        RateLimitPermit? permit = limiter is null
            ? null
            : await RateLimitGate.AcquireAsync(limiter, call.RequestId, async, cancellationToken, closing).ConfigureAwait(false);
        ConnectionSlots.Slot? share = slot?.AddHolder();
        SecretLease lease;
        try
        {
            lease = await sessions.AcquireAsync(apiKey, state.SendBudget.RejectedSecretId, async, cancellationToken, permit, share).ConfigureAwait(false);
        }
        catch
        {
            share?.Dispose();
            permit?.Dispose();
            throw;
        }

        return encryptor.Encrypt(call, lease, apiKey);
    }

    /// <summary>Throws an exception of this library in place of the transport's exception, if there is one for it.</summary>
    internal static void ThrowIfTranslated(Exception? thrown, CallDeadline deadline, EncryptedCall call, CancellationToken closing)
    {
        Exception? translated = thrown switch
        {
            OperationCanceledException when !deadline.Caller.IsCancellationRequested =>
                deadline.ToUnansweredException(call.RequestId, closing.IsCancellationRequested),
            OperationCanceledException cancelled when cancelled.CancellationToken != deadline.Caller =>
                new TaskCanceledException(cancelled.Message, cancelled, deadline.Caller),
            HttpRequestException when deadline.Caller.IsCancellationRequested => new TaskCanceledException(thrown.Message, thrown, deadline.Caller),
            ObjectDisposedException when closing.IsCancellationRequested => new ObjectDisposedException(nameof(PrivatemodeClient)),
            ClientResultException or HttpRequestException => TransportExceptions.FindOwn(thrown),
            _ => null,
        };
        if (translated is not null)
        {
            ExceptionDispatchInfo.Throw(translated);
        }
    }

    /// <summary>Ensures that the deployment is verified: only then is there a secret.</summary>
    private static async ValueTask VerifyAsync(SessionManager sessions, string apiKey, bool async, CancellationToken cancellationToken) =>
        (await sessions.AcquireAsync(apiKey, rejectedId: null, async, cancellationToken).ConfigureAwait(false)).Dispose();
}

/// <summary>The state of one call from its first attempt to its last.</summary>
internal sealed class CallState : IDisposable
{
    private BinaryContent? _content;

    public EncryptedCall? Call { get; set; }

    /// <summary>The API key of the call; null until it is requested.</summary>
    public string? ApiKey { get; set; }

    /// <summary>How often the retry policy has sent this call.</summary>
    public int RetryRounds { get; set; }

    /// <summary>Whether and why attempts were repeated immediately.</summary>
    public SendBudget SendBudget { get; } = new();

    public static CallState Begin(PipelineMessage message)
    {
        CallState state = new();
        message.SetProperty(typeof(CallState), state);
        return state;
    }

    public static CallState? Of(PipelineMessage message) =>
        message.TryGetProperty(typeof(CallState), out object? state) ? (CallState?)state : null;

    /// <summary>Discards the plaintext if the caller has put another body into the message since it was read.</summary>
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
