using System.Security.Cryptography;
using Privatemode.AI.KeyExchange.Hpke;

namespace Ecosystem.Tests;

/// <summary>ML-KEM-768 against an implementation that shares nothing with ours: BouncyCastle.</summary>
public sealed class MlKemOracleTests
{
    private const int Rounds = 100;

    /// <summary>Ours, and the platform's where it has one: Automatic is the platform's there, and ours elsewhere.</summary>
    public static TheoryData<string> Providers => new() { "Managed", "Automatic" };

    [Theory]
    [MemberData(nameof(Providers))]
    public void Keys_OfTheSameSeed_AreEqual(string provider)
    {
        for (int i = 0; i < Rounds; i++)
        {
            byte[] seed = RandomNumberGenerator.GetBytes(MlKem768.SeedSize);
            using MlKem768PrivateKey key = Key(seed, provider);
            Assert.Equal(BouncyCastleMlKem.EncapsulationKey(seed), key.EncapsulationKey.ToArray());
        }
    }

    [Theory]
    [MemberData(nameof(Providers))]
    public void Secrets_EncapsulatedThereToAKeyMadeHere_AreOpenedHere(string provider)
    {
        for (int i = 0; i < Rounds; i++)
        {
            using MlKem768PrivateKey key = Key(RandomNumberGenerator.GetBytes(MlKem768.SeedSize), provider);
            (byte[] ciphertext, byte[] secret) = BouncyCastleMlKem.Encapsulate(key.EncapsulationKey.ToArray());
            Assert.Equal(secret, Decapsulate(key, ciphertext));
        }
    }

    [Theory]
    [MemberData(nameof(Providers))]
    public void Ciphertexts_DamagedInOneBit_GiveTheSameRejectionSecret(string provider)
    {
        for (int i = 0; i < Rounds; i++)
        {
            byte[] seed = RandomNumberGenerator.GetBytes(MlKem768.SeedSize);
            using MlKem768PrivateKey key = Key(seed, provider);
            (byte[] ciphertext, byte[] secret) = BouncyCastleMlKem.Encapsulate(key.EncapsulationKey.ToArray());
            int bit = RandomNumberGenerator.GetInt32(ciphertext.Length * 8);
            ciphertext[bit / 8] ^= (byte)(1 << (bit % 8));
            byte[] rejected = Decapsulate(key, ciphertext);
            Assert.NotEqual(secret, rejected);
            Assert.Equal(BouncyCastleMlKem.Decapsulate(seed, ciphertext), rejected);
        }
    }

    [Theory]
    [MemberData(nameof(Providers))]
    public void Ciphertexts_OfRandomBytes_GiveTheSameRejectionSecret(string provider)
    {
        byte[] seed = RandomNumberGenerator.GetBytes(MlKem768.SeedSize);
        using MlKem768PrivateKey key = Key(seed, provider);
        for (int i = 0; i < Rounds; i++)
        {
            byte[] ciphertext = RandomNumberGenerator.GetBytes(MlKem768.CiphertextSize);
            Assert.Equal(BouncyCastleMlKem.Decapsulate(seed, ciphertext), Decapsulate(key, ciphertext));
        }
    }

    [Theory]
    [InlineData(0x00)]
    [InlineData(0xFF)]
    public void Seeds_AndCiphertextsAtTheEdge_GiveTheSameKeyAndSecret(byte value)
    {
        byte[] seed = new byte[MlKem768.SeedSize];
        byte[] ciphertext = new byte[MlKem768.CiphertextSize];
        Array.Fill(seed, value);
        Array.Fill(ciphertext, value);
        using MlKem768PrivateKey key = Key(seed, "Managed");
        Assert.Equal(BouncyCastleMlKem.EncapsulationKey(seed), key.EncapsulationKey.ToArray());
        Assert.Equal(BouncyCastleMlKem.Decapsulate(seed, ciphertext), Decapsulate(key, ciphertext));
    }

    private static MlKem768PrivateKey Key(byte[] seed, string provider) => MlKem768PrivateKey.FromSeed(seed, Enum.Parse<MlKemProvider>(provider));

    private static byte[] Decapsulate(MlKem768PrivateKey key, byte[] ciphertext)
    {
        byte[] secret = new byte[MlKem768.SharedSecretSize];
        key.Decapsulate(ciphertext, secret);
        return secret;
    }
}
