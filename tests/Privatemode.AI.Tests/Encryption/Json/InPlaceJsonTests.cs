using System.Security.Cryptography;
using System.Text;
using Privatemode.AI.Encryption;
using Privatemode.AI.Encryption.Json;
using Privatemode.AI.Pipeline.Requests;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.Tests.Encryption.Json;

/// <summary>Long JSON bodies, which are encrypted in place: what is sent by each attempt, and what the last check refuses.</summary>
public sealed class InPlaceJsonTests : IDisposable
{
    private static readonly byte[] SecretId = "c2VjcmV0+/A="u8.ToArray();
    private static readonly ClearNames Plain = new("model");

    private readonly byte[] _key = RandomNumberGenerator.GetBytes(FieldCipher.KeySize);
    private readonly AesGcmKey _imported;
    private readonly string _messages = $$"""[{"role":"user","content":"{{new string('x', 200_001)}}"}]""";
    private readonly string _body;
    private readonly InPlaceBuffer _bytes;
    private readonly JsonIndex _index = new();

    public InPlaceJsonTests()
    {
        _imported = AesGcmKey.Import(_key);
        _body = $$""" { "temperature" : 0.5, "model":"m" ,"messages":{{_messages}}, "cache_salt":"s" } """;
        PooledBytes bytes = PooledBytes.Copy(Encoding.UTF8.GetBytes(_body));
        _bytes = new InPlaceBuffer(bytes);
        Assert.Equal(JsonShape.Usable, _index.Read(bytes.Span));
    }

    public void Dispose()
    {
        _bytes.Dispose();
        _index.Dispose();
        _imported.Dispose();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Encrypt_AttemptAfterAttempt_EachDecryptsToTheSame(bool async)
    {
        HashSet<string> wires = [];
        for (int i = 0; i < 3; i++)
        {
            using BodyExchange exchange = Begin();
            using EncryptedBody body = exchange.EncryptInPlace(_bytes, _index, Plain);
            using MemoryStream wire = new();
            if (async)
            {
                await body.WriteToAsync(wire, CancellationToken.None);
            }
            else
            {
                body.WriteTo(wire);
            }

            string text = Encoding.UTF8.GetString(wire.ToArray());
            Assert.Equal(("application/json", body.Length), (body.ContentType, wire.Length));
            Dictionary<string, string> expected = new() { ["cache_salt"] = "\"s\"", ["messages"] = _messages, ["temperature"] = "0.5" };
            Assert.Equal(expected, NaivePeer.Open(text, _key, ["model"]));
            Assert.True(wires.Add(text));

            // Exactly the form of a short body, white space included.
            Assert.True(exchange.IsEncrypted(Encoding.UTF8.GetBytes(text), MayBePlain));
            Assert.StartsWith(" { \"temperature\" : \"", text, StringComparison.Ordinal);
            Assert.Contains(", \"model\":\"m\" ,\"messages\":\"", text, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Decrypt_AfterAnAttempt_RestoresThePlaintext()
    {
        using BodyExchange exchange = Begin();
        using EncryptedBody body = exchange.EncryptInPlace(_bytes, _index, Plain);
        Assert.NotEqual(_body, Encoding.UTF8.GetString(_bytes.Span));
        _bytes.Decrypt();
        Assert.Equal(_body, Encoding.UTF8.GetString(_bytes.Span));

        // The transport may still write the attempt: it must not send plaintext.
        using MemoryStream wire = new();
        Assert.Throws<ObjectDisposedException>(() => body.WriteTo(wire));
        Assert.False(exchange.IsEncrypted(body, BodyKind.Json, MayBePlain));
    }

    [Fact]
    public void IsEncrypted_EncryptedBody_IsTrueUnderItsSecretOnly()
    {
        using BodyExchange exchange = Begin();
        using BodyExchange other = new(_imported, "b3RoZXI="u8.ToArray());
        using EncryptedBody body = exchange.EncryptInPlace(_bytes, _index, Plain);
        Assert.True(exchange.IsEncrypted(body, BodyKind.Json, MayBePlain));
        Assert.False(exchange.IsEncrypted(body, BodyKind.Json, (_, _) => false));
        Assert.False(other.IsEncrypted(body, BodyKind.Json, MayBePlain));
        Assert.False(exchange.IsEncrypted(body, BodyKind.Form, MayBePlain));
        Assert.False(exchange.IsEncrypted(body, BodyKind.Whole, MayBePlain));
    }

    [Fact]
    public void IsEncrypted_AnyChangeOfTheText_IsFalse()
    {
        using ExchangeCipher cipher = _imported.NewExchange(SecretId);
        using SegmentedBody body = InPlaceJsonEncryptor.Encrypt(_bytes, _index, Plain, cipher);
        string text = Encoding.UTF8.GetString(body.Text);
        (string From, string To)[] changes =
        [
            ("\"m\"", "\"a prompt\""),
            ("\"messages\"", "\"model\""),
            ("\"messages\":\"", "\"messages\":[\""),
            (" } ", ",\"x\":1}"),
            (" } ", " }{}"),

            // Of the same length, so that the ciphertext stays where it is.
            ("\"model\":\"m\" ", "\"leak\":\"a\"  "),
            ("\"model\":\"m\" ", "\"model\":9   "),
        ];
        foreach ((string from, string to) in changes)
        {
            Assert.Contains(from, text, StringComparison.Ordinal);
            Assert.False(IsEncrypted(text.Replace(from, to, StringComparison.Ordinal), body.Gaps), to);
        }

        Assert.True(IsEncrypted(text, body.Gaps));
        Assert.False(IsEncrypted(text, []));
        Assert.False(IsEncrypted(text, [body.Gaps[0], body.Gaps[1]]));
        Assert.False(IsEncrypted(text, [.. body.Gaps.Select(gap => gap with { At = gap.At - 1 })]));
        Assert.False(IsEncrypted(text, [.. body.Gaps, body.Gaps[0]]));

        // White space around the values was not encrypted.
        Assert.False(IsEncrypted(text, [body.Gaps[0] with { Value = new ValueRange(0, 5) }, .. body.Gaps.Skip(1)]));

        bool IsEncrypted(string changed, IReadOnlyList<SegmentedBody.Gap> gaps)
        {
            // Disposing the copy would end the attempt.
            using PooledBytes copied = PooledBytes.Copy(Encoding.UTF8.GetBytes(changed));
            InPlaceEncryption encryption = _bytes.Field<InPlaceEncryption>("_encryption");
            return EncryptedJsonCheck.IsEncrypted(new SegmentedBody(copied, gaps, _bytes, encryption, body.ContentType), SecretId, MayBePlain);
        }
    }

    [Theory]
    [InlineData(10, 1, false)]
    [InlineData(100_000, 1, true)]
    [InlineData(100_000, 100, false)]
    public void JsonRequestBody_LongBodyWithFewMembers_IsEncryptedInPlaceAndRestored(int length, int members, bool inPlace)
    {
        string others = string.Concat(Enumerable.Range(0, members).Select(i => $",\"m{i}\":{i}"));
        string text = $$"""{"model":"m","messages":"{{new string('x', length)}}"{{others}}}""";
        using JsonRequestBody body = new(PooledBytes.Copy(Encoding.UTF8.GetBytes(text)));
        for (int i = 0; i < 2; i++)
        {
            using BodyExchange exchange = Begin();
            using EncryptedBody wire = body.Encrypt(exchange, EndpointRules.ChatCompletions);
            Assert.Equal(inPlace, wire is SegmentedBody);
            Assert.True(exchange.IsEncrypted(wire, BodyKind.Json, MayBePlain));
            body.EndAttempt();
            Assert.Equal(text, Encoding.UTF8.GetString(body.Plaintext.Span));
        }
    }

    [Theory]
    [InlineData("""{"a":"x"}""", false, false)]
    [InlineData("""{"a_url":["_url",{"x_urls":1}]}""", false, false)]
    [InlineData("""{"a":"\n"}""", true, false)]
    [InlineData("""{"a\u0062":1}""", true, false)]
    [InlineData("""{"a":[["\ud800"]]}""", true, false)]
    [InlineData("""{"a":[{"b":{"image_url":1}}]}""", false, true)]
    [InlineData("""{"a":[{"image_ur\u006C":1}]}""", true, true)]
    public void Read_Document_RecordsEscapesAndNames(string document, bool hasEscapes, bool hasUrlNames)
    {
        using JsonIndex index = new();
        Assert.Equal(JsonShape.Usable, index.Read(Encoding.UTF8.GetBytes(document)));
        Assert.Equal((hasEscapes, hasUrlNames), (index.HasEscapes, index.HasUrlNames));
        Assert.Equal(JsonShape.Usable, index.Read("{}"u8.ToArray()));
        Assert.Equal((false, false), (index.HasEscapes, index.HasUrlNames));
    }

    private static bool MayBePlain(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value) => Plain.Contains(name) && value.SequenceEqual("\"m\""u8);

    private BodyExchange Begin() => new(_imported, SecretId);
}
