namespace Privatemode.AI;

/// <summary>Specifies the outcome of one check of a verification.</summary>
public enum VerificationOutcome
{
    /// <summary>The check was not made. <see cref="VerificationCheck.Detail"/> says why.</summary>
    NotChecked,

    /// <summary>The check passed.</summary>
    Passed,

    /// <summary>The check did not pass, and the settings do not require it to. See also <see cref="VerifiedDeployment.Warnings"/>.</summary>
    Warning,

    /// <summary>The check failed. A <see cref="VerifiedDeployment"/> has no such check, because a deployment with a failed check is not used.</summary>
    Failed,
}
