namespace Privatemode.AI.Attestation.Sev;

/// <summary>The four TCB versions of a report. AMD intends reported ≤ committed ≤ current.</summary>
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
