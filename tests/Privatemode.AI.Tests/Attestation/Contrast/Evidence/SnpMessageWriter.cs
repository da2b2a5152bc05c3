using System.Buffers.Binary;

namespace Privatemode.AI.Tests.Attestation.Contrast;

/// <summary>Takes an SEV-SNP report apart into the message Contrast carries, field by field of the table in its .proto file.</summary>
internal sealed class SnpMessageWriter(byte[] report)
{
    public static readonly (int Field, int Offset, int Size, string Name)[] ByteFields =
    [
        (4, 0x010, 16, "family_id"), (5, 0x020, 16, "image_id"), (11, 0x050, 64, "report_data"), (12, 0x090, 48, "measurement"),
        (13, 0x0C0, 32, "host_data"), (14, 0x0E0, 48, "id_key_digest"), (15, 0x110, 48, "author_key_digest"), (16, 0x140, 32, "report_id"),
        (17, 0x160, 32, "report_id_ma"), (19, 0x1A0, 64, "chip_id"), (28, 0x2A0, 512, "signature"),
    ];

    private static readonly (int Field, int Offset, int Size)[] Numbers =
    [
        (1, 0x000, 4), (2, 0x004, 4), (3, 0x008, 8), (6, 0x030, 4), (7, 0x034, 4), (8, 0x038, 8), (9, 0x040, 8), (10, 0x048, 4),
        (18, 0x180, 8), (20, 0x1E0, 8), (21, 0x1E8, 1), (22, 0x1E9, 1), (23, 0x1EA, 1), (24, 0x1EC, 1), (25, 0x1ED, 1), (26, 0x1EE, 1),
        (27, 0x1F0, 8), (30, 0x1F8, 8), (31, 0x200, 8),
    ];

    public byte[]? Vcek { get; init; }

    public byte[]? Ask { get; init; }

    public byte[]? Ark { get; init; }

    public byte[]? Vlek { get; init; }

    public byte[]? Crl { get; init; }

    /// <summary>Number fields that are written with another value than the report's.</summary>
    public Dictionary<int, ulong> NumberInstead { get; init; } = [];

    /// <summary>Byte fields that are written with other bytes than the report's.</summary>
    public Dictionary<int, byte[]> BytesInstead { get; init; } = [];

    public byte[] Message => new ProtobufWriter().Message(1, Report()).Message(2, Certificates()).Bytes;

    public ProtobufWriter Report()
    {
        ProtobufWriter writer = new();
        foreach ((int field, int offset, int size) in Numbers)
        {
            writer.Number(field, NumberInstead.TryGetValue(field, out ulong other) ? other : Read(offset, size));
        }

        foreach ((int field, int offset, int size, _) in ByteFields)
        {
            writer.Payload(field, BytesInstead.TryGetValue(field, out byte[]? other) ? other : report.AsSpan(offset, size));
        }

        uint family = report[0x188];
        uint model = report[0x189];
        uint baseFamily = Math.Min(family, 0xF);
        uint signature = ((family - baseFamily) << 20) | ((model >> 4) << 16) | (baseFamily << 8) | ((model & 0xF) << 4) | report[0x18A];
        return writer.Number(29, NumberInstead.TryGetValue(29, out ulong instead) ? instead : signature);
    }

    private ProtobufWriter Certificates()
    {
        ProtobufWriter writer = new();
        foreach ((int field, byte[]? certificate) in new[] { (1, Vcek), (2, Ask), (3, Ark), (6, Vlek) })
        {
            if (certificate is not null)
            {
                writer.Payload(field, certificate);
            }
        }

        return Crl is null
            ? writer
            : writer.Message(7, new ProtobufWriter().Payload(1, "00569ee4-e480-4fba-bbf4-45b629901180"u8).Payload(2, Crl));
    }

    private ulong Read(int offset, int size)
    {
        Span<byte> number = stackalloc byte[8];
        number.Clear();
        report.AsSpan(offset, size).CopyTo(number);
        return BinaryPrimitives.ReadUInt64LittleEndian(number);
    }
}
