using System.Runtime.CompilerServices;
using System.Text.Json;
using Privatemode.AI.Diagnostics;
using Privatemode.AI.Encryption;
using Privatemode.AI.Encryption.EventStream;
using Privatemode.AI.Encryption.Json;
using Privatemode.AI.Internal;
using Privatemode.AI.Pipeline.Requests;
using Privatemode.AI.Receipts;

namespace Privatemode.AI.Pipeline.Answers;

/// <summary>Reads answers: complete, streamed, or errors. An answer that is not encrypted as required is refused.</summary>
internal sealed class AnswerReader(TimeSpan idleTimeout, TimeProvider time, ClientEvents events)
{
    /// <summary>The maximum size of a complete answer on the wire, in bytes.</summary>
    public const int AnswerLimit = 128 * 1024 * 1024;

    /// <summary>The maximum size of an error answer, in bytes; it is read in one piece.</summary>
    private const int ErrorLimit = PooledPieces.MaxFirstPieceSize;

    /// <summary>The maximum size of an unencrypted answer, in bytes. From 4 MiB on, the platform's parser allocates twice the text, and keeps it.</summary>
    internal const int UnencryptedAnswerLimit = 4 * 1024 * 1024 - 1024;

    /// <summary>Decrypts the answer to an attempt.</summary>
    /// <remarks>An event stream takes over the body and the attempt, see <see cref="CallAnswer.OwnsAttempt"/>; otherwise the body is closed.
    /// The deadline is for complete answers, and for event streams if the caller requires them in memory.</remarks>
    /// <exception cref="PrivatemodeIntegrityException">The answer was altered, truncated or not encrypted.</exception>
    /// <exception cref="PrivatemodeServiceException">The answer requires a newer client, or did not arrive in time.</exception>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<CallAnswer> ReadAsync(ReceivedAnswer received, CallAttempt attempt, CallDeadline deadline, bool async)
    {
        (AnswerHeaders head, Stream body) = (received.Head, received.Body);
        EncryptedCall call = attempt.Call;
        TelemetryOperation? operation = CallTelemetry.BeginDecryption(attempt, time);
        DecryptingEventStream? stream = null;
        try
        {
            if (head.Status >= 400)
            {
                using PooledPieces? error = await TryReadAsync(body, ErrorLimit, call, deadline, async).ConfigureAwait(false);
                CallAnswer refusal = error is null ? TooLongError(head, call) : ReadError(head, error.Text.Whole, attempt);
                LogError(refusal.Error!, call);
                operation?.EndWithErrorAnswer(head.Status);
                return refusal;
            }

            ThrowIfUnexpectedStatus(head, call);
            if (call.Rule.IsEncrypted && head.IsEventStream)
            {
                stream = BeginStream(body, attempt, operation, deadline);
                Stream decrypted = received.IsBuffered ? await BufferAsync(stream, call, deadline, async).ConfigureAwait(false) : stream;
                return new CallAnswer(decrypted, null, OwnsAttempt: true);
            }

            int limit = call.Rule.IsEncrypted ? AnswerLimit : UnencryptedAnswerLimit;
            using PooledPieces whole = await ReadAsync(body, limit, call, deadline, async).ConfigureAwait(false);
            MemoryStream content = call.Rule.IsEncrypted ? DecryptWhole(whole, attempt) : new MemoryStream(whole.ToArray());
            operation?.Succeed();
            return new CallAnswer(content, null);
        }
        catch (Exception exception) when (stream is null)
        {
            // A stream that has started reports its end itself.
            events.AnswerFailed(exception);
            operation?.Fail(exception);
            throw;
        }
    }

    private void LogError(ServiceError error, EncryptedCall call)
    {
        if (error.Kind == ServiceErrorKind.UnknownSecret)
        {
            events.SecretForgotten(call.Rule.Path, call.RequestId);
        }
        else if (error.Status == 429)
        {
            events.RateLimited(call.Rule.Path, call.RequestId, error.RetryAfter);
        }
    }

    private static void ThrowIfUnexpectedStatus(AnswerHeaders head, EncryptedCall call)
    {
        if (!head.IsSuccess)
        {
            throw ServiceFailure(
                ServiceFailureReason.Other,
                $"The service answered with status {head.Status}, which is neither success nor error. Check Endpoint, and any proxies in between.", head, call);
        }

        if (call.Rule.IsEncrypted)
        {
            ThrowIfNotEncrypted(head, call);
        }

        if (head.Status == 206)
        {
            // No request of this library asks for a part, so the answer does not come from the service.
            throw ServiceFailure(
                ServiceFailureReason.Other,
                "The answer has status 206 (partial content), which was not requested. Check Endpoint, and any proxies in between.", head, call);
        }
    }

    private static void ThrowIfNotEncrypted(AnswerHeaders head, EncryptedCall call)
    {
        if (head.IsMarkedUnencrypted)
        {
            throw IntegrityFailure("unsealed-answer", "The headers of the answer state that it is not encrypted.", call);
        }

        if (head.IsNewerFormat)
        {
            throw ServiceFailure(
                ServiceFailureReason.ClientTooOld, $"The service answers in a newer format. {ClientTooOldAdvice.Advice}", head, call);
        }

        if (head.IsEventStream != call.WantsStream)
        {
            throw IntegrityFailure("unexpected-form", head.IsEventStream ? "The answer is a stream, but no stream was requested."
                : "The answer is not a stream, but a stream was requested.", call);
        }
    }

    private static PrivatemodeServiceException ServiceFailure(ServiceFailureReason reason, string text, AnswerHeaders head, EncryptedCall call) =>
        new(reason, text) { Status = head.Status, RequestId = call.RequestId };

    /// <summary>Creates the stream, which then owns the attempt.</summary>
    private DecryptingEventStream BeginStream(Stream body, CallAttempt attempt, TelemetryOperation? operation, CallDeadline deadline)
    {
        EncryptedCall call = attempt.Call;
        EventRules rules = RulesOf(call);
        EventDecryptor decryptor = attempt.Exchange!.DecryptEvents(rules, call.Context, call.Translation?.BeginStream());

        TimeSpan left = attempt.Session!.LeftAtService(time);
        IdleTimeoutStream network = new(body, deadline.Left, idleTimeout, () => decryptor.AuthenticEvents, time, call.RequestId);
        bool isWatched = operation is not null || events.HearsOfAnswers;
        DecryptingEventStream stream = new(network, decryptor, isWatched ? new InstrumentedAttempt(attempt, decryptor, network, operation, events) : attempt);
        network.EndAfter(left, stream);
        return stream;
    }

    internal static EventRules RulesOf(EncryptedCall call) => call.Rule.Stream switch
    {
        StreamKind.Transcription => new TranscriptionEventRules(call.RequestId, call.EndsWithUsage, call.HidesUsage, call.KeepsUsage),
        StreamKind.Messages => new MessageEventRules(call.RequestId),
        _ => new ChoiceEventRules(call.Rule, call.Choices, call.RequestId, ReceiptScope.Current, call.KeepsUsage, call.EndsWithUsage),
    };

    /// <summary>Reads a complete event stream, for a caller who requires the answer in memory.</summary>
    internal static async ValueTask<Stream> BufferAsync(DecryptingEventStream events, EncryptedCall call, CallDeadline deadline, bool async)
    {
        using PooledPieces whole = await ReadAsync(events, AnswerLimit, call, deadline, async).ConfigureAwait(false);
        return new MemoryStream(whole.ToArray());
    }

    private static MemoryStream DecryptWhole(PooledPieces answer, CallAttempt attempt)
    {
        EncryptedCall call = attempt.Call;
        ResponseSchema shape = call.Rule.Answer!;
        using DecryptedDocument decrypted = new();
        AnswerFault fault = Decrypt(answer, attempt, decrypted);

        // The next step may need memory for a second copy of the decrypted text.
        answer.Dispose();
        decrypted.ReplaceLoneSurrogates();
        fault = fault == AnswerFault.None ? CheckPayload(decrypted, call) : fault;
        fault = fault == AnswerFault.None ? AnswerMembers.ValidateWhole(decrypted, call) : fault;
        fault = fault == AnswerFault.None && call.Rule.Stream == StreamKind.Messages && !MessageEventRules.IsCalled(decrypted, "message"u8)
            ? AnswerFault.InvalidUnauthenticatedMember
            : fault;
        if (fault != AnswerFault.None)
        {
            throw AnswerFaults.Exception(fault, call.Context);
        }

        if (HasNoChoice(decrypted, shape))
        {
            throw ServiceErrors.NoChoice(call.RequestId);
        }

        return Normalize(decrypted, call);
    }

    /// <summary>Corrects what readers of a complete answer cannot read, and returns its text.</summary>
    internal static MemoryStream Normalize(DecryptedDocument decrypted, EncryptedCall call)
    {
        ResponseSchema shape = call.Rule.Answer!;
        ClearMemberValidator.Normalize(decrypted, shape.Plain, nullsStay: call.Rule.Stream == StreamKind.Messages);
        CreatedTimeNormalizer.Normalize(decrypted);
        if (call.Rule == EndpointRules.Embeddings)
        {
            EmbeddingVectors.ThrowIfUnusable(decrypted, call.RequestId);
        }

        if (shape.Payload.Span.SequenceEqual("choices"u8))
        {
            new ChoiceNormalizer(call.Rule.HasMessages, isEvent: false, call.RequestId, ReceiptScope.Current).Normalize(decrypted, indexes: []);
        }

        if (call.Rule.Stream == StreamKind.Transcription)
        {
            TranscriptionDurationNormalizer.Normalize(decrypted);
        }

        return call.Translation is { } translation ? translation.TranslateWhole(decrypted) : decrypted.Detach();
    }

    // A separate method, because a span on the caller's stack would keep the text from being collected when a longer one replaces it.
    [MethodImpl(MethodImplOptions.NoInlining)]
    internal static bool HasNoChoice(DecryptedDocument decrypted, ResponseSchema shape) => shape.Payload.Span.SequenceEqual("choices"u8)
        && decrypted.TryGet("choices"u8, out ReadOnlySpan<byte> choices, out _) && JsonKind.IsEmptyArray(choices);

    // A separate method, because its stack would keep the pieces of the answer from being collected.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static AnswerFault Decrypt(PooledPieces answer, CallAttempt attempt, DecryptedDocument decrypted)
    {
        ResponseSchema schema = attempt.Call.Rule.Answer!;
        AnswerFault fault = attempt.Exchange!.Decrypt(answer.Text, schema, decrypted);
        return fault == AnswerFault.NothingEncrypted && schema.AllowsArray && IsList(answer.Text) ? AnswerFault.EmptyDocument : fault;
    }

    /// <summary>Whether a JSON document is a list.</summary>
    private static bool IsList(Utf8Sequence document)
    {
        Utf8JsonReader reader = document.Read(JsonLimits.MaxDepth);
        return reader.Read() && reader.TokenType == JsonTokenType.StartArray;
    }

    /// <exception cref="PrivatemodeException">The answer contains an error instead of the payload.</exception>
    private static AnswerFault CheckPayload(DecryptedDocument decrypted, EncryptedCall call)
    {
        ResponseSchema shape = call.Rule.Answer!;
        bool hasPayload = shape.HasPayload(decrypted);
        if (!hasPayload || HasNoChoice(decrypted, shape))
        {
            _ = ErrorAnswer.Check(decrypted, call.RequestId, partReturned: false);
        }

        return hasPayload ? AnswerFault.None : AnswerFault.PayloadMissing;
    }

    private CallAnswer ReadError(AnswerHeaders head, ReadOnlySpan<byte> body, CallAttempt attempt)
    {
        EncryptedCall call = attempt.Call;
        ReadOnlySpan<byte> text = head.IsEventStream ? ErrorText.FirstEvent(body) : body;
        bool isAuthenticated = false;
        using DecryptedDocument decrypted = new();
        if (call.Rule.IsEncrypted && !head.IsMarkedUnencrypted)
        {
            AnswerFault fault = attempt.Exchange!.Decrypt(text, call.Rule.Answer!, decrypted);
            isAuthenticated = fault == AnswerFault.None;

            // Not in encrypted form: something on the path wrote it. In encrypted form but invalid: it was altered.
            if (fault is not (
                AnswerFault.None or AnswerFault.NotJson or AnswerFault.DuplicateName or AnswerFault.UnencryptedMember or AnswerFault.NothingEncrypted))
            {
                throw AnswerFaults.Exception(fault, call.Context);
            }

            // The status is not authenticated. Without this check, an answer whose status was changed would be read as the text of an error.
            if (isAuthenticated && (call.Rule.Answer!.HasPayload(decrypted) || !ErrorAnswer.IsOne(decrypted, call.Rule, head.Status)))
            {
                throw IntegrityFailure(
                    "relabelled-answer", $"An answer that is not an error has the status {head.Status}, which must have been changed on the way.", call);
            }

            text = isAuthenticated ? decrypted.Text : text;
        }

        ServiceError error = ServiceError.Read(head.Status, text, isAuthenticated) with
        {
            ConcernsProtocol = call.Rule.IsEncrypted && !isAuthenticated && (head.IsNewerFormat || head is { Status: 400, IsMarkedUnencrypted: true }),
            RetryAfter = RetryAfter.Parse(head.RetryAfter, time.GetUtcNow()),
            RequestId = call.RequestId,
            Model = call.Model,
        };
        return new CallAnswer(ErrorBody(call, error, text), error);
    }

    /// <summary>Returns the body of an error for the caller, in the form of the caller's endpoint.</summary>
    internal static MemoryStream ErrorBody(EncryptedCall call, ServiceError error, ReadOnlySpan<byte> text) =>
        new(call.Translation is { } translation ? translation.TranslateError(error.Status, text) : text.ToArray());

    /// <summary>Model servers repeat the request they reject, images included, so a long error does not mean that it was altered on the way.</summary>
    private CallAnswer TooLongError(AnswerHeaders head, EncryptedCall call)
    {
        ServiceError error = new(head.Status)
        {
            IsTooLong = true,
            RetryAfter = RetryAfter.Parse(head.RetryAfter, time.GetUtcNow()),
            RequestId = call.RequestId,
            Model = call.Model,
        };
        return new CallAnswer(ErrorBody(call, error, default), error);
    }

    /// <exception cref="PrivatemodeIntegrityException">The body is longer than <paramref name="limit"/>, or incomplete.</exception>
    internal static async ValueTask<PooledPieces> ReadAsync(Stream body, int limit, EncryptedCall call, CallDeadline deadline, bool async) =>
        await TryReadAsync(body, limit, call, deadline, async).ConfigureAwait(false)
            ?? throw IntegrityFailure("too-long", $"The answer is longer than {limit} bytes.", call);

    /// <summary>Reads and closes the body; null if it is longer than <paramref name="limit"/> bytes.</summary>
    internal static async ValueTask<PooledPieces?> TryReadAsync(Stream body, int limit, EncryptedCall call, CallDeadline deadline, bool async)
    {
        PooledPieces whole = new();
        bool isWhole = false;
        try
        {
            isWhole = await BoundedReader.TryReadAsync(body, whole, limit, async, deadline.Token).ConfigureAwait(false);
            return isWhole ? whole : null;
        }
        catch (Exception exception) when (
            deadline.Token.IsCancellationRequested && exception is OperationCanceledException or ObjectDisposedException or IOException)
        {
            throw deadline.ToUnansweredException(call.RequestId);
        }
        catch (IOException)
        {
            throw IntegrityFailure("truncated-answer", "The connection was lost before the answer was complete.", call);
        }
        finally
        {
            if (!isWhole)
            {
                whole.Dispose();
            }

            if (async)
            {
                await body.DisposeAsync().ConfigureAwait(false);
            }
            else
            {
                body.Dispose();
            }
        }
    }

    internal static PrivatemodeIntegrityException IntegrityFailure(string failure, string text, EncryptedCall call) =>
        new(failure, $"{text} Do not use this answer.") { EndpointPath = call.Rule.Path, RequestId = call.RequestId };
}

/// <summary>Status and headers of an HTTP answer; none of it is authenticated.</summary>
internal readonly record struct AnswerHeaders
{
    public required int Status { get; init; }

    public string? ContentType { get; init; }

    /// <summary>Value of <c>Privatemode-Encrypted</c>.</summary>
    public string? Encrypted { get; init; }

    /// <summary>Value of <c>Retry-After</c>.</summary>
    public string? RetryAfter { get; init; }

    public bool IsSuccess => Status is >= 200 and <= 299;

    public bool IsEventStream => ContentType?.Contains("event-stream", StringComparison.OrdinalIgnoreCase) == true;

    /// <summary>Whether the headers state that the answer is not encrypted.</summary>
    public bool IsMarkedUnencrypted => Encrypted == "false";

    /// <summary>Whether the answer has the format of newer services, in which the whole body is encrypted.</summary>
    public bool IsNewerFormat => ContentType?.StartsWith("application/vnd.privatemode.encrypted-body", StringComparison.OrdinalIgnoreCase) == true;
}

/// <summary>An answer as it comes from the network.</summary>
/// <param name="Head">Status and headers.</param>
/// <param name="Body">The body, not yet read.</param>
/// <param name="Response">The response with its connection. The owner of the answer disposes it.</param>
/// <param name="IsBuffered">Whether the caller requires even an event stream in memory.</param>
internal sealed record ReceivedAnswer(AnswerHeaders Head, Stream Body, IDisposable Response, bool IsBuffered);

/// <summary>An answer for the caller.</summary>
/// <param name="Content">The decrypted body: in memory, or a stream of events as they come.</param>
/// <param name="Error">The error in an answer of status 400 or more; null for a success.</param>
/// <param name="OwnsAttempt">Whether the content is, or was read from, a stream of events, which disposes the attempt at its end.</param>
internal readonly record struct CallAnswer(Stream Content, ServiceError? Error, bool OwnsAttempt = false);
