namespace Privatemode.Tool.Doctor;

/// <summary>The outcome of a check.</summary>
internal enum CheckOutcome
{
    Ok,
    Warning,
    Failed,
    Skipped,
}

/// <summary>One line of the doctor's report.</summary>
/// <param name="Id">The stable name of the check.</param>
/// <param name="Outcome">The outcome.</param>
/// <param name="Summary">The outcome as a sentence.</param>
/// <param name="Advice">What to do, or null if there is nothing to do.</param>
internal sealed record CheckResult(string Id, CheckOutcome Outcome, string Summary, string? Advice = null)
{
    /// <summary>The exit code for this result.</summary>
    public int ExitCode { get; init; }
}
