using System.Buffers.Binary;
using System.Text.Json;
using Privatemode.AI.Attestation.Sev;

namespace Privatemode.AI.Attestation.Contrast;

/// <summary>The manifest's requirements for a machine with AMD SEV-SNP.</summary>
internal sealed record SnpReferenceValue
{
    private const int MeasurementSize = 48;
    private const int ChipIdSize = 64;

    /// <summary>The members of a reference value in the manifest.</summary>
    public static readonly string[] Members =
    [
        "Platform",
        "ProductName",
        "TrustedMeasurement",
        "APEIP",
        "MinimumTCB",
        "GuestPolicy",
        "PlatformInfo",
        "MinimumMitigationVector",
        "AllowedChipIDs",
    ];

    private SnpReferenceValue()
    {
    }

    /// <summary>The path in the manifest.</summary>
    public required string Path { get; init; }

    /// <summary>A name for people.</summary>
    public required string Platform { get; init; }

    public required SnpProduct Product { get; init; }

    /// <summary>The launch digest, 48 bytes; if <see cref="ResetAddress"/> is set, the one of a machine with one processor.</summary>
    public required ReadOnlyMemory<byte> Measurement { get; init; }

    /// <summary>The start address of further processors (AP-EIP), if the machine can have 1 to 220 processors; null if the measurement must match
    /// exactly.</summary>
    public required uint? ResetAddress { get; init; }

    /// <summary>The minimum of the TCB at launch and of the reported TCB.</summary>
    public required TcbVersion MinimumTcb { get; init; }

    /// <summary>The exact policy at launch: the ID block contains it.</summary>
    public required SnpPolicyBits GuestPolicy { get; init; }

    /// <summary>SMT, TSME and TIO are permissions; the other flags are requirements.</summary>
    public required SnpPlatformInfo PlatformInfo { get; init; }

    /// <summary>The bits that must be set in both mitigation vectors.</summary>
    public required ulong MinimumMitigationVector { get; init; }

    /// <summary>The allowed chip IDs, 64 bytes each; empty means any.</summary>
    public required IReadOnlyList<ReadOnlyMemory<byte>> AllowedChipIds { get; init; }

    public static SnpReferenceValue Read(JsonElement element, string path)
    {
        ManifestObject value = new(element, path, Members);
        byte[] resetAddress = value.Hex("APEIP", sizeof(uint), ManifestChecks.ResetAddress, mayBeEmpty: true);
        return new SnpReferenceValue
        {
            Path = path,
            Platform = ManifestReader.Platform(value),
            Product = ReadProduct(value),
            Measurement = value.Hex("TrustedMeasurement", MeasurementSize, ManifestChecks.Measurement),
            ResetAddress = resetAddress.Length == 0 ? null : BinaryPrimitives.ReadUInt32BigEndian(resetAddress),
            MinimumTcb = SnpMinimumTcb.Read(value.Required("MinimumTCB", ManifestChecks.MinimumTcb), value.PathOf("MinimumTCB")),
            GuestPolicy = SnpGuestPolicy.Read(value.Member("GuestPolicy"), value.PathOf("GuestPolicy")),
            PlatformInfo = SnpPlatformRequirements.Read(value.Member("PlatformInfo"), value.PathOf("PlatformInfo")),
            MinimumMitigationVector = value.Number("MinimumMitigationVector", ulong.MaxValue, ManifestChecks.Format) ?? 0,
            AllowedChipIds = value.HexItems("AllowedChipIDs", ChipIdSize, ManifestChecks.ChipId),
        };
    }

    private static SnpProduct ReadProduct(ManifestObject value) => value.Text("ProductName") switch
    {
        "Milan" => SnpProduct.Milan,
        "Genoa" => SnpProduct.Genoa,
        _ => throw ManifestObject.Failure.For(ManifestChecks.Product).Create($"{value.PathOf("ProductName")} as Milan or Genoa"),
    };
}

// Reference: SEV-SNP firmware ABI 1.58, table 10 (guest policy).

/// <summary>Reads the guest policy of the manifest: the 64 bits to which the launch was bound.</summary>
internal static class SnpGuestPolicy
{
    private const int AbiMajorShift = 8;
    private const ulong AlwaysOne = 1ul << 17;
    private const ulong MigrationAgent = 1ul << 18;
    private const ulong Debugging = 1ul << 19;

    private static readonly (string Name, ulong Bit)[] Flags =
    [
        ("SMT", 1ul << 16),
        ("MigrateMA", MigrationAgent),
        ("Debug", Debugging),
        ("SingleSocket", 1ul << 20),
        ("CXLAllowed", 1ul << 21),
        ("MemAES256XTS", 1ul << 22),
        ("RAPLDis", 1ul << 23),
        ("CipherTextHidingDRAM", 1ul << 24),
        ("PageSwapDisable", 1ul << 25),
    ];

    private static readonly string[] Names = ["ABIMinor", "ABIMajor", .. Flags.Select(flag => flag.Name)];

    /// <summary>Reads the object; if it is absent, every number is 0 and every flag is false.</summary>
    public static SnpPolicyBits Read(JsonElement? element, string path)
    {
        ulong value = AlwaysOne;
        if (element is { } present)
        {
            ManifestObject policy = new(present, path, Names);
            value |= policy.Number("ABIMinor", byte.MaxValue, ManifestChecks.Format) ?? 0;
            value |= (policy.Number("ABIMajor", byte.MaxValue, ManifestChecks.Format) ?? 0) << AbiMajorShift;
            value |= policy.Flags(Flags);
        }

        Refuse(value, Debugging, ManifestChecks.Debug, $"{path}.Debug false: the host could read the machine's memory");
        Refuse(value, MigrationAgent, ManifestChecks.Migration, $"{path}.MigrateMA false: another machine could take this one's memory");
        return new SnpPolicyBits(value);
    }

    private static void Refuse(ulong value, ulong bit, string check, string expected)
    {
        if ((value & bit) != 0)
        {
            throw ManifestObject.Failure.For(check).Create(expected);
        }
    }
}

/// <summary>Reads the minimum versions of the firmware's components; all four are required.</summary>
internal static class SnpMinimumTcb
{
    public static TcbVersion Read(JsonElement element, string path)
    {
        ManifestObject tcb = new(element, path, "BootloaderVersion", "TEEVersion", "SNPVersion", "MicrocodeVersion");
        return new TcbVersion(
            Fmc: 0,
            BootLoader: Version(tcb, "BootloaderVersion"),
            Tee: Version(tcb, "TEEVersion"),
            Snp: Version(tcb, "SNPVersion"),
            Microcode: Version(tcb, "MicrocodeVersion"));
    }

    private static byte Version(ManifestObject tcb, string name) =>
        (byte)(tcb.Number(name, byte.MaxValue, ManifestChecks.MinimumTcb)
            ?? throw ManifestObject.Failure.For(ManifestChecks.MinimumTcb).Create($"member {tcb.PathOf(name)}"));
}

// Reference: AMD 56860, PLATFORM_INFO.

/// <summary>Reads the manifest's flags for the platform's state: permissions and requirements.</summary>
internal static class SnpPlatformRequirements
{
    private static readonly (string Name, ulong Bit)[] Flags =
    [
        ("SMTEnabled", 1ul << 0),
        ("TSMEEnabled", 1ul << 1),
        ("ECCEnabled", 1ul << 2),
        ("RAPLDisabled", 1ul << 3),
        ("CiphertextHidingDRAMEnabled", 1ul << 4),
        ("AliasCheckComplete", 1ul << 5),
        ("TIOEnabled", 1ul << 7),
    ];

    private static readonly string[] Names = [.. Flags.Select(flag => flag.Name)];

    /// <summary>Reads the object; if it is absent, no flag is set: nothing is allowed and nothing is required.</summary>
    public static SnpPlatformInfo Read(JsonElement? element, string path) =>
        element is { } present ? new SnpPlatformInfo(new ManifestObject(present, path, Names).Flags(Flags)) : default;
}

/// <summary>The manifest's requirements for a machine with Intel TDX.</summary>
internal sealed record TdxReferenceValue
{
    private const int MeasurementSize = 48;
    private const int RtmrCount = 4;
    private const int XfamSize = 8;
    private const int PlatformInstanceSize = 16;

    /// <summary>The members of a reference value in the manifest.</summary>
    public static readonly string[] Members =
    [
        "Platform",
        "MinTCBEvaluationDataNumber",
        "MrTd",
        "MrSeam",
        "Rtmrs",
        "Rtmr0Alternatives",
        "Xfam",
        "AllowedPIIDs",
        "MemoryIntegrity",
        "SMTDisabled",
        "StaticPlatform",
    ];

    private TdxReferenceValue()
    {
    }

    /// <summary>The path in the manifest.</summary>
    public required string Path { get; init; }

    /// <summary>A name for people.</summary>
    public required string Platform { get; init; }

    /// <summary>The minimum TCB evaluation number of Intel; 0 if the manifest requires none.</summary>
    public required int MinimumEvaluationDataNumber { get; init; }

    /// <summary>MRTD, 48 bytes.</summary>
    public required ReadOnlyMemory<byte> Measurement { get; init; }

    /// <summary>MRSEAM, 48 bytes.</summary>
    public required ReadOnlyMemory<byte> SeamMeasurement { get; init; }

    /// <summary>The four runtime measurements, 48 bytes each.</summary>
    public required IReadOnlyList<ReadOnlyMemory<byte>> RuntimeMeasurements { get; init; }

    /// <summary>Further accepted values of the first runtime measurement, which depends on the number of processors.</summary>
    public required IReadOnlyList<ReadOnlyMemory<byte>> FirstRuntimeMeasurementAlternatives { get; init; }

    /// <summary>The CPU features that are available to the machine; in the manifest 8 bytes, the lowest first.</summary>
    public required ulong Xfam { get; init; }

    /// <summary>The allowed platform IDs, 16 bytes each; empty means any.</summary>
    public required IReadOnlyList<ReadOnlyMemory<byte>> AllowedPlatformInstances { get; init; }

    public required bool MemoryIntegrity { get; init; }

    public required bool SmtDisabled { get; init; }

    public required bool StaticPlatform { get; init; }

    public static TdxReferenceValue Read(JsonElement element, string path)
    {
        ManifestObject value = new(element, path, Members);
        return new TdxReferenceValue
        {
            Path = path,
            Platform = ManifestReader.Platform(value),
            MinimumEvaluationDataNumber = Math.Max(0, value.SignedNumber("MinTCBEvaluationDataNumber")),
            Measurement = value.Hex("MrTd", MeasurementSize, ManifestChecks.TdxMeasurement),
            SeamMeasurement = value.Hex("MrSeam", MeasurementSize, ManifestChecks.TdxMeasurement),
            RuntimeMeasurements = ReadRuntimeMeasurements(value),
            FirstRuntimeMeasurementAlternatives = value.HexItems("Rtmr0Alternatives", MeasurementSize, ManifestChecks.TdxMeasurement),
            Xfam = BinaryPrimitives.ReadUInt64LittleEndian(value.Hex("Xfam", XfamSize, ManifestChecks.Xfam)),
            AllowedPlatformInstances = value.HexItems("AllowedPIIDs", PlatformInstanceSize, ManifestChecks.PlatformInstance),
            MemoryIntegrity = value.Flag("MemoryIntegrity"),
            SmtDisabled = value.Flag("SMTDisabled"),
            StaticPlatform = value.Flag("StaticPlatform"),
        };
    }

    private static IReadOnlyList<ReadOnlyMemory<byte>> ReadRuntimeMeasurements(ManifestObject value)
    {
        IReadOnlyList<ReadOnlyMemory<byte>> measurements = value.HexItems("Rtmrs", MeasurementSize, ManifestChecks.TdxMeasurement);
        return measurements.Count == RtmrCount
            ? measurements
            : throw ManifestObject.Failure.For(ManifestChecks.TdxMeasurement)
                .Create($"{value.PathOf("Rtmrs")} with 4 values", $"{measurements.Count}");
    }
}
