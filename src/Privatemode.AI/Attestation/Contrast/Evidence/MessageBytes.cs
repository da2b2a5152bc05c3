using System.Buffers.Binary;

namespace Privatemode.AI.Attestation.Contrast;

/// <summary>Puts fields of a protobuf message where the hardware's own layout has them; every size is exact.</summary>
internal sealed class MessageBytes(int size, StrictFailure failure)
{
    /// <summary>The bytes in the hardware's layout, zero where nothing was put.</summary>
    public byte[] Layout { get; } = new byte[size];

    /// <summary>Copies a field that must have this size.</summary>
    public void Put(int offset, ProtobufMessage message, int field, int length, string name) =>
        Put(offset, message.Bytes(field), length, name);

    public void Put(int offset, ReadOnlyMemory<byte> bytes, int length, string name)
    {
        if (bytes.Length != length)
        {
            throw failure.Create($"{name} of {length} bytes", $"{bytes.Length} bytes");
        }

        bytes.CopyTo(Layout.AsMemory(offset));
    }

    public void PutUInt64(int offset, ulong value) => BinaryPrimitives.WriteUInt64LittleEndian(Layout.AsSpan(offset), value);

    public void PutUInt32(int offset, uint value) => BinaryPrimitives.WriteUInt32LittleEndian(Layout.AsSpan(offset), value);

    public void PutUInt16(int offset, uint value, string name) =>
        BinaryPrimitives.WriteUInt16LittleEndian(Layout.AsSpan(offset), (ushort)Limited(value, ushort.MaxValue, name));

    public void PutByte(int offset, uint value, string name) => Layout[offset] = (byte)Limited(value, byte.MaxValue, name);

    private uint Limited(uint value, uint limit, string name) =>
        value <= limit ? value : throw failure.Create($"{name} of at most {limit}", $"{value}");
}
