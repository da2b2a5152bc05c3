using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace Privatemode.AI.Tests.Attestation.Tdx;

/// <summary>Writes a quote, right or wrong; without settings it is of version 4 and signed with the given keys.</summary>
internal sealed record QuoteWriter(ECDsa AttestationKey, ECDsa PckKey, byte[] PckChain)
{
    public int Version { get; init; } = 4;

    /// <summary>TD report 1.0 or 1.5: the kind of the body is taken from its size.</summary>
    public byte[] Body { get; init; } = DefaultBody(584);

    public byte[] QeReport { get; init; } = DefaultQeReport();

    public byte[] AuthenticationData { get; init; } = [.. Enumerable.Range(0, 32).Select(i => (byte)i)];

    /// <summary>In place of the attestation key's coordinates.</summary>
    public byte[]? KeyBytes { get; init; }

    public byte[] Trailing { get; init; } = [0, 0];

    public static byte[] DefaultBody(int size)
    {
        byte[] body = new byte[size];
        byte[] svn = [6, 1, 3];
        svn.CopyTo(body, 0);
        body[120 + 3] = 0x10; // SEPT_VE_DISABLE
        body[128] = 0xe7;
        body[129] = 0x02;
        body[130] = 0x06;
        if (size == 648)
        {
            svn.CopyTo(body, 584);
        }

        return body;
    }

    public static byte[] DefaultQeReport()
    {
        byte[] report = new byte[384];
        report[48] = 0x11;
        Convert.FromHexString("DC9E2A7C6F948F17474E34A7FC43ED030F7C1563F1BABDDF6340C82E0E54A8C5").CopyTo(report, 128);
        report[256] = 2;
        report[258] = 4;
        return report;
    }

    public byte[] Write()
    {
        byte[] key = KeyBytes ?? Point(AttestationKey);
        byte[] qeReport = [.. QeReport[..320], .. SHA256.HashData([.. key, .. AuthenticationData]), .. new byte[32]];
        byte[] header = [.. U16(Version), .. U16(2), .. U32(0x81), .. new byte[4], .. Vendor, .. new byte[20]];
        byte[] descriptor = Version == 4 ? [] : [.. U16(Body.Length == 584 ? 2 : 3), .. U32(Body.Length)];
        byte[] signedBytes = [.. header, .. descriptor, .. Body];
        byte[] chain = [.. PckChain, 0];
        byte[] authentication = [.. U16(AuthenticationData.Length), .. AuthenticationData];
        byte[] inner = [.. qeReport, .. Sign(PckKey, qeReport), .. authentication, .. U16(5), .. U32(chain.Length), .. chain];
        byte[] signatureData = [.. Sign(AttestationKey, signedBytes), .. key, .. U16(6), .. U32(inner.Length), .. inner];
        return [.. signedBytes, .. U32(signatureData.Length), .. signatureData, .. Trailing];
    }

    /// <summary>The certificates in PEM, one after the other.</summary>
    public static byte[] ToPem(params byte[][] certificates) =>
        Encoding.ASCII.GetBytes(string.Concat(certificates.Select(der => PemEncoding.WriteString("CERTIFICATE", der) + "\n")));

    private static byte[] Vendor => Convert.FromHexString("939A7233F79C4CA9940A0DB3957F0607");

    private static byte[] Point(ECDsa key)
    {
        ECPoint point = key.ExportParameters(false).Q;
        return [.. point.X!, .. point.Y!];
    }

    private static byte[] Sign(ECDsa key, byte[] data) => key.SignData(data, HashAlgorithmName.SHA256, DSASignatureFormat.IeeeP1363FixedFieldConcatenation);

    private static byte[] U16(int value)
    {
        byte[] bytes = new byte[2];
        BinaryPrimitives.WriteUInt16LittleEndian(bytes, (ushort)value);
        return bytes;
    }

    private static byte[] U32(int value)
    {
        byte[] bytes = new byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(bytes, value);
        return bytes;
    }
}
