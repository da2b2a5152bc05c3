using System.Security.Cryptography;
using Privatemode.AI.KeyExchange.Hpke;

namespace Privatemode.AI.Tests.KeyExchange.Hpke;

/// <summary>BouncyCastle's ML-KEM against the platform's, where it has one.</summary>
public class MlKem768DifferentialTests
{
    private const int Keys = 1_000;

    [Theory]
    [PrimitiveProviders("Platform")]
    public void BothProviders_RandomKeys_AgreeInEverything(string provider)
    {
        for (int i = 0; i < Keys; i++)
        {
            byte[] seed = RandomNumberGenerator.GetBytes(MlKem768.SeedSize);
            using MlKem768PrivateKey bouncyCastle = MlKem768Calls.Key(seed);
            using MlKem768PrivateKey platform = MlKem768Calls.Key(seed, provider);
            using MLKem raw = MLKem.ImportPrivateSeed(MLKemAlgorithm.MLKem768, seed);
            Assert.Equal(platform.EncapsulationKey, bouncyCastle.EncapsulationKey);
            Assert.Equal(raw.ExportDecapsulationKey(), ExpandedDecapsulationKey.FromSeed(seed, "BouncyCastle"));

            raw.Encapsulate(out byte[] theirs, out byte[] theirSecret);
            (byte[] ours, byte[] ourSecret) =
                MlKem768Calls.Encapsulate(bouncyCastle.EncapsulationKey.ToArray(), RandomNumberGenerator.GetBytes(32));
            Assert.Equal(theirSecret, bouncyCastle.Decapsulate(theirs));
            Assert.Equal(theirSecret, platform.Decapsulate(theirs));
            Assert.Equal(ourSecret, bouncyCastle.Decapsulate(ours));
            Assert.Equal(ourSecret, platform.Decapsulate(ours));

            byte[] random = RandomNumberGenerator.GetBytes(MlKem768.CiphertextSize);
            Assert.Equal(platform.Decapsulate(random), bouncyCastle.Decapsulate(random));
        }
    }

    [Theory]
    [PrimitiveProviders("Platform")]
    public void Platform_AfterDispose_Throws(string provider)
    {
        MlKem768PrivateKey key = MlKem768Calls.Key(new byte[MlKem768.SeedSize], provider);
        key.Dispose();
        Assert.Throws<ObjectDisposedException>(() => key.Decapsulate(new byte[MlKem768.CiphertextSize]));
    }
}
