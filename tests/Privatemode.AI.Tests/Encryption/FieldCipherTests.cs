using System.Security.Cryptography;
using Privatemode.AI.Encryption;

namespace Privatemode.AI.Tests.Encryption;

public sealed class FieldCipherTests
{
    // The longest value of libsodium, and the shortest that stays with the platform.
    private const int Longest = FieldCipher.PlatformFrom - 1;
    private const int Shortest = FieldCipher.PlatformFrom;

    private readonly byte[] _key = RandomNumberGenerator.GetBytes(FieldCipher.KeySize);
    private readonly byte[] _nonce = RandomNumberGenerator.GetBytes(FieldCipher.NonceSize);
    private readonly byte[] _iv = RandomNumberGenerator.GetBytes(FieldCipher.IvSize);

    [Theory]
    [InlineData(11)]
    [InlineData(13)]
    [InlineData(0)]
    public void Constructor_NonceOfAnotherLength_Throws(int nonce)
    {
        using AesGcmKey key = AesGcmKey.Import(_key);
        Assert.Throws<ArgumentOutOfRangeException>(() => new FieldCipher(key, new byte[nonce]));
    }

    [Theory]
    [AesGcmProviders(AesGcmProvidersAttribute.Platform)]
    [AesGcmProviders(AesGcmProvidersAttribute.Sodium)]
    public void Encrypt_EqualValues_AreBoundToTheirNumber(string provider)
    {
        using AesGcmKey key = AesGcmProvidersAttribute.Key(provider, _key);
        using FieldCipher sender = New(key);
        byte[] first = Encrypt(sender, 7);
        byte[] second = Encrypt(sender, 7, number: 1);
        Assert.Equal(first[..7], second[..7]);
        Assert.NotEqual(first[7..], second[7..]);

        using FieldCipher receiver = New(key);
        Assert.False(receiver.TryDecrypt(0, _iv, second, new byte[7]));
        Assert.True(receiver.TryDecrypt(0, _iv, first, new byte[7]));
        Assert.False(receiver.TryDecrypt(1, _iv, first, new byte[7]));
        Assert.True(receiver.TryDecrypt(1, _iv, second, new byte[7]));
    }

    [Theory]
    [AesGcmProviders(AesGcmProvidersAttribute.Platform, 100)]
    [AesGcmProviders(AesGcmProvidersAttribute.Platform, Shortest)]
    [AesGcmProviders(AesGcmProvidersAttribute.Sodium, 100)]
    [AesGcmProviders(AesGcmProvidersAttribute.Sodium, Longest)]
    [AesGcmProviders(AesGcmProvidersAttribute.Sodium, Shortest)]
    public void TryDecrypt_AlteredValue_LeavesZeros(string provider, int length)
    {
        using AesGcmKey key = AesGcmProvidersAttribute.Key(provider, _key);
        using FieldCipher sender = New(key);
        byte[] encryptedBytes = Encrypt(sender, length);
        using FieldCipher receiver = New(key);
        int bits = 8 * encryptedBytes.Length;
        for (int bit = 0; bit < bits; bit += bits / 97)
        {
            byte[] altered = [.. encryptedBytes];
            altered[bit / 8] ^= (byte)(1 << (bit % 8));
            byte[] plaintext = [.. Enumerable.Repeat((byte)0xAA, length)];
            Assert.False(receiver.TryDecrypt(0, _iv, altered, plaintext));
            Assert.False(plaintext.AsSpan().ContainsAnyExcept((byte)0));
            byte[] value = altered[..length];
            Assert.False(receiver.TryDecryptInPlace(0, _iv, value, altered.AsSpan(length)));
            Assert.False(value.AsSpan().ContainsAnyExcept((byte)0));
        }

        byte[] opened = new byte[length];
        Assert.True(receiver.TryDecrypt(0, _iv, encryptedBytes, opened));
        Assert.True(opened.AsSpan().SequenceEqual(Plaintext(length)));
    }

    // A value that one side encrypts with one implementation and the other side decrypts with another.
    [Theory]
    [AesGcmProviders(AesGcmProvidersAttribute.Sodium, 0)]
    [AesGcmProviders(AesGcmProvidersAttribute.Sodium, 1)]
    [AesGcmProviders(AesGcmProvidersAttribute.Sodium, 17)]
    [AesGcmProviders(AesGcmProvidersAttribute.Sodium, 4096)]
    [AesGcmProviders(AesGcmProvidersAttribute.Sodium, Longest)]
    [AesGcmProviders(AesGcmProvidersAttribute.Sodium, Shortest)]
    public void Values_OfBothProvidersAndInPlace_AreTheSame(string provider, int length)
    {
        using AesGcmKey key = AesGcmProvidersAttribute.Key(provider, _key);
        using AesGcmKey platformKey = AesGcmProvidersAttribute.Key(AesGcmProvidersAttribute.Platform, _key);
        using FieldCipher sodium = New(key);
        using FieldCipher platform = New(platformKey);
        using FieldCipher inPlace = New(key);
        byte[] encryptedBytes = Encrypt(sodium, length);
        byte[] value = Plaintext(length);
        byte[] tag = new byte[FieldCipher.TagSize];
        inPlace.EncryptInPlace(0, _iv, value, tag);

        Assert.Equal(Encrypt(platform, length), encryptedBytes);
        Assert.Equal(encryptedBytes, (byte[])[.. value, .. tag]);
    }

    [Theory]
    [AesGcmProviders(AesGcmProvidersAttribute.Platform)]
    [AesGcmProviders(AesGcmProvidersAttribute.Sodium)]
    public void TryDecrypt_OtherNonceKeyOrNumber_Fails(string provider)
    {
        using AesGcmKey key = AesGcmProvidersAttribute.Key(provider, _key);
        using AesGcmKey zeros = AesGcmProvidersAttribute.Key(provider, new byte[FieldCipher.KeySize]);
        using FieldCipher sender = New(key);
        byte[] encryptedBytes = Encrypt(sender, 5);
        using FieldCipher otherNonce = new(key, new byte[FieldCipher.NonceSize]);
        using FieldCipher otherKey = new(zeros, _nonce);
        Assert.All((FieldCipher[])[otherNonce, otherKey], cipher => Assert.False(cipher.TryDecrypt(0, _iv, encryptedBytes, new byte[5])));
        Assert.False(sender.TryDecrypt(1, _iv, encryptedBytes, new byte[5]));
        Assert.True(sender.TryDecrypt(0, _iv, encryptedBytes, new byte[5]));
    }

    [Theory]
    [AesGcmProviders(AesGcmProvidersAttribute.Platform)]
    [AesGcmProviders(AesGcmProvidersAttribute.Sodium)]
    public void Dispose_ThenUse_Throws(string provider)
    {
        using AesGcmKey key = AesGcmProvidersAttribute.Key(provider, _key);
        FieldCipher cipher = New(key);
        cipher.Dispose();
        byte[] tag = new byte[FieldCipher.TagSize];
        Assert.Throws<ObjectDisposedException>(cipher.Copy);
        Assert.Throws<ObjectDisposedException>(() => cipher.Encrypt(0, _iv, [], tag));
        Assert.Throws<ObjectDisposedException>(() => cipher.EncryptInPlace(0, _iv, [], tag));
        Assert.Throws<ObjectDisposedException>(() => cipher.TryDecrypt(0, _iv, tag, []));
        Assert.Throws<ObjectDisposedException>(() => cipher.TryDecryptInPlace(0, _iv, [], tag));
    }

    // A number has 32 bits on the wire: the next one would be the first again.
    [Theory]
    [AesGcmProviders(AesGcmProvidersAttribute.Platform)]
    [AesGcmProviders(AesGcmProvidersAttribute.Sodium)]
    public void Encrypt_NumberAfterTheLastOne_Throws(string provider)
    {
        using AesGcmKey key = AesGcmProvidersAttribute.Key(provider, _key);
        using FieldCipher cipher = New(key);
        Encrypt(cipher, 5, uint.MaxValue);
        Assert.Throws<OverflowException>(() => Encrypt(cipher, 5, uint.MaxValue + 1UL));
        Assert.Throws<OverflowException>(() => cipher.TryDecrypt(uint.MaxValue + 1UL, _iv, new byte[5 + FieldCipher.TagSize], new byte[5]));
    }

    private static byte[] Plaintext(int length) => [.. Enumerable.Range(0, length).Select(i => (byte)i)];

    private FieldCipher New(AesGcmKey key) => new(key, _nonce);

    private byte[] Encrypt(FieldCipher cipher, int length, ulong number = 0)
    {
        byte[] encryptedBytes = new byte[length + FieldCipher.TagSize];
        cipher.Encrypt(number, _iv, Plaintext(length), encryptedBytes);
        return encryptedBytes;
    }
}
