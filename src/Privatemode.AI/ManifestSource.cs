namespace Privatemode.AI;

/// <summary>Why a manifest was the expected one.</summary>
public enum ManifestSource
{
    /// <summary>It was published when the deployment was verified.</summary>
    Published,

    /// <summary>It was the last one adopted, because the publisher was away.</summary>
    LastAdopted,

    /// <summary>Its digest was pinned.</summary>
    Pinned,

    /// <summary>It was approved, now or before.</summary>
    Approved,
}
