using Privatemode.AI.Attestation.Contrast;

namespace Privatemode.AI;

/// <summary>A manifest to be decided about, beside the one adopted before.</summary>
public sealed class ManifestUpdate
{
    internal ManifestUpdate(ManifestDifference difference, ReadOnlyMemory<byte> newManifest, bool isProved, DateTimeOffset? adoptedBefore)
    {
        CurrentSha256 = difference.Before;
        NewSha256 = difference.After;
        NewManifest = newManifest;
        Changes = difference.Lines;
        IsComplete = difference.IsComplete;
        IsProved = isProved;
        AdoptedBefore = adoptedBefore;
    }

    /// <summary>SHA-256 of the manifest adopted before, 64 hexadecimal digits; null when there is none.</summary>
    public string? CurrentSha256 { get; }

    /// <summary>SHA-256 of the new manifest, 64 hexadecimal digits.</summary>
    public string NewSha256 { get; }

    /// <summary>The exact bytes of the new manifest.</summary>
    public ReadOnlyMemory<byte> NewManifest { get; }

    /// <summary>
    /// What differs, a line each: <c>+</c> came, <c>-</c> went, <c>~</c> changed, then the place in the file. Without a manifest before,
    /// everything. Coordinators come first, then reference values, owners of seed shares, workloads that changed, and the rest. Printable ASCII. A last
    /// line with <c>!</c> says how many more there are, when there are too many to be read.
    /// </summary>
    public IReadOnlyList<string> Changes { get; }

    /// <summary>Gets a value that indicates whether <see cref="Changes"/> holds every difference.</summary>
    /// <value><see langword="false"/> only if the policy was told to ask all the same; compare the files then.</value>
    public bool IsComplete { get; }

    /// <summary>Gets a value that indicates whether the deployment proves the new manifest.</summary>
    /// <value>
    /// <see langword="true"/> if it does; it does not prove the current one then. <see langword="false"/> if it still proves the current manifest: that one
    /// goes on counting when you refuse; when you approve, no session is established until the deployment proves the new one.
    /// </value>
    public bool IsProved { get; }

    /// <summary>Gets the time at which the new manifest was adopted before, if the publisher returns to an earlier one.</summary>
    /// <value><see langword="null"/> if it was not, as far as the log tells.</value>
    public DateTimeOffset? AdoptedBefore { get; }

    /// <summary>The digests and all changes, for a person to read.</summary>
    /// <returns>Several lines.</returns>
    public override string ToString() =>
        string.Join('\n', [$"manifest {CurrentSha256 ?? "(none)"} -> {NewSha256}", .. Changes]);
}
