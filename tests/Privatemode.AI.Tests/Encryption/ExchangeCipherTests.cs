using System.Security.Cryptography;
using System.Text;
using Privatemode.AI.Encryption;
using Privatemode.AI.Encryption.Json;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.Tests.Encryption;

public sealed class ExchangeCipherTests
{
    private const int Mebibyte = 1024 * 1024;

    private readonly byte[] _key = RandomNumberGenerator.GetBytes(FieldCipher.KeySize);

    /// <summary>Small sizes, and those around the steps in which ciphertext is spread to hex within its own buffer.</summary>
    public static IEnumerable<int> Sizes =>
        Enumerable.Range(0, 301).Concat(Enumerable.Range(1, 6).SelectMany(step => Enumerable.Range(1024 * step - 20, 40)))
            .Concat(Enumerable.Range(FieldCipher.PlatformFrom - 3, 6)).Concat([Mebibyte - 17, Mebibyte, Mebibyte + 1, 3 * Mebibyte + 511]);

    [Theory]
    [AesGcmProviders(AesGcmProvidersAttribute.Platform)]
    [AesGcmProviders(AesGcmProvidersAttribute.Sodium)]
    public void Encrypt_EverySize_OpensAtThePeer(string provider)
    {
        using AesGcmKey key = AesGcmProvidersAttribute.Key(provider, _key);
        using ExchangeCipher cipher = key.NewExchange("id"u8.ToArray());
        uint sequence = 0;
        foreach (int size in Sizes)
        {
            byte[] plaintext = RandomNumberGenerator.GetBytes(size);
            byte[] value = Seal(cipher, plaintext);
            Assert.True(EncryptedValue.IsEncryptedWith(value, "id"u8));
            Assert.Equal(size, ExchangeCipher.PlaintextLength(value, out _));
            Assert.True(plaintext.AsSpan().SequenceEqual(NaivePeer.OpenBytes(Encoding.ASCII.GetString(value), _key, sequence++)), $"{size} bytes");
        }
    }

    [Theory]
    [AesGcmProviders(AesGcmProvidersAttribute.Platform)]
    [AesGcmProviders(AesGcmProvidersAttribute.Sodium)]
    public void Open_EverySize_GivesThePlaintext(string provider)
    {
        using AesGcmKey key = AesGcmProvidersAttribute.Key(provider, _key);
        byte[] nonce = RandomNumberGenerator.GetBytes(FieldCipher.NonceSize);
        using ExchangeCipher peer = new(key, "id"u8.ToArray(), nonce);
        using ExchangeCipher cipher = new(key, "id"u8.ToArray(), nonce);
        foreach (int size in Sizes)
        {
            byte[] plaintext = RandomNumberGenerator.GetBytes(size);
            byte[] opened = new byte[size];
            Assert.Equal(AnswerFault.None, cipher.Decrypt(Seal(peer, plaintext), opened));
            Assert.True(plaintext.AsSpan().SequenceEqual(opened), $"{size} bytes");
        }
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(1)]
    [InlineData(1000)]
    public void Encrypt_DestinationOfOtherLength_ThrowsAndUsesNoNumber(int difference)
    {
        using AesGcmKey key = AesGcmKey.Import(_key);
        using ExchangeCipher cipher = key.NewExchange("id"u8.ToArray());
        byte[] destination = new byte[cipher.EncryptedLength(3) + difference];
        Assert.Throws<ArgumentOutOfRangeException>(() => cipher.Encrypt("abc"u8, destination));
        Assert.Equal(new byte[destination.Length], destination);
        Assert.Equal("abc", NaivePeer.Open(Encoding.ASCII.GetString(Seal(cipher, "abc"u8)), _key, 0));
    }

    [Theory]
    [AesGcmProviders(AesGcmProvidersAttribute.Platform)]
    [AesGcmProviders(AesGcmProvidersAttribute.Sodium)]
    public void Encrypt_AfterTheAnswerHasBegun_Throws(string provider)
    {
        using AnswerSealer enclave = new(provider);
        using ExchangeCipher cipher = enclave.Client();
        _ = Seal(cipher, "1"u8);
        Assert.Equal(AnswerFault.None, cipher.Decrypt(Encoding.ASCII.GetBytes(enclave.Value("2")), new byte[1]));
        Assert.Throws<InvalidOperationException>(() => Seal(cipher, "3"u8));

        using ExchangeCipher failed = enclave.Client();
        Assert.NotEqual(AnswerFault.None, failed.Decrypt("null"u8, []));
        Assert.Throws<InvalidOperationException>(() => Seal(failed, "3"u8));
    }

    [Theory]
    [AesGcmProviders(AesGcmProvidersAttribute.Platform)]
    [AesGcmProviders(AesGcmProvidersAttribute.Sodium)]
    public void Encrypt_ManyExchangesUnderOneKey_NeverShareNonceOrIv(string provider)
    {
        using AesGcmKey key = AesGcmProvidersAttribute.Key(provider, _key);

        // Four IVs are drawn together with the nonce, the others later.
        byte[] document = """{"a":"same text","b":"same text","c":"same text","d":"same text","e":"same text","f":"same text"}"""u8.ToArray();
        using JsonIndex index = new();
        Assert.Equal(JsonShape.Usable, index.Read(document));
        HashSet<string> nonces = [];
        HashSet<string> ivs = [];
        for (int i = 0; i < 500; i++)
        {
            using BodyExchange exchange = new(key, "id"u8.ToArray());
            using BufferedBody body = exchange.Encrypt(document, index, new ClearNames());
            string[] values = [.. Encoding.ASCII.GetString(body.Content.Span).Split('"').Where(text => text.StartsWith("id:", StringComparison.Ordinal))];
            Assert.Equal(6, values.Length);
            string[] nonceOfValues = [.. values.Select(value => value.Split(':')[1])];
            Assert.All(values, value => Assert.True(ivs.Add(value.Split(':')[2])));

            Assert.Single(nonceOfValues.Distinct());
            Assert.True(nonces.Add(nonceOfValues[0]));
        }

        Assert.Empty(nonces.Intersect(ivs));

        // Every byte of nonces and IVs is drawn: each takes many values.
        Assert.All(Enumerable.Range(0, 12), at => Assert.True(nonces.Select(nonce => nonce.Substring(2 * at, 2)).Distinct().Count() > 100));
        Assert.All(Enumerable.Range(0, 12), at => Assert.True(ivs.Select(iv => iv.Substring(2 * at, 2)).Distinct().Count() > 100));
    }

    [Theory]
    [InlineData("null")]
    [InlineData("")]
    [InlineData("\"")]
    [InlineData("\"\"")]
    [InlineData("\":::\"")]
    [InlineData("{\"a\":1}")]
    public void PlaintextLength_OfWhatIsNotEncrypted_IsNegative(string raw) =>
        Assert.Equal(-1, ExchangeCipher.PlaintextLength(Encoding.UTF8.GetBytes(raw), out _));

    [Theory]
    [AesGcmProviders(AesGcmProvidersAttribute.Platform)]
    [AesGcmProviders(AesGcmProvidersAttribute.Sodium)]
    public void Dispose_ThenUse_Throws(string provider)
    {
        using AesGcmKey key = AesGcmProvidersAttribute.Key(provider, _key);
        ExchangeCipher cipher = key.NewExchange("id"u8.ToArray());
        byte[] value = Seal(cipher, "1"u8);
        value[5] ^= 1;
        cipher.Dispose();
        cipher.Dispose();
        Assert.Throws<ObjectDisposedException>(() => Seal(cipher, "1"u8));
    }

    // The buffer is that of the call: another attempt encrypts it again.
    [Theory]
    [InlineData(90, 20)]
    [InlineData(-1, 5)]
    [InlineData(5, -1)]
    public void EncryptInPlace_ARangeOutsideTheBuffer_ThrowsAndRestoresTheOthers(int start, int length)
    {
        using AesGcmKey key = AesGcmKey.Import(_key);
        using ExchangeCipher cipher = key.NewExchange("id"u8.ToArray());
        byte[] plaintext = RandomNumberGenerator.GetBytes(100);
        byte[] buffer = [.. plaintext];
        Assert.Throws<ArgumentOutOfRangeException>(
            () => cipher.EncryptInPlace(buffer, [new ValueRange(0, 30), new ValueRange(40, 30), new ValueRange(start, length)]));
        Assert.Equal(plaintext, buffer);
    }

    internal static byte[] Seal(ExchangeCipher cipher, ReadOnlySpan<byte> plaintext)
    {
        byte[] destination = new byte[cipher.EncryptedLength(plaintext.Length)];
        cipher.Encrypt(plaintext, destination);
        return destination;
    }
}
