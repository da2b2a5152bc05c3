namespace Privatemode.AI.Tests.Testing.Evidence;

/// <summary>Reads a message the testing package wrote: numbers and byte strings by field. For sound encodings only.</summary>
internal sealed class ProtobufMessage
{
    private readonly Dictionary<int, List<(ulong Number, byte[]? Bytes)>> _fields = [];

    public ProtobufMessage(ReadOnlySpan<byte> encoded)
    {
        while (!encoded.IsEmpty)
        {
            ulong key = Varint(ref encoded);
            ulong value = Varint(ref encoded);
            byte[]? bytes = null;
            if ((key & 7) == 2)
            {
                bytes = encoded[..(int)value].ToArray();
                encoded = encoded[(int)value..];
            }

            int field = (int)(key >> 3);
            if (!_fields.TryGetValue(field, out List<(ulong, byte[]?)>? values))
            {
                _fields[field] = values = [];
            }

            values.Add((value, bytes));
        }
    }

    public ulong Number(int field) => _fields.TryGetValue(field, out List<(ulong Number, byte[]? Bytes)>? values) ? values[^1].Number : 0;

    public byte[] Bytes(int field) => _fields.TryGetValue(field, out List<(ulong Number, byte[]? Bytes)>? values) ? values[^1].Bytes! : [];

    public ProtobufMessage Message(int field) => new(Bytes(field));

    public IReadOnlyList<byte[]> All(int field) =>
        _fields.TryGetValue(field, out List<(ulong Number, byte[]? Bytes)>? values) ? [.. values.Select(value => value.Bytes!)] : [];

    private static ulong Varint(ref ReadOnlySpan<byte> encoded)
    {
        ulong value = 0;
        for (int shift = 0; ; shift += 7)
        {
            byte next = encoded[0];
            encoded = encoded[1..];
            value |= (ulong)(next & 0x7F) << shift;
            if (next < 0x80)
            {
                return value;
            }
        }
    }
}
