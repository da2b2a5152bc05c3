using System.Buffers.Binary;
using System.Text.Json;

namespace Privatemode.AI.Attestation.Contrast;

/// <summary>What the manifest demands of a machine on Intel TDX.</summary>
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

    /// <summary>Where it stands in the manifest.</summary>
    public required string Path { get; init; }

    /// <summary>A name for people.</summary>
    public required string Platform { get; init; }

    /// <summary>The lowest number of Intel's TCB evaluation; 0 when the manifest asks for none.</summary>
    public required int MinimumEvaluationDataNumber { get; init; }

    /// <summary>MRTD, 48 bytes.</summary>
    public required ReadOnlyMemory<byte> Measurement { get; init; }

    /// <summary>MRSEAM, 48 bytes.</summary>
    public required ReadOnlyMemory<byte> SeamMeasurement { get; init; }

    /// <summary>The four runtime measurements, 48 bytes each.</summary>
    public required IReadOnlyList<ReadOnlyMemory<byte>> RuntimeMeasurements { get; init; }

    /// <summary>Further values of the first runtime measurement that are accepted; it depends on the number of processors.</summary>
    public required IReadOnlyList<ReadOnlyMemory<byte>> FirstRuntimeMeasurementAlternatives { get; init; }

    /// <summary>CPU features open to the machine; in the manifest 8 bytes, the lowest first.</summary>
    public required ulong Xfam { get; init; }

    /// <summary>The platforms that are allowed, 16 bytes each; empty means any.</summary>
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
