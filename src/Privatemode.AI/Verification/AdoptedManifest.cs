namespace Privatemode.AI;

/// <summary>Represents one entry of a <see cref="ManifestLog"/>.</summary>
public sealed record AdoptedManifest
{
    /// <summary>Gets the time at which the manifest was adopted.</summary>
    public required DateTimeOffset AdoptedAt { get; init; }

    /// <summary>Gets the name of the manifest's file in the directory of the log, for example <c>12.json</c>.</summary>
    public required string FileName { get; init; }

    /// <summary>Gets the SHA-256 digest of the manifest, as 64 lower-case hexadecimal digits.</summary>
    public required string Sha256 { get; init; }

    /// <summary>Gets why the manifest was adopted.</summary>
    /// <value><see cref="ManifestSource.Approved"/> or <see cref="ManifestSource.Published"/>, or <see cref="ManifestSource.Unknown"/> if a newer version
    /// of this library wrote the entry.</value>
    public required ManifestSource Source { get; init; }
}
