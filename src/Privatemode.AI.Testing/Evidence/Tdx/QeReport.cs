using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Privatemode.AI.Testing.Evidence.Tdx;

// Reference: Intel SGX SDK, sgx_report_body_t; 384 bytes, little-endian.

/// <summary>The quoting enclave's report, which binds the attestation key to the platform.</summary>
internal sealed class QeReport
{
    public static byte[] IntelSigner { get; } = Convert.FromHexString("DC9E2A7C6F948F17474E34A7FC43ED030F7C1563F1BABDDF6340C82E0E54A8C5");

    public byte[] CpuSvn { get; set; } = PckPlatform.Components;

    public uint MiscSelect { get; set; }

    /// <summary>INIT, 64 bit and PROVISION_KEY; XFRM.</summary>
    public byte[] Attributes { get; set; } = [0x15, 0, 0, 0, 0, 0, 0, 0, 0xE7, 0, 0, 0, 0, 0, 0, 0];

    public byte[] MrEnclave { get; set; } = SHA256.HashData("test deployment: quoting enclave"u8);

    public byte[] MrSigner { get; set; } = IntelSigner;

    public ushort ProductId { get; set; } = 2;

    public ushort Svn { get; set; } = 4;

    public byte[] ReportData { get; set; } = new byte[64];

    public QeReport Clone() => (QeReport)MemberwiseClone();

    public byte[] Write()
    {
        byte[] report = new byte[384];
        CpuSvn.CopyTo(report, 0);
        BinaryPrimitives.WriteUInt32LittleEndian(report.AsSpan(16), MiscSelect);
        Attributes.CopyTo(report, 48);
        MrEnclave.CopyTo(report, 64);
        MrSigner.CopyTo(report, 128);
        BinaryPrimitives.WriteUInt16LittleEndian(report.AsSpan(256), ProductId);
        BinaryPrimitives.WriteUInt16LittleEndian(report.AsSpan(258), Svn);
        ReportData.CopyTo(report, 320);
        return report;
    }
}
