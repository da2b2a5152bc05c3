using Privatemode.AI.Attestation.Sev;
using Privatemode.AI.Tests.Attestation.Certificates;

namespace Privatemode.AI.Tests.Attestation.Sev;

public sealed class SnpReportTests
{
    [Fact]
    public void Parse_EveryField_IsReadFromItsPlace()
    {
        byte[] bytes = new SnpReportWriter().Bytes;
        SnpReportWriter writer = new SnpReportWriter().UInt32(0, 5).UInt32(4, 0x04030201).UInt64(SnpReportWriter.Policy, 0x3f0a0b)
            .UInt32(SnpReportWriter.Vmpl, 0x0c0d0e0f).UInt64(SnpReportWriter.PlatformInfo, 0x1122334455667788).UInt32(SnpReportWriter.KeyInfo, 0b101)
            .UInt64(SnpReportWriter.CurrentTcb, 1).UInt64(SnpReportWriter.ReportedTcb, 2).UInt64(SnpReportWriter.CommittedTcb, 3)
            .UInt64(SnpReportWriter.LaunchTcb, 4).UInt64(SnpReportWriter.LaunchMitigations, 5).UInt64(SnpReportWriter.CurrentMitigations, 6)
            .Put(0x010, Fill(16, 0x21)).Put(0x020, Fill(16, 0x22)).Put(0x050, Fill(64, 0x23)).Put(0x090, Fill(48, 0x24)).Put(0x0c0, Fill(32, 0x25))
            .Put(0x0e0, Fill(48, 0x26)).Put(0x110, Fill(48, 0x27)).Put(0x140, Fill(32, 0x28)).Put(0x160, Fill(32, 0x29)).Put(0x1a0, Fill(64, 0x2a))
            .Put(0x188, [0x31, 0x32, 0x33]).Put(0x1e8, [22, 55, 1]).Put(0x1ec, [21, 54, 2]);

        SnpReport report = writer.Parse();

        Assert.Equal((5U, 0x3f0a0bUL, 0x0c0d0e0fU), (report.Version, report.Policy.Value, report.Vmpl));
        Assert.Equal((0x1122334455667788UL, SnpSigner.Vlek), (report.PlatformInfo.Value, report.Signer));
        Assert.Equal((1UL, 2UL, 3UL, 4UL), (report.CurrentTcb, report.ReportedTcb, report.CommittedTcb, report.LaunchTcb));
        Assert.Equal((5UL, 6UL), (report.LaunchMitigationVector, report.CurrentMitigationVector));
        Assert.Equal(((byte)0x31, (byte)0x32, (byte)0x33), report.Cpuid);
        Assert.Equal((new FirmwareVersion(1, 55, 22), new FirmwareVersion(2, 54, 21)), (report.CurrentVersion, report.CommittedVersion));
        (ReadOnlyMemory<byte> Block, int Size, byte Value)[] blocks =
        [
            (report.ReportData, 64, 0x23), (report.Measurement, 48, 0x24), (report.HostData, 32, 0x25), (report.IdKeyDigest, 48, 0x26),
            (report.ChipId, 64, 0x2a),
        ];
        Assert.All(blocks, block => Assert.Equal(Enumerable.Repeat(block.Value, block.Size), block.Block.ToArray()));
        Assert.False(report.IsChipIdMasked);
        Assert.True(SnpReport.Parse(bytes).IsChipIdMasked);
        Assert.Equal(writer.Bytes, report.Raw.ToArray());
        Assert.Equal(0x2a0, report.SignedPart.Length);
    }

    [Fact]
    public void ReadSignature_IsBigEndianAndUnpadded()
    {
        byte[] r = [.. Enumerable.Range(1, 48).Select(i => (byte)i)];
        byte[] s = [.. Enumerable.Range(101, 48).Select(i => (byte)i)];
        SnpReport report = new SnpReportWriter().Put(0x2a0, r).Put(0x2e8, s).Parse();

        Assert.Equal([.. r.Reverse(), .. s.Reverse()], report.ReadSignature());
    }

    [Fact]
    public void Parse_EveryOtherLength_IsRefused()
    {
        byte[] bytes = [.. new SnpReportWriter().Bytes, .. new byte[32]];
        for (int length = 0; length <= bytes.Length; length++)
        {
            if (length != SnpReport.Size)
            {
                Refusal.Of(SevChecks.ReportSize, () => SnpReport.Parse(bytes.AsMemory(0, length)));
            }
        }
    }

    [Fact]
    public void Parse_EveryVersion_IsKnownFrom2To5()
    {
        foreach (uint version in (uint[])[0, 1, 6, 7, 0x100, 0x02000000, uint.MaxValue])
        {
            Refusal.Of(SevChecks.ReportVersion, () => new SnpReportWriter().UInt32(0, version).Parse());
        }

        foreach (uint version in (uint[])[3, 4, 5])
        {
            Assert.Equal(version, new SnpReportWriter().UInt32(0, version).Parse().Version);
        }

        Assert.Null(OfVersion2().Parse().Cpuid);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(2)]
    [InlineData(0x101)]
    public void Parse_OtherSignatureAlgorithm_IsRefused(uint algorithm) =>
        Refusal.Of(SevChecks.SignatureAlgorithm, () => new SnpReportWriter().UInt32(0x034, algorithm).Parse());

    [Theory]
    [InlineData(2, 0x188, 0x19f)]
    [InlineData(3, 0x18b, 0x19f)]
    [InlineData(4, 0x18b, 0x19f)]
    [InlineData(5, 0x18b, 0x19f)]
    [InlineData(3, 0x04c, 0x04f)]
    [InlineData(3, 0x1eb, 0x1eb)]
    [InlineData(3, 0x1ef, 0x1ef)]
    [InlineData(2, 0x1f8, 0x29f)]
    [InlineData(4, 0x1f8, 0x29f)]
    [InlineData(5, 0x208, 0x29f)]
    public void Parse_EveryReservedByte_MustBeZero(uint version, int first, int last)
    {
        for (int offset = first; offset <= last; offset++)
        {
            SnpReportWriter writer = (version == 2 ? OfVersion2() : new SnpReportWriter().UInt32(0, version)).Byte(offset, 0x80);
            PrivatemodeVerificationException refusal = Refusal.Of(SevChecks.ReportReserved, () => writer.Parse());
            Assert.Equal($"0x80 at offset 0x{offset:x}", refusal.Found);
        }
    }

    [Fact]
    public void Parse_EveryPolicyBit_IsKnownUpTo25()
    {
        for (int bit = 0; bit < 64; bit++)
        {
            SnpReportWriter writer = new SnpReportWriter().UInt64(SnpReportWriter.Policy, 1UL << 17 | 1UL << bit);
            if (bit < 26)
            {
                writer.Parse();
            }
            else
            {
                Refusal.Of(SevChecks.PolicyReserved, () => writer.Parse());
            }
        }

        Refusal.Of(SevChecks.PolicyReserved, () => new SnpReportWriter().UInt64(SnpReportWriter.Policy, 0x1ffff).Parse());
    }

    [Fact]
    public void Parse_EveryPlatformBit_IsData()
    {
        for (int bit = 0; bit < 64; bit++)
        {
            Assert.Equal(1UL << bit, new SnpReportWriter().UInt64(SnpReportWriter.PlatformInfo, 1UL << bit).Parse().PlatformInfo.Value);
        }
    }

    [Fact]
    public void Parse_EveryKeyInfoBit_IsJudged()
    {
        Assert.Equal(SnpSigner.Vcek, WithKeyInfo(0).Parse().Signer);
        Assert.Equal(SnpSigner.Vcek, WithKeyInfo(1).Parse().Signer);
        Assert.Equal(SnpSigner.Vlek, WithKeyInfo(1 << 2).Parse().Signer);
        Refusal.Of(SevChecks.MaskedChipKey, () => WithKeyInfo(2).Parse());
        for (uint key = 2; key <= 7; key++)
        {
            Assert.Equal($"{key}", Refusal.Of(SevChecks.SigningKey, () => WithKeyInfo(key << 2).Parse()).Found);
        }

        for (int bit = 5; bit < 32; bit++)
        {
            Refusal.Of(SevChecks.KeyInfoReserved, () => WithKeyInfo(1U << bit).Parse());
        }
    }

    [Fact]
    public void Parse_EveryByteBesideTheSignature_MustBeZero()
    {
        for (int offset = SnpReport.SignedSize; offset < SnpReport.Size; offset++)
        {
            bool signature = offset is >= 0x2a0 and < 0x2d0 or >= 0x2e8 and < 0x318;
            SnpReportWriter writer = new SnpReportWriter().Byte(offset, 1);
            if (signature)
            {
                writer.Parse();
            }
            else
            {
                Refusal.Of(SevChecks.SignaturePadding, () => writer.Parse());
            }
        }
    }

    private static SnpReportWriter OfVersion2() => new SnpReportWriter().UInt32(0, 2).UInt64(SnpReportWriter.Family, 0);

    private static SnpReportWriter WithKeyInfo(uint value) => new SnpReportWriter().UInt32(SnpReportWriter.KeyInfo, value);

    private static byte[] Fill(int length, byte value) => [.. Enumerable.Repeat(value, length)];
}
