using Privatemode.AI.Attestation.Contrast;

namespace Privatemode.AI;

/// <summary>Represents a new manifest that <see cref="ManifestPolicy.RequireApproval"/> asks you to approve, compared with the current one.</summary>
public sealed class ManifestUpdate
{
    internal ManifestUpdate(
        ManifestDifference difference,
        ReadOnlyMemory<byte>? currentManifest,
        ReadOnlyMemory<byte> newManifest,
        bool isDeployed,
        DateTimeOffset? previouslyAdoptedAt)
    {
        CurrentSha256 = difference.Before;
        NewSha256 = difference.After;
        CurrentManifest = currentManifest;
        NewManifest = newManifest;
        Changes = difference.Lines;
        HasOmittedChanges = !difference.IsComplete;
        IsDeployed = isDeployed;
        PreviouslyAdoptedAt = previouslyAdoptedAt;
    }

    /// <summary>Gets the SHA-256 digest of the current manifest, which was approved last, or <see langword="null"/> if no manifest was approved
    /// before.</summary>
    /// <value>64 lower-case hexadecimal digits.</value>
    public string? CurrentSha256 { get; }

    /// <summary>Gets the exact bytes of the current manifest, which was approved last, or <see langword="null"/> if no manifest was approved before.</summary>
    public ReadOnlyMemory<byte>? CurrentManifest { get; }

    /// <summary>Gets the SHA-256 digest of the new manifest, as 64 lower-case hexadecimal digits.</summary>
    public string NewSha256 { get; }

    /// <summary>Gets the exact bytes of the new manifest.</summary>
    public ReadOnlyMemory<byte> NewManifest { get; }

    /// <summary>Gets the human-readable differences between the current and the new manifest.</summary>
    /// <value>
    /// One line of printable ASCII for each difference: <c>+</c> (added), <c>-</c> (removed) or <c>~</c> (changed), followed by the path in the manifest. If
    /// there is no current manifest, everything is added. Coordinators come first, then reference values, owners of seed shares (the recovery secrets), changed
    /// workloads, and the rest. If <see cref="HasOmittedChanges"/> is <see langword="true"/>, the last line begins with <c>!</c> and says how many differences
    /// are omitted.
    /// </value>
    public IReadOnlyList<string> Changes { get; }

    /// <summary>Gets a value that indicates whether <see cref="Changes"/> omits differences because there are too many.</summary>
    /// <value><see langword="true"/> only if the parameter <c>askIfChangesAreOmitted</c> of <see cref="ManifestPolicy.RequireApproval"/> was
    /// <see langword="true"/>. In this case, compare <see cref="NewManifest"/> with
    /// <see cref="CurrentManifest"/> yourself before you approve it.</value>
    public bool HasOmittedChanges { get; }

    /// <summary>Gets a value that indicates whether the deployment runs the new manifest, according to its verified evidence.</summary>
    /// <value>
    /// <see langword="true"/> if it does. <see langword="false"/> if the deployment still runs the current manifest: if you refuse the new one, the current
    /// manifest is still accepted; if you approve it, no session is established until the deployment runs the new manifest or the publisher names the current
    /// one again.
    /// </value>
    public bool IsDeployed { get; }

    /// <summary>Gets the time at which the new manifest was last adopted, if the publisher returns to an earlier manifest.</summary>
    /// <value><see langword="null"/> if the manifest was not adopted earlier, as far as the log shows or, without a log, the client knows.</value>
    public DateTimeOffset? PreviouslyAdoptedAt { get; }

    /// <summary>Returns a human-readable text with both digests and all <see cref="Changes"/>.</summary>
    /// <returns>Several lines of text.</returns>
    public override string ToString() =>
        string.Join('\n', [$"manifest {CurrentSha256 ?? "(none)"} -> {NewSha256}", .. Changes]);
}
