namespace Privatemode.AI.Attestation.Contrast;

/// <summary>TDX evidence in Contrast's form: a quote of version 4 as protobuf fields.</summary>
/// <remarks>
/// The quote is assembled in Intel's layout, with the actual sizes of its parts. The coordinator's <c>extra_bytes</c> (padding or unsigned collateral) are
/// ignored.
/// </remarks>
internal static class TdxQuoteMessage
{
    private const int HeaderSize = 48;
    private const int BodySize = 584;
    private const int SignatureSize = 64;
    private const int QeReportSize = 384;
    private const int PartHeaderSize = 6; // kind, then length
    private const int RtmrCount = 4;
    private const int RtmrSize = 48;
    private const uint QuoteVersion = 4;
    private const uint TdxTee = 0x81;
    private const uint EcdsaP256 = 2;
    private const uint QeReportCertification = 6;
    private const uint PckChainCertification = 5;

    private static readonly StrictJsonExceptions Failure = new(
        ContrastChecks.TdxMessage,
        "The TDX evidence is incomplete. Do not send anything; update this package if the service is newer.");

    /// <summary>Whether a message without a type looks like TDX evidence.</summary>
    public static bool IsLikely(ProtobufMessage message) =>
        message.Repeated(1) is { Count: > 0 } && message.Message(1)!.UInt32(3) == TdxTee;

    /// <summary>The quote in Intel's layout, without trailing bytes.</summary>
    public static byte[] ReadQuote(ReadOnlyMemory<byte> evidence)
    {
        ProtobufMessage quote = ProtobufMessage.Parse(evidence);
        byte[] header = BuildHeader(Part(quote, 1, "header"));
        byte[] body = BuildBody(Part(quote, 2, "td_quote_body"));
        byte[] signed = BuildAuthentication(Part(quote, 4, "signed_data"));
        ProtobufBytes length = new(sizeof(uint), Failure);
        length.PutUInt32(0, (uint)signed.Length);
        return [.. header, .. body, .. length.Layout, .. signed];
    }

    private static byte[] BuildHeader(ProtobufMessage header)
    {
        Require(header.UInt32(1) == QuoteVersion, "a quote of version 4", $"{header.UInt32(1)}");
        Require(header.UInt32(2) == EcdsaP256, "attestation key type 2", $"{header.UInt32(2)}");
        Require(header.UInt32(3) == TdxTee, "tee_type 129", $"{header.UInt32(3)}");
        ProtobufBytes bytes = new(HeaderSize, Failure);
        bytes.PutUInt16(0x00, QuoteVersion, "version");
        bytes.PutUInt16(0x02, EcdsaP256, "attestation_key_type");
        bytes.PutUInt32(0x04, TdxTee);
        bytes.Put(0x08, header, 5, 2, "pce_svn"); // on the wire the QE's comes first, in the quote the PCE's
        bytes.Put(0x0A, header, 4, 2, "qe_svn");
        bytes.Put(0x0C, header, 6, 16, "qe_vendor_id");
        bytes.Put(0x1C, header, 7, 20, "user_data");
        return bytes.Layout;
    }

    private static byte[] BuildBody(ProtobufMessage body)
    {
        ProtobufBytes bytes = new(BodySize, Failure);
        bytes.Put(0x000, body, 1, 16, "tee_tcb_svn");
        bytes.Put(0x010, body, 2, 48, "mr_seam");
        bytes.Put(0x040, body, 3, 48, "mr_signer_seam");
        bytes.Put(0x070, body, 4, 8, "seam_attributes");
        bytes.Put(0x078, body, 5, 8, "td_attributes");
        bytes.Put(0x080, body, 6, 8, "xfam");
        bytes.Put(0x088, body, 7, 48, "mr_td");
        bytes.Put(0x0B8, body, 8, 48, "mr_config_id");
        bytes.Put(0x0E8, body, 9, 48, "mr_owner");
        bytes.Put(0x118, body, 10, 48, "mr_owner_config");
        IReadOnlyList<ReadOnlyMemory<byte>> rtmrs = body.Repeated(11);
        Require(rtmrs.Count == RtmrCount, "4 rtmrs", $"{rtmrs.Count}");
        for (int i = 0; i < RtmrCount; i++)
        {
            bytes.Put(0x148 + (i * RtmrSize), rtmrs[i], RtmrSize, $"rtmrs[{i}]");
        }

        bytes.Put(0x208, body, 12, ReportData.Size, "report_data");
        return bytes.Layout;
    }

    private static byte[] BuildAuthentication(ProtobufMessage signed)
    {
        ProtobufMessage outer = Part(signed, 3, "certification_data");
        Require(outer.UInt32(1) == QeReportCertification, "certification data of type 6", $"{outer.UInt32(1)}");
        ProtobufMessage inner = Part(outer, 3, "qe_report_certification_data");
        byte[] report = BuildQeReport(Part(inner, 1, "qe_report"));
        ReadOnlyMemory<byte> authentication = ReadQeAuthentication(inner.Message(3));
        ReadOnlyMemory<byte> chain = ReadPckChain(Part(inner, 4, "pck_certificate_chain_data"));

        const int certificationAt = 2 * SignatureSize;
        const int reportAt = certificationAt + PartHeaderSize;
        int size = QeReportSize + SignatureSize + sizeof(ushort) + authentication.Length + PartHeaderSize + chain.Length;
        ProtobufBytes bytes = new(reportAt + size, Failure);
        bytes.Put(0, signed, 1, SignatureSize, "signature");
        bytes.Put(SignatureSize, signed, 2, SignatureSize, "ecdsa_attestation_key");
        bytes.PutUInt16(certificationAt, QeReportCertification, "certificate_data_type");
        bytes.PutUInt32(certificationAt + 2, (uint)size);
        bytes.Put(reportAt, report, QeReportSize, "qe_report");
        bytes.Put(reportAt + QeReportSize, inner, 2, SignatureSize, "qe_report_signature");
        int offset = reportAt + QeReportSize + SignatureSize;
        bytes.PutUInt16(offset, (uint)authentication.Length, "qe_auth_data");
        bytes.Put(offset + sizeof(ushort), authentication, authentication.Length, "qe_auth_data");
        offset += sizeof(ushort) + authentication.Length;
        bytes.PutUInt16(offset, PckChainCertification, "certificate_data_type");
        bytes.PutUInt32(offset + 2, (uint)chain.Length);
        bytes.Put(offset + PartHeaderSize, chain, chain.Length, "pck_cert_chain");
        return bytes.Layout;
    }

    private static byte[] BuildQeReport(ProtobufMessage report)
    {
        ProtobufBytes bytes = new(QeReportSize, Failure);
        bytes.Put(0x000, report, 1, 16, "cpu_svn");
        bytes.PutUInt32(0x010, report.UInt32(2)); // misc_select
        bytes.Put(0x014, report, 3, 28, "reserved1");
        bytes.Put(0x030, report, 4, 16, "attributes");
        bytes.Put(0x040, report, 5, 32, "mr_enclave");
        bytes.Put(0x060, report, 6, 32, "reserved2");
        bytes.Put(0x080, report, 7, 32, "mr_signer");
        bytes.Put(0x0A0, report, 8, 96, "reserved3");
        bytes.PutUInt16(0x100, report.UInt32(9), "isv_prod_id");
        bytes.PutUInt16(0x102, report.UInt32(10), "isv_svn");
        bytes.Put(0x104, report, 11, 60, "reserved4");
        bytes.Put(0x140, report, 12, 64, "report_data");
        return bytes.Layout;
    }

    private static ReadOnlyMemory<byte> ReadQeAuthentication(ProtobufMessage? data)
    {
        ReadOnlyMemory<byte> bytes = data?.Bytes(2) ?? default;
        uint size = data?.UInt32(1) ?? 0;
        Require(size == bytes.Length && size <= ushort.MaxValue, "qe_auth_data of the size it states", $"{size}, {bytes.Length} bytes");
        return bytes;
    }

    private static ReadOnlyMemory<byte> ReadPckChain(ProtobufMessage data)
    {
        Require(data.UInt32(1) == PckChainCertification, "certification data of type 5", $"{data.UInt32(1)}");
        ReadOnlyMemory<byte> chain = data.Bytes(3);
        Require(data.UInt32(2) == chain.Length, "pck_cert_chain of the size it states", $"{data.UInt32(2)}, {chain.Length} bytes");
        return chain;
    }

    private static ProtobufMessage Part(ProtobufMessage message, int field, string name) =>
        message.Message(field) ?? throw Failure.Create(name);

    private static void Require(bool condition, string expected, string found)
    {
        if (!condition)
        {
            throw Failure.Create(expected, found);
        }
    }
}
