namespace Privatemode.AI;

/// <summary>The exception that is thrown when the verification of a deployment, of saved evidence or of the manifest log fails.</summary>
/// <remarks>No content was sent. Do not retry: the same evidence fails again.</remarks>
public sealed class PrivatemodeVerificationException : PrivatemodeException
{
    private readonly IReadOnlyList<VerificationMismatch>? _mismatches;

    /// <summary>Initializes a new instance of the <see cref="PrivatemodeVerificationException"/> class.</summary>
    /// <param name="errorType">The name of the check that failed, for example <c>manifest-match</c>; see <see cref="PrivatemodeException.ErrorType"/>.</param>
    /// <param name="message">The message.</param>
    /// <param name="innerException">The cause, or <see langword="null"/>.</param>
    /// <exception cref="ArgumentException"><paramref name="errorType"/> does not consist of lowercase letters and digits with single dashes between words.
    /// </exception>
    public PrivatemodeVerificationException(string errorType, string message, Exception? innerException = null)
        : base(errorType, message, innerException)
    {
    }

    /// <summary>Gets what the check expects, or <see langword="null"/> if it has no simple form.</summary>
    public string? Expected { get; init; }

    /// <summary>Gets what the deployment showed, or <see langword="null"/> if it has no simple form.</summary>
    public string? Found { get; init; }

    /// <summary>Gets all differences that were found, starting with the one that <see cref="PrivatemodeException.ErrorType"/> names.</summary>
    /// <value>Never empty. By default the one difference that the other properties describe.</value>
    /// <exception cref="ArgumentNullException">The value is <see langword="null"/>.</exception>
    public IReadOnlyList<VerificationMismatch> Mismatches
    {
        get => _mismatches is { Count: > 0 } ? _mismatches : [new VerificationMismatch { Check = ErrorType, Expected = Expected, Found = Found }];
        init
        {
            ArgumentNullException.ThrowIfNull(value);
            _mismatches = [.. value];
        }
    }

    /// <summary>Creates the exception for differences that were found together.</summary>
    internal static PrivatemodeVerificationException FromMismatches(string message, IReadOnlyList<VerificationMismatch> mismatches) =>
        new(mismatches[0].Check, message)
        {
            Expected = mismatches[0].Expected,
            Found = mismatches[0].Found,
            Mismatches = mismatches,
        };

    /// <summary>Creates the same failure once more.</summary>
    /// <param name="hint">What to add to the message.</param>
    /// <remarks>A handler of the application can have thrown this one, with differences that no check of ours has.</remarks>
    internal PrivatemodeVerificationException Again(string hint = "") => new(ErrorType, Message + hint)
    {
        Expected = Expected,
        Found = Found,
        Mismatches = Mismatches,
    };
}

/// <summary>Represents one difference between what a deployment showed and what a check of the verification expects.</summary>
public sealed record VerificationMismatch
{
    /// <summary>Gets the stable name of the check that failed, for example <c>snp-vmpl</c>.</summary>
    /// <value>The same form as <see cref="PrivatemodeException.ErrorType"/>.</value>
    public required string Check { get; init; }

    /// <summary>Gets what the check expects, or <see langword="null"/> if it has no simple form.</summary>
    public string? Expected { get; init; }

    /// <summary>Gets what the deployment showed, or <see langword="null"/> if it has no simple form.</summary>
    public string? Found { get; init; }
}
