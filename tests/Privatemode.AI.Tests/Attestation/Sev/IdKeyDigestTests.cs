using System.Numerics;
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
            (BigInteger x, BigInteger y) = IdKeyDigest.RecoverKey(block);
            ECParameters key = new() { Curve = ECCurve.NamedCurves.nistP384, Q = new ECPoint { X = Coordinate(x), Y = Coordinate(y) } };
            using ECDsa ecdsa = ECDsa.Create(key);
            Assert.True(ecdsa.VerifyData(block, signature, HashAlgorithmName.SHA384));
        }
    }

    [Fact]
    public void MultiplyGenerator_RandomScalars_AgreesWithThePlatform()
    {
        for (int i = 0; i < 20; i++)
        {
            using ECDsa ecdsa = ECDsa.Create(ECCurve.NamedCurves.nistP384);
            ECParameters key = ecdsa.ExportParameters(true);
            (BigInteger x, BigInteger y) = IdKeyDigestPoint.MultiplyGenerator(new BigInteger(key.D, isUnsigned: true, isBigEndian: true)).ToAffine();
            Assert.Equal(key.Q.X, Coordinate(x));
            Assert.Equal(key.Q.Y, Coordinate(y));
        }
    }

    [Fact]
    public void Points_SpecialCases_FollowTheGroupLaw()
    {
        IdKeyDigestPoint generator = IdKeyDigestPoint.Generator;
        IdKeyDigestPoint infinity = IdKeyDigestPoint.MultiplyGenerator(0);
        Assert.True(infinity.IsInfinity);
        Assert.Equal((BigInteger.Zero, BigInteger.Zero), infinity.ToAffine());
        Assert.True(infinity.Double().IsInfinity);
        Assert.True(generator.Add(generator.Negate()).IsInfinity);
        Assert.True(IdKeyDigestPoint.MultiplyGenerator(IdKeyDigestPoint.Order).IsInfinity);
        Assert.Equal(generator.Double().ToAffine(), generator.Add(generator).ToAffine());
        Assert.Equal(generator.ToAffine(), infinity.Add(generator).ToAffine());
        Assert.Equal(generator.ToAffine(), generator.Add(infinity).ToAffine());
    }

    [Fact]
    public void HalfOfR_Doubled_IsTheEvenPointOfTheConstantSignature()
    {
        (BigInteger x, BigInteger y) = IdKeyDigestPoint.HalfOfR.Double().ToAffine();
        Assert.Equal(2, x);
        Assert.Equal(
            "8cdeadbbd04911a3c1931e26df3fa6439dca9c7eb286fbd46fc319f0e2bb780232baf57825fc0c1912ada2fefe84024c",
            Convert.ToHexStringLower(Coordinate(y)));
    }

    [Fact]
    public void Field_EdgesOfTheRange_AgreesWithIntegers()
    {
        BigInteger prime = IdKeyDigestField.Prime;
        BigInteger[] values = [0, 1, 2, BigInteger.Pow(2, 64) - 1, BigInteger.Pow(2, 192), prime - BigInteger.Pow(2, 64), prime - 2, prime - 1];
        foreach (BigInteger a in values)
        {
            Assert.Equal((prime - a) % prime, (-IdKeyDigestField.From(a)).ToInteger());
            foreach (BigInteger b in values)
            {
                IdKeyDigestField left = IdKeyDigestField.From(a);
                IdKeyDigestField right = IdKeyDigestField.From(b);
                Assert.Equal((a + b) % prime, (left + right).ToInteger());
                Assert.Equal((a - b + prime) % prime, (left - right).ToInteger());
                Assert.Equal(a * b % prime, (left * right).ToInteger());
            }
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
            (BigInteger x, BigInteger y) = IdKeyDigest.RecoverKey(fixedCase.Hex("id_block"));
            Assert.Equal((fixedCase.Text("qx"), fixedCase.Text("qy")), (Convert.ToHexStringLower(Coordinate(x)), Convert.ToHexStringLower(Coordinate(y))));
        });
        log.AssertAllPassed(19);
    }

    private static byte[] Coordinate(BigInteger value)
    {
        byte[] bytes = value.ToByteArray(isUnsigned: true, isBigEndian: true);
        return [.. new byte[48 - bytes.Length], .. bytes];
    }
}
