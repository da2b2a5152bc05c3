using System.Security.Cryptography;
using System.Text.Json;
using Privatemode.AI.Tests.Vectors;

namespace Privatemode.AI.Tests.KeyExchange;

/// <summary>What the platform's primitives do with published cases: the library uses them and has no other implementation.</summary>
public class PlatformCryptographyTests
{
    // s is encoded without its leading zero, that is, as a negative number: the platform takes it all the same. Another encoding of a
    // valid signature, so harmless; EcdsaPublicKey refuses it.
    private static readonly string[] AcceptedThoughInvalid = ["tcId 6"];

    [ThirdPartyFact]
    public void Hkdf_EveryCase_DerivesOrRefusesTheLength()
    {
        const string File = "wycheproof-hkdf-sha256.json";
        CaseLog log = new();
        foreach ((_, JsonElement test) in CryptoVectors.Cases(File))
        {
            log.Run(test.Name(), () =>
            {
                byte[] key = new byte[32];
                byte[] output = new byte[test.Int("size")];
                HKDF.Extract(HashAlgorithmName.SHA256, test.Hex("ikm").AsSpan(), test.Hex("salt"), key);
                void Expand() => HKDF.Expand(HashAlgorithmName.SHA256, key, output, test.Hex("info"));
                if (test.IsValid())
                {
                    Expand();
                    Assert.Equal(test.Hex("okm"), output);
                }
                else
                {
                    Assert.ThrowsAny<ArgumentException>(Expand);
                }
            });
        }

        log.AssertAllPassed(CryptoVectors.Count(File));
    }

    [ThirdPartyFact]
    public void EcdsaP256_EveryCaseExceptOne_HasTheExpectedResult() => RunEcdsa(
        "wycheproof-ecdsa-p256-sha256.json", HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence, AcceptedThoughInvalid);

    [ThirdPartyFact]
    public void EcdsaP384_EveryCaseExceptOne_HasTheExpectedResult() => RunEcdsa(
        "wycheproof-ecdsa-p384-sha384.json", HashAlgorithmName.SHA384, DSASignatureFormat.Rfc3279DerSequence, AcceptedThoughInvalid);

    [ThirdPartyFact]
    public void EcdsaP384OfFixedLength_EveryCase_HasTheExpectedResult() => RunEcdsa(
        "wycheproof-ecdsa-p384-sha384-p1363.json", HashAlgorithmName.SHA384, DSASignatureFormat.IeeeP1363FixedFieldConcatenation, []);

    [ThirdPartyFact]
    public void RsaPss_EveryCase_HasTheExpectedResult()
    {
        const string File = "wycheproof-rsapss-4096-sha384.json";
        CaseLog log = new();
        foreach ((JsonElement group, JsonElement test) in CryptoVectors.Cases(File))
        {
            log.Run(test.Name(), () =>
            {
                using RSA key = RSA.Create();
                key.ImportSubjectPublicKeyInfo(group.Hex("publicKeyDer"), out _);
                Assert.Equal(
                    test.IsValid(), key.VerifyData(test.Hex("msg"), test.Hex("sig"), HashAlgorithmName.SHA384, RSASignaturePadding.Pss));
            });
        }

        log.AssertAllPassed(CryptoVectors.Count(File));
    }

    private static void RunEcdsa(string file, HashAlgorithmName hash, DSASignatureFormat format, string[] acceptedThoughInvalid)
    {
        CaseLog log = new();
        foreach ((JsonElement group, JsonElement test) in CryptoVectors.Cases(file))
        {
            log.Run(test.Name(), () =>
            {
                using ECDsa key = ECDsa.Create();
                key.ImportSubjectPublicKeyInfo(group.Hex("publicKeyDer"), out _);
                bool expected = test.IsValid() || acceptedThoughInvalid.Contains(test.Name());
                Assert.Equal(expected, key.VerifyData(test.Hex("msg"), test.Hex("sig"), hash, format));
            });
        }

        log.AssertAllPassed(CryptoVectors.Count(file));
    }
}
