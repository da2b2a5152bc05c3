using System.Buffers.Binary;

namespace Privatemode.AI.Tests.Attestation.Contrast;

/// <summary>Takes a TDX quote of version 4 apart into the message Contrast carries, field by field of the table in its .proto file.</summary>
internal sealed class TdxMessageWriter(byte[] quote)
{
    private const int Body = 48;
    private const int Signed = 636;
    private const int QeReport = Signed + 134;
    private const int QeAuthentication = QeReport + 384 + 64;

    /// <summary>Message path, field, offset in the quote, size and name of every part of fixed size.</summary>
    public static readonly (string Part, int Field, int Offset, int Size, string Name)[] ByteFields =
    [
        ("header", 4, 10, 2, "qe_svn"), ("header", 5, 8, 2, "pce_svn"), ("header", 6, 12, 16, "qe_vendor_id"), ("header", 7, 28, 20, "user_data"),
        ("body", 1, Body, 16, "tee_tcb_svn"), ("body", 2, Body + 16, 48, "mr_seam"), ("body", 3, Body + 64, 48, "mr_signer_seam"),
        ("body", 4, Body + 112, 8, "seam_attributes"), ("body", 5, Body + 120, 8, "td_attributes"), ("body", 6, Body + 128, 8, "xfam"),
        ("body", 7, Body + 136, 48, "mr_td"), ("body", 8, Body + 184, 48, "mr_config_id"), ("body", 9, Body + 232, 48, "mr_owner"),
        ("body", 10, Body + 280, 48, "mr_owner_config"), ("body", 12, Body + 520, 64, "report_data"),
        ("signed", 1, Signed, 64, "signature"), ("signed", 2, Signed + 64, 64, "ecdsa_attestation_key"),
        ("qe", 2, QeReport + 384, 64, "qe_report_signature"),
        ("report", 1, QeReport, 16, "cpu_svn"), ("report", 3, QeReport + 20, 28, "reserved1"), ("report", 4, QeReport + 48, 16, "attributes"),
        ("report", 5, QeReport + 64, 32, "mr_enclave"), ("report", 6, QeReport + 96, 32, "reserved2"), ("report", 7, QeReport + 128, 32, "mr_signer"),
        ("report", 8, QeReport + 160, 96, "reserved3"), ("report", 11, QeReport + 260, 60, "reserved4"), ("report", 12, QeReport + 320, 64, "report_data"),
    ];

    /// <summary>Message path, field, offset in the quote and size of every number.</summary>
    private static readonly (string Part, int Field, int Offset, int Size)[] Numbers =
    [
        ("header", 1, 0, 2), ("header", 2, 2, 2), ("header", 3, 4, 4),
        ("certification", 1, Signed + 128, 2), ("certification", 2, Signed + 130, 4),
        ("report", 2, QeReport + 16, 4), ("report", 9, QeReport + 256, 2), ("report", 10, QeReport + 258, 2),
    ];

    public Dictionary<(string Part, int Field), ulong> NumberInstead { get; init; } = [];

    public Dictionary<(string Part, int Field), byte[]> BytesInstead { get; init; } = [];

    public int RtmrCount { get; init; } = 4;

    /// <summary>Parts that are not written.</summary>
    public HashSet<string> Without { get; init; } = [];

    public byte[] Message
    {
        get
        {
            ProtobufWriter body = Part("body");
            for (int i = 0; i < RtmrCount; i++)
            {
                body.Payload(11, BytesInstead.TryGetValue(("rtmrs", i), out byte[]? other) ? other : quote.AsSpan(Body + 328 + (i % 4 * 48), 48));
            }

            ProtobufWriter qe = Part("qe");
            Write(qe, 1, "report", Part("report"));
            Write(qe, 3, "authentication", Authentication());
            Write(qe, 4, "chain", Chain());
            ProtobufWriter certification = Part("certification");
            Write(certification, 3, "qe", qe);
            ProtobufWriter signed = Part("signed");
            Write(signed, 3, "certification", certification);
            ProtobufWriter message = new();
            Write(message, 1, "header", Part("header"));
            Write(message, 2, "body", body);
            message.Number(3, Number(632, 4));
            Write(message, 4, "signed", signed);
            return message.Payload(5, new byte[70]).Bytes;
        }
    }

    private int AuthenticationSize => (int)Number(QeAuthentication, 2);

    private int ChainHeader => QeAuthentication + 2 + AuthenticationSize;

    private ProtobufWriter Authentication()
    {
        byte[] data = quote[(QeAuthentication + 2)..ChainHeader];
        return new ProtobufWriter().Number(1, Instead("authentication", 1, (ulong)data.Length)).Payload(2, data);
    }

    private ProtobufWriter Chain()
    {
        ulong size = Number(ChainHeader + 2, 4);
        return new ProtobufWriter()
            .Number(1, Instead("chain", 1, Number(ChainHeader, 2)))
            .Number(2, Instead("chain", 2, size))
            .Payload(3, quote.AsSpan(ChainHeader + 6, (int)size));
    }

    private ProtobufWriter Part(string part)
    {
        ProtobufWriter writer = new();
        foreach ((_, int field, int offset, int size) in Numbers.Where(number => number.Part == part))
        {
            writer.Number(field, Instead(part, field, Number(offset, size)));
        }

        foreach ((_, int field, int offset, int size, _) in ByteFields.Where(bytes => bytes.Part == part))
        {
            writer.Payload(field, BytesInstead.TryGetValue((part, field), out byte[]? other) ? other : quote.AsSpan(offset, size));
        }

        return writer;
    }

    private void Write(ProtobufWriter into, int field, string part, ProtobufWriter message)
    {
        if (!Without.Contains(part))
        {
            into.Message(field, message);
        }
    }

    private ulong Instead(string part, int field, ulong value) => NumberInstead.TryGetValue((part, field), out ulong other) ? other : value;

    private ulong Number(int offset, int size)
    {
        Span<byte> number = stackalloc byte[8];
        number.Clear();
        quote.AsSpan(offset, size).CopyTo(number);
        return BinaryPrimitives.ReadUInt64LittleEndian(number);
    }
}
