using System.ClientModel;
using System.Text.Json;
using Privatemode.AI.Encryption;
using Privatemode.AI.Encryption.EventStream;
using Privatemode.AI.Encryption.Json;
using Privatemode.AI.Internal;
using Privatemode.AI.Pipeline.Answers;
using Privatemode.AI.Pipeline.Requests;
using Privatemode.AI.Pipeline.Transport;

namespace Privatemode.AI.LocalProxy;

/// <summary>Reads the answers of a local proxy with limits for size and time, and corrects what the OpenAI client cannot read. Nothing in the answers is
/// authenticated.</summary>
internal sealed class LocalProxyAnswers(TimeSpan idleTimeout, TimeProvider time)
{
    private const int ErrorLimit = 1024 * 1024;

    // The time for which the service keeps a secret, which limits a stream.
    private static readonly TimeSpan MaxStreamDuration = TimeSpan.FromHours(1);

    /// <param name="permit">The permit of the rate limiter. A stream of events that is not buffered releases it at its end.</param>
    public async ValueTask<CallAnswer> ReadAsync(ReceivedAnswer received, EncryptedCall call, IDisposable? permit, CallDeadline deadline, bool async)
    {
        int status = received.Head.Status;
        if (status >= 400)
        {
            using PooledPieces? error = await AnswerReader.TryReadAsync(received.Body, ErrorLimit, call, deadline, async).ConfigureAwait(false);
            return Error(received.Head, error, call);
        }

        if (status is < 200 or > 299 or 206)
        {
            throw new PrivatemodeServiceException(
                ServiceFailureReason.Other,
                $"The local proxy answered with status {status}, which Privatemode's proxy does not use. Redirects are not followed. Check " +
                $"{OptionNames.LocalProxy}.")
            {
                Status = status,
                RequestId = call.RequestId,
            };
        }

        if (call.Rule.IsEncrypted && received.Head.IsEventStream != call.WantsStream)
        {
            throw AnswerReader.IntegrityFailure(
                "unexpected-form", call.WantsStream ? "The answer is not a stream." : "The answer is a stream that was not requested.", call);
        }

        if (call.WantsStream)
        {
            LocalProxyEvents events = new(call) { Translator = call.Translation?.BeginStream() };
            IdleTimeoutStream network = new(received.Body, deadline.Left, idleTimeout, () => events.Count, time, call.RequestId);
            DecryptingEventStream stream = new(network, events, received.IsBuffered ? null : permit);

            // A stream that is neither read nor disposed must not keep its permit and its connection.
            network.EndAfter(MaxStreamDuration, stream);
            return received.IsBuffered
                ? new(await AnswerReader.BufferAsync(stream, call, deadline, async).ConfigureAwait(false), null)
                : new(stream, null, OwnsAttempt: true);
        }

        int limit = call.Rule.IsEncrypted ? AnswerReader.AnswerLimit : AnswerReader.UnencryptedAnswerLimit;
        using PooledPieces whole = await AnswerReader.ReadAsync(received.Body, limit, call, deadline, async).ConfigureAwait(false);
        return new(call.Rule.IsEncrypted ? Normalize(whole, call) : new MemoryStream(whole.ToArray()), null);
    }

    private CallAnswer Error(AnswerHeaders head, PooledPieces? error, EncryptedCall call)
    {
        ReadOnlySpan<byte> text = error is null ? default : error.Text.Whole;
        text = head.IsEventStream ? ErrorText.FirstEvent(text) : text;
        ServiceError read = ServiceError.Read(head.Status, text) with
        {
            RetryAfter = RetryAfter.Parse(head.RetryAfter, time.GetUtcNow()),
            RequestId = call.RequestId,
            Model = call.Model,
        };
        return new(AnswerReader.ErrorBody(call, read, text), read);
    }

    private static MemoryStream Normalize(PooledPieces answer, EncryptedCall call)
    {
        ResponseSchema shape = call.Rule.Answer!;
        using DecryptedDocument decrypted = new();
        AnswerFault fault = decrypted.ReadUnencrypted(answer.Text, shape.AllowsArray);
        if (fault != AnswerFault.None)
        {
            throw AnswerFaults.Exception(fault, call.Context);
        }

        LocalProxyErrors.ThrowIfError(decrypted, call.RequestId);
        if (shape.AllowsArray)
        {
            return decrypted.Detach();
        }

        if (!shape.HasPayload(decrypted))
        {
            throw AnswerFaults.Exception(AnswerFault.PayloadMissing, call.Context);
        }

        if (AnswerReader.HasNoChoice(decrypted, shape))
        {
            throw ServiceErrors.NoChoice(call.RequestId);
        }

        decrypted.ReplaceLoneSurrogates();
        return AnswerReader.Normalize(decrypted, call);
    }
}

/// <summary>Maps the failures of a local proxy to the exceptions of this library.</summary>
internal static class LocalProxyErrors
{
    /// <summary>Maps an exception of the OpenAI client like <see cref="ServiceErrors.Map"/>, and names the address that could not be reached.</summary>
    public static Exception Map(Exception exception, Uri proxy, string key, ServiceError? error)
    {
        Exception last = exception is AggregateException { InnerExceptions: [.., Exception inner] } ? inner : exception;
        return last is ClientResultException { Status: 0 } && !TransportExceptions.IsUnreadable(last) && !UserCallback.Threw(exception)
            ? new PrivatemodeServiceException(
                ServiceFailureReason.Unreachable,
                $"The local proxy at {proxy} could not be reached. Start privatemode-proxy on this machine, or correct {OptionNames.LocalProxy}.",
                last.InnerException)
            : ServiceErrors.Map(exception, key, error);
    }

    /// <exception cref="PrivatemodeServiceException">An answer or event with status 200 contains an error.</exception>
    public static void ThrowIfError(DecryptedDocument decrypted, string requestId)
    {
        if (decrypted.TryGet("error"u8, out ReadOnlySpan<byte> error, out JsonTokenType kind) && kind != JsonTokenType.Null)
        {
            throw ServiceErrors.FromErrorInAnswer(error, requestId, partReturned: false, isAuthenticated: false);
        }

        if (decrypted.TryGet("object"u8, out ReadOnlySpan<byte> type, out _) && type.SequenceEqual("\"error\""u8))
        {
            throw ServiceErrors.FromErrorInAnswer(decrypted.Text, requestId, partReturned: false, isAuthenticated: false);
        }
    }
}
