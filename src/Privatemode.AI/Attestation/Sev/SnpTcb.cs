namespace Privatemode.AI.Attestation.Sev;

/// <summary>The four TCB versions of a report. Reported and committed are at most current.</summary>
/// <remarks>
/// Reported may be above committed: by AMD 56860 (SNP_CONFIG, SNP_COMMIT) the firmware reports the current TCB unless the host sets a lower one, whether
/// it is committed or can still be rolled back.
/// </remarks>
/// <param name="Reported">The one for which the signing key was derived: the only one that the key itself proves.</param>
/// <param name="Committed">Below it the firmware cannot be rolled back.</param>
/// <param name="Current">The one that runs.</param>
/// <param name="Launch">The current one when the guest was launched.</param>
internal sealed record SnpTcb(TcbVersion Reported, TcbVersion Committed, TcbVersion Current, TcbVersion Launch)
{
    /// <summary>Reads all four in the layout of a product.</summary>
    /// <exception cref="PrivatemodeVerificationException">One of them uses reserved bytes.</exception>
    public static SnpTcb Read(SnpReport report, SnpProduct product) => new(
        Read(report.ReportedTcb, product), Read(report.CommittedTcb, product), Read(report.CurrentTcb, product), Read(report.LaunchTcb, product));

    private static TcbVersion Read(ulong value, SnpProduct product) => TcbVersion.Read(value, product) ?? throw SevFailure.Create(
        SevChecks.TcbReserved, "A TCB version of the report has bytes that have no meaning on its product", "zero in reserved bytes", $"0x{value:x16}");
}
