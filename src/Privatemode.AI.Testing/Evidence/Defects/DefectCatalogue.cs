namespace Privatemode.AI.Testing.Evidence.Defects;

/// <summary>What each defect changes. Everything that depends on the change is signed anew, so that one check alone can notice.</summary>
internal static class DefectCatalogue
{
    private static readonly Dictionary<EvidenceDefect, Action<EvidencePlan>> OnAny =
        Join(DocumentDefects.All, ManifestDefects.All);

    private static readonly Dictionary<EvidenceDefect, Action<EvidencePlan>> OnSnp =
        Join(SnpReportDefects.All, SnpSignatureDefects.All, SnpCertificateDefects.All);

    private static readonly Dictionary<EvidenceDefect, Action<EvidencePlan>> OnTdx =
        Join(TdxQuoteDefects.All, TdxChainDefects.All, TdxLevelDefects.All, TdxCollateralDefects.All);

    private static readonly HashSet<EvidenceDefect> Harmless =
    [
        EvidenceDefect.None,
        EvidenceDefect.ManifestUnknownMember,
        EvidenceDefect.DocumentUnknownMember,
        EvidenceDefect.SnpProvisionalFirmware,
        EvidenceDefect.SnpTaggedHardwareId,
        EvidenceDefect.TdxXfamCet,
        EvidenceDefect.TdxModuleVersionZero,
        EvidenceDefect.TdxModuleSvnSkipped,
        EvidenceDefect.TdxModuleIdLowerCase,
        EvidenceDefect.TdxLevelsAscending,
        EvidenceDefect.TdxRootListNamesLeaf,
    ];

    public static IEnumerable<EvidenceDefect> All => OnAny.Keys.Concat(OnSnp.Keys).Concat(OnTdx.Keys);

    public static bool AppliesTo(EvidenceDefect defect, EvidenceKind kind) =>
        defect == EvidenceDefect.None || OnAny.ContainsKey(defect) || (kind == EvidenceKind.Snp ? OnSnp : OnTdx).ContainsKey(defect);

    public static bool IsHarmless(EvidenceDefect defect) => Harmless.Contains(defect);

    public static void Apply(EvidenceDefect defect, EvidencePlan plan)
    {
        if (defect == EvidenceDefect.None)
        {
            return;
        }

        Action<EvidencePlan> change = OnAny.GetValueOrDefault(defect)
            ?? (plan.Kind == EvidenceKind.Snp ? OnSnp : OnTdx).GetValueOrDefault(defect)
            ?? throw new ArgumentOutOfRangeException(nameof(defect), defect, "The defect does not exist on this hardware.");
        change(plan);
    }

    private static Dictionary<EvidenceDefect, Action<EvidencePlan>> Join(params IEnumerable<Dictionary<EvidenceDefect, Action<EvidencePlan>>> parts) =>
        parts.SelectMany(part => part).ToDictionary();
}
