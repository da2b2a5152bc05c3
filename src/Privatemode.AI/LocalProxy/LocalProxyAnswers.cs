using System.ClientModel;
using System.Net.Http.Headers;
using System.Text.Json;
using Privatemode.AI.Encryption;
using Privatemode.AI.Encryption.EventStream;
using Privatemode.AI.Encryption.Json;
using Privatemode.AI.Internal;
using Privatemode.AI.Pipeline.Answers;
using Privatemode.AI.Pipeline.Requests;
using Privatemode.AI.Pipeline.Transport;

namespace Privatemode.AI.LocalProxy;

/// <summary>An answer for the caller.</summary>
/// <param name="Content">The body: in memory, or a stream of events.</param>
/// <param name="ContentType">Its media type.</param>
/// <param name="Error">What it says, if its status is 400 or more.</param>
internal readonly record struct LocalProxyAnswer(Stream Content, string ContentType, ServiceError? Error = null)
{
    /// <summary>Whether the content is a stream, which then owns the permit and the connection.</summary>
    public bool IsStream => Content is DecryptingEventStream;
}

/// <summary>Reads the answers of a local proxy, bounded in size and time, and corrects what the OpenAI client cannot read. Nothing in them is
/// authenticated.</summary>
internal sealed class LocalProxyAnswers(TimeSpan idleTimeout, TimeProvider time)
{
    private const int ErrorLimit = 1024 * 1024;

    // As long as the service keeps a secret, and with it a stream.
    private static readonly TimeSpan LongestStream = TimeSpan.FromHours(1);

    /// <param name="wire">The response.</param>
    /// <param name="body">Its body.</param>
    /// <param name="call">The call.</param>
    /// <param name="isBuffered">Whether the caller wants the whole answer in memory, also if it is a stream of events.</param>
    /// <param name="permit">The permit of the rate limiter. A stream of events that is not buffered releases it at its end.</param>
    /// <param name="deadline">The deadline of the attempt.</param>
    /// <param name="async">False if the caller is synchronous.</param>
    public async ValueTask<LocalProxyAnswer> ReadAsync(
        HttpResponseMessage wire, Stream body, EncryptedCall call, bool isBuffered, IDisposable? permit, CallDeadline deadline, bool async)
    {
        int status = (int)wire.StatusCode;
        if (status >= 400)
        {
            using PooledPieces? error = await AnswerReader.TryReadAsync(body, ErrorLimit, call, deadline, async).ConfigureAwait(false);
            return Error(wire, error, call.RequestId);
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

        if (call.Rule.IsSealed && IsEventStream(wire) != call.WantsStream)
        {
            throw AnswerReader.IntegrityFailure(
                "unexpected-form", call.WantsStream ? "The answer is not a stream." : "The answer is a stream that was not requested.", call);
        }

        if (call.WantsStream)
        {
            LocalProxyEvents events = new(call);
            IdleTimeoutStream network = new(body, deadline.Left, idleTimeout, () => events.Count, time, call.RequestId);
            DecryptingEventStream stream = new(network, events, isBuffered ? null : permit);

            // A stream that is neither read nor disposed must not keep its permit and its connection.
            network.EndAfter(LongestStream, stream);
            return new(isBuffered ? await AnswerReader.BufferAsync(stream, call, deadline, async).ConfigureAwait(false) : stream, "text/event-stream");
        }

        int limit = call.Rule.IsSealed ? AnswerReader.AnswerLimit : AnswerReader.PlainLimit;
        using PooledPieces whole = await AnswerReader.ReadAsync(body, limit, call, deadline, async).ConfigureAwait(false);
        return new(call.Rule.IsSealed ? Normalize(whole, call) : new MemoryStream(whole.ToArray()), "application/json");
    }

    private LocalProxyAnswer Error(HttpResponseMessage wire, PooledPieces? error, string requestId)
    {
        ReadOnlySpan<byte> text = error is null ? default : error.Text.Whole;
        text = IsEventStream(wire) ? ErrorText.FirstEvent(text) : text;
        bool isJson = text.TrimStart(" \t\r\n"u8) is [(byte)'{' or (byte)'[', ..];
        string? pause = wire.Headers.NonValidated.TryGetValues(ProtocolHeaders.RetryAfter, out HeaderStringValues values) ? values.ToString() : null;
        return new(new MemoryStream(text.ToArray()), isJson ? "application/json" : "text/plain", ServiceError.Read((int)wire.StatusCode, text) with
        {
            RetryAfter = RetryAfter.Parse(pause, time.GetUtcNow()),
            RequestId = requestId,
        });
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

    private static bool IsEventStream(HttpResponseMessage wire) =>
        wire.Content.Headers.NonValidated.TryGetValues(ProtocolHeaders.ContentType, out HeaderStringValues values)
        && values.ToString().Contains("event-stream", StringComparison.OrdinalIgnoreCase);
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

    /// <exception cref="PrivatemodeServiceException">An answer or event of status 200 is an error.</exception>
    public static void ThrowIfError(DecryptedDocument decrypted, string requestId)
    {
        if (decrypted.TryGet("error"u8, out ReadOnlySpan<byte> error, out JsonTokenType kind) && kind != JsonTokenType.Null)
        {
            throw ServiceErrors.FromErrorInAnswer(error, requestId, handedOut: false, isAuthenticated: false);
        }

        if (decrypted.TryGet("object"u8, out ReadOnlySpan<byte> type, out _) && type.SequenceEqual("\"error\""u8))
        {
            throw ServiceErrors.FromErrorInAnswer(decrypted.Text, requestId, handedOut: false, isAuthenticated: false);
        }
    }
}
