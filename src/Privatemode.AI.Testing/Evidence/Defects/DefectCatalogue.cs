namespace Privatemode.AI.Testing.Evidence.Defects;

/// <summary>All defects by name. Everything that depends on a change is signed anew, so that only one check can find it.</summary>
internal static class DefectCatalogue
{
    /// <summary>The name of evidence without a defect.</summary>
    public const string None = "None";

    private static readonly Dictionary<string, DefectDefinition> OnAny =
        ByName(DocumentDefects.All, ManifestDefects.All);

    private static readonly Dictionary<string, DefectDefinition> OnSnp =
        ByName(SnpReportDefects.All, SnpSignatureDefects.All, SnpCertificateDefects.All);

    private static readonly Dictionary<string, DefectDefinition> OnTdx =
        ByName(TdxQuoteDefects.All, TdxChainDefects.All, TdxLevelDefects.All, TdxCollateralDefects.All);

    private static readonly HashSet<string> Harmless =
    [
        None,
        "ManifestUnknownMember",
        "DocumentUnknownMember",
        "SnpProvisionalFirmware",
        "SnpTaggedHardwareId",
        "TdxXfamCet",
        "TdxModuleVersionZero",
        "TdxModuleSvnSkipped",
        "TdxModuleIdLowerCase",
        "TdxLevelsAscending",
        "TdxRootListNamesLeaf",
    ];

    public static IEnumerable<DefectDefinition> All => OnAny.Values.Concat(OnSnp.Values).Concat(OnTdx.Values);

    public static bool AppliesTo(string defect, EvidenceKind kind) =>
        defect == None || OnAny.ContainsKey(defect) || (kind == EvidenceKind.SevSnp ? OnSnp : OnTdx).ContainsKey(defect);

    public static bool IsHarmless(string defect) => Harmless.Contains(defect);

    public static void Apply(string defect, EvidencePlan plan)
    {
        if (defect == None)
        {
            return;
        }

        DefectDefinition definition = OnAny.GetValueOrDefault(defect)
            ?? (plan.Kind == EvidenceKind.SevSnp ? OnSnp : OnTdx).GetValueOrDefault(defect)
            ?? throw new ArgumentOutOfRangeException(nameof(defect), defect, "The defect does not apply to this kind of evidence.");
        definition.Change(plan);
    }

    private static Dictionary<string, DefectDefinition> ByName(params IEnumerable<IReadOnlyList<DefectDefinition>> parts) =>
        parts.SelectMany(part => part).ToDictionary(defect => defect.Name);
}
