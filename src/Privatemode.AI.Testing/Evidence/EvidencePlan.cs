using Privatemode.AI.Testing.Evidence.Contrast;
using Privatemode.AI.Testing.Evidence.Defects;
using Privatemode.AI.Testing.Evidence.Sev;
using Privatemode.AI.Testing.Evidence.Tdx;

namespace Privatemode.AI.Testing.Evidence;

/// <summary>All evidence of a deployment before anything is signed.</summary>
internal sealed class EvidencePlan
{
    public const ulong MinimumMitigations = 0x0F;

    private SnpPlan? _snp;
    private TdxPlan? _tdx;

    private EvidencePlan(EvidenceSettings settings, DateTimeOffset day)
    {
        (Kind, Day) = (settings.Kind, day);
        SnpLine line = SnpLine.Of(settings.Product);
        SnpReference snpReference = new()
        {
            ProductName = line.Name,
            TrustedMeasurement = TestGuest.Seed,
            ResetAddress = TestGuest.ResetAddressText,
            MinimumTcb = line.MinimumTcb,
            MinimumMitigations = settings.ReportVersion >= 5 ? MinimumMitigations : 0,
        };
        Manifest = new ManifestTemplate(settings.Revision, snpReference, new TdxReference());
        Document = new DocumentPlan
        {
            EvidenceType = settings.StatesKind ? EvidenceTypes.Of(Kind) : null,
            HasCertificates = settings.HasCertificates,
        };
        if (Kind == EvidenceKind.SevSnp)
        {
            _snp = new SnpPlan(line, settings.ReportVersion, day);
            _snp.Report.Measurement = TestGuest.Measurement(line);
            _snp.Report.IdKeyDigest = TestGuest.IdKeyDigest(line);
            _snp.Report.HostData = Manifest.Coordinator.Hash;
        }
        else
        {
            _tdx = new TdxPlan(day);
            _tdx.Body.MrConfigId = [.. Manifest.Coordinator.Hash, .. new byte[16]];
        }
    }

    public EvidenceKind Kind { get; }

    /// <summary>The day of the clock; all dates are relative to it.</summary>
    public DateTimeOffset Day { get; }

    public ManifestTemplate Manifest { get; }

    public DocumentPlan Document { get; }

    /// <summary>Gets or sets the SEV-SNP evidence. A plan has either this or <see cref="Tdx"/>.</summary>
    /// <exception cref="InvalidOperationException">The plan is for TDX.</exception>
    public SnpPlan Snp
    {
        get => _snp ?? throw new InvalidOperationException("The deployment has no SNP evidence.");
        set => _snp = value;
    }

    public TdxPlan Tdx
    {
        get => _tdx ?? throw new InvalidOperationException("The deployment has no TDX evidence.");
        set => _tdx = value;
    }

    /// <summary>Creates a plan for valid evidence, and applies the defect of the settings to it.</summary>
    public static EvidencePlan Create(EvidenceSettings settings, DateTimeOffset day)
    {
        EvidencePlan plan = new(settings, day);
        DefectCatalogue.Apply(settings.Defect, plan);
        return plan;
    }
}
