using System.Security.Cryptography;
using Privatemode.AI.Encryption;

namespace Privatemode.AI.Tests.Encryption;

public sealed class FieldCipherTests
{
    private readonly byte[] _key = RandomNumberGenerator.GetBytes(FieldCipher.KeySize);
    private readonly byte[] _nonce = RandomNumberGenerator.GetBytes(FieldCipher.NonceSize);
    private readonly byte[] _iv = RandomNumberGenerator.GetBytes(FieldCipher.IvSize);

    [Theory]
    [InlineData(31, 12)]
    [InlineData(33, 12)]
    [InlineData(16, 12)]
    [InlineData(0, 12)]
    [InlineData(32, 11)]
    [InlineData(32, 13)]
    [InlineData(32, 0)]
    public void Constructor_WrongLengths_Throws(int key, int nonce) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => new FieldCipher(new byte[key], new byte[nonce]));

    [Fact]
    public void Encrypt_EqualValues_AreBoundToTheirNumber()
    {
        using FieldCipher sender = New();
        (byte[] first, byte[] firstTag) = Encrypt(sender, 7);
        (byte[] second, byte[] secondTag) = Encrypt(sender, 7);
        Assert.Equal(2ul, sender.Sequence);
        Assert.Equal(first, second);
        Assert.NotEqual(firstTag, secondTag);

        using FieldCipher receiver = New();
        Assert.False(receiver.TryDecrypt(_iv, second, secondTag, new byte[7]));
        Assert.Equal(0ul, receiver.Sequence);
        Assert.True(receiver.TryDecrypt(_iv, first, firstTag, new byte[7]));
        Assert.True(receiver.TryDecrypt(_iv, second, secondTag, new byte[7]));
        Assert.Equal(2ul, receiver.Sequence);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void TryDecrypt_AlteredValue_LeavesZeros(bool inPlace)
    {
        using FieldCipher sender = New();
        (byte[] ciphertext, byte[] tag) = Encrypt(sender, 100);
        using FieldCipher receiver = New();
        for (int bit = 0; bit < 8 * 100; bit += 13)
        {
            byte[] altered = [.. ciphertext];
            altered[bit / 8] ^= (byte)(1 << (bit % 8));
            byte[] plaintext = inPlace ? altered : [.. Enumerable.Repeat((byte)0xAA, 100)];
            Assert.False(receiver.TryDecrypt(_iv, altered, tag, plaintext));
            Assert.Equal(new byte[100], plaintext);
        }

        Assert.True(receiver.TryDecrypt(_iv, ciphertext, tag, ciphertext));
        Assert.Equal(Plaintext(100), ciphertext);
    }

    [Fact]
    public void TryDecrypt_OtherNonceKeyOrNumber_Fails()
    {
        using FieldCipher sender = New();
        (byte[] ciphertext, byte[] tag) = Encrypt(sender, 5);
        using FieldCipher otherNonce = new(_key, new byte[FieldCipher.NonceSize]);
        using FieldCipher otherKey = new(new byte[FieldCipher.KeySize], _nonce);
        using FieldCipher otherNumber = new(_key, _nonce, 1);
        Assert.All((FieldCipher[])[otherNonce, otherKey, otherNumber], cipher => Assert.False(cipher.TryDecrypt(_iv, ciphertext, tag, new byte[5])));
    }

    [Fact]
    public void Dispose_ThenUse_Throws()
    {
        FieldCipher cipher = New();
        cipher.Dispose();
        Assert.Throws<ObjectDisposedException>(() => cipher.Encrypt(_iv, [], [], new byte[FieldCipher.TagSize]));
        Assert.Throws<ObjectDisposedException>(() => cipher.TryDecrypt(_iv, [], new byte[FieldCipher.TagSize], []));
    }

    private static byte[] Plaintext(int length) => [.. Enumerable.Range(0, length).Select(i => (byte)i)];

    private FieldCipher New() => new(_key, _nonce);

    private (byte[] Ciphertext, byte[] Tag) Encrypt(FieldCipher cipher, int length)
    {
        byte[] ciphertext = new byte[length];
        byte[] tag = new byte[FieldCipher.TagSize];
        cipher.Encrypt(_iv, Plaintext(length), ciphertext, tag);
        return (ciphertext, tag);
    }
}
