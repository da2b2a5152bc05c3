using System.Text;
using Privatemode.AI.Testing.Evidence.Tdx;

namespace Privatemode.AI.Testing.Evidence.Contrast;

/// <summary>TDX evidence as the coordinator sends it: a version 4 quote taken apart into a message.</summary>
internal static class TdxMessage
{
    private const int SignedDataHead = 64 + 64 + 2 + 4;
    private const int PaddingSize = 70;

    public static byte[] Write(QuoteParts quote)
    {
        byte[] chain = Encoding.ASCII.GetBytes(quote.Chain);
        int inner = 384 + 64 + 2 + quote.QeAuthData.Length + 2 + 4 + chain.Length;
        ProtobufWriter qe = new ProtobufWriter()
            .Message(1, Enclave(quote.QeReport))
            .Bytes(2, quote.QeReportSignature)
            .Message(3, new ProtobufWriter().Number(1, quote.QeAuthSize ?? (uint)quote.QeAuthData.Length).Bytes(2, quote.QeAuthData))
            .Message(4, new ProtobufWriter().Number(1, quote.ChainType).Number(2, quote.ChainSize ?? (uint)chain.Length).Bytes(3, chain));
        ProtobufWriter certification = new ProtobufWriter().Number(1, quote.CertificationType).Number(2, (ulong)inner).Message(3, qe);
        return new ProtobufWriter()
            .Message(1, Header(quote.Header))
            .Message(2, Body(quote.Body))
            .Number(3, (ulong)(SignedDataHead + inner))
            .Message(4, new ProtobufWriter().Bytes(1, quote.Signature).Bytes(2, quote.AttestationKey).Message(3, certification))
            .Bytes(5, new byte[PaddingSize]) // what is left of the platform's buffer; real ones have it too
            .ToArray();
    }

    private static ProtobufWriter Header(QuoteHeader header) => new ProtobufWriter()
        .Number(1, header.Version)
        .Number(2, header.KeyType)
        .Number(3, header.TeeType)
        .Bytes(4, header.At10)
        .Bytes(5, header.At8)
        .Bytes(6, header.VendorId)
        .Bytes(7, header.UserData);

    private static ProtobufWriter Body(TdReport body)
    {
        ProtobufWriter message = new ProtobufWriter()
            .Bytes(1, body.TeeTcbSvn)
            .Bytes(2, body.MrSeam)
            .Bytes(3, body.MrSignerSeam)
            .Bytes(4, body.SeamAttributes)
            .Bytes(5, body.TdAttributes)
            .Bytes(6, body.Xfam)
            .Bytes(7, body.MrTd)
            .Bytes(8, body.MrConfigId)
            .Bytes(9, body.MrOwner)
            .Bytes(10, body.MrOwnerConfig);
        foreach (byte[] rtmr in body.Rtmrs)
        {
            _ = message.Element(11, rtmr);
        }

        return message.Bytes(12, body.ReportData);
    }

    private static ProtobufWriter Enclave(QeReport report) => new ProtobufWriter()
        .Bytes(1, report.CpuSvn)
        .Number(2, report.MiscSelect)
        .Bytes(3, new byte[28])
        .Bytes(4, report.Attributes)
        .Bytes(5, report.MrEnclave)
        .Bytes(6, new byte[32])
        .Bytes(7, report.MrSigner)
        .Bytes(8, new byte[96])
        .Number(9, report.ProductId)
        .Number(10, report.Svn)
        .Bytes(11, new byte[60])
        .Bytes(12, report.ReportData);
}
