namespace Privatemode.AI.Attestation.Contrast;

/// <summary>SEV-SNP evidence in Contrast's form: a report as protobuf fields, and certificates.</summary>
/// <remarks>Nothing in it is trusted. The report is assembled again, and only what its signature covers is used.</remarks>
internal sealed class SevSnpMessage
{
    private const int ReportSize = 0x4A0;
    private const int ReportDataField = 11;
    private const int FirstVersionWithProcessor = 3;

    private static readonly StrictJsonExceptions Failure = new(
        ContrastChecks.SnpMessage,
        "The SEV-SNP evidence is incomplete. Do not send anything; update this package if the service is newer.");

    private SevSnpMessage(ReadOnlyMemory<byte> report) => Report = report;

    /// <summary>The attestation report in AMD's layout, 1184 bytes.</summary>
    public ReadOnlyMemory<byte> Report { get; }

    /// <summary>The chip's certificate, DER or PEM; null if the message has none.</summary>
    public ReadOnlyMemory<byte>? Vcek { get; private init; }

    /// <summary>The intermediate (ASK), DER or PEM; null if the message has none.</summary>
    public ReadOnlyMemory<byte>? Ask { get; private init; }

    /// <summary>The root (ARK), DER or PEM; null if the message has none.</summary>
    public ReadOnlyMemory<byte>? Ark { get; private init; }

    /// <summary>The cloud provider's certificate, DER or PEM; null if the message has none.</summary>
    public ReadOnlyMemory<byte>? Vlek { get; private init; }

    /// <summary>The ARK's revocation list as the coordinator sent it, DER; null if the message has none.</summary>
    public ReadOnlyMemory<byte>? Crl { get; private init; }

    private static ReadOnlySpan<byte> CrlKey => "00569ee4-e480-4fba-bbf4-45b629901180"u8;

    /// <summary>Whether a message without a type looks like SEV-SNP evidence.</summary>
    public static bool IsLikely(ProtobufMessage message) =>
        message.Repeated(1) is { Count: > 0 } && message.Message(1)!.Bytes(ReportDataField).Length == ReportData.Size;

    public static SevSnpMessage Parse(ReadOnlyMemory<byte> evidence)
    {
        ProtobufMessage message = ProtobufMessage.Parse(evidence);
        ProtobufMessage? certificates = message.Message(2);
        return new SevSnpMessage(BuildReport(message.Message(1) ?? throw Failure.Create("a report")))
        {
            Vcek = NotEmpty(certificates?.Bytes(1)),
            Ask = NotEmpty(certificates?.Bytes(2)),
            Ark = NotEmpty(certificates?.Bytes(3)),
            Vlek = NotEmpty(certificates?.Bytes(6)),
            Crl = NotEmpty(certificates?.MapValue(7, CrlKey)),
        };
    }

    private static ReadOnlyMemory<byte>? NotEmpty(ReadOnlyMemory<byte>? bytes) => bytes is { IsEmpty: false } ? bytes : null;

    private static byte[] BuildReport(ProtobufMessage report)
    {
        uint version = report.UInt32(1);
        ProtobufBytes bytes = new(ReportSize, Failure);
        bytes.PutUInt32(0x000, version);
        bytes.PutUInt32(0x004, report.UInt32(2)); // guest SVN
        bytes.PutUInt64(0x008, report.UInt64(3)); // policy
        bytes.Put(0x010, report, 4, 16, "family_id");
        bytes.Put(0x020, report, 5, 16, "image_id");
        bytes.PutUInt32(0x030, report.UInt32(6)); // VMPL
        bytes.PutUInt32(0x034, report.UInt32(7)); // signature algorithm
        bytes.PutUInt64(0x038, report.UInt64(8)); // current TCB
        bytes.PutUInt64(0x040, report.UInt64(9)); // platform info
        bytes.PutUInt32(0x048, report.UInt32(10)); // signer info
        bytes.Put(0x050, report, ReportDataField, ReportData.Size, "report_data");
        bytes.Put(0x090, report, 12, 48, "measurement");
        bytes.Put(0x0C0, report, 13, 32, "host_data");
        bytes.Put(0x0E0, report, 14, 48, "id_key_digest");
        bytes.Put(0x110, report, 15, 48, "author_key_digest");
        bytes.Put(0x140, report, 16, 32, "report_id");
        bytes.Put(0x160, report, 17, 32, "report_id_ma");
        bytes.PutUInt64(0x180, report.UInt64(18)); // reported TCB
        bytes.Put(0x1A0, report, 19, 64, "chip_id");
        PutFirmware(bytes, report);
        bytes.PutUInt64(0x1F8, report.UInt64(30)); // launch mitigation vector
        bytes.PutUInt64(0x200, report.UInt64(31)); // current mitigation vector
        bytes.Put(0x2A0, report, 28, 512, "signature");
        if (version >= FirstVersionWithProcessor)
        {
            PutProcessor(bytes, report.UInt32(29));
        }

        return bytes.Layout;
    }

    private static void PutFirmware(ProtobufBytes bytes, ProtobufMessage report)
    {
        bytes.PutUInt64(0x1E0, report.UInt64(20)); // committed TCB
        bytes.PutByte(0x1E8, report.UInt32(21), "current_build");
        bytes.PutByte(0x1E9, report.UInt32(22), "current_minor");
        bytes.PutByte(0x1EA, report.UInt32(23), "current_major");
        bytes.PutByte(0x1EC, report.UInt32(24), "committed_build");
        bytes.PutByte(0x1ED, report.UInt32(25), "committed_minor");
        bytes.PutByte(0x1EE, report.UInt32(26), "committed_major");
        bytes.PutUInt64(0x1F0, report.UInt64(27)); // launch TCB
    }

    // CPUID function 1, EAX: extended family and model are separate from the base ones there, and combined in the report.
    private static void PutProcessor(ProtobufBytes bytes, uint signature)
    {
        bytes.PutByte(0x188, ((signature >> 20) & 0xFF) + ((signature >> 8) & 0xF), "cpuid family");
        bytes.PutByte(0x189, ((signature >> 12) & 0xF0) | ((signature >> 4) & 0xF), "cpuid model");
        bytes.PutByte(0x18A, signature & 0xF, "cpuid stepping");
    }
}
