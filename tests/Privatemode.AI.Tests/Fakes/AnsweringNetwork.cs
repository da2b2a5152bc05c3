using System.ClientModel;
using System.Net;
using System.Text;
using System.Text.RegularExpressions;
using Privatemode.AI.Diagnostics;
using Privatemode.AI.Encryption;
using Privatemode.AI.KeyExchange;
using Privatemode.AI.Pipeline.Answers;
using Privatemode.AI.Pipeline.Calls;
using Privatemode.AI.Pipeline.Requests;
using Privatemode.AI.Pipeline.Transport;
using Privatemode.AI.Responses;
using Privatemode.AI.Sessions;

namespace Privatemode.AI.Tests.Fakes;

/// <summary>Calls of other libraries against a network that seals what it is told to, under the names it is told.</summary>
internal sealed partial class AnsweringNetwork : IDisposable
{
    public static readonly Uri Service = new("https://127.0.0.1");

    private readonly HttpClient _http;
    private readonly SessionManager _sessions;

    public AnsweringNetwork()
    {
        ImmediateTimeProvider time = new();
        _http = HttpTransports.Create(Handler, isTestTrust: false, isLoopbackOnly: true);
        _sessions = new SessionManager(
            _ => new AccountSession((async, token) => Secrets.ExchangeAsync(async, token), time), time, 256, TimeSpan.FromMinutes(1));
        CallRunner runner = new(
            new RequestEncryptor(Service, new PromptCacheSaltProvider(PromptCacheScope.None, false), time),
            new RemoteMediaResolver(RemoteMediaPolicy.Refuse, null), new ResponsesTranslator(new ResponsesOptions(), time, new ClientEvents(null, Service)),
            new AnswerReader(TimeSpan.FromSeconds(100), time, new ClientEvents(null, Service)), _sessions, new ApiKeys(new ApiKeyCredential("key")), null,
            TimeSpan.FromMinutes(10), time, default);
        Calls = new HttpCalls(runner, _http, Service, new ClientEvents(null, Service));
    }

    public FakeHandler Handler { get; } = new();

    public FakeSecrets Secrets { get; } = new(TimeProvider.System);

    public HttpCalls Calls { get; }

    /// <summary>Calls an endpoint and gives it a sealed answer.</summary>
    /// <param name="path">The endpoint.</param>
    /// <param name="content">The body.</param>
    /// <param name="status">The status of the answer.</param>
    /// <param name="document">Seals values, one after the other, and puts the document together.</param>
    /// <param name="contentType">The type of the answer.</param>
    /// <returns>Status, text, and whether it counts as authentic.</returns>
    public Task<(int Status, string Text, bool IsAuthenticated)> SendAsync(
        string path, HttpContent content, int status, Func<Func<string, string>, string> document, string contentType = "application/json") =>
        SendAsync(path, content, status, seal => Encoding.UTF8.GetBytes(document(seal)), contentType);

    /// <summary>The same for an answer that may not be valid UTF-8.</summary>
    public async Task<(int Status, string Text, bool IsAuthenticated)> SendAsync(
        string path, HttpContent content, int status, Func<Func<string, string>, byte[]> document, string contentType)
    {
        Handler.Answer = request =>
        {
            using ExchangeCipher enclave = Peer(request);
            ByteArrayContent answer = new(document(value => Seal(enclave, value)));
            answer.Headers.ContentType = new(contentType, "utf-8");
            return new HttpResponseMessage((HttpStatusCode)status) { Content = answer };
        };
        using HttpRequestMessage request = new(HttpMethod.Post, new Uri(Service, path)) { Content = content };
        using HttpResponseMessage response = await Calls.SendAsync(request, async: true, default).AsTask().OrTimeout();
        return ((int)response.StatusCode, await response.Content.ReadAsStringAsync().OrTimeout(),
            response.Headers.GetValues(PrivatemodeHttpMessageHandler.AuthenticatedHeaderName).Single() == "true");
    }

    public void Dispose()
    {
        _sessions.Dispose();
        _http.Dispose();
        Handler.Dispose();
    }

    private static string Seal(ExchangeCipher enclave, string value)
    {
        byte[] plaintext = Encoding.UTF8.GetBytes(value);
        byte[] wire = new byte[enclave.EncryptedLength(plaintext.Length)];
        enclave.Encrypt(plaintext, wire);
        return Encoding.UTF8.GetString(wire);
    }

    /// <summary>Both directions are sealed alike; the nonce stands in every value of the request.</summary>
    private ExchangeCipher Peer(HttpRequestMessage request)
    {
        using MemoryStream body = new();
        request.Content!.CopyTo(body, null, default);
        string nonce = SealedNonce().Match(Encoding.UTF8.GetString(body.ToArray())).Groups[1].Value;
        InferenceSecret secret = Secrets.Made[^1];
        return new ExchangeCipher(secret.EncryptionKey, Encoding.UTF8.GetBytes(secret.Id), Convert.FromHexString(nonce));
    }

    [GeneratedRegex("\"[A-Za-z0-9+/=]{44}:([0-9a-f]{24}):")]
    private static partial Regex SealedNonce();
}
