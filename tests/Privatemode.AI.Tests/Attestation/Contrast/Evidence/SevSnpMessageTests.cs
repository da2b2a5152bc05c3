using System.Security.Cryptography;
using Privatemode.AI.Attestation.Contrast;
using Privatemode.AI.Tests.Vectors;

namespace Privatemode.AI.Tests.Attestation.Contrast;

public sealed class SevSnpMessageTests
{
    [Theory]
    [InlineData(3)]
    [InlineData(5)]
    public void Parse_WholeReport_IsPutTogetherAgain(byte version)
    {
        byte[] report = FilledReport(version);
        Assert.Equal(report, SevSnpMessage.Parse(new SnpMessageWriter(report).Message).Report.ToArray());
    }

    [Fact]
    public void Parse_Version2_LeavesTheProcessorOut()
    {
        byte[] report = FilledReport(2);
        byte[] expected = [.. report];
        expected.AsSpan(0x188, 3).Clear();
        Assert.Equal(expected, SevSnpMessage.Parse(new SnpMessageWriter(report).Message).Report.ToArray());
    }

    [Theory]
    [InlineData(0x00A00F11u, 0x19, 0x01, 1)] // Milan
    [InlineData(0x00A10F11u, 0x19, 0x11, 1)] // Genoa
    [InlineData(0x00AA0F02u, 0x19, 0xA0, 2)] // Bergamo
    [InlineData(0x00B00F21u, 0x1A, 0x02, 1)] // Turin
    public void Parse_ProcessorSignature_IsSplitAsInTheReport(uint signature, byte family, byte model, byte stepping)
    {
        SnpMessageWriter evidence = new(FilledReport(3)) { NumberInstead = { [29] = signature } };
        ReadOnlyMemory<byte> report = SevSnpMessage.Parse(evidence.Message).Report;
        Assert.Equal([family, model, stepping], report.Slice(0x188, 3).ToArray());
    }

    [Fact]
    public void Parse_ProcessorFamilyAbove255_IsRefused() =>
        AssertRefused(new SnpMessageWriter(FilledReport(3)) { NumberInstead = { [29] = 0x0FF00F00 } }.Message, "cpuid family of at most 255");

    [Fact]
    public void Parse_ByteFieldOfOtherSize_IsRefused()
    {
        CaseLog log = new();
        foreach ((int field, _, int size, string name) in SnpMessageWriter.ByteFields)
        {
            foreach (int other in new[] { 0, size - 1, size + 1 })
            {
                SnpMessageWriter evidence = new(FilledReport(5)) { BytesInstead = { [field] = new byte[other] } };
                log.Run($"{name}, {other} bytes", () => AssertRefused(evidence.Message, $"{name} of {size} bytes"));
            }
        }

        log.AssertAllPassed(33);
    }

    [Theory]
    [InlineData(21, "current_build")]
    [InlineData(22, "current_minor")]
    [InlineData(23, "current_major")]
    [InlineData(24, "committed_build")]
    [InlineData(25, "committed_minor")]
    [InlineData(26, "committed_major")]
    public void Parse_FirmwareVersionAbove255_IsRefused(int field, string name) =>
        AssertRefused(new SnpMessageWriter(FilledReport(5)) { NumberInstead = { [field] = 256 } }.Message, $"{name} of at most 255");

    [Fact]
    public void Parse_NumberAbove32Bits_IsRefused() => Assert.Equal(
        ContrastChecks.EvidenceFormat,
        ContrastFiles.Refusal(() => SevSnpMessage.Parse(new SnpMessageWriter(FilledReport(5)) { NumberInstead = { [6] = 1ul << 32 } }.Message)));

    [Fact]
    public void Parse_NoReport_IsRefused() => AssertRefused(new ProtobufWriter().Payload(2, default).Bytes, "a report");

    [Fact]
    public void Parse_Certificates_AreTakenFromTheirFields()
    {
        byte[] report = FilledReport(5);
        SevSnpMessage all = SevSnpMessage.Parse(new SnpMessageWriter(report) { Vcek = [1], Ask = [2], Ark = [3], Vlek = [6], Crl = [7] }.Message);
        Assert.Equal([1], all.Vcek!.Value.ToArray());
        Assert.Equal([2], all.Ask!.Value.ToArray());
        Assert.Equal([3], all.Ark!.Value.ToArray());
        Assert.Equal([6], all.Vlek!.Value.ToArray());
        Assert.Equal([7], all.Crl!.Value.ToArray());

        foreach (byte[] message in new[] { new SnpMessageWriter(report) { Vcek = [], Crl = [] }.Message,
            new ProtobufWriter().Message(1, new SnpMessageWriter(report).Report()).Bytes })
        {
            SevSnpMessage none = SevSnpMessage.Parse(message);
            Assert.Null(none.Vcek);
            Assert.Null(none.Ask);
            Assert.Null(none.Ark);
            Assert.Null(none.Vlek);
            Assert.Null(none.Crl);
        }
    }

    [ThirdPartyFact]
    public void Parse_RealMilanEvidence_GivesTheRealReport()
    {
        SevSnpMessage message = SevSnpMessage.Parse(ContrastFiles.ThirdParty("snp/milan-v2.attestation.pb"));
        Assert.Equal(ContrastFiles.ThirdParty("snp/milan-v2.report.bin"), message.Report.ToArray());
        Assert.Equal(ContrastFiles.ThirdParty("snp/milan-v2.vcek.der"), message.Vcek!.Value.ToArray());
        Assert.Equal(
            "67d303bd3905fd38db8b20e0793699870e7fa612eaad5dec358293fd8c0bac1b", Convert.ToHexStringLower(SHA256.HashData(message.Ask!.Value.Span)));
        Assert.Equal(
            "69d063b45344d26a2e94e1f4210de49ef555308287d4c174445c95639a540bcd", Convert.ToHexStringLower(SHA256.HashData(message.Ark!.Value.Span)));
        Assert.Null(message.Vlek);
        Assert.Null(message.Crl);
    }

    /// <summary>A report in which every byte that a field has is different from zero, and every other one is zero.</summary>
    internal static byte[] FilledReport(byte version)
    {
        byte[] report = new byte[0x4A0];
        for (int i = 0; i < report.Length; i++)
        {
            report[i] = (byte)((i * 7) | 1);
        }

        report.AsSpan(0, 4).Clear();
        report[0] = version;
        foreach ((int from, int to) in new[] { (0x04C, 0x050), (0x188, 0x1A0), (0x1EB, 0x1EC), (0x1EF, 0x1F0), (0x208, 0x2A0) })
        {
            report.AsSpan(from, to - from).Clear();
        }

        report[0x188] = 0x19;
        report[0x189] = 0x11;
        report[0x18A] = 3;
        return report;
    }

    private static void AssertRefused(byte[] message, string expected) =>
        Assert.Equal((ContrastChecks.SnpMessage, expected), ContrastFiles.RefusalAndExpected(() => SevSnpMessage.Parse(message)));
}
