namespace Privatemode.AI.Testing.Evidence.Sev;

/// <summary>The evidence that a plan describes. Each part is signed once, when it is first used. Thread-safe.</summary>
internal sealed class IssuedSnp
{
    private readonly SnpPlan _plan;
    private readonly Lazy<byte[]> _root;
    private readonly Lazy<byte[]> _intermediate;
    private readonly Lazy<byte[]> _vek;
    private readonly Lazy<byte[]?> _revocationList;

    public IssuedSnp(SnpPlan plan)
    {
        _plan = plan;
        _root = new Lazy<byte[]>(() => plan.Root.Sign(plan.RootSigner));
        _intermediate = new Lazy<byte[]>(() => plan.Intermediate.Sign(plan.IntermediateSigner));
        _vek = new Lazy<byte[]>(plan.Vek.Sign);
        _revocationList = new Lazy<byte[]?>(() => plan.RevocationList?.Sign());
    }

    public SnpLine Line => _plan.Line;

    /// <summary>The product line in the report, which clients use in their requests to AMD. Reports of version 2 contain none.</summary>
    public SnpLine ReportLine => _plan.Report.Version < 3 ? _plan.Line : _plan.Report.CpuId == SnpLine.Milan.CpuId ? SnpLine.Milan : SnpLine.Genoa;

    public bool IsVlek => _plan.IsVlek;

    /// <summary>The root certificate (DER).</summary>
    public byte[] Root => _root.Value;

    public byte[] Intermediate => _intermediate.Value;

    public byte[] Vek => _vek.Value;

    /// <summary>The revocation list (DER), or null.</summary>
    public byte[]? RevocationList => _revocationList.Value;

    /// <summary>The chip ID and the TCB in the report, to recognize requests for the certificate of the chip.</summary>
    public (byte[] ChipId, SnpTcb Tcb) Chip
    {
        get
        {
            ulong tcb = _plan.Report.ReportedTcb;
            return (_plan.Report.ChipId, new SnpTcb((byte)(tcb & 0xFF), (byte)(tcb >> 8 & 0xFF), (byte)(tcb >> 48 & 0xFF), (byte)(tcb >> 56)));
        }
    }

    /// <summary>Creates a report for the specified report data, and its signature.</summary>
    public (SnpReportTemplate Report, byte[] Signature) Attest(byte[] reportData)
    {
        SnpReportTemplate report = _plan.Report.Clone();
        report.ReportData = reportData;
        byte[] signature = report.Sign(_plan.ReportKey);
        _plan.ChangeSignature?.Invoke(signature);
        _plan.AfterSigning?.Invoke(report);
        return (report, signature);
    }
}
