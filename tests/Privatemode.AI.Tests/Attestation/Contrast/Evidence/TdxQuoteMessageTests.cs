using System.Buffers.Binary;
using Privatemode.AI.Attestation.Contrast;
using Privatemode.AI.Tests.Vectors;

namespace Privatemode.AI.Tests.Attestation.Contrast;

public sealed class TdxQuoteMessageTests
{
    [Theory]
    [InlineData(32, 100)]
    [InlineData(0, 1)]
    [InlineData(65535, 1)]
    public void ReadQuote_WholeQuote_IsPutTogetherAgain(int authentication, int chain)
    {
        byte[] quote = FilledQuote(authentication, chain);
        Assert.Equal(quote, TdxQuoteMessage.ReadQuote(new TdxMessageWriter(quote).Message));
    }

    [Fact]
    public void ReadQuote_SecurityVersions_StandInTheQuotesOrder()
    {
        byte[] quote = FilledQuote(32, 100);
        byte[] message = new TdxMessageWriter(quote) { BytesInstead = { [("header", 4)] = [1, 2], [("header", 5)] = [3, 4] } }.Message;
        Assert.Equal([3, 4, 1, 2], TdxQuoteMessage.ReadQuote(message).AsSpan(8, 4).ToArray());
    }

    [Fact]
    public void ReadQuote_StatedOuterSizes_AreNotUsed()
    {
        byte[] quote = FilledQuote(32, 100);
        TdxMessageWriter evidence = new(quote) { NumberInstead = { [("certification", 2)] = 1 } };
        Assert.Equal(quote, TdxQuoteMessage.ReadQuote(evidence.Message));
    }

    [Fact]
    public void ReadQuote_NoQeAuthentication_ReadsAsEmpty()
    {
        byte[] quote = FilledQuote(0, 10);
        Assert.Equal(quote, TdxQuoteMessage.ReadQuote(new TdxMessageWriter(quote) { Without = { "authentication" } }.Message));
    }

    [Fact]
    public void ReadQuote_ByteFieldOfOtherSize_IsRefused()
    {
        CaseLog log = new();
        foreach ((string part, int field, _, int size, string name) in TdxMessageWriter.ByteFields)
        {
            foreach (int other in new[] { 0, size - 1, size + 1 })
            {
                TdxMessageWriter evidence = new(FilledQuote(32, 100)) { BytesInstead = { [(part, field)] = new byte[other] } };
                log.Run($"{part} {name}, {other} bytes", () => AssertRefused(evidence.Message, $"{name} of {size} bytes"));
            }
        }

        log.AssertAllPassed(81);
    }

    [Theory]
    [InlineData("header", 1, 5, "a quote of version 4")]
    [InlineData("header", 1, 3, "a quote of version 4")]
    [InlineData("header", 2, 3, "attestation key type 2")]
    [InlineData("header", 3, 0, "tee_type 129")]
    [InlineData("header", 3, 0x10081, "tee_type 129")]
    [InlineData("certification", 1, 5, "certification data of type 6")]
    [InlineData("chain", 1, 6, "certification data of type 5")]
    [InlineData("chain", 2, 99, "pck_cert_chain of the size it states")]
    [InlineData("authentication", 1, 31, "qe_auth_data of the size it states")]
    [InlineData("report", 9, 65536, "isv_prod_id of at most 65535")]
    [InlineData("report", 10, 65536, "isv_svn of at most 65535")]
    public void ReadQuote_OtherNumber_IsRefused(string part, int field, ulong value, string expected) =>
        AssertRefused(new TdxMessageWriter(FilledQuote(32, 100)) { NumberInstead = { [(part, field)] = value } }.Message, expected);

    [Theory]
    [InlineData("header", "header")]
    [InlineData("body", "td_quote_body")]
    [InlineData("signed", "signed_data")]
    [InlineData("certification", "certification_data")]
    [InlineData("qe", "qe_report_certification_data")]
    [InlineData("report", "qe_report")]
    [InlineData("chain", "pck_certificate_chain_data")]
    public void ReadQuote_PartMissing_IsRefused(string part, string expected) =>
        AssertRefused(new TdxMessageWriter(FilledQuote(32, 100)) { Without = { part } }.Message, expected);

    [Theory]
    [InlineData(3)]
    [InlineData(5)]
    public void ReadQuote_OtherNumberOfRtmrs_IsRefused(int count) =>
        AssertRefused(new TdxMessageWriter(FilledQuote(32, 100)) { RtmrCount = count }.Message, "4 rtmrs");

    [Fact]
    public void ReadQuote_RtmrOfOtherSize_IsRefused() =>
        AssertRefused(new TdxMessageWriter(FilledQuote(32, 100)) { BytesInstead = { [("rtmrs", 2)] = new byte[47] } }.Message, "rtmrs[2] of 48 bytes");

    [Fact]
    public void ReadQuote_QeAuthenticationTooLong_IsRefused()
    {
        byte[] authentication = new ProtobufWriter().Number(1, 65536).Payload(2, new byte[65536]).Bytes;
        byte[] whole = new TdxMessageWriter(FilledQuote(32, 100)).Message;
        byte[] tail = new ProtobufWriter().Message(
            4, new ProtobufWriter().Message(3, new ProtobufWriter().Message(3, new ProtobufWriter().Payload(3, authentication)))).Bytes;
        AssertRefused([.. whole, .. tail], "qe_auth_data of the size it states"); // messages merge: the tail replaces the data
    }

    [ThirdPartyFact]
    public void ReadQuote_RealContrastQuote_GivesTheRawQuote()
    {
        byte[] raw = ContrastFiles.ThirdParty("tdx/contrast-tdx-quote.raw.bin");
        byte[] quote = TdxQuoteMessage.ReadQuote(ContrastFiles.ThirdParty("tdx/contrast-tdx-quote.pb"));
        Assert.Equal(raw[..quote.Length], quote);
        Assert.Equal(4936, quote.Length);
        Assert.True(raw.AsSpan(quote.Length).IndexOfAnyExcept((byte)0) < 0);
        Assert.Equal(EvidenceKind.Tdx, KindOf(ContrastFiles.ThirdParty("tdx/contrast-tdx-quote.pb")));
        Assert.Equal(EvidenceKind.SevSnp, KindOf(ContrastFiles.ThirdParty("snp/milan-v2.attestation.pb")));
    }

    /// <summary>A quote of version 4 in which no byte is like its neighbour; nothing in it is signed.</summary>
    internal static byte[] FilledQuote(int authentication, int chain)
    {
        int qeAuthentication = 636 + 582;
        byte[] quote = new byte[qeAuthentication + 2 + authentication + 6 + chain];
        for (int i = 0; i < quote.Length; i++)
        {
            quote[i] = (byte)((i * 7) | 1);
        }

        BinaryPrimitives.WriteUInt16LittleEndian(quote, 4);
        BinaryPrimitives.WriteUInt16LittleEndian(quote.AsSpan(2), 2);
        BinaryPrimitives.WriteUInt32LittleEndian(quote.AsSpan(4), 0x81);
        BinaryPrimitives.WriteInt32LittleEndian(quote.AsSpan(632), quote.Length - 636);
        BinaryPrimitives.WriteUInt16LittleEndian(quote.AsSpan(764), 6);
        BinaryPrimitives.WriteInt32LittleEndian(quote.AsSpan(766), quote.Length - 770);
        BinaryPrimitives.WriteUInt16LittleEndian(quote.AsSpan(qeAuthentication), (ushort)authentication);
        BinaryPrimitives.WriteUInt16LittleEndian(quote.AsSpan(qeAuthentication + 2 + authentication), 5);
        BinaryPrimitives.WriteInt32LittleEndian(quote.AsSpan(qeAuthentication + 4 + authentication), chain);
        return quote;
    }

    private static EvidenceKind KindOf(byte[] evidence) => AttestationDocument.Parse(System.Text.Encoding.UTF8.GetBytes(
        $$"""{"raw_attestation_doc":"{{Convert.ToBase64String(evidence)}}","manifests":[],"root_ca":"","mesh_ca":""}""")).Kind;

    private static void AssertRefused(byte[] message, string expected) =>
        Assert.Equal((ContrastChecks.TdxMessage, expected), ContrastFiles.RefusalAndExpected(() => TdxQuoteMessage.ReadQuote(message)));
}
