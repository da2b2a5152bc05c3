using System.Buffers.Binary;

namespace Privatemode.AI.Attestation.Tdx;

// SGX REPORT body: CPUSVN 16 @0, MISCSELECT 4 @16, ATTRIBUTES 16 @48, MRENCLAVE 32 @64, MRSIGNER 32 @128, ISVPRODID u16 @256,
// ISVSVN u16 @258, REPORTDATA 64 @320.

/// <summary>What the CPU says about the quoting enclave. A slice of the quote; nothing is judged here.</summary>
internal sealed class QeReport
{
    /// <summary>In bytes.</summary>
    public const int Size = 384;

    public QeReport(ReadOnlyMemory<byte> bytes)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(bytes.Length, Size, nameof(bytes));
        Bytes = bytes;
    }

    /// <summary>The whole report, as the PCK key signed it.</summary>
    public ReadOnlyMemory<byte> Bytes { get; }

    /// <summary>4 bytes.</summary>
    public ReadOnlyMemory<byte> MiscSelect => Bytes.Slice(16, 4);

    /// <summary>16 bytes.</summary>
    public ReadOnlyMemory<byte> Attributes => Bytes.Slice(48, 16);

    /// <summary>32 bytes.</summary>
    public ReadOnlyMemory<byte> MrSigner => Bytes.Slice(128, 32);

    public ushort IsvProductId => BinaryPrimitives.ReadUInt16LittleEndian(Bytes.Span[256..]);

    public ushort IsvSvn => BinaryPrimitives.ReadUInt16LittleEndian(Bytes.Span[258..]);

    /// <summary>64 bytes: digest of the attestation key, then zeros.</summary>
    public ReadOnlyMemory<byte> ReportData => Bytes.Slice(320, 64);
}
