using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Privatemode.AI.Encryption;
using Privatemode.AI.Encryption.EventStream;
using Privatemode.AI.Encryption.Json;
using Privatemode.AI.Internal;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.Tests.Encryption;

public sealed class BodyExchangeTests
{
    private const string Body = """{"model":"m","messages":[{"role":"user"}],"cache_salt":"s"}""";

    private static readonly ClearNames Plain = new("model", "stream");

    private readonly byte[] _key = RandomNumberGenerator.GetBytes(FieldCipher.KeySize);

    [Fact]
    public void ProtocolVersion_IsTheOneWhoseFormatThisIs() => Assert.Equal("v1.40.0", ProtocolHeaders.ProtocolVersion);

    [Fact]
    public void Encrypt_Body_IsEncryptedForThisSecret()
    {
        using BodyExchange exchange = Begin();
        string wire = Seal(exchange, Body, out string contentType);
        Assert.Equal("application/json", contentType);
        Assert.True(IsSealed(exchange, wire));
        Dictionary<string, string> expected = new() { ["cache_salt"] = "\"s\"", ["messages"] = "[{\"role\":\"user\"}]" };
        Assert.Equal(expected, NaivePeer.Open(wire, _key, ["model"]));
    }

    [Fact]
    public void IsEncrypted_AnyMemberInTheClear_IsFalse()
    {
        using BodyExchange exchange = Begin();
        using JsonDocument dom = JsonDocument.Parse(Seal(exchange, Body, out _));
        string model = dom.RootElement.GetProperty("model").GetRawText();
        string messages = dom.RootElement.GetProperty("messages").GetRawText();
        Assert.True(IsSealed(exchange, $$"""{"messages":{{messages}},"model":{{model}}}"""));
        Assert.True(IsSealed(exchange, $$""" { "messages" : {{messages}} } """));
        string[] bad =
        [
            Body,
            $$"""{"messages":[],"model":{{model}}}""",
            $$"""{"messages":{{messages}},"extra":null}""",
            $$"""{"messages":{{messages}},"model":{{model}},"model":{{model}}}""",
            $$"""{"messages":{{messages}},"model":"other"}""",
            $$"""{"messages":{{messages}},"Model":{{model}}}""",
            $$"""{"messages":{{messages[..^2]}}"}""",
            $$"""{"messages":{{messages[..^2]}}G"}""",
            $$"""{"messages":{{messages.ToUpperInvariant()}}}""",
            $$"""{"messages":[{{messages}}]}""",
            $$"""[{{messages}}]""",
            $$"""{"messages":{{messages}}}{{messages}}""",
            messages,
            "",
        ];
        Assert.All(bad, wire => Assert.False(IsSealed(exchange, wire), wire));
    }

    [Fact]
    public void IsEncrypted_EncryptedForAnotherSecret_IsFalse()
    {
        using BodyExchange exchange = Begin();
        using BodyExchange other = new BodyExchange(AesGcmKey.Import(_key), "b3RoZXI="u8.ToArray());
        Assert.False(IsSealed(exchange, Seal(other, Body, out _)));
        Assert.False(IsSealed(other, Seal(exchange, Body, out _)));
    }

    [Fact]
    public void Open_WholeAnswer_AndStream_AreOfTheSameExchange()
    {
        using AnswerSealer enclave = new();
        using BodyExchange exchange = Begin();
        ResponseSchema shape = new(AnswerSealer.ChatPlain, "choices"u8.ToArray(), JsonTokenType.StartArray);
        using DecryptedDocument opened = new();

        // The enclave of this fake has another key and nonce.
        Assert.Equal(AnswerFault.NotAuthentic, exchange.Decrypt(Encoding.UTF8.GetBytes(enclave.Document("{\"choices\":[]}")), shape, opened));
        using EventDecryptor events = exchange.DecryptEvents(new LenientEventRules(), new AnswerContext("/v1/completions", "sdk_7"));
        events.Push(Encoding.UTF8.GetBytes(enclave.Event("{\"choices\":[]}")));
        PrivatemodeIntegrityException failure = Assert.IsType<PrivatemodeIntegrityException>(events.Failure);
        Assert.Equal(("already-failed", "/v1/completions", "sdk_7"), (failure.ErrorType, failure.EndpointPath, failure.RequestId));
    }

    [Fact]
    public void Encrypt_AfterDispose_Throws()
    {
        BodyExchange exchange = Begin();
        exchange.Dispose();
        Assert.Throws<ObjectDisposedException>(() => Seal(exchange, Body, out _));
    }

    private static bool IsSealed(BodyExchange exchange, string wire) => exchange.IsEncrypted(
        Encoding.UTF8.GetBytes(wire), (name, value) => Plain.Contains(name) && value.SequenceEqual("\"m\""u8));

    private static string Seal(BodyExchange exchange, string body, out string contentType)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(body);
        using JsonIndex index = new();
        Assert.Equal(JsonShape.Usable, index.Read(bytes));
        BufferedBody result = exchange.Encrypt(bytes, index, Plain);
        using PooledBytes wire = result.Content;
        contentType = result.ContentType;
        return Encoding.UTF8.GetString(wire.Span);
    }

    private BodyExchange Begin() => new BodyExchange(AesGcmKey.Import(_key), "c2VjcmV0"u8.ToArray());
}
