using System.Text;
using System.Text.Json;
using Privatemode.AI.Encryption;
using Privatemode.AI.Tests.Vectors;

namespace Privatemode.AI.Tests.Encryption;

/// <summary>vectors/protocol/request_cipher.json.</summary>
public sealed class RequestCipherVectorTests
{
    // The reference trims quotes and takes text without or with several of them; we take a JSON string and nothing else.
    private static readonly HashSet<string> StricterHere = ["without quotes", "several quotes are trimmed", "leading space before quote"];

    // The cipher of the reference takes any AES key; an inference secret has 32 bytes.
    private static readonly HashSet<string> OtherKeySizes =
        ["aes-128 key (never produced by the exchange, accepted by the cipher)", "aes-192 key", "key of 31 bytes"];

    private readonly JsonElement _file = VectorFiles.Protocol("request_cipher.json");

    [Theory]
    [AesGcmProviders(AesGcmProvidersAttribute.Platform)]
    [AesGcmProviders(AesGcmProvidersAttribute.Sodium)]
    public void Encrypt_AllCases_GiveTheMessage(string provider)
    {
        CaseLog log = new();
        foreach (JsonElement vector in _file.Items("encrypt"))
        {
            log.Run(vector.Text("name"), () =>
            {
                byte[] plaintext = vector.Bytes("plaintext");
                byte[] iv = vector.Hex("iv_hex");
                byte[] nonce = vector.Hex("nonce_hex");
                if (OtherKeySizes.Contains(vector.Text("name")))
                {
                    Assert.Throws<ArgumentOutOfRangeException>(() => Key(vector, provider));
                    return;
                }

                using AesGcmKey key = Key(vector, provider);
                using FieldCipher cipher = new(key, vector.Hex("nonce_hex"));
                byte[] encryptedBytes = new byte[plaintext.Length + FieldCipher.TagSize];
                cipher.Encrypt(NumberOf(vector), iv, plaintext, encryptedBytes);
                Assert.Equal(vector.Text("ciphertext_and_tag_hex"), Convert.ToHexStringLower(encryptedBytes));

                byte[] id = vector.Bytes("secret_id");
                byte[] message = new byte[EncryptedValue.EncodedLength(id.Length, plaintext.Length)];
                int prefix = EncryptedValue.WritePrefix(id, nonce, iv, message);
                prefix += EncryptedValue.WriteHex(encryptedBytes, message.AsSpan(prefix));
                message[prefix] = (byte)'"';
                Assert.Equal(vector.Text("message"), Encoding.UTF8.GetString(message));
                Assert.True(EncryptedValue.IsEncryptedWith(message, id));
            });
        }

        log.AssertAllPassed(21);
    }

    [Theory]
    [AesGcmProviders(AesGcmProvidersAttribute.Platform)]
    [AesGcmProviders(AesGcmProvidersAttribute.Sodium)]
    public void Exchanges_AllCases_SealAndOpenInOrder(string provider)
    {
        CaseLog log = new();
        foreach (JsonElement vector in _file.Items("exchanges"))
        {
            log.Run(vector.Text("name"), () =>
            {
                JsonElement[] request = [.. vector.Items("request")];
                using AesGcmKey key = Key(vector, provider);
                using ExchangeCipher cipher = new(key, vector.Bytes("secret_id"), vector.Hex("nonce_hex"));
                string[] messages =
                    [.. request.Select(value => Encoding.UTF8.GetString(ExchangeCipherTests.Seal(cipher, value.Bytes("plaintext"))))];
                ulong[] numbers = KnownAnswer.AssertSame(
                    string.Join('\n', request.Select(value => value.Text("message"))), string.Join('\n', messages), key, vector.Hex("nonce_hex"));
                Assert.Equal(Enumerable.Range(0, request.Length).Select(i => (ulong)i), numbers);

                foreach (JsonElement value in vector.Items("response"))
                {
                    Assert.Equal(value.Text("plaintext"), Open(cipher, value.Bytes("message"), out AnswerFault result));
                    Assert.Equal(AnswerFault.None, result);
                }

                Assert.True(vector.Flag("encrypt_after_decrypt_error"));
                Assert.Throws<InvalidOperationException>(() => cipher.Encrypt([], new byte[cipher.EncryptedLength(0)]));
            });
        }

        log.AssertAllPassed(2);
    }

    [Theory]
    [AesGcmProviders(AesGcmProvidersAttribute.Platform)]
    [AesGcmProviders(AesGcmProvidersAttribute.Sodium)]
    public void Decrypt_AllCases_AcceptAndRefuseAsListed(string provider)
    {
        CaseLog log = new();
        foreach (JsonElement vector in _file.Items("decrypt"))
        {
            string name = vector.Text("name");
            log.Run(name, () =>
            {
                if (OtherKeySizes.Contains(name))
                {
                    Assert.Throws<ArgumentOutOfRangeException>(() => Key(vector, provider));
                    return;
                }

                string? plaintext = OpenAt(vector, provider);
                Assert.Equal(vector.Flag("ok") && !StricterHere.Contains(name) ? vector.Text("plaintext") : null, plaintext);
            });
        }

        log.AssertAllPassed(27);
    }

    [Theory]
    [AesGcmProviders(AesGcmProvidersAttribute.Platform)]
    [AesGcmProviders(AesGcmProvidersAttribute.Sodium)]
    public void State_AfterOneFailure_TheExchangeStaysFailed(string provider)
    {
        // Stricter than the reference, whose counter survives a failure: everything after the first failure fails.
        JsonElement vector = _file.GetProperty("state")[0];
        using AesGcmKey key = Key(vector, provider);
        using ExchangeCipher cipher = new(key, "id"u8.ToArray(), vector.Hex("nonce_hex"));
        JsonElement[] steps = [.. vector.Items("steps")];
        Assert.Equal(4, steps.Length);
        Open(cipher, steps[0].Bytes("message"), out AnswerFault first);
        Assert.Equal(AnswerFault.NotAuthentic, first);
        foreach (JsonElement step in steps.Skip(1))
        {
            Open(cipher, step.Bytes("message"), out AnswerFault result);
            Assert.Equal(AnswerFault.AlreadyFailed, result);
        }

        using ExchangeCipher inOrder = new(key, "id"u8.ToArray(), vector.Hex("nonce_hex"));
        Assert.Equal(steps[1].Text("plaintext"), Open(inOrder, steps[1].Bytes("message"), out _));
        Assert.Equal(steps[3].Text("plaintext"), Open(inOrder, steps[3].Bytes("message"), out _));
    }

    [Theory]
    [AesGcmProviders(AesGcmProvidersAttribute.Platform)]
    [AesGcmProviders(AesGcmProvidersAttribute.Sodium)]
    public void Encrypt_AfterTheLastSequenceNumber_Throws(string provider)
    {
        using AesGcmKey key = AesGcmProvidersAttribute.Key(provider, new byte[32]);
        using FieldCipher cipher = new(key, new byte[12]);
        cipher.Encrypt(uint.MaxValue, new byte[12], [], new byte[16]);
        Assert.Throws<OverflowException>(() => cipher.Encrypt(uint.MaxValue + 1ul, new byte[12], [], new byte[16]));
    }

    private static AesGcmKey Key(JsonElement vector, string provider) => AesGcmProvidersAttribute.Key(provider, vector.Hex("secret_hex"));

    private static ulong NumberOf(JsonElement vector) => vector.GetProperty("sequence").GetUInt32();

    private static string? OpenAt(JsonElement vector, string provider)
    {
        byte[] message = vector.Bytes("message");
        byte[] iv = new byte[FieldCipher.IvSize];
        int head = EncryptedValue.FindCiphertext(message);
        if (head < 0 || !EncryptedValue.TryReadIv(message, head, iv))
        {
            return null;
        }

        ReadOnlySpan<byte> hex = message.AsSpan(head..^1);
        byte[] encryptedBytes = new byte[hex.Length / 2];
        if (!EncryptedValue.TryReadHex(hex, encryptedBytes))
        {
            return null;
        }

        using AesGcmKey key = Key(vector, provider);
        using FieldCipher cipher = new(key, vector.Hex("nonce_hex"));
        byte[] plaintext = new byte[encryptedBytes.Length - FieldCipher.TagSize];
        return cipher.TryDecrypt(NumberOf(vector), iv, encryptedBytes, plaintext) ? Encoding.UTF8.GetString(plaintext) : null;
    }

    private static string Open(ExchangeCipher cipher, byte[] message, out AnswerFault result)
    {
        byte[] plaintext = new byte[ExchangeCipher.PlaintextLength(message, out int head)];
        result = cipher.Decrypt(message, head, plaintext);
        return Encoding.UTF8.GetString(plaintext);
    }
}
