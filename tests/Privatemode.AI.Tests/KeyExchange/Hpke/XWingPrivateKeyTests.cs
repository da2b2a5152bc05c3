using System.Security.Cryptography;
using System.Text.Json;
using Privatemode.AI.KeyExchange.Hpke;
using Privatemode.AI.Testing.SecretService;
using Privatemode.AI.Tests.Fakes;
using Privatemode.AI.Tests.Vectors;

namespace Privatemode.AI.Tests.KeyExchange.Hpke;

public class XWingPrivateKeyTests
{
    private static readonly byte[] Seed = [.. Enumerable.Range(0, XWing.SeedSize).Select(i => (byte)(i * 7))];

    [ThirdPartyTheory]
    [PrimitiveProviders("Automatic")]
    [PrimitiveProviders("BouncyCastle")]
    [PrimitiveProviders("Platform")]
    public void Draft_EveryCase_ComesOut(string provider)
    {
        const string File = "xwing-draft.json";
        CaseLog log = new();
        foreach (JsonElement test in CryptoVectors.Open(File).EnumerateArray())
        {
            log.Run(test.Text("seed"), () =>
            {
                using XWingPrivateKey key = XWingCalls.Key(test.Hex("seed"), provider);
                Assert.Equal(test.Hex("pk"), key.PublicKey);
                (byte[] ciphertext, byte[] sharedSecret) = XWingCalls.Encapsulate(test.Hex("pk"), test.Hex("eseed"));
                Assert.Equal(test.Hex("ct"), ciphertext);
                Assert.Equal(test.Hex("ss"), sharedSecret);
                Assert.Equal(test.Hex("ss"), key.Decapsulate(test.Hex("ct")));
            });
        }

        log.AssertAllPassed(CryptoVectors.Count(File));
    }

    // draft-connolly-cfrg-xwing-kem, section 5.
    [Fact]
    public void Sizes_OfTheKem_AreThoseOfTheDraft()
    {
        Assert.Equal(32, XWing.SeedSize);
        Assert.Equal(1216, XWing.PublicKeySize);
        Assert.Equal(1120, XWing.CiphertextSize);
        Assert.Equal(32, XWing.SharedSecretSize);
        Assert.Equal(64, XWingEncapsulation.RandomSize);
    }

    [Fact]
    public void Generate_Twice_GivesDifferentKeysThatWork()
    {
        using XWingPrivateKey one = XWingPrivateKey.Generate();
        using XWingPrivateKey two = XWingPrivateKey.Generate();
        ReadOnlySpan<byte> mlKemOfOne = one.PublicKey[..MlKem768.EncapsulationKeySize];
        ReadOnlySpan<byte> x25519OfOne = one.PublicKey[MlKem768.EncapsulationKeySize..];

        Assert.False(mlKemOfOne.SequenceEqual(two.PublicKey[..MlKem768.EncapsulationKeySize]));
        Assert.False(x25519OfOne.SequenceEqual(two.PublicKey[MlKem768.EncapsulationKeySize..]));
        (byte[] ciphertext, byte[] sharedSecret) = XWingCalls.Encapsulate(one.PublicKey.ToArray(), RandomNumberGenerator.GetBytes(64));
        Assert.Equal(sharedSecret, one.Decapsulate(ciphertext));
        Assert.NotEqual(sharedSecret, two.Decapsulate(ciphertext));
    }

    [Fact]
    public void FromSeed_EveryWrongLength_Throws()
    {
        foreach (int length in Enumerable.Range(0, 100).Where(length => length != XWing.SeedSize))
        {
            Assert.Throws<ArgumentException>(() => XWingCalls.Key(new byte[length]));
        }
    }

    [Fact]
    public void Decapsulate_EveryWrongLength_Throws()
    {
        using XWingPrivateKey key = XWingCalls.Key(Seed);
        foreach (int length in Enumerable.Range(0, XWing.CiphertextSize + 100).Where(length => length != XWing.CiphertextSize))
        {
            Assert.Throws<CryptographicException>(() => key.Decapsulate(new byte[length]));
        }
    }

    [Fact]
    public void Encapsulate_EveryWrongKeyLength_Throws()
    {
        foreach (int length in Enumerable.Range(0, XWing.PublicKeySize + 100).Where(length => length != XWing.PublicKeySize))
        {
            Assert.Throws<CryptographicException>(() => XWingCalls.Encapsulate(new byte[length], new byte[64]));
        }
    }

    [Fact]
    public void Encapsulate_SmallOrderPoint_Throws()
    {
        using XWingPrivateKey key = XWingCalls.Key(Seed);
        byte[] publicKey = key.PublicKey.ToArray();
        publicKey.AsSpan(MlKem768.EncapsulationKeySize).Clear();
        Assert.Throws<CryptographicException>(() => XWingCalls.Encapsulate(publicKey, new byte[64]));
    }

    [Fact]
    public void Decapsulate_SmallOrderPoint_ThrowsAndWritesNothing()
    {
        using XWingPrivateKey key = XWingCalls.Key(Seed);
        byte[] sharedSecret = new byte[XWing.SharedSecretSize];
        Assert.Throws<CryptographicException>(() => key.Decapsulate(new byte[XWing.CiphertextSize], sharedSecret));
        Assert.Equal(new byte[XWing.SharedSecretSize], sharedSecret);
    }

    [Fact]
    public void Dispose_AfterUse_ZeroesBothHalvesAndEndsUse()
    {
        MlKem768PrivateKey mlKem = MlKem768Calls.Key([.. Seed, .. Seed]);
        XWingPrivateKey key = new(mlKem, Seed);
        byte[] scalar = key.Field<byte[]>("_x25519");
        Assert.Equal(Seed, scalar);

        key.Dispose();

        Assert.False(scalar.AsSpan().ContainsAnyExcept((byte)0));
        Assert.Throws<ObjectDisposedException>(() => mlKem.Decapsulate(new byte[MlKem768.CiphertextSize]));
        Assert.Throws<ObjectDisposedException>(() => key.Decapsulate(new byte[XWing.CiphertextSize]));

        // The halves refuse a ciphertext of the right length too. This one does not reach them.
        Assert.Throws<ObjectDisposedException>(() => key.Decapsulate([]));
    }
}
