using System.Buffers.Binary;
using System.Security.Cryptography;
using Privatemode.AI.Attestation.Sev;

namespace Privatemode.AI.Tests.Attestation.Sev;

/// <summary>Writes a report field by field, right or wrong, and signs it.</summary>
internal sealed class SnpReportWriter
{
    public const int Policy = 0x008;
    public const int Vmpl = 0x030;
    public const int CurrentTcb = 0x038;
    public const int PlatformInfo = 0x040;
    public const int KeyInfo = 0x048;
    public const int ReportData = 0x050;
    public const int ReportedTcb = 0x180;
    public const int Family = 0x188;
    public const int Model = 0x189;
    public const int ChipId = 0x1a0;
    public const int CommittedTcb = 0x1e0;
    public const int LaunchTcb = 0x1f0;
    public const int LaunchMitigations = 0x1f8;
    public const int CurrentMitigations = 0x200;
    public const int Signature = 0x2a0;

    /// <summary>A well-formed report of version 3 with everything else zero: VMPL 0, policy 0x30000, signed by a VCEK.</summary>
    public SnpReportWriter()
    {
        UInt32(0, 3);
        UInt64(Policy, 0x30000);
        UInt32(0x034, 1);
        Byte(Family, 0x19);
        Byte(Model, 0x11);
    }

    public byte[] Bytes { get; } = new byte[SnpReport.Size];

    public SnpReportWriter Byte(int offset, byte value)
    {
        Bytes[offset] = value;
        return this;
    }

    public SnpReportWriter UInt32(int offset, uint value)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(Bytes.AsSpan(offset), value);
        return this;
    }

    public SnpReportWriter UInt64(int offset, ulong value)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(Bytes.AsSpan(offset), value);
        return this;
    }

    public SnpReportWriter Put(int offset, ReadOnlySpan<byte> value)
    {
        value.CopyTo(Bytes.AsSpan(offset));
        return this;
    }

    /// <summary>The same in all four TCB fields.</summary>
    public SnpReportWriter Tcb(ulong value) =>
        UInt64(CurrentTcb, value).UInt64(ReportedTcb, value).UInt64(CommittedTcb, value).UInt64(LaunchTcb, value);

    public SnpReportWriter Sign(ECDsa key)
    {
        byte[] signature = key.SignData(Bytes.AsSpan(0, SnpReport.SignedSize), HashAlgorithmName.SHA384);
        Array.Reverse(signature, 0, 48);
        Array.Reverse(signature, 48, 48);
        return Put(Signature, signature.AsSpan(0, 48)).Put(Signature + 72, signature.AsSpan(48));
    }

    public SnpReport Parse() => SnpReport.Parse(Bytes);
}
