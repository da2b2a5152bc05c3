using System.Text.Json.Nodes;
using Privatemode.AI.Diagnostics;
using Privatemode.AI.Encryption;
using Privatemode.AI.Internal;
using Privatemode.AI.KeyExchange;
using Privatemode.AI.Pipeline.Answers;
using Privatemode.AI.Pipeline.Requests;
using Privatemode.AI.Sessions;

namespace Privatemode.AI.Peers;

/// <summary>Requests as they are sent, and what becomes of their answers.</summary>
internal static class CallCommands
{
    private const string ApiKey = "the-api-key";

    private static readonly Uri Service = new("https://127.0.0.1");
    private static readonly Dictionary<int, CallAttempt> Attempts = [];
    private static readonly AnswerReader Answers = new(TimeSpan.FromSeconds(100), TimeProvider.System, new ClientEvents(null, Service));
    private static int _count;

    /// <summary>Encrypts a request under a secret: headers and body as they are sent.</summary>
    public static JsonObject Request(JsonObject command)
    {
        byte[] body = Fields.Bytes(command, "body");
        string? salt = Fields.OptionalText(command, "sharedSalt");
        RequestEncryptor encryptor = new(
            Service, new PromptCacheSaltProvider(salt is null ? PromptCacheScope.None : PromptCacheScope.Shared(salt)), TimeProvider.System);
        string contentType = Fields.Text(command, "contentType");
        EndpointRule rule = encryptor.Match("POST", new Uri(Service, Fields.Text(command, "path")), [new("Content-Type", contentType)]);
        EncryptedCall call = encryptor.Prepare(rule, RequestEncryptor.Read(rule, PooledBytes.Copy(body), contentType), ApiKey);
        CallAttempt attempt = encryptor.Encrypt(call, Lease(Fields.Bytes(command, "secret"), Fields.Bytes(command, "publicKeyHash")), ApiKey);
        using MemoryStream wire = new();
        attempt.Content!.WriteTo(wire);
        Attempts[++_count] = attempt;
        JsonObject headers = [];
        foreach ((string name, string value) in attempt.Headers)
        {
            headers.Add(name, value);
        }

        return new JsonObject { ["call"] = _count, ["headers"] = headers, ["body"] = Fields.Of(wire.ToArray()) };
    }

    /// <summary>Reads the answer of a peer, to the end of a stream.</summary>
    public static JsonObject Answer(JsonObject command)
    {
        Attempts.Remove(command["call"]!.GetValue<int>(), out CallAttempt? attempt);
        using (attempt)
        {
            using MemoryStream body = new(Fields.Bytes(command, "body"));
            AnswerHeaders head = new()
            {
                Status = command["status"]!.GetValue<int>(),
                ContentType = Fields.Text(command, "contentType"),
                Encrypted = Fields.OptionalText(command, "encrypted"),
            };
            using CallDeadline deadline = new(TimeSpan.FromMinutes(1), TimeProvider.System, async: false, CancellationToken.None);
            CallAnswer answer = Answers.ReadAsync(new ReceivedAnswer(head, body, body, IsBuffered: false), attempt!, deadline, async: false)
                .AsTask().GetAwaiter().GetResult();
            using Stream content = answer.Content;
            using MemoryStream read = new();
            content.CopyTo(read);
            return new JsonObject { ["body"] = Fields.Of(read.ToArray()), ["isAuthenticated"] = answer.Error?.IsAuthenticated ?? true };
        }
    }

    private static SecretLease Lease(byte[] key, byte[] publicKeyHash)
    {
        DateTimeOffset now = TimeProvider.System.GetUtcNow();
        InferenceSecret secret = new(key, publicKeyHash, now, now + SecretExchange.SecretLifetime);
        ValidityPeriod lifetime = ValidityPeriod.Of(SecretExchange.SecretLifetime, TimeProvider.System);
        string policy = GpuPolicyHeader.Text(GpuRevocationPolicy.Strict, now);
        return SecretLease.TryAcquire(new SessionSecret(secret, lifetime, policy, GpuPolicyHeader.Mac(secret.Key, policy), null!, lifetime))!;
    }
}
