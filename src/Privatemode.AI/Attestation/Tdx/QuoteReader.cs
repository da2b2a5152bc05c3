using System.Buffers.Binary;

namespace Privatemode.AI.Attestation.Tdx;

/// <summary>Reads a quote from front to back; every length is compared with what is there before it is used.</summary>
internal struct QuoteReader(ReadOnlyMemory<byte> bytes)
{
    private ReadOnlyMemory<byte> _rest = bytes;

    /// <summary>How many bytes are left.</summary>
    public readonly int Remaining => _rest.Length;

    /// <summary>Takes exactly so many bytes.</summary>
    /// <exception cref="PrivatemodeVerificationException">There are fewer; the check is the one given.</exception>
    public ReadOnlyMemory<byte> Read(uint length, string check)
    {
        if (length > (uint)_rest.Length)
        {
            throw TdxFailure.Quote(check, "is shorter than it says", $"{length} bytes", $"{_rest.Length} bytes");
        }

        ReadOnlyMemory<byte> taken = _rest[..(int)length];
        _rest = _rest[(int)length..];
        return taken;
    }

    public ushort ReadUInt16(string check) => BinaryPrimitives.ReadUInt16LittleEndian(Read(sizeof(ushort), check).Span);

    public uint ReadUInt32(string check) => BinaryPrimitives.ReadUInt32LittleEndian(Read(sizeof(uint), check).Span);
}
