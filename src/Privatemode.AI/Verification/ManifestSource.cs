namespace Privatemode.AI;

/// <summary>Specifies why a manifest was the expected one.</summary>
public enum ManifestSource
{
    /// <summary>The reason is unknown, because a newer version of this library recorded it.</summary>
    /// <remarks>Such an entry of a <see cref="ManifestLog"/> can be read, but is never used to verify a deployment.</remarks>
    Unknown,

    /// <summary>The service published the manifest when the deployment was verified.</summary>
    Published,

    /// <summary>The manifest was the last adopted one, and no acceptable manifest was published when the deployment was verified.</summary>
    LastAdopted,

    /// <summary>The digest of the manifest was pinned.</summary>
    Pinned,

    /// <summary>The manifest was approved, at this time or earlier.</summary>
    Approved,
}
