using Microsoft.Extensions.AI;
using Privatemode.AI.Internal;
using Privatemode.AI.Testing;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.Tests.Testing.Answers;

/// <summary>The test deployment refuses with the status and the text of the service, version 1.40, which does so outside the encryption.</summary>
public sealed class PlainErrorTests : IAsyncLifetime
{
    private const string Salt = "\"ssssssssssssssssssssssssssssssss\"";
    private const string Hello = """[{"role":"user","content":"hi"}]""";
    private const string Policy = "rules=allow-good; revocation-time-not-before=1767225600";
    private const string Forwarding = "forwarding request: mutating request: ";
    private const string Chain = Forwarding + "mutating request: ";
    private const string Misshapen = "invalid message format: expected format '\"id:nonce:iv:cipher\"'";
    private const string NothingDecrypted = "can't encrypt response without first decrypting a request";
    private const string BadTag = "cipher: message authentication failed";

    // The service's own text cannot be told: it crashes, or takes the body for another one.
    private const string? AnyText = null;

    private static readonly ErrorCase[] Headers =
    [
        new("no API key", caller => Without(Chatting(caller), "Authorization"), 401,
            "no auth found: expected Authorization header with 'Bearer <auth>'"),
        new("another API key", caller => With(Chatting(caller), "Authorization", "Bearer other"), 401, "invalid API key: invalid API key"),
        new("policy without a secret id", caller => Without(Guarded(caller), ProtocolHeaders.SecretId), 500,
            "getting secret for OCSP verification: no secret for ID \"\""),
        new("policy under an unknown secret id", caller => With(Guarded(caller), ProtocolHeaders.SecretId, "other"), 500,
            "getting secret for OCSP verification: no secret for ID \"other\""),
        new("policy without a MAC", caller => With(Chatting(caller), ProtocolHeaders.GpuPolicy, Policy), 500,
            caller => $"verifying OCSP header: HMAC verification failed: expected {caller.Mac(Policy)}, got "),
        new("policy with another MAC", caller => caller.WithPolicy(Chatting(caller), Policy, "00"), 500,
            caller => $"verifying OCSP header: HMAC verification failed: expected {caller.Mac(Policy)}, got 00"),
        new("MAC without a policy", caller => With(Chatting(caller), ProtocolHeaders.GpuPolicyMac, "00"), 500,
            "verifying OCSP header: invalid header format: expected 2 parts, got 1"),
        new("policy of three parts", caller => caller.WithPolicy(Chatting(caller), Policy + "; more=1"), 500,
            "verifying OCSP header: invalid header format: expected 2 parts, got 3"),
        new("policy with an unknown part", caller => caller.WithPolicy(Chatting(caller), "rules=allow-good; other=1"), 500,
            "verifying OCSP header: unknown part in header: other=1"),
        new("policy with two rules", caller => caller.WithPolicy(Chatting(caller), "rules=allow-good; rules=allow-good"), 500,
            "verifying OCSP header: missing required parts in header"),
        new("policy with an unknown rule", caller => caller.WithPolicy(Chatting(caller), Policy.Replace("good", "all", StringComparison.Ordinal)), 500,
            "verifying OCSP header: parsing OCSP status: invalid OCSP allow status: allow-all"),
        new("policy without a time", caller => caller.WithPolicy(Chatting(caller), "rules=allow-good; revocation-time-not-before=x"), 500,
            "verifying OCSP header: parsing revocation time not before: expected integer"),
    ];

    private static readonly ErrorCase[] Json =
    [
        new("no JSON", caller => caller.Post(WireCaller.Chat, "{\"model\":"), 500, Chain + "invalid JSON data"),
        new("no JSON, embeddings", caller => caller.Post(WireCaller.Embeddings, "no"), 500, Forwarding + "invalid JSON data"),
        new("a lone text", caller => caller.Post(WireCaller.Chat, "\"text\""), 500,
            $"{Chain}mutating request: mutating field \"\": getting nonce: {Misshapen}"),
        new("an empty body", caller => caller.Post(WireCaller.Chat, ""), 500, Chain + "mutating request: request body is not valid json"),
        new("an array", caller => caller.Post(WireCaller.Chat, $"[{caller.Encrypt("1", 0)}]"), 500,
            Chain + "mutating request: missing field 'cache_salt'"),
        new("a member in the clear", caller => caller.Post(WireCaller.Chat, $$"""{"model":"m","messages":{{Hello}}}"""), 500,
            $"{Chain}mutating request: mutating field \"messages\": getting nonce: {Misshapen}"),
        new("a member in the clear, embeddings", caller => caller.Post(WireCaller.Embeddings, """{"model":"m","input":"x"}"""), 500,
            $"{Forwarding}mutating request: mutating field \"input\": getting nonce: {Misshapen}"),
        new("a second member in the clear",
            caller => caller.Post(WireCaller.Chat, $$"""{"cache_salt":{{caller.Encrypt(Salt, 0)}},"messages":"hi"}"""), 500,
            $"{Chain}mutating request: mutating field \"messages\": deciphering input: {Misshapen}"),
        new("the same member twice",
            caller => caller.Post(WireCaller.Embeddings, $$"""{"input":{{caller.Encrypt("1", 0)}},"input":{{caller.Encrypt("2", 1)}}}"""), 500, AnyText),
        new("a name that reads as a path", caller => caller.Post(WireCaller.Embeddings, $$"""{"@this":{{caller.Encrypt("1", 0)}}}"""), 500, AnyText),
        new("no salt", caller => caller.Post(WireCaller.Chat, caller.Body(("messages", Hello))), 500,
            Chain + "mutating request: missing field 'cache_salt'"),
        new("no salt, completions", caller => caller.Post(WireCaller.Completions, caller.Body(("prompt", "\"hi\""))), 500,
            Chain + "mutating request: missing field 'cache_salt'"),
        new("no salt, messages", caller => caller.Post(WireCaller.Messages, caller.Body(("messages", Hello))), 500,
            Chain + "mutating request: missing field 'cache_salt'"),
        new("a salt of 31 bytes", caller => caller.Post(WireCaller.Chat, caller.Body(("cache_salt", "\"sssssssssssssssssssssssssssssss\""))), 500,
            Chain + "mutating request: cache_salt must be at least 32 characters long"),
        new("a value whose plaintext is no JSON",
            caller => caller.Post(WireCaller.Chat, caller.Body(("cache_salt", Salt), ("messages", "[{"))), 500,
            Chain + "mutating request: request body is not valid json"),
        new("nothing encrypted, embeddings", caller => caller.Post(WireCaller.Embeddings, """{"model":"qwen3-embedding-4b"}"""), 500,
            $"mapping response: encrypting response: mutating field \"error\": {NothingDecrypted}"),
        new("an empty body, embeddings", caller => caller.Post(WireCaller.Embeddings, ""), 500,
            $"mapping response: encrypting response: mutating field \"error\": {NothingDecrypted}"),
    ];

    private static readonly ErrorCase[] Values =
    [
        new("another id in the first value", caller => Embedding(caller, caller.Encrypt("\"x\"", 0, "other")), 500, Value("no secret for ID \"other\"")),
        new("an id with quotes and letters beyond ASCII", caller => Embedding(caller, caller.Encrypt("\"x\"", 0, "a\\\"ü")), 500,
            Value("no secret for ID \"a\\\\\\\"ü\"")),
        new("an id with characters that are not printed", caller => Embedding(caller, caller.Encrypt("\"x\"", 0, "a\u2028\u00a0b")), 500,
            Value("no secret for ID \"a\\u2028\\u00a0b\"")),
        new("another id in the second value",
            caller => caller.Post(WireCaller.Chat,
                $$"""{"cache_salt":{{caller.Encrypt(Salt, 0)}},"messages":{{caller.Encrypt(Hello, 1, "other")}}}"""), 500,
            Chain + "mutating request: mutating field \"messages\": deciphering input: no secret for ID \"other\""),
        new("a text", caller => Embedding(caller, "\"x\""), 500, Nonce(Misshapen)),
        new("three parts", caller => Embedding(caller, "\"a:b:c\""), 500, Nonce(Misshapen)),
        new("five parts", caller => Embedding(caller, "\"a:b:c:d:e\""), 500, Nonce(Misshapen)),
        new("an object", caller => Embedding(caller, "{\"a\":1}"), 500, Nonce(Misshapen)),
        new("a nonce that is no hex", caller => Embedding(caller, Change(caller, 1, "zz")), 500,
            Nonce("encoding/hex: invalid byte: U+007A 'z'")),
        new("a nonce of odd length", caller => Embedding(caller, Change(caller, 1, "abc")), 500, Nonce("encoding/hex: odd length hex string")),
        new("an IV that is no hex", caller => Embedding(caller, Change(caller, 2, "0g")), 500, Value("encoding/hex: invalid byte: U+0067 'g'")),
        new("an IV of 11 bytes", caller => Embedding(caller, Change(caller, 2, new string('0', 22))), 500, AnyText),
        new("a ciphertext that is no hex", caller => Embedding(caller, Change(caller, 3, "0\u00e4")), 500,
            Value("encoding/hex: invalid byte: U+00C3 'Ã'")),
        new("a ciphertext of odd length", caller => Embedding(caller, Change(caller, 3, new string('0', 33))), 500,
            Value("encoding/hex: odd length hex string")),
        new("no ciphertext", caller => Embedding(caller, Change(caller, 3, "")), 500, Value(BadTag)),
        new("a ciphertext shorter than its tag", caller => Embedding(caller, Change(caller, 3, "00")), 500, Value(BadTag)),
        new("a changed ciphertext", caller => Embedding(caller, Change(caller, 3, new string('0', 40))), 500, Value(BadTag)),
        new("another nonce", caller => Embedding(caller, Change(caller, 1, new string('0', 24))), 500, Value(BadTag)),
        new("a number left out", caller => Embedding(caller, caller.Encrypt("\"x\"", 1)), 500, Value(BadTag)),
        new("a value with the same number twice",
            caller => caller.Post(WireCaller.Chat, $$"""{"cache_salt":{{caller.Encrypt(Salt, 0)}},"messages":{{caller.Encrypt(Hello, 0)}}}"""), 500,
            Chain + "mutating request: mutating field \"messages\": deciphering input: " + BadTag),
        new("a document in the clear", caller => caller.Post(WireCaller.Documents, "text", "multipart/form-data; boundary=x"), 500,
            $"{Forwarding}mutating request: getting nonce: {Misshapen}"),
        new("an empty document", caller => caller.Post(WireCaller.Documents, "", "multipart/form-data; boundary=x"), 500,
            $"{Forwarding}mutating request: getting nonce: {Misshapen}"),
        new("a document under another id",
            caller => caller.Post(WireCaller.Documents, caller.Encrypt("x", 0, "other"), "multipart/form-data; boundary=x"), 500,
            Forwarding + "mutating request: deciphering input: no secret for ID \"other\""),
    ];

    private static readonly ErrorCase[] Forms =
    [
        new("JSON instead of a form", caller => caller.Post(WireCaller.Transcriptions, "{}"), 500,
            Chain + "parsing Content-Type header: request Content-Type isn't multipart/form-data"),
        new("a form without a content type", caller => caller.Post(WireCaller.Transcriptions, WireCaller.Form(), null), 500,
            Chain + "parsing Content-Type header: request Content-Type isn't multipart/form-data"),
        new("a form without a boundary", caller => caller.Post(WireCaller.Transcriptions, WireCaller.Form(), "multipart/form-data"), 500,
            Chain + "parsing Content-Type header: no multipart boundary param in Content-Type"),
        new("no form", caller => caller.Post(WireCaller.Transcriptions, "no", "multipart/form-data; boundary=x"), 500,
            Chain + "parsing form: multipart: NextPart: EOF"),
        new("a field in the clear", caller => caller.PostForm(("language", null, "de"), ("model", null, "whisper-large-v3")), 500,
            $"{Chain}mutating form: mutating form field \"language\": mutating form field \"language\": getting nonce: {Misshapen}"),
        new("a file in the clear", caller => caller.PostForm(("model", null, "whisper-large-v3"), ("file", "a.wav", "RIFF")), 500,
            $"{Chain}mutating form: mutating form file \"file\": mutating form file \"file\": getting nonce: {Misshapen}"),
        new("a file under another id",
            caller => caller.PostForm(("model", null, "whisper-large-v3"), ("file", "a.wav", caller.Encrypt("RIFF", 0, "other"))), 500,
            Chain + "mutating form: mutating form file \"file\": mutating form file \"file\": deciphering input: no secret for ID \"other\""),
        new("a form with nothing encrypted", caller => caller.PostForm(("model", null, "whisper-large-v3")), 500,
            $"mapping response: encrypting response: mutating field \"error\": {NothingDecrypted}"),
    ];

    private PrivatemodeTestDeployment _deployment = null!;
    private WireCaller _caller = null!;

    public static TheoryData<string> Names => [.. All.Select(item => item.Name)];

    private static IEnumerable<ErrorCase> All => [.. Headers, .. Json, .. Values, .. Forms];

    public async Task InitializeAsync()
    {
        _deployment = await PrivatemodeTestDeployment.StartAsync(new() { RecordRequests = false });
        _caller = await WireCaller.ConnectAsync(_deployment);
    }

    public async Task DisposeAsync()
    {
        _caller.Dispose();
        await _deployment.DisposeAsync();
    }

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Refusal_HasTheStatusAndTextOfTheService(string name)
    {
        ErrorCase expected = All.Single(item => item.Name == name);
        WireAnswer answer = await _caller.SendAsync(expected.Make(_caller));
        Assert.Equal(expected.Status, answer.Status);
        Assert.Equal(("application/json", "false", "nosniff"), (answer.ContentType, answer.Encrypted, answer.Sniffing));
        Assert.NotEmpty(answer.ReadMessage());
        Assert.Equal(expected.Text(_caller) ?? answer.ReadMessage(), answer.ReadMessage());
    }

    /// <summary>The client gets what the deployment wrote, byte for byte: it tells a wrong API key and a forgotten secret from everything else.</summary>
    [Fact]
    public async Task EveryRefusal_IsToldByTheClient_AsItsStatusAndTextSay()
    {
        WireAnswer served = null!;
        await using LoopbackHop hop = new(_deployment.Endpoint, async exchange =>
        {
            if (exchange.Path != WireCaller.Chat)
            {
                return false;
            }

            await exchange.WriteAsync(served.ToHttp());
            return true;
        });
        await using PrivatemodeClient client = _deployment.CreateClient(options => options.Endpoint = hop.Endpoint);
        int sent = 0;
        foreach (ErrorCase refusal in All.Append(new ErrorCase("an unknown endpoint", caller => caller.Post("/v1/responses", "{}"), 501, AnyText)))
        {
            served = await _caller.SendAsync(refusal.Make(_caller));
            Exception? exception = await Record.ExceptionAsync(() => client.AsIChatClient(WireCaller.Model).GetResponseAsync("hi")).OrTimeout();

            // Only a forgotten secret is worth a second call, with a new one.
            bool isForgotten = served.Body.Contains("no secret for ID", StringComparison.Ordinal);
            sent += isForgotten ? 2 : 1;
            Assert.Equal(sent, hop.Count(WireCaller.Chat));
            if (refusal.Status == 401)
            {
                Assert.Equal("ApiKey", Assert.IsType<PrivatemodeConfigurationException>(exception).Setting);
                continue;
            }

            PrivatemodeServiceException failure = Assert.IsType<PrivatemodeServiceException>(exception, exactMatch: false);
            Assert.Equal((refusal.Status, false), (failure.Status, failure.IsServerMessageAuthenticated));
            Assert.Equal(ServiceFailureReason.Other, failure.Reason);
            Assert.NotEmpty(failure.ServerMessage!);
        }
    }

    [Theory]
    [InlineData(WireCaller.Documents, 50, "file too large (max 25MB)")]
    [InlineData(WireCaller.Chat, 128, "maximum request size exceeded (max 50MB)")]
    public async Task Body_OverTheLimit_IsRefusedForItsSize(string path, int limitInMebibytes, string text)
    {
        HttpRequestMessage request = _caller.Post(path, "");
        request.Content = new ByteArrayContent(new byte[(limitInMebibytes * 1024 * 1024) + 1]);
        WireAnswer answer = await _caller.SendAsync(request);
        Assert.Equal((413, text), (answer.Status, answer.ReadMessage()));
    }

    [Fact]
    public void Names_AreUnique() => Assert.Equal(All.Count(), All.Select(item => item.Name).Distinct().Count());

    private static HttpRequestMessage Chatting(WireCaller caller) =>
        caller.Post(WireCaller.Chat, caller.Body(("cache_salt", Salt), ("messages", Hello)));

    private static HttpRequestMessage Guarded(WireCaller caller) => caller.WithPolicy(Chatting(caller), Policy);

    private static HttpRequestMessage Embedding(WireCaller caller, string value) =>
        caller.Post(WireCaller.Embeddings, $$"""{"model":"qwen3-embedding-4b","input":{{value}}}""");

    /// <summary>A value with one of its four parts replaced.</summary>
    private static string Change(WireCaller caller, int part, string text)
    {
        string[] parts = caller.Encrypt("\"x\"", 0)[1..^1].Split(':');
        parts[part] = text;
        return $"\"{string.Join(':', parts)}\"";
    }

    private static string Nonce(string why) => $"{Forwarding}mutating request: mutating field \"input\": getting nonce: {why}";

    private static string Value(string why) => $"{Forwarding}mutating request: mutating field \"input\": deciphering input: {why}";

    private static HttpRequestMessage Without(HttpRequestMessage request, string header)
    {
        _ = request.Headers.Remove(header);
        return request;
    }

    private static HttpRequestMessage With(HttpRequestMessage request, string header, string value)
    {
        _ = request.Headers.Remove(header);
        _ = request.Headers.TryAddWithoutValidation(header, value);
        return request;
    }

    /// <summary>A request, and how the service refuses it.</summary>
    private sealed record ErrorCase(string Name, Func<WireCaller, HttpRequestMessage> Make, int Status, Func<WireCaller, string?> Text)
    {
        public ErrorCase(string name, Func<WireCaller, HttpRequestMessage> make, int status, string? text)
            : this(name, make, status, _ => text)
        {
        }
    }
}
