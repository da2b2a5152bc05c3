using Privatemode.AI.Attestation.Contrast;

namespace Privatemode.AI.Verification;

/// <summary>What a deployment has to prove, before anything is known about the deployment.</summary>
/// <param name="Manifest">The manifest that the publisher names, or the last adopted one while it names none; null when digests are pinned.</param>
/// <param name="Published">SHA-256 of what the publisher names; null if it names none, or is not asked.</param>
/// <param name="Record">What was recorded at that moment.</param>
/// <param name="Refused">What is wrong with the manifest that is published now, when the last adopted one counts in its place.</param>
internal sealed record ExpectedManifest(
    Manifest? Manifest, string? Published, ManifestRecord Record, PrivatemodeVerificationException? Refused = null)
{
    /// <summary>The approved manifest, which a deployment may go on to prove while the user does not approve what the publisher names.</summary>
    public Manifest? Kept { get; init; }

    /// <summary>The publisher names a manifest that is not the adopted one: unproved so far.</summary>
    public bool IsUnproved => Published is not null && Published != Record.Last?.Sha256;
}

/// <summary>Why a proved manifest counts.</summary>
/// <param name="Source">Who decided.</param>
/// <param name="AdoptedAt">Since when it is the adopted one.</param>
internal sealed record ManifestGrounds(ManifestSource Source, DateTimeOffset AdoptedAt)
{
    /// <summary>SHA-256 of the manifest that the publisher names and the user does not approve; null if no manifest waits for approval.</summary>
    public string? Unapproved { get; init; }

    /// <summary>What the report warns about.</summary>
    public IReadOnlyList<string> Warnings { get; init; } = [];
}
