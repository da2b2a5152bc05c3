using System.Text;
using System.Text.Json;
using Privatemode.AI.Encryption;
using Privatemode.AI.Encryption.Json;
using Privatemode.AI.Tests.Vectors;

namespace Privatemode.AI.Tests.Encryption.Json;

/// <summary>vectors/protocol/json_mutation.json.</summary>
public sealed class JsonMutationVectorTests
{
    // Where the reference leaks, corrupts, or is merely more liberal, we refuse. Name of the case -> why.
    private static readonly Dictionary<string, JsonShape> RefusedHere = new()
    {
        ["key !x"] = JsonShape.AmbiguousName,
        ["key :1"] = JsonShape.AmbiguousName,
        ["key @this"] = JsonShape.AmbiguousName,
        ["key [a"] = JsonShape.AmbiguousName,
        ["key {a"] = JsonShape.AmbiguousName,
        ["key a|b"] = JsonShape.AmbiguousName,
        ["key a\\\\b"] = JsonShape.AmbiguousName,
        ["duplicate key"] = JsonShape.DuplicateName,
        ["duplicate messages"] = JsonShape.DuplicateName,
        ["duplicate plain key"] = JsonShape.DuplicateName,
        ["duplicate via escape"] = JsonShape.DuplicateName,
        ["empty body"] = JsonShape.Empty,
        ["invalid: {\"a\":\"?\"}"] = JsonShape.InvalidUtf8,
    };

    // Plain lists name top-level members only; these cases ask for members of members. We seal the whole member instead.
    private static readonly HashSet<string> NestedSelectors =
    [
        "nested selector", "nested selector, array wildcard", "nested selector, array index", "nested selector, missing", "nested selector on a scalar",
    ];

    private readonly JsonElement _file = VectorFiles.Protocol("json_mutation.json");

    [Fact]
    public void Encrypt_AllCases_GiveTheReferenceOrAreRefused()
    {
        CaseLog log = new();
        int refused = 0;
        int nested = 0;
        foreach (JsonElement vector in _file.Items("cases"))
        {
            string name = vector.Text("name");
            log.Run(name, () =>
            {
                byte[] input = vector.Bytes("input");
                using JsonIndex index = new();
                JsonShape shape = index.Read(input, allowArray: true);
                if (RefusedHere.TryGetValue(name, out JsonShape expected))
                {
                    refused++;
                    Assert.Equal(expected, shape);
                    return;
                }

                Assert.Equal(vector.Flag("go_error"), shape != JsonShape.Usable);
                if (shape == JsonShape.Usable)
                {
                    bool isNested = NestedSelectors.Contains(name);
                    nested += isNested ? 1 : 0;
                    AssertSealed(vector, input, index, isNested);
                }
            });
        }

        log.AssertAllPassed(81);
        Assert.Equal(RefusedHere.Count, refused);
        Assert.Equal(NestedSelectors.Count, nested);
    }

    [Fact]
    public void Open_AllEncryptedOutputs_GiveTheInputBack()
    {
        CaseLog log = new();
        foreach (JsonElement vector in _file.Items("cases"))
        {
            string name = vector.Text("name");
            if (!vector.TryGetProperty("encrypted_output", out _) || RefusedHere.ContainsKey(name) || NestedSelectors.Contains(name))
            {
                continue;
            }

            log.Run(name, () =>
            {
                byte[] output = vector.Bytes("encrypted_output");
                using ExchangeCipher cipher = new(AesGcmKey.Import(_file.Hex("secret_hex")), _file.Bytes("secret_id"), _file.Hex("nonce_hex"));
                using DecryptedDocument opened = new();
                ResponseSchema shape = new(PlainOf(vector), "choices"u8.ToArray(), JsonTokenType.StartArray, AllowsArray: true);
                AnswerFault fault = opened.Decrypt(output, shape, cipher);
                if (!vector.Items("encrypt_calls").Any())
                {
                    // Nothing in it is authentic: as an answer it is refused.
                    Assert.Equal(AnswerFault.NothingEncrypted, fault);
                    return;
                }

                Assert.Equal(AnswerFault.None, fault);
                Assert.Equal(vector.Text("input"), Encoding.UTF8.GetString(opened.Text));
            });
        }

        log.AssertAllPassed(45);
    }

    private void AssertSealed(JsonElement vector, byte[] input, JsonIndex index, bool isNested)
    {
        using AesGcmKey key = AesGcmKey.Import(_file.Hex("secret_hex"));
        using ExchangeCipher cipher = new(key, _file.Bytes("secret_id"), _file.Hex("nonce_hex"));
        using PooledBytes output = JsonEncryptor.Encrypt(input, index, PlainOf(vector), cipher);
        if (isNested)
        {
            Assert.DoesNotContain("\"bar\"", Encoding.UTF8.GetString(output.Span));
            return;
        }

        ulong[] numbers = KnownAnswer.AssertSame(
            vector.Text("encrypted_output"), Encoding.UTF8.GetString(output.Span), key, _file.Hex("nonce_hex"));
        Assert.Equal(vector.Items("encrypt_calls").Count(), numbers.Length);
    }

    private static ClearNames PlainOf(JsonElement vector) =>
        new([.. vector.Items("plain_fields").Where(path => path.GetArrayLength() == 1).Select(path => path[0].GetString()!)]);
}
