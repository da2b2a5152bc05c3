namespace Privatemode.AI;

/// <summary>Represents one check of a verification, with its outcome. See <see cref="VerifiedDeployment.Checks"/>.</summary>
public sealed record VerificationCheck
{
    internal VerificationCheck()
    {
    }

    /// <summary>Gets the stable name of the check, for example <c>snp-measurement</c>. Later versions can add names.</summary>
    public required string Name { get; init; }

    /// <summary>Gets the outcome of the check.</summary>
    public required VerificationOutcome Outcome { get; init; }

    /// <summary>Gets what the check found, or why it was not performed.</summary>
    /// <value>A human-readable sentence, or <see langword="null"/> if there is nothing to add.</value>
    public string? Detail { get; init; }
}

/// <summary>Specifies the outcome of one check of a successful verification.</summary>
/// <remarks>There is no value for a failed check: verification then throws a <see cref="PrivatemodeVerificationException"/> instead of returning a
/// <see cref="VerifiedDeployment"/>. Later versions can add values.</remarks>
public enum VerificationOutcome
{
    /// <summary>The check was not performed. <see cref="VerificationCheck.Detail"/> says why.</summary>
    NotChecked,

    /// <summary>The check passed.</summary>
    Passed,

    /// <summary>The check did not pass, but the settings do not require it to. <see cref="VerifiedDeployment.Warnings"/> contains an explanation.</summary>
    Warning,
}
