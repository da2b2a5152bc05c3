using System.Buffers.Binary;
using Privatemode.AI.Attestation.Tdx;
using Privatemode.AI.Tests.Attestation.Certificates;

namespace Privatemode.AI.Tests.Attestation.Tdx;

/// <summary>The framing of a quote: every length, wrong in every way.</summary>
public sealed class TdxQuoteTests
{
    // Offsets in a quote of version 4; one of version 5 has 6 bytes more before the body and 64 more in a TD report 1.5.
    private const int BodyAt = 48;
    private const int SignatureLengthAt = BodyAt + TdReport.Size10;
    private const int CertificationTypeAt = SignatureLengthAt + 4 + 128;
    private const int CertificationLengthAt = CertificationTypeAt + 2;
    private const int AuthenticationLengthAt = CertificationLengthAt + 4 + QeReport.Size + 64;
    private const int PckTypeAt = AuthenticationLengthAt + 2 + 32;
    private const int PckLengthAt = PckTypeAt + 2;

    private static readonly FakeIntel Intel = new();
    private static readonly byte[] Version4 = (Intel.Quote with { Trailing = [] }).Write();
    private static readonly byte[] Version5 = (Intel.Quote with { Version = 5, Body = Numbered(TdReport.Size15), Trailing = [] }).Write();

    [Fact]
    public void Parse_Version4_GivesEveryField()
    {
        QuoteWriter writer = Intel.Quote with { Body = Numbered(TdReport.Size10) };
        TdxQuote quote = TdxQuote.Parse(writer.Write());
        Assert.Equal(4, quote.Version);
        Assert.Equal(BodyAt + TdReport.Size10, quote.SignedBytes.Length);
        AssertFields(quote.Report);
        Assert.False(quote.Report.Is15);
        Assert.True(quote.Report.TeeTcbSvn2.IsEmpty);
        Assert.True(quote.Report.MrServiceTd.IsEmpty);
        Assert.Equal(32, quote.AuthenticationData.Length);
        Assert.Equal((byte[])[.. writer.PckChain, 0], quote.PckChain.ToArray());
    }

    [Fact]
    public void Parse_Version5_GivesEveryField()
    {
        TdxQuote quote = TdxQuote.Parse(Version5);
        Assert.Equal(5, quote.Version);
        Assert.Equal(BodyAt + 6 + TdReport.Size15, quote.SignedBytes.Length);
        AssertFields(quote.Report);
        Assert.True(quote.Report.Is15);
        AssertNumbered(quote.Report.TeeTcbSvn2, 584, 16);
        AssertNumbered(quote.Report.MrServiceTd, 600, 48);
    }

    [Fact]
    public void QeReport_GivesEveryField()
    {
        QeReport report = new(Numbered(QeReport.Size));
        AssertNumbered(report.MiscSelect, 16, 4);
        AssertNumbered(report.Attributes, 48, 16);
        AssertNumbered(report.MrSigner, 128, 32);
        AssertNumbered(report.ReportData, 320, 64);
        Assert.Equal(0x0706, report.IsvProductId); // bytes 256 and 257: 5 and 6 modulo 251, plus 1
        Assert.Equal(0x0908, report.IsvSvn);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(583)]
    [InlineData(647)]
    [InlineData(649)]
    public void Reports_OfAnotherSize_AreAMistakeOfTheCaller(int size)
    {
        Assert.Throws<ArgumentException>(() => new TdReport(new byte[size]));
        Assert.Throws<ArgumentOutOfRangeException>(() => new QeReport(new byte[size]));
    }

    [Fact]
    public void Rtmr_OfAnotherNumber_IsAMistakeOfTheCaller()
    {
        TdReport report = new(new byte[TdReport.Size10]);
        Assert.Throws<ArgumentOutOfRangeException>(() => report.Rtmr(-1));
        Assert.Throws<ArgumentOutOfRangeException>(() => report.Rtmr(4));
    }

    [Fact]
    public void Parse_CutAnywhere_IsRefused()
    {
        foreach (byte[] quote in new[] { Version4, Version5 })
        {
            for (int length = 0; length < quote.Length; length++)
            {
                PrivatemodeVerificationException refusal = Assert.Throws<PrivatemodeVerificationException>(() => TdxQuote.Parse(quote.AsMemory(0, length)));
                Assert.Contains(refusal.ErrorType, new[] { TdxChecks.QuoteLength, TdxChecks.QuoteSignatureLength });
            }
        }
    }

    [Fact]
    public void Parse_TooLong_IsRefused()
    {
        byte[] longest = [.. Version4, .. new byte[TdxQuote.MaximumLength - Version4.Length]];
        _ = TdxQuote.Parse(longest);
        Refusal.Of(TdxChecks.QuoteLength, () => TdxQuote.Parse((byte[])[.. longest, 0]));
    }

    [Theory]
    [InlineData(0, 3, TdxChecks.QuoteVersion)]
    [InlineData(0, 6, TdxChecks.QuoteVersion)]
    [InlineData(0, 0xff04, TdxChecks.QuoteVersion)]
    [InlineData(2, 3, TdxChecks.QuoteKeyType)]
    [InlineData(2, 0, TdxChecks.QuoteKeyType)]
    [InlineData(4, 0, TdxChecks.QuoteTeeType)]
    [InlineData(4, 0x82, TdxChecks.QuoteTeeType)]
    [InlineData(6, 1, TdxChecks.QuoteTeeType)]
    [InlineData(12, 0, TdxChecks.QuoteVendor)]
    [InlineData(26, 0, TdxChecks.QuoteVendor)]
    [InlineData(CertificationTypeAt, 5, TdxChecks.CertificationType)]
    [InlineData(PckTypeAt, 4, TdxChecks.PckType)]
    [InlineData(PckTypeAt, 6, TdxChecks.PckType)]
    public void Parse_OtherKindOfQuote_IsRefusedByName(int offset, int value, string check) =>
        Refusal.Of(check, () => TdxQuote.Parse(With16(Version4, offset, value)));

    [Theory]
    [InlineData(1, 384)]
    [InlineData(2, 648)]
    [InlineData(3, 584)]
    [InlineData(3, 647)]
    [InlineData(3, 649)]
    [InlineData(3, -1)]
    [InlineData(4, 885)]
    [InlineData(0, 648)]
    [InlineData(9, 648)]
    [InlineData(65_535, 648)]
    public void Parse_BodyOfAnotherKindOrSize_IsRefused(int kind, int size)
    {
        byte[] quote = With16(Version5, BodyAt, kind);
        BinaryPrimitives.WriteInt32LittleEndian(quote.AsSpan(BodyAt + 2), size);
        Refusal.Of(TdxChecks.QuoteBody, () => TdxQuote.Parse(quote));
    }

    public static TheoryData<int, int> HostileLengths()
    {
        TheoryData<int, int> data = [];
        foreach (int offset in new[] { SignatureLengthAt, CertificationLengthAt, PckLengthAt })
        {
            foreach (int value in new[] { 0, 1, 127, 65_535, 65_536, int.MaxValue, int.MinValue, -1, -2 })
            {
                data.Add(offset, value);
            }
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(HostileLengths))]
    public void Parse_HostileLength_IsRefused(int offset, int value)
    {
        byte[] quote = [.. Version4];
        BinaryPrimitives.WriteInt32LittleEndian(quote.AsSpan(offset), value);
        AssertLengthRefused(quote);
    }

    // One byte more or less than there is, and everything that would make two fields overlap.
    [Fact]
    public void Parse_AnyOtherLengthThanTheRightOne_IsRefused()
    {
        foreach (int offset in new[] { SignatureLengthAt, CertificationLengthAt, PckLengthAt })
        {
            int right = BinaryPrimitives.ReadInt32LittleEndian(Version4.AsSpan(offset));
            for (int value = 0; value < right + 100; value++)
            {
                if (value != right)
                {
                    byte[] quote = [.. Version4, .. new byte[200]];
                    BinaryPrimitives.WriteInt32LittleEndian(quote.AsSpan(offset), value);
                    AssertLengthRefused(quote);
                }
            }
        }
    }

    [Fact]
    public void Parse_AnyOtherAuthenticationLength_IsRefused()
    {
        for (int value = 0; value <= ushort.MaxValue; value += value < 3000 ? 1 : 31)
        {
            if (value != 32)
            {
                byte[] quote = With16(Version4, AuthenticationLengthAt, value);
                PrivatemodeVerificationException refusal = Assert.Throws<PrivatemodeVerificationException>(() => TdxQuote.Parse(quote));
                Assert.Contains(refusal.ErrorType, new[] { TdxChecks.AuthenticationLength, TdxChecks.PckType, TdxChecks.PckLength });
            }
        }
    }

    [Fact]
    public void Parse_BytesAfterTheSignatureData_AreNotRead()
    {
        TdxQuote quote = TdxQuote.Parse((byte[])[.. Version4, 1, 2, 3]);
        Assert.Equal(TdxQuote.Parse(Version4).PckChain.ToArray(), quote.PckChain.ToArray());
    }

    private static void AssertLengthRefused(byte[] quote)
    {
        PrivatemodeVerificationException refusal = Assert.Throws<PrivatemodeVerificationException>(() => TdxQuote.Parse(quote));
        Assert.Contains(
            refusal.ErrorType, new[] { TdxChecks.QuoteSignatureLength, TdxChecks.CertificationLength, TdxChecks.CertificationType, TdxChecks.PckLength });
    }

    private static void AssertFields(TdReport report)
    {
        AssertNumbered(report.TeeTcbSvn, 0, 16);
        AssertNumbered(report.MrSeam, 16, 48);
        AssertNumbered(report.MrSignerSeam, 64, 48);
        AssertNumbered(report.SeamAttributes, 112, 8);
        AssertNumbered(report.TdAttributes, 120, 8);
        Assert.Equal(BinaryPrimitives.ReadUInt64LittleEndian(Numbered(584).AsSpan(128)), report.Xfam);
        AssertNumbered(report.MrTd, 136, 48);
        AssertNumbered(report.MrConfigId, 184, 48);
        AssertNumbered(report.Rtmr(0), 328, 48);
        AssertNumbered(report.Rtmr(1), 376, 48);
        AssertNumbered(report.Rtmr(2), 424, 48);
        AssertNumbered(report.Rtmr(3), 472, 48);
        AssertNumbered(report.ReportData, 520, 64);
    }

    private static void AssertNumbered(ReadOnlyMemory<byte> field, int offset, int length) =>
        Assert.Equal(Numbered(offset + length)[offset..], field.ToArray());

    // Every byte depends on its offset, and neighbours differ in a period that is no power of two.
    private static byte[] Numbered(int length) => [.. Enumerable.Range(0, length).Select(i => (byte)((i % 251) + 1))];

    private static byte[] With16(byte[] quote, int offset, int value)
    {
        byte[] changed = [.. quote];
        BinaryPrimitives.WriteUInt16LittleEndian(changed.AsSpan(offset), (ushort)value);
        return changed;
    }
}
