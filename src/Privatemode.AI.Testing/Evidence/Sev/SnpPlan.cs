using Privatemode.AI.Testing.Evidence.Certificates;

namespace Privatemode.AI.Testing.Evidence.Sev;

/// <summary>SEV-SNP evidence before anything is signed. Initially it is valid; a defect changes one thing.</summary>
internal sealed class SnpPlan
{
    private static readonly TimeSpan ChipAge = TimeSpan.FromDays(180);
    private static readonly TimeSpan ChipValidity = TimeSpan.FromDays(7 * 365);
    private static readonly TimeSpan RevocationListValidity = TimeSpan.FromDays(365);

    public SnpPlan(SnpLine line, uint reportVersion, DateTimeOffset day)
        : this(line, NewReport(line, reportVersion), day)
    {
    }

    /// <summary>Initializes a plan with the certificates of one product line and a report, which can be that of another product line.</summary>
    public SnpPlan(SnpLine line, SnpReportTemplate report, DateTimeOffset day)
    {
        Line = line;
        Report = report;
        Vek = new VekTemplate
        {
            IssuerName = $"SEV-{line.Name}",
            IssuerKey = line.IntermediateKey,
            Key = TestKeys.Vcek,
            NotBefore = day - ChipAge,
            NotAfter = day - ChipAge + ChipValidity,
            // Version 2 has no CPUID: such chips name their stepping in the certificate.
            ProductName = report.Version < 3 && line == SnpLine.Genoa ? "Genoa-B1" : line.ProductName,
            Tcb = line.Tcb,
            HardwareId = TestChips.Own,
        };
        IntermediateSigner = RootSigner = line.RootKey;
        Intermediate = AmdAuthority.Intermediate(line, $"SEV-{line.Name}", line.IntermediateNumber, line.IntermediateKey, IntermediateSigner);
        Root = AmdAuthority.Root(line, RootSigner);
        RevocationList = new RevocationListTemplate
        {
            Issuer = DistinguishedName.Amd(AmdAuthority.RootName(line)),
            IssuerKey = line.RootKey,
            ThisUpdate = day,
            NextUpdate = day + RevocationListValidity,
            Number = 4,
        };
        // As on Genoa's real list: the intermediate before the present one.
        RevocationList.Revoked.Add(line.IntermediateNumber - 1);
    }

    public SnpLine Line { get; }

    public SnpReportTemplate Report { get; }

    public EcKey ReportKey { get; set; } = TestKeys.Vcek;

    public VekTemplate Vek { get; set; }

    /// <summary>Whether the certificate is sent as that of a cloud provider (VLEK).</summary>
    public bool IsVlek { get; set; }

    public CertificateTemplate Intermediate { get; set; }

    public RsaKey IntermediateSigner { get; set; }

    public CertificateTemplate Root { get; set; }

    public RsaKey RootSigner { get; set; }

    /// <summary>The revocation list; null if it cannot be retrieved.</summary>
    public RevocationListTemplate? RevocationList { get; set; }

    /// <summary>Changes the report after it has been signed.</summary>
    public Action<SnpReportTemplate>? AfterSigning { get; set; }

    /// <summary>Changes the signature.</summary>
    public Action<byte[]>? ChangeSignature { get; set; }

    private static SnpReportTemplate NewReport(SnpLine line, uint version) => new()
    {
        Version = version,
        Policy = GuestPolicyBits.Deployment,
        CurrentTcb = line.Tcb.Encoded,
        PlatformInfo = PlatformInfoBits.Deployment,
        ReportedTcb = line.Tcb.Encoded,
        CpuId = line.CpuId,
        ChipId = TestChips.Own,
        CommittedTcb = line.Tcb.Encoded,
        LaunchTcb = line.Tcb.Encoded,
        LaunchMitigations = 0x1F,
        CurrentMitigations = 0x1F,
    };
}
