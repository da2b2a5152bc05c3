namespace Privatemode.AI;

/// <summary>A deployment, saved evidence or the log of manifests did not prove itself. Stop: no content was sent, and the same evidence will not pass
/// later.</summary>
public sealed class PrivatemodeVerificationException : PrivatemodeException
{
    internal PrivatemodeVerificationException(string check, string message, string? expected = null, string? found = null)
        : base(message)
    {
        Check = check;
        Expected = expected;
        Found = found;
        Mismatches = [new VerificationMismatch { Check = check, Expected = expected, Found = found }];
    }

    internal PrivatemodeVerificationException(string message, IReadOnlyList<VerificationMismatch> mismatches)
        : base(message)
    {
        Check = mismatches[0].Check;
        Expected = mismatches[0].Expected;
        Found = mismatches[0].Found;
        Mismatches = mismatches;
    }

    /// <summary>Stable name of the check that failed, for example <c>mesh-certificate-signature</c>.</summary>
    public string Check { get; }

    /// <summary>What the check demands; null when it has no simple form.</summary>
    public string? Expected { get; }

    /// <summary>What the deployment showed; null when it has no simple form.</summary>
    public string? Found { get; }

    /// <summary>Everything that did not match, the first one included; never empty.</summary>
    public IReadOnlyList<VerificationMismatch> Mismatches { get; }
}
