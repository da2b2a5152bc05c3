namespace Privatemode.AI.Attestation.Contrast;

/// <summary>One thing that differs between two manifests.</summary>
/// <param name="Path">What differs, for example <c>ReferenceValues.snp[0].MinimumTCB.SNPVersion</c>.</param>
/// <param name="Before">What the old manifest says; null when it says nothing.</param>
/// <param name="After">What the new manifest says; null when it says nothing.</param>
/// <remarks>All three are printable ASCII, so that a manifest cannot paint over what is shown of it.</remarks>
internal sealed record ManifestChange(string Path, string? Before, string? After)
{
    /// <summary>One line: <c>+</c> for what came, <c>-</c> for what went, <c>~</c> for what changed.</summary>
    public override string ToString() => (Before, After) switch
    {
        (null, _) => $"+ {Path}: {After}",
        (_, null) => $"- {Path}: {Before}",
        _ => $"~ {Path}: {Before} -> {After}",
    };
}
