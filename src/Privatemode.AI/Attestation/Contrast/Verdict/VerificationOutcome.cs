namespace Privatemode.AI;

/// <summary>Specifies the outcome of one check of a successful verification.</summary>
/// <remarks>There is no value for a failed check: verification then throws a <see cref="PrivatemodeVerificationException"/> instead of returning a
/// <see cref="VerifiedDeployment"/>. Later versions can add values.</remarks>
public enum VerificationOutcome
{
    /// <summary>The check was not made. <see cref="VerificationCheck.Detail"/> says why.</summary>
    NotChecked,

    /// <summary>The check passed.</summary>
    Passed,

    /// <summary>The check did not pass, and the settings do not require it to. <see cref="VerifiedDeployment.Warnings"/> has a sentence about it.</summary>
    Warning,
}
