using System.Security.Cryptography;
using Privatemode.AI.KeyExchange.Hpke;

namespace Privatemode.AI.Tests.KeyExchange.Hpke;

/// <summary>Our ML-KEM against the platform's, where it has one.</summary>
public class MlKem768DifferentialTests
{
    private const int Keys = 1_000;

    [PlatformMlKemFact]
    public void BothProviders_RandomKeys_AgreeInEverything()
    {
        byte[] expanded = new byte[ExpandedDecapsulationKey.Size];
        for (int i = 0; i < Keys; i++)
        {
            byte[] seed = RandomNumberGenerator.GetBytes(MlKem768.SeedSize);
            using ManagedMlKem768PrivateKey managed = MlKem768Calls.ManagedKey(seed);
            using MlKem768PrivateKey platform = MlKem768PrivateKey.FromSeed(seed, MlKemProvider.Platform);
            using MLKem raw = MLKem.ImportPrivateSeed(MLKemAlgorithm.MLKem768, seed);
            Assert.Equal(platform.EncapsulationKey, managed.EncapsulationKey);
            raw.ExportDecapsulationKey(expanded);
            Assert.Equal(expanded, ExpandedDecapsulationKey.Encode(managed));

            raw.Encapsulate(out byte[] theirs, out byte[] theirSecret);
            (byte[] ours, byte[] ourSecret) =
                MlKem768Calls.Encapsulate(managed.EncapsulationKey.ToArray(), RandomNumberGenerator.GetBytes(32));
            Assert.Equal(theirSecret, managed.Decapsulate(theirs));
            Assert.Equal(theirSecret, platform.Decapsulate(theirs));
            Assert.Equal(ourSecret, managed.Decapsulate(ours));
            Assert.Equal(ourSecret, platform.Decapsulate(ours));

            byte[] random = RandomNumberGenerator.GetBytes(MlKem768.CiphertextSize);
            Assert.Equal(platform.Decapsulate(random), managed.Decapsulate(random));
        }
    }

    [PlatformMlKemFact]
    public void Platform_AfterDispose_Throws()
    {
        MlKem768PrivateKey key = MlKem768PrivateKey.FromSeed(new byte[MlKem768.SeedSize], MlKemProvider.Platform);
        key.Dispose();
        Assert.Throws<ObjectDisposedException>(() => key.Decapsulate(new byte[MlKem768.CiphertextSize]));
    }
}
