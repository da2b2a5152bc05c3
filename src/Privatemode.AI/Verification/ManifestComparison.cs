using Privatemode.AI.Attestation.Contrast;

namespace Privatemode.AI;

/// <summary>Represents the differences between two manifests that you have as files, in the form in which <see cref="ManifestUpdate"/> shows them.</summary>
/// <remarks>A comparison uses no network and approves nothing. <see cref="VerificationOptions.Manifest"/> decides which manifest a client
/// accepts.</remarks>
public sealed class ManifestComparison
{
    private ManifestComparison(ManifestDifference difference)
    {
        BeforeSha256 = difference.Before;
        AfterSha256 = difference.After;
        Changes = difference.Lines;
        HasOmittedChanges = !difference.IsComplete;
    }

    /// <summary>Gets the SHA-256 digest of the earlier manifest, or <see langword="null"/> if there is no earlier manifest.</summary>
    /// <value>64 lower-case hexadecimal digits.</value>
    public string? BeforeSha256 { get; }

    /// <summary>Gets the SHA-256 digest of the later manifest, as 64 lower-case hexadecimal digits.</summary>
    public string AfterSha256 { get; }

    /// <summary>Gets the human-readable differences.</summary>
    /// <value>
    /// One line of printable ASCII for each difference: <c>+</c> (added), <c>-</c> (removed) or <c>~</c> (changed), followed by the path in the manifest. If
    /// there is no earlier manifest, everything is added. Coordinators come first, then reference values, owners of seed shares (the recovery secrets), changed
    /// workloads, and the rest. The list is empty if only white space or the order of members differs. If <see cref="HasOmittedChanges"/> is
    /// <see langword="true"/>, the last line begins
    /// with <c>!</c> and says how many differences are omitted.
    /// </value>
    public IReadOnlyList<string> Changes { get; }

    /// <summary>Gets a value that indicates whether <see cref="Changes"/> omits differences because there are too many.</summary>
    /// <value><see langword="true"/> if the lines would be longer than 262,144 characters together.</value>
    public bool HasOmittedChanges { get; }

    /// <summary>Compares two manifests, or lists what is in one manifest.</summary>
    /// <param name="before">The exact bytes of the earlier manifest, or <see langword="null"/> or an empty value to list everything in
    /// <paramref name="after"/>. A <see langword="null"/> array is converted to an empty value.</param>
    /// <param name="after">The exact bytes of the later manifest.</param>
    /// <returns>The differences.</returns>
    /// <exception cref="PrivatemodeVerificationException"><paramref name="before"/> or <paramref name="after"/> is not a manifest that this library accepts.
    /// <see cref="PrivatemodeException.ErrorType"/> begins with <c>manifest-</c>.</exception>
    public static ManifestComparison Compare(ReadOnlyMemory<byte>? before, ReadOnlyMemory<byte> after) =>
        new(ManifestDifference.Between(before is { IsEmpty: false } earlier ? Manifest.Parse(earlier) : null, Manifest.Parse(after)));

    /// <summary>Returns a human-readable text with both digests and all <see cref="Changes"/>.</summary>
    /// <returns>Several lines of text.</returns>
    public override string ToString() => string.Join('\n', [$"manifest {BeforeSha256 ?? "(none)"} -> {AfterSha256}", .. Changes]);
}
