using Privatemode.AI;
using Privatemode.Tool.Commands;

namespace Privatemode.Tool.Verify;

/// <summary>The three outcomes of a verification. They have different exit codes, so that they are not confused.</summary>
internal enum VerifyOutcomeKind
{
    /// <summary>The evidence proves what was expected.</summary>
    Verified,

    /// <summary>The evidence proves something else. Nothing must be sent.</summary>
    Refused,

    /// <summary>The result could not be determined: the service, AMD or Intel could not be reached, or the saved collateral has expired.</summary>
    Unknown,
}

/// <summary>The outcome of a verification, live or from a file.</summary>
internal sealed record VerifyOutcome
{
    // Missing or expired collateral says nothing about the deployment.
    private static readonly HashSet<string> NotEnough =
        ["collateral-missing", "manifest-unproved", "snp-crl-missing", "snp-crl-supplied-too-old"];

    // A file is judged again long after it was saved. Live, the service has to send what is valid now.
    private static readonly HashSet<string> Expired =
        ["certificate-expired", "crl-expired", "mesh-ca-expired", "tdx-qe-identity-expired", "tdx-tcb-info-expired"];

    public required VerifyOutcomeKind Kind { get; init; }

    /// <summary>The time for which the evidence was verified.</summary>
    public required DateTimeOffset At { get; init; }

    /// <summary>Whether that time is the one that the file claims, which the author of the file chose.</summary>
    public bool IsClaimedTime { get; init; }

    /// <summary>The report of a deployment that was verified.</summary>
    public VerifiedDeployment? Report { get; init; }

    /// <summary>The reason why there is no report.</summary>
    public PrivatemodeException? Failure { get; init; }

    /// <summary>The advice if the result could not be determined, or null.</summary>
    public string? Hint { get; init; }

    public int ExitCode => Kind switch
    {
        VerifyOutcomeKind.Verified => ExitCodes.Success,
        VerifyOutcomeKind.Refused => ExitCodes.Refused,
        _ => ExitCodes.Unknown,
    };

    /// <summary>Returns the outcome for a verification that failed.</summary>
    /// <param name="failure">The exception of the library.</param>
    /// <param name="at">The time for which the evidence was verified.</param>
    /// <param name="isOffline">Whether saved evidence was verified.</param>
    public static VerifyOutcome Of(PrivatemodeException failure, DateTimeOffset at, bool isOffline)
    {
        if (failure is not PrivatemodeVerificationException verification)
        {
            // An answer that was altered, or a request that was, is no failure of the network.
            bool isAttack = failure is PrivatemodeIntegrityException or PrivatemodeWouldLeakException;
            return new VerifyOutcome { Kind = isAttack ? VerifyOutcomeKind.Refused : VerifyOutcomeKind.Unknown, At = at, Failure = failure };
        }

        bool isUnknown = verification.Mismatches.All(mismatch => SaysNothing(mismatch.Check, isOffline));
        bool hasExpired = isOffline && verification.Mismatches.Any(mismatch => Expired.Contains(mismatch.Check));
        return new VerifyOutcome
        {
            Kind = isUnknown ? VerifyOutcomeKind.Unknown : VerifyOutcomeKind.Refused,
            At = at,
            Failure = failure,
            Hint = isUnknown && hasExpired
                ? $"At {Times.Text(at)} the collateral had expired. To judge the evidence for the time that the file claims, use --at saved."
                : null,
        };
    }

    /// <summary>Returns whether the failure of a check does not mean that the deployment is refused.</summary>
    public static bool SaysNothing(string check, bool isOffline) => NotEnough.Contains(check) || (isOffline && Expired.Contains(check));
}
