using System.Security.Cryptography;
using System.Text.Json;
using Privatemode.AI.KeyExchange;
using Privatemode.AI.Tests.Vectors;

namespace Privatemode.AI.Tests.KeyExchange;

public class EcdsaPublicKeyTests
{
    [ThirdPartyFact]
    public void WycheproofP256_EveryCase_HasTheExpectedResult() => Run("wycheproof-ecdsa-p256-sha256.json", SHA256.HashData);

    [ThirdPartyFact]
    public void WycheproofP384_EveryCase_HasTheExpectedResult() => Run("wycheproof-ecdsa-p384-sha384.json", SHA384.HashData);

    [Theory]
    [InlineData("nistP256")]
    [InlineData("nistP384")]
    [InlineData("nistP521")]
    public void TryImport_KnownCurve_Verifies(string curve)
    {
        using ECDsa pair = ECDsa.Create(ECCurve.CreateFromFriendlyName(curve));
        using EcdsaPublicKey? key = EcdsaPublicKey.TryImport(pair.ExportSubjectPublicKeyInfo());
        byte[] digest = SHA256.HashData([1, 2, 3]);
        byte[] signature = pair.SignHash(digest, DSASignatureFormat.Rfc3279DerSequence);

        Assert.NotNull(key);
        Assert.True(key.Verify(digest, signature));
        Assert.False(key.Verify(SHA256.HashData(digest), signature));
        Assert.False(key.Verify(digest, pair.SignHash(digest)));
        Assert.False(key.Verify(digest, (byte[])[.. signature, 0]));
        Assert.False(key.Verify(digest, default));
    }

    [Fact]
    public void TryImport_AnythingElse_IsNull()
    {
        using ECDsa onKnownCurve = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using RSA rsa = RSA.Create(2048);
        byte[] good = onKnownCurve.ExportSubjectPublicKeyInfo();
        byte[] offCurve = [.. good];
        offCurve[^1] ^= 1;

        Assert.Null(EcdsaPublicKey.TryImport(rsa.ExportSubjectPublicKeyInfo()));
        Assert.Null(EcdsaPublicKey.TryImport(offCurve));
        Assert.Null(EcdsaPublicKey.TryImport((byte[])[.. good, 0]));
        Assert.Null(EcdsaPublicKey.TryImport(good.AsMemory(..^1)));
        Assert.Null(EcdsaPublicKey.TryImport(default));
    }

    // secp256k1 is a sound curve, but not one of the mesh; brainpool and explicit parameters fall to the same comparison of names.
    [Fact]
    public void TryImport_OtherCurve_IsNull()
    {
        // SubjectPublicKeyInfo with secp256k1 (1.3.132.0.10) and its generator as point.
        byte[] secp256k1 = Convert.FromHexString(
            "3056301006072a8648ce3d020106052b8104000a03420004"
            + "79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798"
            + "483ada7726a3c4655da4fbfc0e1108a8fd17b448a68554199c47d08ffb10d4b8");
        Assert.Null(EcdsaPublicKey.TryImport(secp256k1));
    }

    // No known differences: the strict form refuses tcId 6, which the platform alone accepts.
    private static void Run(string file, Func<byte[], byte[]> hash)
    {
        CaseLog log = new();
        foreach ((JsonElement group, JsonElement test) in CryptoVectors.Cases(file))
        {
            log.Run(test.Name(), () =>
            {
                using EcdsaPublicKey? key = EcdsaPublicKey.TryImport(group.Hex("publicKeyDer"));
                Assert.Equal(test.IsValid(), key!.Verify(hash(test.Hex("msg")), test.Hex("sig")));
            });
        }

        log.AssertAllPassed(CryptoVectors.Count(file));
    }
}
