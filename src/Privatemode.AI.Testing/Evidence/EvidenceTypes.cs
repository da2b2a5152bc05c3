namespace Privatemode.AI.Testing.Evidence;

/// <summary>Object identifiers documents name their evidence with.</summary>
internal static class EvidenceTypes
{
    /// <summary>No hardware at all: never acceptable.</summary>
    public static int[] Insecure { get; } = [1, 3, 9901, 2, 99];

    public static int[] Of(EvidenceKind kind) => [1, 3, 9901, 2, kind == EvidenceKind.SevSnp ? 1 : 2];
}
