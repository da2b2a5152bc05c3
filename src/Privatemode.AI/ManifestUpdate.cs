namespace Privatemode.AI;

/// <summary>A manifest to be decided about, beside the one adopted before.</summary>
public sealed class ManifestUpdate
{
    internal ManifestUpdate(string? currentSha256, string newSha256, ReadOnlyMemory<byte> newManifest, IReadOnlyList<string> changes)
    {
        CurrentSha256 = currentSha256;
        NewSha256 = newSha256;
        NewManifest = newManifest;
        Changes = changes;
    }

    /// <summary>SHA-256 of the manifest adopted before, 64 hexadecimal digits; null when there is none.</summary>
    public string? CurrentSha256 { get; }

    /// <summary>SHA-256 of the new manifest, 64 hexadecimal digits.</summary>
    public string NewSha256 { get; }

    /// <summary>The exact bytes of the new manifest.</summary>
    public ReadOnlyMemory<byte> NewManifest { get; }

    /// <summary>
    /// What differs, a line each: <c>+</c> came, <c>-</c> went, <c>~</c> changed, then the place in the file. Without a manifest before,
    /// everything. Printable ASCII. A last line with <c>!</c> says how many more there are, when there are too many to be read.
    /// </summary>
    public IReadOnlyList<string> Changes { get; }

    /// <summary>The digests and all changes, for a person to read.</summary>
    /// <returns>Several lines.</returns>
    public override string ToString() =>
        string.Join('\n', [$"manifest {CurrentSha256 ?? "(none)"} -> {NewSha256}", .. Changes]);
}
