namespace Privatemode.AI;

/// <summary>Represents one check of a <see cref="VerifiedDeployment"/>. Instances are created by a verification.</summary>
public sealed record VerificationCheck
{
    internal VerificationCheck()
    {
    }

    /// <summary>Gets the stable name of the check, for example <c>snp-measurement</c>. Later versions can add names.</summary>
    public required string Name { get; init; }

    /// <summary>Gets the outcome of the check.</summary>
    public required VerificationOutcome Outcome { get; init; }

    /// <summary>Gets what was found, or why the check was not made.</summary>
    /// <value>A human-readable sentence, or <see langword="null"/> if there is nothing to add.</value>
    public string? Detail { get; init; }
}

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
