using System.Buffers.Binary;
using System.Text.Json;
using Privatemode.AI.Attestation.Sev;

namespace Privatemode.AI.Attestation.Contrast;

/// <summary>What the manifest demands of a machine on AMD SEV-SNP.</summary>
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

    /// <summary>Where it stands in the manifest.</summary>
    public required string Path { get; init; }

    /// <summary>A name for people.</summary>
    public required string Platform { get; init; }

    public required SnpProduct Product { get; init; }

    /// <summary>The launch digest, 48 bytes; of a machine with one processor when <see cref="ResetAddress"/> is given.</summary>
    public required ReadOnlyMemory<byte> Measurement { get; init; }

    /// <summary>Where further processors begin (AP-EIP): the machine may have 1 to 220. Null: the measurement is exact.</summary>
    public required uint? ResetAddress { get; init; }

    /// <summary>For the firmware at launch and for the one that signed.</summary>
    public required TcbVersion MinimumTcb { get; init; }

    /// <summary>The exact policy of the launch: the ID block holds it.</summary>
    public required SnpPolicyBits GuestPolicy { get; init; }

    /// <summary>SMT, TSME and TIO allow, the other flags demand.</summary>
    public required SnpPlatformInfo PlatformInfo { get; init; }

    /// <summary>Bits that both mitigation vectors must have.</summary>
    public required ulong MinimumMitigationVector { get; init; }

    /// <summary>The chips that are allowed, 64 bytes each; empty means any.</summary>
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
            PlatformInfo = SnpPlatformDemands.Read(value.Member("PlatformInfo"), value.PathOf("PlatformInfo")),
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
