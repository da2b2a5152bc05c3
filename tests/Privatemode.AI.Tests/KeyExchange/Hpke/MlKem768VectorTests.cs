using System.IO.Compression;
using System.Security.Cryptography;
using System.Text.Json;
using Org.BouncyCastle.Crypto.Digests;
using Privatemode.AI.KeyExchange.Hpke;
using Privatemode.AI.Tests.Vectors;

namespace Privatemode.AI.Tests.KeyExchange.Hpke;

/// <summary>Published and measured cases of ML-KEM-768, with every provider.</summary>
public class MlKem768VectorTests
{
    [ThirdPartyTheory]
    [PrimitiveProviders("BouncyCastle")]
    [PrimitiveProviders("Platform")]
    public void AcvpKeyGen_EveryCase_GivesBothKeys(string provider)
    {
        const string File = "acvp-mlkem768-keygen.json";
        CaseLog log = new();
        foreach ((_, JsonElement test) in CryptoVectors.Cases(File))
        {
            log.Run(test.Name(), () =>
            {
                using MlKem768PrivateKey key = MlKem768Calls.Key([.. test.Hex("d"), .. test.Hex("z")], provider);
                Assert.Equal(test.Hex("ek"), key.EncapsulationKey);
                Assert.Equal(test.Hex("dk"), ExpandedDecapsulationKey.FromSeed([.. test.Hex("d"), .. test.Hex("z")], provider));
            });
        }

        log.AssertAllPassed(CryptoVectors.Count(File));
    }

    [ThirdPartyTheory]
    [PrimitiveProviders("BouncyCastle")]
    [PrimitiveProviders("Platform")]
    public void AcvpEncapDecap_EveryCase_GivesCiphertextAndSecret(string provider)
    {
        const string File = "acvp-mlkem768-encapdecap.json";
        CaseLog log = new();
        int implicitRejections = 0;
        foreach ((JsonElement group, JsonElement test) in CryptoVectors.Cases(File))
        {
            log.Run(test.Name(), () =>
            {
                bool encapsulation = group.Text("function") == "encapsulation";
                if (encapsulation)
                {
                    (byte[] ciphertext, byte[] sharedSecret) = MlKem768Calls.Encapsulate(test.Hex("ek"), test.Hex("m"));
                    Assert.Equal(test.Hex("c"), ciphertext);
                    Assert.Equal(test.Hex("k"), sharedSecret);
                }
                else if (test.Text("reason").Contains("modif", StringComparison.Ordinal) && test.Text("reason") != "no modification")
                {
                    implicitRejections++;
                }

                byte[] key = encapsulation ? test.Hex("dk") : group.Hex("dk");
                Assert.Equal(test.Hex("k"), ExpandedDecapsulationKey.Decapsulate(key, test.Hex("c"), provider));
            });
        }

        log.AssertAllPassed(CryptoVectors.Count(File));
        Assert.True(implicitRejections > 0, "No case of implicit rejection was run.");
    }

    [ThirdPartyFact]
    public void WycheproofEncaps_EveryCase_EncapsulatesOrRefuses()
    {
        const string File = "wycheproof-mlkem768-encaps.json";
        CaseLog log = new();
        foreach ((_, JsonElement test) in CryptoVectors.Cases(File))
        {
            log.Run(test.Name(), () =>
            {
                if (!test.IsValid())
                {
                    Assert.Throws<CryptographicException>(() => MlKem768Calls.Encapsulate(test.Hex("ek"), test.Hex("m")));
                    return;
                }

                (byte[] ciphertext, byte[] sharedSecret) = MlKem768Calls.Encapsulate(test.Hex("ek"), test.Hex("m"));
                Assert.Equal(test.Hex("c"), ciphertext);
                Assert.Equal(test.Hex("K"), sharedSecret);
            });
        }

        log.AssertAllPassed(CryptoVectors.Count(File));
    }

    [ThirdPartyTheory]
    [PrimitiveProviders("BouncyCastle")]
    [PrimitiveProviders("Platform")]
    public void WycheproofKeyGen_EveryCase_GivesBothKeys(string provider)
    {
        const string File = "wycheproof-mlkem768-keygen.json";
        CaseLog log = new();
        foreach ((_, JsonElement test) in CryptoVectors.Cases(File))
        {
            log.Run(test.Name(), () =>
            {
                using MlKem768PrivateKey key = MlKem768Calls.Key(test.Hex("seed"), provider);
                Assert.Equal(test.Hex("ek"), key.EncapsulationKey);
                Assert.Equal(test.Hex("dkSha256"), SHA256.HashData(ExpandedDecapsulationKey.FromSeed(test.Hex("seed"), provider)));
            });
        }

        log.AssertAllPassed(CryptoVectors.Count(File));
    }

    [ThirdPartyTheory]
    [PrimitiveProviders("BouncyCastle")]
    [PrimitiveProviders("Platform")]
    public void WycheproofDecaps_EveryCase_DecapsulatesOrRefusesTheLength(string provider)
    {
        const string File = "wycheproof-mlkem768.json";
        CaseLog log = new();
        foreach ((_, JsonElement test) in CryptoVectors.Cases(File))
        {
            log.Run(test.Name(), () =>
            {
                byte[] Decapsulate()
                {
                    using MlKem768PrivateKey key = MlKem768Calls.Key(test.Hex("seed"), provider);
                    Assert.Equal(test.Hex("ek"), key.EncapsulationKey);
                    return key.Decapsulate(test.Hex("c"));
                }

                if (test.IsValid())
                {
                    Assert.Equal(test.Hex("K"), Decapsulate());
                }
                else
                {
                    Exception refusal = Assert.ThrowsAny<Exception>(Decapsulate);
                    Assert.True(refusal is ArgumentException or CryptographicException, refusal.ToString());
                }
            });
        }

        log.AssertAllPassed(CryptoVectors.Count(File));
    }

    [ThirdPartyTheory]
    [PrimitiveProviders("BouncyCastle")]
    [PrimitiveProviders("Platform")]
    public void WycheproofExpandedKey_EveryCase_DecapsulatesOrRefuses(string provider)
    {
        const string File = "wycheproof-mlkem768-dk.json";
        CaseLog log = new();
        foreach ((_, JsonElement test) in CryptoVectors.Cases(File))
        {
            log.Run(test.Name(), () =>
            {
                byte[] Decapsulate() => ExpandedDecapsulationKey.Decapsulate(test.Hex("dk"), test.Hex("c"), provider);
                if (test.IsValid())
                {
                    Assert.Equal(test.Hex("K"), Decapsulate());
                }
                else
                {
                    Exception refusal = Assert.ThrowsAny<Exception>(Decapsulate);
                    Assert.True(refusal is ArgumentException or CryptographicException, refusal.ToString());
                }
            });
        }

        log.AssertAllPassed(CryptoVectors.Count(File));
    }

    [ThirdPartyTheory]
    [PrimitiveProviders("BouncyCastle")]
    [PrimitiveProviders("Platform")]
    public void Cctv_StrcmpAndUnluckySample_GiveTheSecret(string provider)
    {
        const string File = "cctv-mlkem768.json";
        JsonElement root = CryptoVectors.Open(File);
        CaseLog log = new();
        foreach (JsonElement test in root.Items("strcmp"))
        {
            log.Run("strcmp", () => Assert.Equal(test.Hex("K"), ExpandedDecapsulationKey.Decapsulate(test.Hex("dk"), test.Hex("c"), provider)));
        }

        foreach (JsonElement test in root.Items("unluckysample"))
        {
            // Its d belongs to a draft of FIPS 203 (G without the byte k), so the key pair is taken as it stands.
            log.Run("unluckysample", () =>
            {
                (byte[] ciphertext, byte[] sharedSecret) = MlKem768Calls.Encapsulate(test.Hex("ek"), test.Hex("m"));
                Assert.Equal(test.Hex("c"), ciphertext);
                Assert.Equal(test.Hex("K"), sharedSecret);
                Assert.Equal(test.Hex("K"), ExpandedDecapsulationKey.Decapsulate(test.Hex("dk"), test.Hex("c"), provider));
            });
        }

        log.AssertAllPassed(CryptoVectors.Count(File));
    }

    [ThirdPartyFact]
    public void CctvModulus_EveryKey_IsRefused()
    {
        const string File = "cctv-mlkem768-modulus.txt.gz";
        CaseLog log = new();
        using FileStream file = System.IO.File.OpenRead(VectorFiles.ThirdPartyPath("crypto/" + File));
        using StreamReader lines = new(new GZipStream(file, CompressionMode.Decompress));
        while (lines.ReadLine() is { Length: > 0 } line)
        {
            log.Run(line[..16], () => Assert.Throws<CryptographicException>(
                () => MlKem768Calls.Encapsulate(Convert.FromHexString(line), new byte[32])));
        }

        log.AssertAllPassed(CryptoVectors.Count(File));
    }

    [Theory]
    [PrimitiveProviders("BouncyCastle")]
    [PrimitiveProviders("Platform")]
    public void Protocol_EveryCase_AgreesWithTheReference(string provider)
    {
        const string File = "mlkem768.json";
        JsonElement root = VectorFiles.Protocol(File);
        CaseLog log = new();
        foreach (JsonElement test in root.Items("cases"))
        {
            log.Run("seed " + test.Text("seed_d_z_hex"), () =>
            {
                using MlKem768PrivateKey key = MlKem768Calls.Key(test.Hex("seed_d_z_hex"), provider);
                byte[] ciphertext = test.Hex("ciphertext_hex");
                Assert.Equal(test.Hex("encapsulation_key_hex"), key.EncapsulationKey);
                (byte[] made, byte[] sharedSecret) =
                    MlKem768Calls.Encapsulate(test.Hex("encapsulation_key_hex"), test.Hex("encapsulation_random_hex"));
                Assert.Equal(ciphertext, made);
                Assert.Equal(test.Hex("shared_hex"), sharedSecret);
                Assert.Equal(test.Hex("shared_hex"), key.Decapsulate(ciphertext));
                ciphertext[test.Int("tampered_position")] ^= (byte)test.Int("tampered_xor");
                Assert.Equal(test.Hex("tampered_shared_hex"), key.Decapsulate(ciphertext));
            });
        }

        foreach (JsonElement test in root.Items("special_ciphertexts"))
        {
            log.Run(test.Text("name"), () =>
            {
                using MlKem768PrivateKey key = MlKem768Calls.Key(test.Hex("seed_d_z_hex"), provider);
                Assert.Equal(test.Hex("shared_hex"), key.Decapsulate(test.Hex("ciphertext_hex")));
            });
        }

        foreach (JsonElement test in root.Items("encapsulation_keys"))
        {
            log.Run(test.Text("name"), () =>
            {
                Exception? refusal = Record.Exception(
                    () => MlKem768Calls.Encapsulate(test.Hex("encapsulation_key_hex"), new byte[32]));
                Assert.Equal(test.Flag("ok"), refusal is null);
                Assert.True(refusal is null or CryptographicException);
            });
        }

        log.AssertAllPassed(12 + 2 + 6);
    }

    // TestAccumulated of Go's crypto/mlkem: a SHAKE128 stream of the empty input feeds d ‖ z, m and a random ciphertext;
    // a second one takes ek, c, K and the implicit rejection of the random ciphertext.
    [Theory]
    [PrimitiveProviders("BouncyCastle")]
    [PrimitiveProviders("Platform")]
    public void Accumulated_TenThousandKeys_GiveTheKnownHash(string provider)
    {
        const int Keys = 10_000;
        const string Expected = "8a518cc63da366322a8e7a818c7a0d63483cb3528d34a4cf42f35d5ad73f22fc";
        ShakeDigest source = new(128);
        ShakeDigest sum = new(128);
        byte[] seed = new byte[MlKem768.SeedSize];
        byte[] random = new byte[32];
        byte[] randomCiphertext = new byte[MlKem768.CiphertextSize];
        for (int i = 0; i < Keys; i++)
        {
            _ = source.Output(seed);
            using MlKem768PrivateKey key = MlKem768Calls.Key(seed, provider);
            sum.BlockUpdate(key.EncapsulationKey);

            _ = source.Output(random);
            (byte[] ciphertext, byte[] sharedSecret) = MlKem768Calls.Encapsulate(key.EncapsulationKey.ToArray(), random);
            sum.BlockUpdate(ciphertext);
            sum.BlockUpdate(sharedSecret);
            Assert.Equal(sharedSecret, key.Decapsulate(ciphertext));

            _ = source.Output(randomCiphertext);
            sum.BlockUpdate(key.Decapsulate(randomCiphertext));
        }

        byte[] hash = new byte[32];
        _ = sum.OutputFinal(hash);
        Assert.Equal(Expected, Convert.ToHexStringLower(hash));
    }
}
