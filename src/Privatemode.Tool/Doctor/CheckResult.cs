namespace Privatemode.Tool.Doctor;

/// <summary>What a check found.</summary>
internal enum CheckOutcome
{
    Ok,
    Warning,
    Failed,
    Skipped,
}

/// <summary>One line of the doctor's report.</summary>
/// <param name="Id">The stable name of the check.</param>
/// <param name="Outcome">What it found.</param>
/// <param name="Summary">What it found, in a sentence.</param>
/// <param name="Advice">What to do, or null if there is nothing to do.</param>
internal sealed record CheckResult(string Id, CheckOutcome Outcome, string Summary, string? Advice = null)
{
    /// <summary>The exit code that this result asks for.</summary>
    public int ExitCode { get; init; }
}
