using System.Security.Cryptography;
using Org.BouncyCastle.Crypto.Digests;
using Privatemode.AI.KeyExchange.Hpke;
using Oracle = Org.BouncyCastle.Math.EC.Rfc7748.X25519;

namespace Ecosystem.Tests;

/// <summary>X-Wing put together from BouncyCastle's ML-KEM-768, X25519, SHA3-256 and SHAKE256, as the draft says.</summary>
public sealed class XWingOracleTests
{
    private const int Rounds = 50;

    [Theory]
    [InlineData("Managed")]
    [InlineData("Automatic")]
    public void PublicKeys_OfTheSameSeed_AreEqual(string provider)
    {
        for (int i = 0; i < Rounds; i++)
        {
            byte[] seed = RandomNumberGenerator.GetBytes(XWing.SeedSize);
            using XWingPrivateKey key = XWingPrivateKey.FromSeed(seed, Enum.Parse<MlKemProvider>(provider));
            (byte[] mlKemSeed, byte[] scalar) = Expand(seed);
            byte[] point = new byte[X25519.PointSize];
            Oracle.ScalarMultBase(scalar, 0, point, 0);
            byte[] expected = [.. BouncyCastleMlKem.EncapsulationKey(mlKemSeed), .. point];
            Assert.Equal(expected, key.PublicKey.ToArray());
        }
    }

    [Theory]
    [InlineData("Managed")]
    [InlineData("Automatic")]
    public void Secrets_EncapsulatedThere_AreOpenedHere(string provider)
    {
        for (int i = 0; i < Rounds; i++)
        {
            using XWingPrivateKey key = XWingPrivateKey.Generate(Enum.Parse<MlKemProvider>(provider));
            (byte[] ciphertext, byte[] secret) = Encapsulate(key.PublicKey.ToArray());
            byte[] opened = new byte[XWing.SharedSecretSize];
            key.Decapsulate(ciphertext, opened);
            Assert.Equal(secret, opened);
        }
    }

    private static (byte[] Ciphertext, byte[] Secret) Encapsulate(byte[] publicKey)
    {
        byte[] peer = publicKey[MlKem768.EncapsulationKeySize..];
        (byte[] mlKemCiphertext, byte[] mlKemSecret) = BouncyCastleMlKem.Encapsulate(publicKey[..MlKem768.EncapsulationKeySize]);
        byte[] scalar = RandomNumberGenerator.GetBytes(X25519.ScalarSize);
        byte[] point = new byte[X25519.PointSize];
        byte[] x25519Secret = new byte[X25519.PointSize];
        Oracle.ScalarMultBase(scalar, 0, point, 0);
        Assert.True(Oracle.CalculateAgreement(scalar, 0, peer, 0, x25519Secret, 0));
        return ([.. mlKemCiphertext, .. point], Sha3([.. mlKemSecret, .. x25519Secret, .. point, .. peer, .. @"\.//^\"u8]));
    }

    private static (byte[] MlKemSeed, byte[] Scalar) Expand(byte[] seed)
    {
        ShakeDigest shake = new(256);
        shake.BlockUpdate(seed, 0, seed.Length);
        byte[] expanded = new byte[MlKem768.SeedSize + X25519.ScalarSize];
        _ = shake.OutputFinal(expanded, 0, expanded.Length);
        return (expanded[..MlKem768.SeedSize], expanded[MlKem768.SeedSize..]);
    }

    private static byte[] Sha3(byte[] data)
    {
        Sha3Digest digest = new(256);
        digest.BlockUpdate(data, 0, data.Length);
        byte[] hash = new byte[digest.GetDigestSize()];
        _ = digest.DoFinal(hash, 0);
        return hash;
    }
}
