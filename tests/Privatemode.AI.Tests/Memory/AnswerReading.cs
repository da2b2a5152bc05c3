using Privatemode.AI.Diagnostics;
using Privatemode.AI.Encryption;
using Privatemode.AI.Internal;
using Privatemode.AI.KeyExchange;
using Privatemode.AI.Pipeline.Answers;
using Privatemode.AI.Pipeline.Requests;
using Privatemode.AI.Sessions;

namespace Privatemode.AI.Tests.Memory;

/// <summary>Reads one answer as the pipeline does, and gives the result away.</summary>
/// <param name="path">The endpoint.</param>
/// <param name="status">Status of the answer.</param>
/// <param name="stream">The caller wants an event stream, in memory.</param>
internal sealed class AnswerReading(string path = "/v1/chat/completions", int status = 200, bool stream = false)
{
    private static readonly Uri Service = new("https://example.com");
    private static readonly byte[] Key = new byte[32];

    /// <summary>Reads an answer that is refused.</summary>
    public void Refused(Stream body) => Assert.Throws<PrivatemodeIntegrityException>(() => Read(_ => body));

    /// <summary>Reads an answer that is an error, or is refused as none.</summary>
    public void RefusedAsError(Func<EncryptedFile, EncryptedFile> authentic) => Assert.ThrowsAny<PrivatemodeException>(() => Read(authentic));

    /// <summary>Reads an answer that is good.</summary>
    /// <returns>How many bytes it has.</returns>
    public long Read(Func<EncryptedFile, EncryptedFile> authentic) => Read(exchange => authentic(new EncryptedFile(exchange, Key)).Read());

    /// <summary>Reads an answer of any kind.</summary>
    public long Read(Stream body) => Read(_ => body);

    private long Read(Func<BodyExchange, Stream> body)
    {
        using BodyExchange exchange = new BodyExchange(AesGcmKey.Import(Key), "id"u8.ToArray());
        DateTimeOffset now = TimeProvider.System.GetUtcNow();
        ValidityPeriod lifetime = ValidityPeriod.Of(SecretExchange.SecretLifetime, TimeProvider.System);
        InferenceSecret secret = new(new byte[32], Key, now, now + SecretExchange.SecretLifetime);
        SessionSecret session = new(secret, lifetime, "policy", "mac", null!, lifetime);
        using EncryptedCall call = new()
        {
            Rule = EndpointRules.Match("POST", new Uri(Service, path), Service),
            RequestId = "request",
            WantsStream = stream,
        };
        using CallAttempt attempt = new(call, SecretLease.TryAcquire(session), exchange, null, []);
        AnswerHeaders head = new() { Status = status, ContentType = stream ? "text/event-stream" : "application/json" };
        AnswerReader opener = new(TimeSpan.FromMinutes(5), TimeProvider.System, new ClientEvents(null, Service));
        using CallDeadline deadline = new(TimeSpan.FromMinutes(5), TimeProvider.System, async: false, CancellationToken.None);
        Stream wire = body(exchange);
        GC.Collect();
        ReceivedAnswer received = new(head, wire, wire, IsBuffered: true);
        using Stream opened = opener.ReadAsync(received, attempt, deadline, async: false).AsTask().GetAwaiter().GetResult().Content;
        return opened.Length;
    }
}
