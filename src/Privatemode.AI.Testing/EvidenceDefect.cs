using Privatemode.AI.Testing.Evidence.Defects;

namespace Privatemode.AI.Testing;

/// <summary>Represents one defect of the attestation evidence of a test deployment.</summary>
/// <remarks>
/// <para>Everything that depends on the defect is signed anew, so that only one check of a client can find it.</para>
/// <para>There are more than two hundred defects. The properties of this class return common ones; <see cref="All"/> lists all of them, and
/// <see cref="FromName"/> returns one by its name. Defects without a property can change in a later version, because they correspond to the checks of the
/// client.</para>
/// </remarks>
public sealed class EvidenceDefect
{
    private static readonly EvidenceDefect[] List =
        [new(DefectCatalogue.None, "The evidence is valid."), .. DefectCatalogue.All.Select(defect => new EvidenceDefect(defect.Name, defect.Description))];

    private static readonly Dictionary<string, EvidenceDefect> ByName = List.ToDictionary(defect => defect.Name);

    private EvidenceDefect(string name, string description)
    {
        Name = name;
        Description = description;
    }

    /// <summary>Gets the value for evidence without a defect.</summary>
    public static EvidenceDefect None { get; } = FromName(nameof(None));

    /// <summary>Gets the defect of evidence that was issued for another nonce, for example replayed evidence.</summary>
    public static EvidenceDefect WrongNonce { get; } = FromName(nameof(WrongNonce));

    /// <summary>Gets the defect of an attestation document whose mesh CA is not the one that the evidence contains.</summary>
    public static EvidenceDefect SwappedMeshCa { get; } = FromName(nameof(SwappedMeshCa));

    /// <summary>Gets the defect of an attestation document whose manifest has one byte more than the expected manifest.</summary>
    public static EvidenceDefect ManifestByteChanged { get; } = FromName(nameof(ManifestByteChanged));

    /// <summary>Gets the defect of a manifest that allows debugging in its policy for SEV-SNP guests.</summary>
    public static EvidenceDefect ManifestAllowsDebug { get; } = FromName(nameof(ManifestAllowsDebug));

    /// <summary>Gets the defect of evidence that a workload other than the coordinator issued.</summary>
    public static EvidenceDefect WrongCoordinatorPolicy { get; } = FromName(nameof(WrongCoordinatorPolicy));

    /// <summary>Gets the defect of an AMD certificate chain under a forged root.</summary>
    public static EvidenceDefect SnpForgedRoot { get; } = FromName(nameof(SnpForgedRoot));

    /// <summary>Gets the defect of an SEV-SNP report that is not signed with the key of the chip.</summary>
    public static EvidenceDefect SnpSignatureByOtherKey { get; } = FromName(nameof(SnpSignatureByOtherKey));

    /// <summary>Gets the defect of an SEV-SNP guest that can be debugged.</summary>
    public static EvidenceDefect SnpDebug { get; } = FromName(nameof(SnpDebug));

    /// <summary>Gets the defect of an SEV-SNP guest whose launch measurement is not the one that the manifest requires.</summary>
    public static EvidenceDefect SnpWrongMeasurement { get; } = FromName(nameof(SnpWrongMeasurement));

    /// <summary>Gets the defect of an SEV-SNP guest on an AMD chip that the manifest does not list.</summary>
    public static EvidenceDefect SnpChipNotListed { get; } = FromName(nameof(SnpChipNotListed));

    /// <summary>Gets the defect of an SEV-SNP platform with a lower firmware version than the manifest requires.</summary>
    public static EvidenceDefect SnpReportedTcbTooLow { get; } = FromName(nameof(SnpReportedTcbTooLow));

    /// <summary>Gets the defect of an AMD intermediate certificate (ASK) that is revoked.</summary>
    public static EvidenceDefect SnpIntermediateRevoked { get; } = FromName(nameof(SnpIntermediateRevoked));

    /// <summary>Gets the defect of an expired revocation list of AMD.</summary>
    public static EvidenceDefect SnpRevocationListExpired { get; } = FromName(nameof(SnpRevocationListExpired));

    /// <summary>Gets the defect of a revocation list of AMD that cannot be retrieved.</summary>
    public static EvidenceDefect SnpRevocationListMissing { get; } = FromName(nameof(SnpRevocationListMissing));

    /// <summary>Gets the defect of an Intel certificate chain and collateral under a forged root.</summary>
    public static EvidenceDefect TdxForgedRoot { get; } = FromName(nameof(TdxForgedRoot));

    /// <summary>Gets the defect of a TDX guest in debug mode.</summary>
    public static EvidenceDefect TdxDebug { get; } = FromName(nameof(TdxDebug));

    /// <summary>Gets the defect of a TDX guest whose firmware measurement (MRTD) is not the one that the manifest requires.</summary>
    public static EvidenceDefect TdxWrongMrTd { get; } = FromName(nameof(TdxWrongMrTd));

    /// <summary>Gets the defect of a TDX platform that the manifest does not list.</summary>
    public static EvidenceDefect TdxPlatformNotListed { get; } = FromName(nameof(TdxPlatformNotListed));

    /// <summary>Gets the defect of a TDX platform with the TCB status <c>OutOfDate</c>.</summary>
    public static EvidenceDefect TdxPlatformOutOfDate { get; } = FromName(nameof(TdxPlatformOutOfDate));

    /// <summary>Gets the defect of a TDX platform with the TCB status <c>Revoked</c>.</summary>
    public static EvidenceDefect TdxPlatformRevoked { get; } = FromName(nameof(TdxPlatformRevoked));

    /// <summary>Gets the defect of a platform certificate of Intel (PCK) that is revoked.</summary>
    public static EvidenceDefect TdxPckRevoked { get; } = FromName(nameof(TdxPckRevoked));

    /// <summary>Gets the defect of expired TCB information of Intel.</summary>
    public static EvidenceDefect TdxTcbInfoExpired { get; } = FromName(nameof(TdxTcbInfoExpired));

    /// <summary>Gets all defects, with <see cref="None"/> as the first.</summary>
    public static IReadOnlyList<EvidenceDefect> All { get; } = List.AsReadOnly();

    /// <summary>Gets the name of the defect, for example <c>SnpForgedRoot</c>.</summary>
    /// <value>The name of a defect that applies only to SEV-SNP evidence begins with <c>Snp</c>, and that of a defect that applies only to TDX evidence begins
    /// with <c>Tdx</c>.</value>
    public string Name { get; }

    /// <summary>Gets a sentence that says what is wrong with the evidence.</summary>
    public string Description { get; }

    /// <summary>Gets a value that indicates whether clients accept evidence with this defect.</summary>
    /// <value><see langword="true"/> for <see cref="None"/> and for a few deviations that are allowed. Clients must refuse evidence with any other
    /// defect.</value>
    public bool IsHarmless => DefectCatalogue.IsHarmless(Name);

    /// <summary>Returns the defect with the specified name.</summary>
    /// <param name="name">The <see cref="Name"/> of the defect.</param>
    /// <returns>The defect.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="name"/> is <see langword="null"/>.</exception>
    /// <exception cref="ArgumentException">There is no defect with this name.</exception>
    public static EvidenceDefect FromName(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return ByName.TryGetValue(name, out EvidenceDefect? defect)
            ? defect
            : throw new ArgumentException($"There is no defect with the name '{name}'. {nameof(EvidenceDefect)}.{nameof(All)} lists them.", nameof(name));
    }

    /// <summary>Determines whether the defect applies to a kind of evidence.</summary>
    /// <param name="kind">The kind of evidence.</param>
    /// <returns><see langword="true"/> if the defect applies to this kind of evidence; otherwise, <see langword="false"/>. <see cref="None"/> and
    /// defects of attestation documents and manifests apply to both kinds.</returns>
    public bool AppliesTo(EvidenceKind kind) => DefectCatalogue.AppliesTo(Name, kind);

    /// <summary>Returns the <see cref="Name"/> of the defect.</summary>
    /// <returns>The name.</returns>
    public override string ToString() => Name;
}
