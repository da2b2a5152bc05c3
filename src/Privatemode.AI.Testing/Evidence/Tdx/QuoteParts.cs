using System.Buffers.Binary;
using System.Text;

namespace Privatemode.AI.Testing.Evidence.Tdx;

// Reference: Intel TDX DCAP Quoting Library API, quote format versions 4 and 5, certification data types 5 and 6.

/// <summary>The parts of a quote, for its binary form and for the coordinator's message.</summary>
internal sealed class QuoteParts
{
    public required QuoteHeader Header { get; init; }

    public required TdReport Body { get; init; }

    /// <summary>r ‖ s.</summary>
    public required byte[] Signature { get; set; }

    /// <summary>x ‖ y.</summary>
    public required byte[] AttestationKey { get; set; }

    public required QeReport QeReport { get; init; }

    public required byte[] QeReportSignature { get; set; }

    public required byte[] QeAuthData { get; set; }

    /// <summary>The stated length of the authentication data, in bytes; null for the actual length.</summary>
    public uint? QeAuthSize { get; set; }

    public ushort CertificationType { get; set; } = 6;

    public ushort ChainType { get; set; } = 5;

    /// <summary>The certificates (PEM).</summary>
    public required string Chain { get; set; }

    /// <summary>The stated length of the certificate chain, in bytes; null for the actual length.</summary>
    public uint? ChainSize { get; set; }

    /// <summary>Returns the bytes that the quote's signature covers.</summary>
    /// <param name="header">The header, whose version determines the layout.</param>
    /// <param name="body">The report.</param>
    /// <param name="is15">Version 5 only: a TD report 1.5 instead of 1.0.</param>
    public static byte[] ToBeSigned(QuoteHeader header, TdReport body, bool is15)
    {
        byte[] report = body.Write(is15);
        if (header.Version < 5)
        {
            return [.. header.Write(), .. report];
        }

        byte[] descriptor = new byte[6];
        BinaryPrimitives.WriteUInt16LittleEndian(descriptor, (ushort)(is15 ? 3 : 2));
        BinaryPrimitives.WriteUInt32LittleEndian(descriptor.AsSpan(2), (uint)report.Length);
        return [.. header.Write(), .. descriptor, .. report];
    }

    /// <summary>Writes the quote in its binary form.</summary>
    public byte[] Write(bool is15 = false)
    {
        byte[] chain = Encoding.ASCII.GetBytes(Chain);
        byte[] inner =
        [
            .. QeReport.Write(), .. QeReportSignature, .. Number16((ushort)(QeAuthSize ?? (uint)QeAuthData.Length)), .. QeAuthData,
            .. Number16(ChainType), .. Number32(ChainSize ?? (uint)chain.Length), .. chain,
        ];
        byte[] signed = [.. Signature, .. AttestationKey, .. Number16(CertificationType), .. Number32((uint)inner.Length), .. inner];
        return [.. ToBeSigned(Header, Body, is15), .. Number32((uint)signed.Length), .. signed];
    }

    private static byte[] Number16(ushort value)
    {
        byte[] bytes = new byte[2];
        BinaryPrimitives.WriteUInt16LittleEndian(bytes, value);
        return bytes;
    }

    private static byte[] Number32(uint value)
    {
        byte[] bytes = new byte[4];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, value);
        return bytes;
    }
}
