namespace Privatemode.AI;

/// <summary>Represents one entry of a <see cref="ManifestLog"/>.</summary>
public sealed record AdoptedManifest
{
    /// <summary>Gets the time at which the manifest was adopted.</summary>
    public required DateTimeOffset AdoptedAt { get; init; }

    /// <summary>Gets the name of the file in the log's directory, for example <c>12.json</c>.</summary>
    public required string File { get; init; }

    /// <summary>Gets the SHA-256 digest of the file, as 64 lower-case hexadecimal digits.</summary>
    public required string Sha256 { get; init; }

    /// <summary>Gets the source of the manifest: <see cref="ManifestSource.Approved"/> or <see cref="ManifestSource.Published"/>.</summary>
    public required ManifestSource Source { get; init; }
}
