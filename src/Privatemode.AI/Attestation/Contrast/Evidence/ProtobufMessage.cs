using System.Buffers.Binary;

namespace Privatemode.AI.Attestation.Contrast;

// Reference: protobuf.dev/programming-guides/encoding (wire format), with the merging rules of "last one wins".

/// <summary>One level of a protobuf message: its fields in wire order. Parts are slices of the input.</summary>
/// <remarks>
/// A nested message is read only when it is requested, so parsing does not recurse. Stricter than Go's reader: a field that is read must have its declared wire
/// type, and a number must fit into its declared size. Go's reader ignores fields of another type and truncates numbers.
/// </remarks>
internal sealed class ProtobufMessage
{
    /// <summary>The maximum length of a message in bytes; real evidence has 6,000 to 40,000.</summary>
    public const int MaxSize = 256 << 10;

    private const int MaxFields = 1024;
    private const int VarintWire = 0;
    private const int Fixed64Wire = 1;
    private const int BytesWire = 2;
    private const int Fixed32Wire = 5;

    private static readonly StrictJsonExceptions Failure = new(
        ContrastChecks.EvidenceFormat,
        "The deployment's evidence cannot be read. Do not send anything; update this package if the service is newer.");

    private readonly List<Field> _fields = [];

    private ProtobufMessage()
    {
    }

    /// <exception cref="PrivatemodeVerificationException">The bytes are not a protobuf message, or it contains groups.</exception>
    public static ProtobufMessage Parse(ReadOnlyMemory<byte> bytes)
    {
        Require(bytes.Length <= MaxSize, $"at most {MaxSize} bytes");
        ProtobufMessage message = new();
        for (ReadOnlyMemory<byte> rest = bytes; !rest.IsEmpty;)
        {
            Require(message._fields.Count < MaxFields, $"at most {MaxFields} fields");
            ulong tag = ReadVarint(ref rest);
            Require(tag is >= 1 << 3 and <= uint.MaxValue, "field numbers from 1 to 2^29 - 1");
            int wire = (int)(tag & 7);
            ulong number = 0;
            ReadOnlyMemory<byte> payload = default;
            switch (wire)
            {
                case VarintWire:
                    number = ReadVarint(ref rest);
                    break;
                case Fixed64Wire:
                    payload = ReadBytes(ref rest, sizeof(ulong));
                    break;
                case BytesWire:
                    payload = ReadBytes(ref rest, ReadVarint(ref rest));
                    break;
                case Fixed32Wire:
                    payload = ReadBytes(ref rest, sizeof(uint));
                    break;
                default:
                    throw Failure.Create("no groups and no reserved wire types");
            }

            message._fields.Add(new Field((int)(tag >> 3), wire, number, payload));
        }

        return message;
    }

    /// <summary>The last number of this field; 0 if the field is absent.</summary>
    public ulong UInt64(int field)
    {
        ulong number = 0;
        foreach (Field found in All(field, VarintWire))
        {
            number = found.Number;
        }

        return number;
    }

    /// <summary>The last number of this field, which must fit 32 bits; 0 if the field is absent.</summary>
    public uint UInt32(int field)
    {
        ulong number = UInt64(field);
        Require(number <= uint.MaxValue, $"field {field} as a number of 32 bits");
        return (uint)number;
    }

    /// <summary>The bytes of the last occurrence of this field; empty if the field is absent.</summary>
    public ReadOnlyMemory<byte> Bytes(int field)
    {
        ReadOnlyMemory<byte> bytes = default;
        foreach (Field found in All(field, BytesWire))
        {
            bytes = found.Payload;
        }

        return bytes;
    }

    /// <summary>Every payload of a repeated field.</summary>
    public IReadOnlyList<ReadOnlyMemory<byte>> Repeated(int field) => [.. All(field, BytesWire).Select(found => found.Payload)];

    /// <summary>The message in this field, merged if it occurs several times; null if it is absent.</summary>
    public ProtobufMessage? Message(int field)
    {
        IReadOnlyList<ReadOnlyMemory<byte>> parts = Repeated(field);

        // Messages are merged by concatenation: the wire format defines it so.
        return parts.Count switch
        {
            0 => null,
            1 => Parse(parts[0]),
            _ => Parse(parts.SelectMany(part => part.ToArray()).ToArray()),
        };
    }

    /// <summary>The value of a map from text to bytes; the last entry with this key is used. Null if it is missing.</summary>
    public ReadOnlyMemory<byte>? MapValue(int field, ReadOnlySpan<byte> key)
    {
        ReadOnlyMemory<byte>? value = null;
        foreach (ReadOnlyMemory<byte> bytes in Repeated(field))
        {
            ProtobufMessage entry = Parse(bytes);
            if (entry.Bytes(1).Span.SequenceEqual(key))
            {
                value = entry.Bytes(2);
            }
        }

        return value;
    }

    private static ulong ReadVarint(ref ReadOnlyMemory<byte> rest)
    {
        ulong number = 0;
        ReadOnlySpan<byte> bytes = rest.Span;
        for (int i = 0; i < bytes.Length; i++)
        {
            // Ten bytes have 70 bits, of which the last byte may use only the lowest.
            Require(i < 9 || (i == 9 && bytes[i] <= 1), "numbers of 64 bits");
            number |= (ulong)(bytes[i] & 0x7F) << (7 * i);
            if (bytes[i] < 0x80)
            {
                rest = rest[(i + 1)..];
                return number;
            }
        }

        throw Failure.Create("whole numbers");
    }

    private static ReadOnlyMemory<byte> ReadBytes(ref ReadOnlyMemory<byte> rest, ulong length)
    {
        Require(length <= (ulong)rest.Length, "fields that end before their message does");
        ReadOnlyMemory<byte> taken = rest[..(int)length];
        rest = rest[(int)length..];
        return taken;
    }

    private static void Require(bool condition, string expected)
    {
        if (!condition)
        {
            throw Failure.Create(expected);
        }
    }

    private IEnumerable<Field> All(int field, int wire)
    {
        foreach (Field found in _fields)
        {
            if (found.Id == field)
            {
                Require(found.Wire == wire, $"field {field} with wire type {wire}");
                yield return found;
            }
        }
    }

    private readonly record struct Field(int Id, int Wire, ulong Number, ReadOnlyMemory<byte> Payload);
}

/// <summary>Copies fields of a protobuf message to their offsets in the hardware's own layout. Every size must be exact.</summary>
internal sealed class ProtobufBytes(int size, StrictJsonExceptions failure)
{
    /// <summary>The bytes in the hardware's layout, zero where nothing was written.</summary>
    public byte[] Layout { get; } = new byte[size];

    /// <summary>Copies a field, which must have exactly this length in bytes.</summary>
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
