namespace Privatemode.AI.Tests.Attestation.Contrast;

/// <summary>Writes protobuf fields one by one, sound or not.</summary>
internal sealed class ProtobufWriter
{
    private readonly List<byte> _bytes = [];

    public byte[] Bytes => [.. _bytes];

    public static byte[] Varint(ulong value)
    {
        List<byte> bytes = [];
        for (; value >= 0x80; value >>= 7)
        {
            bytes.Add((byte)((value & 0x7F) | 0x80));
        }

        bytes.Add((byte)value);
        return [.. bytes];
    }

    public ProtobufWriter Raw(params ReadOnlySpan<byte> bytes)
    {
        _bytes.AddRange(bytes);
        return this;
    }

    public ProtobufWriter Tag(int field, int wire) => Raw(Varint(((ulong)field << 3) | (uint)wire));

    public ProtobufWriter Number(int field, ulong value) => value == 0 ? this : Tag(field, 0).Raw(Varint(value));

    public ProtobufWriter Payload(int field, ReadOnlySpan<byte> bytes) => Tag(field, 2).Raw(Varint((ulong)bytes.Length)).Raw(bytes);

    public ProtobufWriter Message(int field, ProtobufWriter message) => Payload(field, message.Bytes);
}
