using System.Buffers.Binary;
using Privatemode.AI.Testing.Evidence.Certificates;

namespace Privatemode.AI.Testing.Evidence.Sev;

// Reference: AMD 56860, table ATTESTATION_REPORT; 1184 bytes, little-endian.

/// <summary>An attestation report before it is signed. Everything can be changed, also to invalid values.</summary>
internal sealed class SnpReportTemplate
{
    public const int Size = 0x4A0;
    public const int SignedSize = 0x2A0;
    public const int SignatureSize = 0x200;
    private const int NumberSize = 72;

    public uint Version { get; set; } = 5;

    public uint GuestSvn { get; set; } = 2;

    public ulong Policy { get; set; }

    public byte[] FamilyId { get; set; } = [1, .. new byte[15]];

    public byte[] ImageId { get; set; } = [2, .. new byte[15]];

    public uint Vmpl { get; set; }

    public uint SignatureAlgorithm { get; set; } = 1;

    public ulong CurrentTcb { get; set; }

    public ulong PlatformInfo { get; set; }

    public uint KeyInfo { get; set; }

    public byte[] ReportData { get; set; } = new byte[64];

    public byte[] Measurement { get; set; } = new byte[48];

    public byte[] HostData { get; set; } = new byte[32];

    public byte[] IdKeyDigest { get; set; } = new byte[48];

    public byte[] AuthorKeyDigest { get; set; } = new byte[48];

    public byte[] ReportId { get; set; } = Fill(32, 0x5A);

    public byte[] ReportIdOfMigrationAgent { get; set; } = Fill(32, 0xFF);

    public ulong ReportedTcb { get; set; }

    /// <summary>CPUID 1 EAX. Reports contain it from version 3 on.</summary>
    public uint CpuId { get; set; }

    public byte[] ChipId { get; set; } = new byte[64];

    public ulong CommittedTcb { get; set; }

    /// <summary>The build, minor and major version. In a report, each has one byte.</summary>
    public uint[] CurrentVersion { get; set; } = [21, 55, 1];

    public uint[] CommittedVersion { get; set; } = [21, 55, 1];

    public ulong LaunchTcb { get; set; }

    /// <summary>The mitigations at launch. Reports contain them from version 5 on.</summary>
    public ulong LaunchMitigations { get; set; }

    public ulong CurrentMitigations { get; set; }

    public SnpReportTemplate Clone() => (SnpReportTemplate)MemberwiseClone();

    /// <summary>Returns the signature in the format of reports: r and s, little-endian, in 72 bytes each, then zeros.</summary>
    public byte[] Sign(EcKey key)
    {
        byte[] bigEndian = key.SignRaw(Write(signature: []).AsSpan(0, SignedSize));
        byte[] signature = new byte[SignatureSize];
        for (int i = 0; i < 2; i++)
        {
            Span<byte> number = signature.AsSpan(i * NumberSize, NumberSize);
            bigEndian.AsSpan(i * 48, 48).CopyTo(number);
            number[..48].Reverse();
        }

        return signature;
    }

    /// <summary>Writes the report with the specified signature.</summary>
    public byte[] Write(ReadOnlySpan<byte> signature)
    {
        byte[] report = new byte[Size];
        signature.CopyTo(report.AsSpan(SignedSize));
        Put32(report, 0x000, Version);
        Put32(report, 0x004, GuestSvn);
        Put64(report, 0x008, Policy);
        FamilyId.CopyTo(report, 0x010);
        ImageId.CopyTo(report, 0x020);
        Put32(report, 0x030, Vmpl);
        Put32(report, 0x034, SignatureAlgorithm);
        Put64(report, 0x038, CurrentTcb);
        Put64(report, 0x040, PlatformInfo);
        Put32(report, 0x048, KeyInfo);
        ReportData.CopyTo(report, 0x050);
        Measurement.CopyTo(report, 0x090);
        HostData.CopyTo(report, 0x0C0);
        IdKeyDigest.CopyTo(report, 0x0E0);
        AuthorKeyDigest.CopyTo(report, 0x110);
        ReportId.CopyTo(report, 0x140);
        ReportIdOfMigrationAgent.CopyTo(report, 0x160);
        Put64(report, 0x180, ReportedTcb);
        ChipId.CopyTo(report, 0x1A0);
        Put64(report, 0x1E0, CommittedTcb);
        for (int i = 0; i < 3; i++)
        {
            report[0x1E8 + i] = unchecked((byte)CurrentVersion[i]);
            report[0x1EC + i] = unchecked((byte)CommittedVersion[i]);
        }

        Put64(report, 0x1F0, LaunchTcb);
        WriteNewer(report);
        return report;
    }

    private void WriteNewer(byte[] report)
    {
        if (Version >= 3)
        {
            report[0x188] = (byte)((CpuId >> 20 & 0xFF) + (CpuId >> 8 & 0xF));
            report[0x189] = (byte)((CpuId >> 16 & 0xF) << 4 | CpuId >> 4 & 0xF);
            report[0x18A] = (byte)(CpuId & 0xF);
        }

        if (Version >= 5)
        {
            Put64(report, 0x1F8, LaunchMitigations);
            Put64(report, 0x200, CurrentMitigations);
        }
    }

    private static void Put32(byte[] report, int offset, uint value) => BinaryPrimitives.WriteUInt32LittleEndian(report.AsSpan(offset), value);

    private static void Put64(byte[] report, int offset, ulong value) => BinaryPrimitives.WriteUInt64LittleEndian(report.AsSpan(offset), value);

    private static byte[] Fill(int size, byte value)
    {
        byte[] bytes = new byte[size];
        bytes.AsSpan().Fill(value);
        return bytes;
    }
}
