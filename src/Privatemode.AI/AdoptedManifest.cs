namespace Privatemode.AI;

/// <summary>One entry of a <see cref="ManifestLog"/>.</summary>
/// <param name="AdoptedAt">When it was adopted.</param>
/// <param name="File">Name of the file in the log's directory, for example <c>12.json</c>.</param>
/// <param name="Sha256">SHA-256 of the file, 64 lower-case hexadecimal digits.</param>
/// <param name="Source"><see cref="ManifestSource.Approved"/> or <see cref="ManifestSource.Published"/>.</param>
public sealed record AdoptedManifest(DateTimeOffset AdoptedAt, string File, string Sha256, ManifestSource Source);
