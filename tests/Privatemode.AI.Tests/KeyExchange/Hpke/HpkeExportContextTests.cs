using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Privatemode.AI.KeyExchange.Hpke;
using Privatemode.AI.Testing.SecretService;
using Privatemode.AI.Tests.Fakes;
using Privatemode.AI.Tests.Vectors;

namespace Privatemode.AI.Tests.KeyExchange.Hpke;

public class HpkeExportContextTests
{
    private const int HkdfSha256 = 1;
    private const int KeySize = 32; // Nk of AEAD 3
    private const int NonceSize = 12; // Nn of AEAD 3
    private const int OneStageSecretSize = 64; // Nh of KDF 0x11

    [Fact]
    public void Id_OfTheSuite_IsThatOfTheProtocol() => Assert.Equal("48504b45647a0001ffff", Convert.ToHexStringLower(HpkeSuite.Id));

    // Made by Go: our suite, some cases with an info.
    [ThirdPartyTheory]
    [PrimitiveProviders("Automatic")]
    [PrimitiveProviders("BouncyCastle")]
    [PrimitiveProviders("Platform")]
    public void ExportOnly_EveryCase_ComesOut(string provider)
    {
        const string File = "hpke-647a-exportonly.json";
        CaseLog log = new();
        foreach (JsonElement test in CryptoVectors.Open(File).EnumerateArray())
        {
            log.Run(test.Text("skRm"), () =>
            {
                using XWingPrivateKey key = XWingCalls.Key(test.Hex("skRm"), provider);
                Assert.Equal(test.Hex("pkRm"), key.PublicKey);
                using HpkeExportContext context =
                    HpkeExportContext.ScheduleBase(HpkeSuite.Id, key.Decapsulate(test.Hex("enc")), test.Hex("info"));
                AssertExports(test, (exporterContext, length) => context.Export(exporterContext, length));
                if (test.Text("info").Length == 0)
                {
                    using HpkeExportContext recipient = HpkeExportContext.SetupBaseRecipient(test.Hex("enc"), key);
                    AssertExports(test, (exporterContext, length) => recipient.Export(exporterContext, length));
                }
            });
        }

        log.AssertAllPassed(CryptoVectors.Count(File));
    }

    [ThirdPartyTheory]
    [PrimitiveProviders("Automatic")]
    [PrimitiveProviders("BouncyCastle")]
    [PrimitiveProviders("Platform")]
    public void HpkePq_EveryCaseOfTheWorkingGroup_ComesOut(string provider) => RunHpkePq("hpke-pq-wg.json", provider);

    [ThirdPartyTheory]
    [PrimitiveProviders("Automatic")]
    [PrimitiveProviders("BouncyCastle")]
    [PrimitiveProviders("Platform")]
    public void HpkePq_EveryCaseOfGo_ComesOut(string provider) => RunHpkePq("hpke-pq-go.json", provider);

    [Theory]
    [PrimitiveProviders("Automatic")]
    [PrimitiveProviders("BouncyCastle")]
    [PrimitiveProviders("Platform")]
    public void Protocol_EveryCase_AgreesWithTheReferenceInEveryIntermediateValue(string provider)
    {
        JsonElement root = VectorFiles.Protocol("xwing_hpke.json");
        CaseLog log = new();
        foreach (JsonElement test in root.Items("cases"))
        {
            log.Run(test.Text("private_seed_hex"), () =>
            {
                AssertKem(test, provider);
                AssertSchedule(test, provider);
            });
        }

        foreach (JsonElement test in root.Items("edge_cases"))
        {
            log.Run(test.Text("name"), () =>
            {
                using XWingPrivateKey key = XWingCalls.Key(test.Hex("private_seed_hex"), provider);
                byte[] Export()
                {
                    using HpkeExportContext context = HpkeExportContext.SetupBaseRecipient(test.Hex("encapsulated_key_hex"), key);
                    return context.Export([], 32);
                }

                if (test.Flag("ok"))
                {
                    Assert.Equal(test.Hex("exported_secret_hex"), Export());
                }
                else
                {
                    Assert.Throws<CryptographicException>(Export);
                }
            });
        }

        JsonElement derive = root.GetProperty("derive_key_pair");
        log.Run("derive_key_pair", () => Assert.Equal(derive.Hex("private_seed_hex"), XWingCalls.DeriveSeed(derive.Hex("ikm_hex"))));
        log.AssertAllPassed(8 + 8 + 1);
    }

    [Fact]
    public void SetupBase_SenderAndRecipient_ExportTheSameAndNeverTwice()
    {
        using XWingPrivateKey key = XWingPrivateKey.Generate();
        HashSet<string> seen = [];
        for (int i = 0; i < 20; i++)
        {
            byte[] enc = new byte[XWing.CiphertextSize];
            using HpkeExportContext sender = HpkeSender.SetupBase(key.PublicKey, enc);
            using HpkeExportContext recipient = HpkeExportContext.SetupBaseRecipient(enc, key);
            byte[] secret = recipient.Export([], 32);
            Assert.Equal(sender.Export([], 32), secret);
            Assert.True(seen.Add(Convert.ToHexString(secret)));
            Assert.NotEqual(secret, recipient.Export([0], 32));
            Assert.NotEqual(secret, recipient.Export([], 33)[..32]);
        }
    }

    [Fact]
    public void Export_LongestAndTooLong_WorksAndThrows()
    {
        using HpkeExportContext context = HpkeExportContext.ScheduleBase(HpkeSuite.Id, new byte[32], []);
        Assert.Equal(255 * 32, context.Export([], 255 * 32).Length);
        Assert.ThrowsAny<ArgumentException>(() => context.Export([], (255 * 32) + 1));
        Assert.ThrowsAny<ArgumentException>(() => context.Export([], 0));
        Assert.Throws<OverflowException>(() => context.Export([], ushort.MaxValue + 1));
    }

    [Fact]
    public void Dispose_AfterUse_ZeroesTheSecretAndEndsUse()
    {
        HpkeExportContext context = HpkeExportContext.ScheduleBase(HpkeSuite.Id, new byte[32], []);
        byte[] secret = context.Field<byte[]>("_exporterSecret");
        Assert.True(secret.AsSpan().ContainsAnyExcept((byte)0));

        context.Dispose();

        Assert.False(secret.AsSpan().ContainsAnyExcept((byte)0));
        Assert.Throws<ObjectDisposedException>(() => context.Export([], 32));
    }

    // These suites are not ours (AEAD 3 and, for half the cases, a one-stage KDF): the KEM runs in the library, the HKDF key schedule in
    // the library with another suite_id; key, nonce, sealing and the one-stage KDF are written out here.
    private static void RunHpkePq(string file, string provider)
    {
        CaseLog log = new();
        foreach (JsonElement test in CryptoVectors.Open(file).EnumerateArray())
        {
            log.Run($"kdf {test.Int("kdf_id")}", () =>
            {
                using XWingPrivateKey key = XWingCalls.Key(test.Hex("skRm"), provider);
                Assert.Equal(test.Hex("skRm"), XWingCalls.DeriveSeed(test.Hex("ikmR")));
                Assert.Equal(test.Hex("pkRm"), key.PublicKey);
                (byte[] enc, byte[] sharedSecret) = XWingCalls.Encapsulate(test.Hex("pkRm"), test.Hex("ikmE"));
                Assert.Equal(test.Hex("enc"), enc);
                Assert.Equal(test.Hex("shared_secret"), sharedSecret);
                Assert.Equal(test.Hex("shared_secret"), key.Decapsulate(test.Hex("enc")));
                if (test.Int("kdf_id") == HkdfSha256)
                {
                    AssertHkdfSchedule(test, sharedSecret);
                }
                else
                {
                    AssertOneStageSchedule(test, sharedSecret);
                }

                AssertEncryptions(test);
            });
        }

        log.AssertAllPassed(CryptoVectors.Count(file));
    }

    private static void AssertHkdfSchedule(JsonElement test, byte[] sharedSecret)
    {
        byte[] suiteId = test.Hex("suite_id");
        using HpkeExportContext context = HpkeExportContext.ScheduleBase(suiteId, sharedSecret, test.Hex("info"));
        Assert.Equal(test.Hex("exporter_secret"), context.Field<byte[]>("_exporterSecret"));
        AssertExports(test, (exporterContext, length) => context.Export(exporterContext, length));

        byte[] scheduleContext = [0, .. Extract(suiteId, [], "psk_id_hash", []), .. Extract(suiteId, [], "info_hash", test.Hex("info"))];
        byte[] secret = Extract(suiteId, sharedSecret, "secret", []);
        Assert.Equal(test.Hex("key"), Expand(suiteId, secret, "key", scheduleContext, KeySize));
        Assert.Equal(test.Hex("base_nonce"), Expand(suiteId, secret, "base_nonce", scheduleContext, NonceSize));
    }

    // CombineSecrets_OneStage of draft-ietf-hpke-hpke, section 5.1, with an empty PSK.
    private static void AssertOneStageSchedule(JsonElement test, byte[] sharedSecret)
    {
        byte[] suiteId = test.Hex("suite_id");
        byte[] secrets = [.. XWingCalls.LengthPrefixed([]), .. XWingCalls.LengthPrefixed(sharedSecret)];
        byte[] context = [0, .. XWingCalls.LengthPrefixed([]), .. XWingCalls.LengthPrefixed(test.Hex("info"))];
        byte[] all = XWingCalls.LabeledDerive(suiteId, secrets, "secret"u8, context, KeySize + NonceSize + OneStageSecretSize);
        byte[] exporterSecret = all[(KeySize + NonceSize)..];
        Assert.Equal(test.Hex("key"), all[..KeySize]);
        Assert.Equal(test.Hex("base_nonce"), all[KeySize..(KeySize + NonceSize)]);
        Assert.Equal(test.Hex("exporter_secret"), exporterSecret);
        AssertExports(
            test, (exporterContext, length) => XWingCalls.LabeledDerive(suiteId, exporterSecret, "sec"u8, exporterContext, length));
    }

    private static void AssertEncryptions(JsonElement test)
    {
        if (!ChaCha20Poly1305.IsSupported)
        {
            return;
        }

        using ChaCha20Poly1305 cipher = new(test.Hex("key"));
        foreach (JsonElement encryption in test.Items("encryptions"))
        {
            byte[] ciphertextAndTag = encryption.Hex("ct");
            byte[] plaintext = new byte[ciphertextAndTag.Length - 16];
            cipher.Decrypt(
                encryption.Hex("nonce"), ciphertextAndTag.AsSpan(..^16), ciphertextAndTag.AsSpan(^16..), plaintext, encryption.Hex("aad"));
            Assert.Equal(encryption.Hex("pt"), plaintext);
        }
    }

    private static void AssertExports(JsonElement test, Func<byte[], int, byte[]> export)
    {
        foreach (JsonElement expected in test.Items("exports"))
        {
            Assert.Equal(expected.Hex("exported_value"), export(expected.Hex("exporter_context"), expected.Int("L")));
        }
    }

    private static void AssertKem(JsonElement test, string provider)
    {
        byte[] seed = test.Hex("private_seed_hex");
        byte[] expanded = Sha3Calls.Shake256(seed, MlKem768.SeedSize + X25519.ScalarSize, provider);
        Assert.Equal([.. test.Hex("mlkem_seed_d_z_hex"), .. test.Hex("x25519_private_hex")], expanded);

        using XWingPrivateKey key = XWingCalls.Key(seed, provider);
        byte[] enc = test.Hex("encapsulated_key_hex");
        Assert.Equal(test.Hex("public_key_hex"), key.PublicKey);
        Assert.Equal(test.Hex("mlkem_shared_hex"), key.Field<MlKem768PrivateKey>("_mlKem").Decapsulate(enc[..MlKem768.CiphertextSize]));
        byte[] x25519Shared = new byte[X25519.PointSize];
        Assert.True(X25519.TryAgree(key.Field<byte[]>("_x25519"), enc.AsSpan(MlKem768.CiphertextSize), x25519Shared));
        Assert.Equal(test.Hex("x25519_shared_hex"), x25519Shared);
        Assert.Equal(test.Hex("xwing_shared_secret_hex"), key.Decapsulate(enc));

        byte[] random = [.. test.Hex("mlkem_encapsulation_random_hex"), .. test.Hex("x25519_ephemeral_private_hex")];
        (byte[] made, byte[] sharedSecret) = XWingCalls.Encapsulate(test.Hex("public_key_hex"), random);
        Assert.Equal(enc, made);
        Assert.Equal(test.Hex("xwing_shared_secret_hex"), sharedSecret);
    }

    private static void AssertSchedule(JsonElement test, string provider)
    {
        byte[] suiteId = test.Hex("suite_id_hex");
        byte[] sharedSecret = test.Hex("xwing_shared_secret_hex");
        Assert.Equal(suiteId, HpkeSuite.Id);
        Assert.Equal(test.Hex("psk_id_hash_hex"), Extract(suiteId, [], "psk_id_hash", []));
        Assert.Equal(test.Hex("info_hash_hex"), Extract(suiteId, [], "info_hash", []));
        Assert.Equal([0, .. test.Hex("psk_id_hash_hex"), .. test.Hex("info_hash_hex")], test.Hex("key_schedule_context_hex"));
        Assert.Equal(test.Hex("key_schedule_secret_hex"), Extract(suiteId, sharedSecret, "secret", []));

        using XWingPrivateKey key = XWingCalls.Key(test.Hex("private_seed_hex"), provider);
        using HpkeExportContext context = HpkeExportContext.SetupBaseRecipient(test.Hex("encapsulated_key_hex"), key);
        Assert.Equal(test.Hex("exporter_secret_hex"), context.Field<byte[]>("_exporterSecret"));
        Assert.Equal(test.Hex("exported_secret_hex"), context.Export([], 32));
        Assert.Equal(test.Hex("exported_context_ab_64_hex"), context.Export("ab"u8.ToArray(), 64));
    }

    private static byte[] Extract(byte[] suiteId, byte[] salt, string label, byte[] ikm)
    {
        byte[] key = new byte[HpkeKdf.HashSize];
        HpkeKdf.LabeledExtract(suiteId, salt, Encoding.ASCII.GetBytes(label), ikm, key);
        return key;
    }

    private static byte[] Expand(byte[] suiteId, byte[] key, string label, byte[] info, int length)
    {
        byte[] output = new byte[length];
        HpkeKdf.LabeledExpand(suiteId, key, Encoding.ASCII.GetBytes(label), info, output);
        return output;
    }
}
