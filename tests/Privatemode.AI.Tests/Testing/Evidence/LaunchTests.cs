using System.Security.Cryptography;
using Org.BouncyCastle.Math;
using Privatemode.AI.Testing;
using Privatemode.AI.Testing.Evidence;
using Privatemode.AI.Testing.Evidence.Contrast;
using Privatemode.AI.Testing.Evidence.Sev;

namespace Privatemode.AI.Tests.Testing.Evidence;

/// <summary>Launch digests, ID blocks and report data against values computed elsewhere.</summary>
public sealed class LaunchTests
{
    private const string Seed = "766d05930c6cb7c32fc375677b3bc9896b73a65f8f8e709b2a4885b033b7aee5789fce6aa0bab57d89cf7211d5fa327a";
    private const ulong Policy = 0x252013A;

    [Theory]
    [InlineData(
        1,
        Seed,
        "b614841b55642ea281eb5459cad2b94202273f297cc1477065bdf102741de6061022f7cf737dba3dcd9eda392112a156")]
    [InlineData(
        2,
        "7a8f57a9b9124cdfd0bad065e16b16cf535bac01d591fd563990083bed33fb5952b70abee4f604ddb84c9c24b0cbd63c",
        "4d4bb65e6459ac766ec81f2646b3aec629a6d242ab1d9acd04425fd219a3980bac44f5212e136a80e068f0a119c371c6")]
    [InlineData(
        8,
        "a30d99d828628ec5b8eb75f3856123ad6dbb6185f60fba895884b0271056293838a3a0369ad264acd9873f4ace29412c",
        "38154e40971d0b1def9ca77fb1bfe76cbed8470b36c91cc115cbab97bc4022fef4dc99eb957a19aec093db5441e4f5d1")]
    public void Launch_ProductionManifest_GivesTheKnownDigests(int processors, string measurement, string idKeyDigest)
    {
        byte[] digest = LaunchMeasurement.Compute(Convert.FromHexString(Seed), 0x0080B004, 0x00A10F10, processors);

        Assert.Equal(measurement, Convert.ToHexStringLower(digest));
        Assert.Equal(idKeyDigest, Convert.ToHexStringLower(IdBlock.KeyDigest(digest, Policy)));
    }

    [Fact]
    public void IdBlock_RecoveredKey_VerifiesTheConstantSignature()
    {
        byte[] digest = [.. Enumerable.Range(1, 48).Select(i => (byte)i)];
        (BigInteger x, BigInteger y) = IdBlock.RecoverKey(digest, 0x20000);
        byte[] signature = new byte[96];
        (signature[47], signature[95]) = (2, 1);
        using ECDsa key = ECDsa.Create(new ECParameters
        {
            Curve = ECCurve.NamedCurves.nistP384,
            Q = new ECPoint { X = Bytes(x), Y = Bytes(y) },
        });

        Assert.Equal(
            "5b5cd3d7489eb7f3409cc98f26b0c341f396880de0edb5a83148c64fcd37de08541ab1ed780ce9d338c80b244ba73e9a", x.ToString(16));
        Assert.True(key.VerifyData(
            IdBlock.Write(digest, 0x20000), signature, HashAlgorithmName.SHA384, DSASignatureFormat.IeeeP1363FixedFieldConcatenation));
    }

    [Theory]
    [InlineData(EvidenceAmdProduct.Genoa)]
    [InlineData(EvidenceAmdProduct.Milan)]
    public void TestGuest_IdKeyDigest_IsWhatItsIdBlockGives(EvidenceAmdProduct product)
    {
        SnpLine line = SnpLine.Of(product);

        Assert.Equal(IdBlock.KeyDigest(TestGuest.Measurement(line), GuestPolicyBits.Deployment), TestGuest.IdKeyDigest(line));
    }

    [Fact]
    public void ReportData_TwoManifests_IsTheKnownValue()
    {
        byte[] data = ReportDataBinding.Compute(
            DocumentFacts.Nonce, ["manifest1"u8.ToArray(), "manifest2"u8.ToArray()], "ROOTPEM"u8.ToArray(), "MESHPEM"u8.ToArray());

        Assert.Equal(
            "88ce2eed185bd9b9a1c2fb4b0f8b29ba220e4f7e16cebff56c56ca0faf08d6da"
            + new string('0', 64), Convert.ToHexStringLower(data));
    }

    private static byte[] Bytes(BigInteger value)
    {
        byte[] bytes = value.ToByteArrayUnsigned();
        return [.. new byte[48 - bytes.Length], .. bytes];
    }
}
