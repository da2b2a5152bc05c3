using System.Globalization;
using Privatemode.AI.Internal;

namespace Privatemode.AI;

/// <summary>The exception that is thrown when the verification of a deployment, of saved evidence or of the manifest log fails.</summary>
/// <remarks>No content was sent that this deployment can read. If it replaced a verified one while the client ran, the request that detected this was sent,
/// encrypted for the verified one. Do not retry: the same evidence fails again.</remarks>
public sealed class PrivatemodeVerificationException : PrivatemodeException
{
    // More than the longest single value: report data and chip IDs have 128 hexadecimal digits.
    private const int MaxShownLength = 200;

    private readonly IReadOnlyList<VerificationMismatch>? _mismatches;

    /// <summary>Initializes a new instance of the <see cref="PrivatemodeVerificationException"/> class.</summary>
    /// <param name="errorType">The name of the check that failed, for example <c>manifest-match</c>; see <see cref="PrivatemodeException.ErrorType"/>.</param>
    /// <param name="message">The error message. It must not contain prompts, answers or keys, because messages are logged.</param>
    /// <param name="innerException">The exception that caused this one, or <see langword="null"/>, the default.</param>
    /// <exception cref="ArgumentException"><paramref name="errorType"/> does not consist of lowercase letters and digits with single dashes between words.
    /// </exception>
    public PrivatemodeVerificationException(string errorType, string message, Exception? innerException = null)
        : base(errorType, message, innerException)
    {
    }

    /// <summary>Gets the value that the check expects, or <see langword="null"/> if it cannot be shown as a short text.</summary>
    public string? Expected { get; init; }

    /// <summary>Gets the value that the check found, or <see langword="null"/> if it cannot be shown as a short text.</summary>
    public string? Found { get; init; }

    /// <summary>Gets all differences that were found, starting with the one that <see cref="PrivatemodeException.ErrorType"/> names.</summary>
    /// <value>At least one difference. By default, the one that <see cref="PrivatemodeException.ErrorType"/>, <see cref="Expected"/> and
    /// <see cref="Found"/> describe.</value>
    /// <exception cref="ArgumentNullException">The value is <see langword="null"/>.</exception>
    public IReadOnlyList<VerificationMismatch> Mismatches
    {
        get => _mismatches is { Count: > 0 }
            ? _mismatches
            : [new VerificationMismatch { Check = ErrorType, Expected = Expected, Found = Found, Cause = Cause }];
        init
        {
            ArgumentNullException.ThrowIfNull(value);
            _mismatches = [.. value];
        }
    }

    /// <summary>Gets the cause, as far as it is known. Exceptions of the public constructor have none.</summary>
    internal VerificationCause Cause { get; init; }

    /// <summary>Gets whether downloading the collateral again may change the result, because an outdated or damaged copy may be the cause.</summary>
    /// <remarks>One mismatch with that cause is enough, because the other mismatches can belong to other reference values. The result is false if the evidence
    /// itself is for another nonce or from another coordinator.</remarks>
    internal bool MayBeFixedByFresherCollateral =>
        Mismatches.Any(mismatch => mismatch.Cause.HasFlag(VerificationCause.Collateral))
        && !Mismatches.Any(mismatch => mismatch.Cause.HasFlag(VerificationCause.Deployment));

    /// <summary>Creates the exception of one failed check.</summary>
    internal static PrivatemodeVerificationException Create(
        string check, string message, string? expected = null, string? found = null, VerificationCause cause = VerificationCause.None) =>
        new(check, Explain(message, check, expected, found))
        {
            Expected = expected,
            Found = found,
            Cause = cause,
        };

    /// <summary>Creates the exception for differences that were found together.</summary>
    internal static PrivatemodeVerificationException FromMismatches(string message, IReadOnlyList<VerificationMismatch> mismatches) =>
        new(mismatches[0].Check, Explain(message, mismatches[0].Check, mismatches[0].Expected, mismatches[0].Found, mismatches.Count - 1))
        {
            Expected = mismatches[0].Expected,
            Found = mismatches[0].Found,
            Cause = mismatches[0].Cause,
            Mismatches = mismatches,
        };

    /// <summary>Creates the same failure again.</summary>
    /// <param name="hint">What to add to the message.</param>
    /// <remarks>A handler of the application may have thrown this one, with differences that no check of this library creates.</remarks>
    internal PrivatemodeVerificationException Copy(string hint = "") => new(ErrorType, Message + hint)
    {
        Expected = Expected,
        Found = Found,
        Cause = Cause,
        Mismatches = Mismatches,
    };

    /// <summary>Adds the check and its values to the first sentence of a message. Logs often have only the message.</summary>
    /// <param name="more">How many further differences were found.</param>
    private static string Explain(string message, string check, string? expected, string? found, int more = 0)
    {
        string[] values = [.. new[] { Value("expected", expected), Value("found", found) }.OfType<string>()];
        string detail = values.Length == 0 ? check : $"{check}: {string.Join(", ", values)}";
        string others = more == 0 ? "" : string.Create(CultureInfo.InvariantCulture, $"; {more} more {(more == 1 ? "difference" : "differences")}");
        int end = message.IndexOf(". ", StringComparison.Ordinal);
        return message.Insert(end >= 0 ? end : message.EndsWith('.') ? message.Length - 1 : message.Length, $" ({detail}{others})");
    }

    // Evidence that is not authentic can contain any text.
    private static string? Value(string name, string? value) => value is null ? null
        : $"{name} {PrintableText.Printable(value.Length <= MaxShownLength ? value : $"{value[..MaxShownLength]}…")}";
}

/// <summary>Represents one difference between the value that a verification found and the value that it expects.</summary>
public sealed record VerificationMismatch
{
    /// <summary>Gets the stable name of the check that failed, for example <c>snp-vmpl</c>.</summary>
    /// <value>Lowercase ASCII words and digits with single dashes between them, as in <see cref="PrivatemodeException.ErrorType"/>.</value>
    public required string Check { get; init; }

    /// <summary>Gets the value that the check expects, or <see langword="null"/> if it cannot be shown as a short text.</summary>
    public string? Expected { get; init; }

    /// <summary>Gets the value that the check found, or <see langword="null"/> if it cannot be shown as a short text.</summary>
    public string? Found { get; init; }

    internal VerificationCause Cause { get; init; }

    /// <inheritdoc/>
    public bool Equals(VerificationMismatch? other) =>
        other is not null && (Check, Expected, Found) == (other.Check, other.Expected, other.Found);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Check, Expected, Found);
}

/// <summary>Collects differences from an expectation.</summary>
internal static class MismatchCollection
{
    /// <summary>Adds a mismatch unless the check passes.</summary>
    /// <param name="expected">Shown as "none" if it is empty, such as a list that allows nothing.</param>
    /// <param name="found">Shown as "none" if it is empty, such as an ID that a platform does not state.</param>
    public static void Compare(
        this List<VerificationMismatch> mismatches, bool passes, string check, string expected, string found, VerificationCause cause = VerificationCause.None)
    {
        if (!passes)
        {
            mismatches.Add(new VerificationMismatch { Check = check, Expected = OrNone(expected), Found = OrNone(found), Cause = cause });
        }
    }

    /// <summary>Adds a mismatch unless the bytes are one of those expected, which are shown in hexadecimal.</summary>
    public static void CompareBytes(
        this List<VerificationMismatch> mismatches,
        string check,
        IEnumerable<ReadOnlyMemory<byte>> allowed,
        ReadOnlyMemory<byte> found,
        VerificationCause cause = VerificationCause.None) => mismatches.Compare(
            allowed.Any(value => value.Span.SequenceEqual(found.Span)),
            check,
            string.Join(" or ", allowed.Select(value => Convert.ToHexStringLower(value.Span))),
            Convert.ToHexStringLower(found.Span),
            cause);

    /// <summary>Adds a mismatch unless the bytes are equal; <see langword="null"/> is not compared.</summary>
    public static void CompareBytes(
        this List<VerificationMismatch> mismatches,
        string check,
        ReadOnlyMemory<byte>? expected,
        ReadOnlyMemory<byte> found,
        VerificationCause cause = VerificationCause.None)
    {
        if (expected is { } value)
        {
            mismatches.CompareBytes(check, [value], found, cause);
        }
    }

    private static string OrNone(string text) => text.Length > 0 ? text : "none";
}

/// <summary>The cause of a failed check, which decides what happens next. Set where the failure is found.</summary>
[Flags]
internal enum VerificationCause
{
    /// <summary>None: neither a download nor another request can change the result.</summary>
    None = 0,

    /// <summary>The evidence is for another nonce or from another coordinator. No collateral changes that.</summary>
    Deployment = 1,

    /// <summary>The deployment has another manifest than the expected one: a newer one may have been published.</summary>
    ManifestMismatch = 2,

    /// <summary>Format, size, chain, signature, date or content of the collateral. Failures of the evidence's own chain have this cause too: they are
    /// found before any collateral is retrieved.</summary>
    Collateral = 4,

    /// <summary>The collateral has expired; newer collateral may pass.</summary>
    ExpiredCollateral = Collateral | 8,

    /// <summary>According to Intel, the platform's TCB is revoked.</summary>
    TcbRevoked = 16,
}
