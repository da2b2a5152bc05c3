using System.Security.Cryptography;
using System.Text.Json;
using Privatemode.AI.Attestation.Sev;
using Privatemode.AI.Tests.Vectors;

namespace Privatemode.AI.Tests.Attestation.Sev;

public sealed class IdKeyDigestTests
{
    private static readonly byte[] LaunchDigest = [.. Enumerable.Range(1, 48).Select(i => (byte)i)];

    [Fact]
    public void Compute_FixedCase_GivesTheDigestComputedElsewhere() => Assert.Equal(
        "bd81f942a7c4fc8c227da5b621b6b185e4369d0b44e21253d6d0b090b45c084b2d64bef3f7cdc990ab97d4ad5cfb3e34",
        Convert.ToHexStringLower(IdKeyDigest.Compute(LaunchDigest, 0x20000)));

    [Fact]
    public void Compute_OtherPolicyOrMeasurement_GivesAnotherDigest()
    {
        byte[] other = [.. LaunchDigest.Reverse()];
        byte[][] digests = [IdKeyDigest.Compute(LaunchDigest, 0x20000), IdKeyDigest.Compute(LaunchDigest, 0x30000), IdKeyDigest.Compute(other, 0x20000)];
        Assert.Equal(3, digests.Select(Convert.ToHexString).Distinct().Count());
    }

    [Fact]
    public void Compute_LaunchDigestOfOtherSize_IsRefused() =>
        Assert.Throws<ArgumentException>(() => IdKeyDigest.Compute(new byte[47], 0));

    // The platform's own ECDSA says that the constant signature (2, 1) belongs to the recovered key.
    [Fact]
    public void RecoverKey_AnyBlock_VerifiesTheConstantSignature()
    {
        byte[] signature = new byte[96];
        signature[47] = 2;
        signature[95] = 1;
        for (ulong policy = 0; policy < 8; policy++)
        {
            byte[] block = IdKeyDigest.Block(LaunchDigest, policy);
            (byte[] x, byte[] y) = IdKeyDigest.RecoverKey(block);
            ECParameters key = new() { Curve = ECCurve.NamedCurves.nistP384, Q = new ECPoint { X = x, Y = y } };
            using ECDsa ecdsa = ECDsa.Create(key);
            Assert.True(ecdsa.VerifyData(block, signature, HashAlgorithmName.SHA384));
        }
    }

    [ThirdPartyFact]
    public void Compute_EveryGoldenItem_Agrees()
    {
        CaseLog log = new();
        foreach (JsonProperty set in VectorFiles.ThirdParty("contrast/golden/snp-measurement.json").EnumerateObject().Where(
            set => set.Value.ValueKind == JsonValueKind.Object))
        {
            ulong policy = Convert.ToUInt64(set.Value.Text("guest_policy_u64"), 16);
            IEnumerable<JsonElement> items = set.Value.TryGetProperty("series", out JsonElement series) ? series.EnumerateArray() : [set.Value];
            foreach (JsonElement item in items)
            {
                log.Run($"{set.Name} {item}", () => Assert.Equal(item.Hex("id_key_digest"), IdKeyDigest.Compute(item.Hex("launch_digest"), policy)));
            }
        }

        JsonElement fixedCase = VectorFiles.ThirdParty("contrast/golden/snp-measurement.json").GetProperty("idblock_policy0");
        log.Run("ID block", () => Assert.Equal(fixedCase.Hex("id_block"), IdKeyDigest.Block(fixedCase.Hex("launch_digest"), 0x20000)));
        log.Run("key", () =>
        {
            (byte[] x, byte[] y) = IdKeyDigest.RecoverKey(fixedCase.Hex("id_block"));
            Assert.Equal((fixedCase.Text("qx"), fixedCase.Text("qy")), (Convert.ToHexStringLower(x), Convert.ToHexStringLower(y)));
        });
        log.AssertAllPassed(19);
    }
}
