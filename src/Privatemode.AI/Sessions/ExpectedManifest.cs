using Privatemode.AI.Attestation.Contrast;

namespace Privatemode.AI.Sessions;

/// <summary>The manifest a deployment must have, or the digests one of which it must have.</summary>
/// <param name="Manifest">The manifest; null when only digests are known.</param>
/// <param name="Source">Why this one.</param>
/// <param name="AdoptedAt">Since when it is the expected one.</param>
/// <param name="Refused">What is wrong with the manifest that is published now, when this one counts in its place.</param>
internal sealed record ExpectedManifest(
    Manifest? Manifest, ManifestSource Source, DateTimeOffset AdoptedAt, PrivatemodeVerificationException? Refused = null);
