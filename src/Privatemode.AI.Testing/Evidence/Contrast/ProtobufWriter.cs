using System.Buffers;
using System.Text;

namespace Privatemode.AI.Testing.Evidence.Contrast;

// Reference: Protocol Buffers encoding, proto3: values that are zero or empty are left out.

/// <summary>Writes one Protocol Buffers message.</summary>
internal sealed class ProtobufWriter
{
    private const int VarintType = 0;
    private const int LengthType = 2;

    private readonly ArrayBufferWriter<byte> _bytes = new();

    public ProtobufWriter Number(int field, ulong value)
    {
        if (value != 0)
        {
            Varint((ulong)(field << 3 | VarintType));
            Varint(value);
        }

        return this;
    }

    public ProtobufWriter Bytes(int field, ReadOnlySpan<byte> value) => value.IsEmpty ? this : Element(field, value);

    public ProtobufWriter Text(int field, string value) => Bytes(field, Encoding.UTF8.GetBytes(value));

    /// <summary>Writes a message. Unlike an empty string, an empty message is written too, like an empty list element.</summary>
    public ProtobufWriter Message(int field, ProtobufWriter message) => Element(field, message.ToArray());

    /// <summary>Writes one element of a list, even if it is empty.</summary>
    public ProtobufWriter Element(int field, ReadOnlySpan<byte> value)
    {
        Varint((ulong)(field << 3 | LengthType));
        Varint((ulong)value.Length);
        _bytes.Write(value);
        return this;
    }

    public byte[] ToArray() => _bytes.WrittenSpan.ToArray();

    private void Varint(ulong value)
    {
        for (; value >= 0x80; value >>= 7)
        {
            _bytes.Write([(byte)(value & 0x7F | 0x80)]);
        }

        _bytes.Write([(byte)value]);
    }
}
