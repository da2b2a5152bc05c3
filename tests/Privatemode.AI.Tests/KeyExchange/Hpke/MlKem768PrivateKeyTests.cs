using System.Reflection;
using System.Security.Cryptography;
using Privatemode.AI.KeyExchange.Hpke;

namespace Privatemode.AI.Tests.KeyExchange.Hpke;

public class MlKem768PrivateKeyTests
{
    private static readonly byte[] Seed = [.. Enumerable.Range(0, MlKem768.SeedSize).Select(i => (byte)i)];

    // FIPS 203, table 3.
    [Fact]
    public void Sizes_OfTheParameterSet_AreThoseOfFips203()
    {
        Assert.Equal(64, MlKem768.SeedSize);
        Assert.Equal(1184, MlKem768.EncapsulationKeySize);
        Assert.Equal(1088, MlKem768.CiphertextSize);
        Assert.Equal(32, MlKem768.SharedSecretSize);
    }

    [Fact]
    public void FromSeed_EveryWrongLength_Throws()
    {
        foreach (int length in Enumerable.Range(0, 2 * MlKem768.SeedSize).Where(length => length != MlKem768.SeedSize))
        {
            Assert.Throws<ArgumentException>(() => MlKem768PrivateKey.FromSeed(new byte[length]));
        }
    }

    [Fact]
    public void Decapsulate_EveryWrongCiphertextLength_Throws()
    {
        using MlKem768PrivateKey key = MlKem768PrivateKey.FromSeed(Seed);
        foreach (int length in Enumerable.Range(0, MlKem768.CiphertextSize + 100).Where(length => length != MlKem768.CiphertextSize))
        {
            Assert.Throws<CryptographicException>(() => key.Decapsulate(new byte[length]));
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(31)]
    [InlineData(33)]
    public void Decapsulate_WrongSecretLength_Throws(int length)
    {
        using MlKem768PrivateKey key = MlKem768PrivateKey.FromSeed(Seed);
        // BouncyCastle and the platform would refuse it too, in their own words.
        Assert.Throws<ArgumentException>("sharedSecret", () => key.Decapsulate(new byte[MlKem768.CiphertextSize], new byte[length]));
    }

    [Fact]
    public void Encapsulate_EveryWrongKeyLength_Throws()
    {
        const int Right = MlKem768.EncapsulationKeySize;
        foreach (int length in Enumerable.Range(0, Right + 100).Where(length => length != Right))
        {
            Assert.Throws<CryptographicException>(() => MlKem768Calls.Encapsulate(new byte[length], new byte[32]));
        }
    }

    [Theory]
    [PrimitiveProviders("BouncyCastle")]
    [PrimitiveProviders("Platform")]
    public void Decapsulate_BitsOfTheCiphertextAltered_GivesAnotherSecret(string provider)
    {
        using MlKem768PrivateKey key = MlKem768Calls.Key(Seed, provider);
        (byte[] ciphertext, byte[] sharedSecret) = MlKem768Calls.Encapsulate(key.EncapsulationKey.ToArray(), new byte[32]);
        HashSet<string> secrets = [Convert.ToHexString(sharedSecret)];
        for (int bit = 0; bit < 8 * ciphertext.Length; bit += 13)
        {
            // The low bits of a coefficient are the hard ones: the message still comes out right, only the comparison can tell.
            ciphertext[bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.True(secrets.Add(Convert.ToHexString(key.Decapsulate(ciphertext))), $"bit {bit}");
            ciphertext[bit / 8] ^= (byte)(1 << (bit % 8));
        }

        Assert.Equal(sharedSecret, key.Decapsulate(ciphertext));
    }

    [Fact]
    public void Dispose_BouncyCastle_DropsTheKeyAndEndsUse()
    {
        MlKem768PrivateKey key = MlKem768Calls.Key(Seed);

        key.Dispose();

        Assert.Null(typeof(BouncyCastleMlKem768PrivateKey).GetField("_key", BindingFlags.Instance | BindingFlags.NonPublic)!.GetValue(key));
        Assert.Throws<ObjectDisposedException>(() => key.Decapsulate(new byte[MlKem768.CiphertextSize]));
    }

    [Fact]
    public void FromSeed_OnEveryPlatform_IsThePlatformsWhereItHasOne()
    {
        using MlKem768PrivateKey key = MlKem768PrivateKey.FromSeed(Seed);
        Assert.IsType(MLKem.IsSupported ? typeof(PlatformMlKem768PrivateKey) : typeof(BouncyCastleMlKem768PrivateKey), key);
        if (!MLKem.IsSupported)
        {
            Assert.Throws<PlatformNotSupportedException>(() => new PlatformMlKem768PrivateKey(Seed));
        }
    }
}
