namespace Privatemode.AI.Testing.Evidence;

/// <summary>The object identifiers of evidence types in attestation documents.</summary>
internal static class EvidenceTypes
{
    /// <summary>Evidence without hardware, which is never acceptable.</summary>
    public static int[] Insecure { get; } = [1, 3, 9901, 2, 99];

    public static int[] Of(EvidenceKind kind) => [1, 3, 9901, 2, kind == EvidenceKind.SevSnp ? 1 : 2];
}
