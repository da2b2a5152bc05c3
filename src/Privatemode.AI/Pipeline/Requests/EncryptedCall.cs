using System.ClientModel;
using System.Net;
using Privatemode.AI.Diagnostics;
using Privatemode.AI.Encryption;
using Privatemode.AI.Internal;
using Privatemode.AI.Pipeline.Transport;
using Privatemode.AI.Sessions;

namespace Privatemode.AI.Pipeline.Requests;

/// <summary>One call with all its attempts: its ID, and the plaintext, which was read once and checked.</summary>
internal sealed class EncryptedCall : IDisposable
{
    public required EndpointRule Rule { get; init; }

    /// <summary>The ID of the call without the attempt.</summary>
    public required string RequestId { get; init; }

    /// <summary>The plaintext body as it will be encrypted; null for an endpoint without one.</summary>
    public RequestBody? Body { get; init; }

    /// <summary>The names of the body's members or fields, in its order, and which of them are sent in the clear; empty for a body encrypted as a
    /// whole. Null if no receipt is required.</summary>
    public IReadOnlyList<(string Name, bool IsClear)>? Members { get; set; }

    public string? Model { get; init; }

    /// <summary>Whether the caller requested an event stream.</summary>
    public bool WantsStream { get; init; }

    /// <summary>How many choices the answer must have.</summary>
    public int Choices { get; init; } = 1;

    /// <summary>Whether a transcription with timestamps was requested (<c>verbose_json</c>).</summary>
    public bool WantsTimes { get; init; }

    /// <summary>Whether the last event of the stream contains the usage. That event shows that the stream is complete.</summary>
    public bool EndsWithUsage { get; init; }

    /// <summary>Whether the event with the usage is kept from the caller, who did not request it.</summary>
    public bool HidesUsage { get; init; }

    /// <summary>Whether the caller requested usage on every event of the stream.</summary>
    public bool KeepsUsage { get; init; }

    /// <summary>The shard key, or null if the salt is random.</summary>
    public string? ShardKey { get; init; }

    /// <summary>Translates the answer back; null unless the caller's endpoint is implemented by this library.</summary>
    public CallTranslation? Translation { get; init; }

    /// <summary>The number of attempts that were started.</summary>
    public int Attempts { get; set; }

    /// <summary>The path and the request ID, for exceptions about the answer.</summary>
    public AnswerContext Context => new(Rule.Path, RequestId);

    /// <summary>Returns the status for the caller: 200 for every successful answer of an encrypted endpoint; otherwise, the received status.</summary>
    /// <remarks>The received status is not authenticated, so only the content shows whether the answer is right. The OpenAI client accepts no success other
    /// than 200.</remarks>
    public int StatusFor(int received) => Rule.IsEncrypted && received is >= 200 and <= 299 ? 200 : received;

    public void Dispose()
    {
        Body?.Dispose();
        Translation?.Dispose();
    }
}

/// <summary>One attempt of a call: its exchange, the secret that it uses, and exactly what may be sent.</summary>
internal sealed class CallAttempt : IDisposable
{
    private readonly SecretLease? _lease;

    public CallAttempt(
        EncryptedCall call, SecretLease? lease, BodyExchange? exchange, EncryptedContent? content, List<KeyValuePair<string, string>> headers)
    {
        Call = call;
        _lease = lease;
        Exchange = exchange;
        Content = content;
        Headers = headers;
    }

    public EncryptedCall Call { get; }

    /// <summary>The exchange; null for an endpoint that is not encrypted.</summary>
    public BodyExchange? Exchange { get; }

    /// <summary>The encrypted body; null for an endpoint without a body.</summary>
    public EncryptedContent? Content { get; }

    /// <summary>All headers of this attempt, except Accept and Content-Length.</summary>
    public List<KeyValuePair<string, string>> Headers { get; }

    /// <summary>The secret in use; null for an endpoint that is not encrypted.</summary>
    public SessionSecret? Session => _lease?.Session;

    /// <summary>The receipt of this attempt; null if it was not encrypted, the deployment is not verified, or no receipt is required.</summary>
    /// <param name="session">The secret in use; its lease may have been released.</param>
    public EncryptionReceipt? CreateReceipt(SessionSecret? session)
    {
        if (session?.Deployment is not { } deployment || Call.Members is not { } members)
        {
            return null;
        }

        return new EncryptionReceipt
        {
            IsVerified = true,
            IsInsecureLoopback = deployment.IsInsecureLoopback,
            SecretId = session.Id,
            ManifestSha256 = deployment.ManifestSha256,
            VerifiedAt = deployment.VerifiedAt,
            RequestId = Headers.Find(static header => header.Key == ProtocolHeaders.UserRequestId).Value,
            EncryptedMembers = NamesOf(members, areClear: false),
            ClearMembers = NamesOf(members, areClear: true),
        };
    }

    private static string[] NamesOf(IReadOnlyList<(string Name, bool IsClear)> members, bool areClear)
    {
        int count = 0;
        for (int i = 0; i < members.Count; i++)
        {
            count += members[i].IsClear == areClear ? 1 : 0;
        }

        string[] names = count == 0 ? [] : new string[count];
        for (int i = members.Count - 1; count > 0; i--)
        {
            if (members[i].IsClear == areClear)
            {
                names[--count] = members[i].Name;
            }
        }

        return names;
    }

    public void Dispose()
    {
        Content?.Dispose();
        Exchange?.Dispose();
        _lease?.Dispose();
    }
}

/// <summary>An encrypted request body, which is written directly from its pooled buffers to the socket.</summary>
/// <remarks>
/// A server may answer before it has read the whole body; the transport then still writes while the call is being cleaned up.
/// The buffer goes back to the pool only when the last write is over: otherwise the next user's bytes would go out on this socket.
/// </remarks>
internal sealed class EncryptedContent : BinaryContent
{
    private int _users = 1;
    private int _disposed;
    private int _sent;
    private int _writesToTheWire;

    public EncryptedContent(EncryptedBody body)
    {
        Body = body;
        MediaType = body.ContentType;
    }

    /// <summary>The bytes to send.</summary>
    public EncryptedBody Body { get; }

    /// <summary>Records that the next write goes to the network; false if that was recorded before.</summary>
    public bool TryMarkSent() => Interlocked.Exchange(ref _sent, 1) == 0;

    public override bool TryComputeLength(out long length)
    {
        length = Body.Length;
        return true;
    }

    public override async Task WriteToAsync(Stream stream, CancellationToken cancellationToken = default)
    {
        Enter();
        try
        {
            CountWrite();
            await Body.WriteToAsync(stream, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            Leave();
        }
    }

    public override void WriteTo(Stream stream, CancellationToken cancellationToken = default)
    {
        Enter();
        try
        {
            CountWrite();
            Body.WriteTo(stream);
        }
        finally
        {
            Leave();
        }
    }

    public override void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, 1) == 0)
        {
            Leave();
        }
    }

    /// <summary>Throws if the content is sent a second time. Writes before it is sent are not counted, because logging reads it.</summary>
    private void CountWrite()
    {
        if (Volatile.Read(ref _sent) == 1 && Interlocked.Increment(ref _writesToTheWire) > 1)
        {
            throw TransportExceptions.SentTwice();
        }
    }

    private void Enter()
    {
        int users;
        do
        {
            users = Volatile.Read(ref _users);
            ObjectDisposedException.ThrowIf(users == 0, this);
        }
        while (Interlocked.CompareExchange(ref _users, users + 1, users) != users);
    }

    private void Leave()
    {
        if (Interlocked.Decrement(ref _users) == 0)
        {
            Body.Dispose();
        }
    }
}

/// <summary>An encrypted body as the content of an HTTP request. The attempt owns the body.</summary>
internal sealed class EncryptedHttpContent(EncryptedContent content) : HttpContent
{
    /// <summary>The body to send.</summary>
    public EncryptedContent Content => content;

    protected override bool TryComputeLength(out long length) => content.TryComputeLength(out length);

    protected override void SerializeToStream(Stream stream, TransportContext? context, CancellationToken cancellationToken) =>
        content.WriteTo(stream, cancellationToken);

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) =>
        content.WriteToAsync(stream, CancellationToken.None);

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken) =>
        content.WriteToAsync(stream, cancellationToken);
}

/// <summary>Starts the operations of a call for telemetry; null if there is no listener.</summary>
internal static class CallTelemetry
{
    public static TelemetryOperation? BeginEncryption(EncryptedCall call, SessionSecret session, TimeProvider time) =>
        Describe(TelemetryOperation.Begin(Telemetry.Encrypt, time), call, session, call.Attempts);

    public static TelemetryOperation? BeginDecryption(CallAttempt attempt, TimeProvider time) =>
        Describe(TelemetryOperation.Begin(Telemetry.Decrypt, time), attempt.Call, attempt.Session, Math.Max(attempt.Call.Attempts - 1, 0));

    private static TelemetryOperation? Describe(TelemetryOperation? operation, EncryptedCall call, SessionSecret? session, int attempt)
    {
        if (operation is not null)
        {
            operation.Measure(TelemetryTags.Endpoint, call.Rule.Path);
            operation.About(session?.Deployment);
            operation.Tag(TelemetryTags.Model, call.Model);
            operation.Tag(TelemetryTags.Attempt, attempt);
        }

        return operation;
    }
}
