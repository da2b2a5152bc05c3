using System.Buffers.Binary;

namespace Privatemode.AI.Testing.Evidence.Tdx;

// Reference: Intel TDX DCAP Quoting Library API, quote header; 48 bytes, little-endian.

/// <summary>The header of a quote.</summary>
internal sealed class QuoteHeader
{
    public ushort Version { get; set; } = 4;

    /// <summary>2 is ECDSA with P-256.</summary>
    public ushort KeyType { get; set; } = 2;

    /// <summary>0x81 is TDX.</summary>
    public uint TeeType { get; set; } = 0x81;

    /// <summary>The two bytes at offset 8. Implementations disagree about the meaning of these and of the two bytes at offset 10.</summary>
    public byte[] At8 { get; set; } = [0, 0];

    public byte[] At10 { get; set; } = [0, 0];

    public byte[] VendorId { get; set; } = Convert.FromHexString("939A7233F79C4CA9940A0DB3957F0607");

    public byte[] UserData { get; set; } = new byte[20];

    public byte[] Write()
    {
        byte[] header = new byte[48];
        BinaryPrimitives.WriteUInt16LittleEndian(header, Version);
        BinaryPrimitives.WriteUInt16LittleEndian(header.AsSpan(2), KeyType);
        BinaryPrimitives.WriteUInt32LittleEndian(header.AsSpan(4), TeeType);
        At8.CopyTo(header, 8);
        At10.CopyTo(header, 10);
        VendorId.CopyTo(header, 12);
        UserData.CopyTo(header, 28);
        return header;
    }
}
