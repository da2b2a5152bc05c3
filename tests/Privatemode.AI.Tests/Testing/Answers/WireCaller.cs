using System.Buffers.Binary;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Privatemode.AI.Internal;
using Privatemode.AI.KeyExchange;
using Privatemode.AI.KeyExchange.Hpke;
using Privatemode.AI.Testing;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.Tests.Testing.Answers;

/// <summary>Calls a test deployment with requests written by hand, among them those that the client never sends.</summary>
internal sealed class WireCaller : IDisposable
{
    public const string Model = "gpt-oss-120b";
    public const string Chat = "/v1/chat/completions";
    public const string Completions = "/v1/completions";
    public const string Messages = "/v1/messages";
    public const string Embeddings = "/v1/embeddings";
    public const string Transcriptions = "/v1/audio/transcriptions";
    public const string Documents = "/unstructured/general/v0/general";
    public const string Boundary = "the-boundary";

    private readonly HttpClient _http;
    private readonly string _apiKey;
    private readonly byte[] _key;
    private readonly byte[] _nonce = RandomNumberGenerator.GetBytes(12);

    private WireCaller(HttpClient http, string apiKey, byte[] key, string id) => (_http, _apiKey, _key, Id) = (http, apiKey, key, id);

    /// <summary>Name of the secret.</summary>
    public string Id { get; }

    /// <summary>Exchanges a secret with the deployment; what it answers is not verified.</summary>
    public static async Task<WireCaller> ConnectAsync(PrivatemodeTestDeployment deployment)
    {
        HttpClient http = new() { BaseAddress = deployment.Endpoint };
        using XWingPrivateKey privateKey = XWingPrivateKey.Generate();
        using SecretExchange exchange = new(privateKey);
        using HttpRequestMessage request = Authorized(deployment.ApiKey, HttpMethod.Post, "/privatemode/v1/secret");
        request.Content = new ReadOnlyMemoryContent(exchange.RequestBody);
        using HttpResponseMessage response = await http.SendAsync(request).OrTimeout();
        using JsonDocument answer = JsonDocument.Parse(await response.Content.ReadAsByteArrayAsync());
        byte[] key = new byte[InferenceSecret.Size];
        using HpkeExportContext context = HpkeExportContext.SetupBaseRecipient(
            answer.RootElement.GetProperty("EncapsulatedKey").GetBytesFromBase64(), privateKey);
        context.Export(exporterContext: [], key);
        return new WireCaller(http, deployment.ApiKey, key, Convert.ToBase64String(SHA256.HashData(privateKey.PublicKey)));
    }

    /// <summary>An encrypted value, quotes included.</summary>
    public string Encrypt(string plaintext, uint number, string? id = null) => Encrypt(Encoding.UTF8.GetBytes(plaintext), number, _key, id ?? Id);

    /// <summary>The same under the key of another exchange.</summary>
    public string EncryptAs(WireCaller other, string plaintext, uint number) =>
        Encrypt(Encoding.UTF8.GetBytes(plaintext), number, other._key, other.Id);

    /// <summary>A body with these members, encrypted in the order of their names, beside the model.</summary>
    public string Body(params (string Name, string Json)[] members)
    {
        uint number = 0;
        return $"{{\"model\":\"{Model}\"{string.Concat(members.OrderBy(member => member.Name, StringComparer.Ordinal).Select(
            member => $",\"{member.Name}\":{Encrypt(member.Json, number++)}"))}}}";
    }

    /// <summary>A request without a body.</summary>
    public HttpRequestMessage Bare(HttpMethod method, string path) => Authorized(_apiKey, method, path);

    /// <summary>A request with the headers of the protocol, the GPU policy excepted.</summary>
    public HttpRequestMessage Post(string path, string body, string? contentType = "application/json")
    {
        HttpRequestMessage request = Bare(HttpMethod.Post, path);
        request.Content = new ByteArrayContent(Encoding.UTF8.GetBytes(body));
        if (contentType is not null)
        {
            _ = request.Content.Headers.TryAddWithoutValidation("Content-Type", contentType);
        }

        request.Headers.Add(ProtocolHeaders.SecretId, Id);
        request.Headers.Add(ProtocolHeaders.UserRequestId, "sdk_01890000-0000-7000-8000-000000000000_0");
        if (path != Documents)
        {
            request.Headers.Add(ProtocolHeaders.TargetModel, path switch
            {
                Embeddings => "qwen3-embedding-4b",
                Transcriptions => "whisper-large-v3",
                _ => Model,
            });
        }

        return request;
    }

    /// <summary>A form as it travels; a part with a file name is a file.</summary>
    public static string Form(params (string Name, string? FileName, string Value)[] parts) =>
        string.Concat(parts.Select(part =>
            $"--{Boundary}\r\nContent-Disposition: form-data; name=\"{part.Name}\""
            + (part.FileName is null ? "\r\n\r\n" : $"; filename=\"{part.FileName}\"\r\nContent-Type: audio/wav\r\n\r\n")
            + $"{part.Value}\r\n"))
        + $"--{Boundary}--\r\n";

    public HttpRequestMessage PostForm(params (string Name, string? FileName, string Value)[] parts) =>
        Post(Transcriptions, Form(parts), $"multipart/form-data; boundary={Boundary}");

    /// <summary>Adds the GPU policy with its MAC, or with a given one.</summary>
    public HttpRequestMessage WithPolicy(HttpRequestMessage request, string policy, string? mac = null)
    {
        _ = request.Headers.TryAddWithoutValidation(ProtocolHeaders.GpuPolicy, policy);
        _ = request.Headers.TryAddWithoutValidation(ProtocolHeaders.GpuPolicyMac, mac ?? Mac(policy));
        return request;
    }

    public string Mac(string policy) => Convert.ToHexStringLower(HMACSHA256.HashData(_key, Encoding.ASCII.GetBytes(policy)));

    public async Task<WireAnswer> SendAsync(HttpRequestMessage request)
    {
        using (request)
        {
            using HttpResponseMessage response = await _http.SendAsync(request).OrTimeout();
            string body = await response.Content.ReadAsStringAsync().OrTimeout();
            return new WireAnswer(
                (int)response.StatusCode, body, response.Content.Headers.ContentType?.ToString(), Header(ProtocolHeaders.Encrypted),
                Header("X-Content-Type-Options"));

            string? Header(string name) => response.Headers.TryGetValues(name, out IEnumerable<string>? values) ? string.Join(',', values) : null;
        }
    }

    /// <summary>The plaintext of an encrypted answer, member by member.</summary>
    public Dictionary<string, string> Open(WireAnswer answer, params string[] plain) => NaivePeer.Open(answer.Body, _key, plain);

    public void Dispose() => _http.Dispose();

    private static HttpRequestMessage Authorized(string apiKey, HttpMethod method, string path)
    {
        HttpRequestMessage request = new(method, path);
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", apiKey);
        request.Headers.Add(ProtocolHeaders.Version, "v1.40.0");
        return request;
    }

    private string Encrypt(byte[] plaintext, uint number, byte[] key, string id)
    {
        byte[] iv = RandomNumberGenerator.GetBytes(12);
        byte[] additionalData = [.. _nonce, 0, 0, 0, 0];
        BinaryPrimitives.WriteUInt32LittleEndian(additionalData.AsSpan(12), number);
        byte[] ciphertext = new byte[plaintext.Length + 16];
        using AesGcm aes = new(key, 16);
        aes.Encrypt(iv, plaintext, ciphertext.AsSpan(0, plaintext.Length), ciphertext.AsSpan(plaintext.Length), additionalData);
        return $"\"{id}:{Convert.ToHexStringLower(_nonce)}:{Convert.ToHexStringLower(iv)}:{Convert.ToHexStringLower(ciphertext)}\"";
    }
}
