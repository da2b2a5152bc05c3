namespace Privatemode.AI;

/// <summary>How one check of a verification ended.</summary>
public enum VerificationOutcome
{
    /// <summary>What was demanded was proved.</summary>
    Passed,

    /// <summary>The opposite was found. Only in exceptions: a deployment with a failed check is not used.</summary>
    Failed,

    /// <summary>Nobody looked; the reason says why.</summary>
    NotChecked,

    /// <summary>The check did not pass, and the settings do not require it to. See also <see cref="VerifiedDeployment.Warnings"/>.</summary>
    Warning,
}
