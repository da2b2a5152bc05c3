using System.ClientModel;
using System.ClientModel.Primitives;
using System.Net;
using System.Net.Http.Headers;
using System.Runtime.CompilerServices;
using System.Runtime.ExceptionServices;
using Privatemode.AI.Diagnostics;
using Privatemode.AI.Internal;
using Privatemode.AI.Pipeline.Answers;
using Privatemode.AI.Pipeline.Requests;
using Privatemode.AI.Pipeline.Transport;
using Privatemode.AI.Receipts;

namespace Privatemode.AI.Pipeline.Calls;

/// <summary>
/// Encrypts every attempt anew and decrypts its answer. It runs after the retry policy, so that a retry is a new exchange, and before
/// message logging, so that logs contain only ciphertext.
/// </summary>
internal sealed class EncryptionPolicy(CallRunner runner) : PipelinePolicy
{
    public override void Process(PipelineMessage message, IReadOnlyList<PipelinePolicy> pipeline, int currentIndex) =>
        ProcessAsync(message, pipeline, currentIndex, async: false).Completed();

    public override ValueTask ProcessAsync(PipelineMessage message, IReadOnlyList<PipelinePolicy> pipeline, int currentIndex) =>
        ProcessAsync(message, pipeline, currentIndex, async: true);

    private ValueTask ProcessAsync(PipelineMessage message, IReadOnlyList<PipelinePolicy> pipeline, int currentIndex, bool async)
    {
        CallState state = CallState.Of(message) ?? throw new InvalidOperationException("The call policy is missing from the pipeline.");
        state.RetryRounds++;
        state.ForgetUnless(message.Request.Content);
        return runner.RunAsync(new MessageCarrier(message, pipeline, currentIndex), state, async);
    }

    /// <summary>Sends attempts in the message, through the policies after this one.</summary>
    private sealed class MessageCarrier(PipelineMessage message, IReadOnlyList<PipelinePolicy> pipeline, int currentIndex) : ICallCarrier
    {
        public string Method => message.Request.Method;

        public Uri Address => message.Request.Uri ?? throw new InvalidOperationException("The request has no address.");

        public IEnumerable<KeyValuePair<string, string>> Headers => message.Request.Headers;

        public string? ContentType => message.Request.Headers.TryGetValue(ProtocolHeaders.ContentType, out string? type) ? type : null;

        public bool HasBody => message.Request.Content is not null;

        public bool WantsReceipt => ReceiptScope.Current is not null;

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

            ReceiptScope.Current?.RequestWritten();
        }

        /// <summary>Puts the encrypted request into the message while it is sent, and restores the caller's request afterwards.</summary>
        [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
        public async ValueTask<ReceivedAnswer> SendAsync(CallAttempt attempt, CallDeadline deadline, bool async)
        {
            using EncryptedMessageScope scope = new(message, attempt, deadline);
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
            catch
            {
                message.Response?.Dispose();
                throw;
            }

            PipelineResponse response = message.Response!;
            AnswerHeaders head = new()
            {
                Status = scope.ReceivedStatus,
                ContentType = Header(response, ProtocolHeaders.ContentType),
                Encrypted = Header(response, ProtocolHeaders.Encrypted),
                RetryAfter = Header(response, ProtocolHeaders.RetryAfter),
            };
            return new ReceivedAnswer(head, response.ContentStream ?? Stream.Null, response, scope.WasBuffered);
        }

        public void SetAnswer(EncryptedCall call, ReceivedAnswer received, CallAnswer answer, EncryptionReceipt? receipt)
        {
            message.Response!.ContentStream = answer.Content;
            ReceiptScope.Current?.SetAnswer(answer.Content, receipt, answer.Error);
        }

        private static string? Header(PipelineResponse response, string name) =>
            response.Headers.TryGetValue(name, out string? value) ? value : null;
    }
}

/// <summary>A call in the caller's form: a message of the OpenAI client's pipeline, or an HTTP request.</summary>
internal interface ICallSource
{
    string Method { get; }

    /// <summary>The address that the caller requested.</summary>
    Uri Address { get; }

    /// <summary>The caller's headers, which must meet the rules of the endpoint.</summary>
    IEnumerable<KeyValuePair<string, string>> Headers { get; }

    /// <summary>The value of the caller's <c>Content-Type</c>, or null.</summary>
    string? ContentType { get; }

    bool HasBody { get; }

    /// <summary>Whether a receipt is returned; otherwise, none is created.</summary>
    bool WantsReceipt { get; }

    /// <summary>The length of the caller's body in bytes, if it is known.</summary>
    long? BodyLength { get; }

    /// <summary>The caller's cancellation.</summary>
    CancellationToken CancellationToken { get; }

    /// <summary>See <see cref="PrivatemodeRequestOptions.PromptCacheKey"/>.</summary>
    string? CacheKey => null;

    /// <summary>See <see cref="PrivatemodeRequestOptions.Caller"/>.</summary>
    string? Caller => null;

    /// <summary>See <see cref="PrivatemodeRequestOptions.ResponseModelId"/>.</summary>
    string? AnsweredModel => null;

    /// <summary>See <see cref="PrivatemodeRequestOptions.Progress"/>.</summary>
    ResponseProgress? Progress => null;

    /// <summary>Writes the caller's body, in the clear. Called once.</summary>
    ValueTask WriteBodyAsync(Stream target, bool async);
}

/// <summary>Sends the attempts of a call, and returns its answer.</summary>
internal interface ICallCarrier : ICallSource
{
    /// <summary>Sends an attempt, and returns when the headers of the answer have arrived.</summary>
    /// <exception cref="OperationCanceledException">The deadline has passed, or the caller canceled.</exception>
    ValueTask<ReceivedAnswer> SendAsync(CallAttempt attempt, CallDeadline deadline, bool async);

    /// <summary>Returns the decrypted answer to the caller. The carrier then owns the received answer.</summary>
    /// <param name="receipt">Null for an answer that is not authenticated.</param>
    void SetAnswer(EncryptedCall call, ReceivedAnswer received, CallAnswer answer, EncryptionReceipt? receipt);
}

/// <summary>Keeps the encrypted request in a message while it is sent; disposing it restores the caller's request.</summary>
internal sealed class EncryptedMessageScope : IDisposable
{
    private readonly PipelineMessage _message;
    private readonly BinaryContent? _content;
    private readonly string? _contentType;
    private readonly TimeSpan? _timeout;
    private readonly Uri? _address;

    public EncryptedMessageScope(PipelineMessage message, CallAttempt attempt, CallDeadline deadline)
    {
        _message = message;
        Attempt = attempt;
        Deadline = deadline;
        _ = deadline.Token; // its time begins here, not after the policies that follow
        _content = message.Request.Content;
        _contentType = message.Request.Headers.TryGetValue(ProtocolHeaders.ContentType, out string? type) ? type : null;
        _timeout = message.NetworkTimeout;
        WasBuffered = message.BufferResponse;

        message.SetProperty(typeof(EncryptedMessageScope), this);
        message.Request.Content = attempt.Content;
        _address = message.Request.Uri;
        if (attempt.Call.Translation is not null && _address is not null)
        {
            // Only for a translated call: in any other, an address that a policy has changed must be detected, not corrected.
            message.Request.Uri = new Uri(_address, attempt.Call.Rule.Path);
        }

        foreach ((string name, string value) in attempt.Headers)
        {
            message.Request.Headers.Set(name, value);
        }

        // Answers are read here, with limits for size and time, and not by the transport.
        message.BufferResponse = false;
        message.NetworkTimeout = Timeout.InfiniteTimeSpan;
    }

    /// <summary>Whether the caller requires the answer in memory.</summary>
    public bool WasBuffered { get; }

    public CallAttempt Attempt { get; }

    /// <summary>The status of the answer as it was received. The message has the status for the caller.</summary>
    public int ReceivedStatus { get; set; }

    /// <summary>Ends the attempt when it has taken too long.</summary>
    public CallDeadline Deadline { get; }

    /// <summary>The scope of a message; null while the message is not being sent.</summary>
    public static EncryptedMessageScope? Of(PipelineMessage message) =>
        message.TryGetProperty(typeof(EncryptedMessageScope), out object? scope) ? (EncryptedMessageScope?)scope : null;

    public void Dispose()
    {
        _message.SetProperty(typeof(EncryptedMessageScope), null);
        foreach ((string name, _) in Attempt.Headers)
        {
            _ = _message.Request.Headers.Remove(name);
        }

        if (_contentType is not null)
        {
            _message.Request.Headers.Set(ProtocolHeaders.ContentType, _contentType);
        }

        _message.Request.Content = _content;
        if (Attempt.Call.Translation is not null)
        {
            _message.Request.Uri = _address;
        }

        _message.BufferResponse = WasBuffered;
        _message.NetworkTimeout = _timeout;
        Attempt.Content?.Dispose();
    }
}

/// <summary>The outermost policy, once per call: owns the state that the attempts share, and wipes it at the end.</summary>
internal sealed class CallPolicy(ClientEvents events) : PipelinePolicy
{
    public override void Process(PipelineMessage message, IReadOnlyList<PipelinePolicy> pipeline, int currentIndex)
    {
        using CallState state = CallState.Begin(message);
        try
        {
            ProcessNext(message, pipeline, currentIndex);
        }
        catch (PrivatemodeWouldLeakException exception)
        {
            events.CallRefused(exception);
            throw;
        }
        catch (AggregateException exception)
        {
            ThrowLast(exception);
        }
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    public override async ValueTask ProcessAsync(PipelineMessage message, IReadOnlyList<PipelinePolicy> pipeline, int currentIndex)
    {
        using CallState state = CallState.Begin(message);
        try
        {
            await ProcessNextAsync(message, pipeline, currentIndex).ConfigureAwait(false);
        }
        catch (PrivatemodeWouldLeakException exception)
        {
            events.CallRefused(exception);
            throw;
        }
        catch (AggregateException exception)
        {
            ThrowLast(exception);
        }
    }

    /// <summary>The retry policy collects the failures of all attempts; callers expect the one that ended the call.</summary>
    private void ThrowLast(AggregateException exception)
    {
        if (exception.InnerExceptions[^1] is PrivatemodeWouldLeakException refusal)
        {
            events.CallRefused(refusal);
        }

        ExceptionDispatchInfo.Throw(exception.InnerExceptions[^1]);
    }
}

/// <summary>Makes a call with a given API key instead of the current caller's, because several callers share the call or the first has left already.</summary>
internal sealed class ApiKeyPolicy(string apiKey) : PipelinePolicy
{
    public override void Process(PipelineMessage message, IReadOnlyList<PipelinePolicy> pipeline, int currentIndex)
    {
        Apply(message);
        ProcessNext(message, pipeline, currentIndex);
    }

    public override ValueTask ProcessAsync(PipelineMessage message, IReadOnlyList<PipelinePolicy> pipeline, int currentIndex)
    {
        Apply(message);
        return ProcessNextAsync(message, pipeline, currentIndex);
    }

    private void Apply(PipelineMessage message) =>
        (CallState.Of(message) ?? throw new InvalidOperationException("The call policy is missing from the pipeline.")).ApiKey = apiKey;
}

/// <summary>The transport: checks each request before it is passed to the message handlers.</summary>
internal sealed class EncryptedCallTransport(HttpClient http, Uri service) : HttpClientPipelineTransport(http)
{
    protected override void OnSendingRequest(PipelineMessage message, HttpRequestMessage httpRequest)
    {
        EncryptedMessageScope? scope = EncryptedMessageScope.Of(message);
        OutboundCheck.ThrowIfWouldLeak(httpRequest, scope?.Attempt, message.Request.Content, service);
        httpRequest.Options.Set(IsolatingHandler.Deadline, scope!.Deadline);
        httpRequest.Options.Set(IsolatingHandler.CallId, scope.Attempt.Call.RequestId);
    }

    protected override void OnReceivedResponse(PipelineMessage message, HttpResponseMessage httpResponse)
    {
        EncryptedMessageScope scope = EncryptedMessageScope.Of(message)!;
        scope.ReceivedStatus = (int)httpResponse.StatusCode;

        // Here, because the client decides after this method whether the status is one of an error.
        httpResponse.StatusCode = (HttpStatusCode)scope.Attempt.Call.StatusFor(scope.ReceivedStatus);
        DropUnsafeHeaders(httpResponse);
    }

    /// <summary>Drops headers, and the reason phrase, that are not printable ASCII of at most 128 characters. Anything on the network path can
    /// write them; callers and logs read them.</summary>
    internal static void DropUnsafeHeaders(HttpResponseMessage response)
    {
        Drop(response.Headers);
        Drop(response.Content.Headers);
        if (response.ReasonPhrase is { } phrase && !ClearMemberValidator.IsPrintable(phrase))
        {
            // The phrase of the status, or nothing.
            response.ReasonPhrase = null;
        }
    }

    private static void Drop(HttpHeaders headers)
    {
        List<string>? names = null;
        foreach ((string name, HeaderStringValues values) in headers.NonValidated)
        {
            if (!ClearMemberValidator.IsPrintable(values.ToString()))
            {
                (names ??= []).Add(name);
            }
        }

        foreach (string name in (IEnumerable<string>?)names ?? [])
        {
            _ = headers.Remove(name);
        }
    }
}
