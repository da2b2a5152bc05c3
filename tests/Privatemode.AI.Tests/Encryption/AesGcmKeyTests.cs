using System.Security.Cryptography;
using System.Text.Json;
using Privatemode.AI.Encryption;
using Privatemode.AI.Tests.Fakes;
using Privatemode.AI.Tests.KeyExchange;
using Privatemode.AI.Tests.Vectors;

namespace Privatemode.AI.Tests.Encryption;

public sealed class AesGcmKeyTests
{
    private static readonly byte[] Bytes = [.. Enumerable.Range(1, AesGcmKey.Size).Select(i => (byte)i)];
    private static readonly byte[] Iv = new byte[FieldCipher.IvSize];
    private static readonly byte[] AdditionalData = new byte[16];

    [ThirdPartyTheory]
    [AesGcmProviders(AesGcmProvidersAttribute.Platform)]
    [AesGcmProviders(AesGcmProvidersAttribute.Sodium)]
    public void Wycheproof_EveryCase_DecryptsOrRefuses(string provider)
    {
        const string File = "wycheproof-aes256gcm.json";
        CaseLog log = new();
        foreach ((_, JsonElement test) in CryptoVectors.Cases(File))
        {
            log.Run(test.Name(), () =>
            {
                using AesGcmKey key = AesGcmProvidersAttribute.Key(provider, test.Hex("key"));
                byte[] encryptedBytes = [.. test.Hex("ct"), .. test.Hex("tag")];
                byte[] plaintext = [.. Enumerable.Repeat((byte)0xFF, test.Hex("ct").Length)];
                Assert.Equal(test.IsValid(), TryDecrypt(key, test.Hex("iv"), test.Hex("aad"), encryptedBytes, plaintext));
                Assert.Equal(test.IsValid() ? test.Hex("msg") : new byte[plaintext.Length], plaintext);
                if (test.IsValid())
                {
                    Assert.Equal(encryptedBytes, Encrypt(key, test.Hex("iv"), test.Hex("aad"), plaintext));
                }
            });
        }

        log.AssertAllPassed(CryptoVectors.Count(File));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(16)]
    [InlineData(31)]
    [InlineData(33)]
    public void Constructor_KeyOfAnotherLength_Throws(int length) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => AesGcmKey.Import(new byte[length]));

    [Theory]
    [AesGcmProviders(AesGcmProvidersAttribute.Platform)]
    [AesGcmProviders(AesGcmProvidersAttribute.Sodium)]
    public void Dispose_ZeroesTheBytesAndEndsUse(string provider)
    {
        AesGcmKey key = AesGcmProvidersAttribute.Key(provider, Bytes);
        ReadOnlySpan<byte> memory = key.Bytes;

        key.Dispose();
        key.Dispose();

        Assert.False(memory.ContainsAnyExcept((byte)0));
        Assert.Throws<ObjectDisposedException>(() => key.Bytes.Length);
        Assert.Throws<ObjectDisposedException>(key.CreatePlatformCipher);
        if (key.Sodium is { } sodium)
        {
            Assert.Throws<ObjectDisposedException>(() => sodium.Encrypt(Iv, AdditionalData, [1], new byte[17]));
            Assert.Throws<ObjectDisposedException>(() => sodium.TryDecrypt(Iv, AdditionalData, new byte[17], new byte[1]));
        }
    }

    // Both ciphers of a stream go on with the key while another thread retires it: every answer is right or an ObjectDisposedException.
    [Theory]
    [AesGcmProviders(AesGcmProvidersAttribute.Platform)]
    [AesGcmProviders(AesGcmProvidersAttribute.Sodium)]
    public void Dispose_WhileManyThreadsEncrypt_NeverEncryptsWithAnotherKey(string provider)
    {
        const int Threads = 2;
        const int CallsBefore = 20;
        using AesGcmKey reference = AesGcmProvidersAttribute.Key(AesGcmProvidersAttribute.Platform, Bytes);
        byte[] expected = Encrypt(reference, Iv, AdditionalData, Bytes);
        for (int round = 0; round < 100; round++)
        {
            AesGcmKey key = AesGcmProvidersAttribute.Key(provider, Bytes);
            using ManualResetEventSlim underWay = new();
            int wrong = 0;
            int calls = 0;
            Thread[] users = [.. Enumerable.Range(0, Threads).Select(_ => new Thread(() =>
            {
                try
                {
                    while (true)
                    {
                        if (!Encrypt(key, Iv, AdditionalData, Bytes).AsSpan().SequenceEqual(expected))
                        {
                            _ = Interlocked.Increment(ref wrong);
                        }

                        if (Interlocked.Increment(ref calls) == CallsBefore)
                        {
                            underWay.Set();
                        }
                    }
                }
                catch (ObjectDisposedException)
                {
                    // The only way out.
                }
            }))];
            Array.ForEach(users, user => user.Start());
            Assert.True(underWay.Wait(TestTimeouts.Default));
            key.Dispose();
            Array.ForEach(users, user => user.Join());
            Assert.Equal(0, wrong);
        }
    }

    [Theory]
    [AesGcmProviders(AesGcmProvidersAttribute.Sodium)]
    public void Sodium_SharedByManyThreads_IsRight(string provider)
    {
        using AesGcmKey key = AesGcmProvidersAttribute.Key(provider, Bytes);
        byte[][] plaintexts = [.. Enumerable.Range(1, 200).Select(length => Enumerable.Repeat((byte)length, length).ToArray())];
        byte[][] expected = [.. plaintexts.Select(plaintext => Encrypt(key, Iv, AdditionalData, plaintext))];
        Parallel.For(0, 4, _ =>
        {
            for (int round = 0; round < 20; round++)
            {
                for (int i = 0; i < plaintexts.Length; i++)
                {
                    Assert.Equal(expected[i], Encrypt(key, Iv, AdditionalData, plaintexts[i]));
                }
            }
        });
    }

    [Theory]
    [InlineData(typeof(DllNotFoundException))]
    [InlineData(typeof(EntryPointNotFoundException))]
    [InlineData(typeof(BadImageFormatException))]
    [InlineData(typeof(PlatformNotSupportedException))]
    [InlineData(typeof(InvalidOperationException))]
    [InlineData(typeof(CryptographicException))]
    public void IsUsable_NativeLibraryIsMissingOrBroken_IsFalse(Type failure) =>
        Assert.False(SodiumAesGcmKey.IsUsable(() => throw (Exception)Activator.CreateInstance(failure)!));

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void IsUsable_LibraryAnswers_IsItsAnswer(bool answer) => Assert.Equal(answer, SodiumAesGcmKey.IsUsable(() => answer));

    private static byte[] Encrypt(AesGcmKey key, byte[] iv, byte[] additionalData, byte[] plaintext)
    {
        byte[] encryptedBytes = new byte[plaintext.Length + AesGcmKey.TagSize];
        if (key.Sodium is { } sodium)
        {
            sodium.Encrypt(iv, additionalData, plaintext, encryptedBytes);
            return encryptedBytes;
        }

        using AesGcm cipher = key.CreatePlatformCipher();
        cipher.Encrypt(iv, plaintext, encryptedBytes.AsSpan(0, plaintext.Length), encryptedBytes.AsSpan(plaintext.Length), additionalData);
        return encryptedBytes;
    }

    private static bool TryDecrypt(AesGcmKey key, byte[] iv, byte[] additionalData, byte[] encryptedBytes, byte[] plaintext)
    {
        if (key.Sodium is { } sodium)
        {
            return sodium.TryDecrypt(iv, additionalData, encryptedBytes, plaintext);
        }

        using AesGcm cipher = key.CreatePlatformCipher();
        try
        {
            cipher.Decrypt(iv, encryptedBytes.AsSpan(0, plaintext.Length), encryptedBytes.AsSpan(plaintext.Length), plaintext, additionalData);
            return true;
        }
        catch (AuthenticationTagMismatchException)
        {
            return false;
        }
    }
}
