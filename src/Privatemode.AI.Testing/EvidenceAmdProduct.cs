namespace Privatemode.AI.Testing;

/// <summary>Specifies the AMD product line whose evidence a test deployment issues.</summary>
public enum EvidenceAmdProduct
{
    /// <summary>AMD EPYC 9004 (Genoa).</summary>
    Genoa,

    /// <summary>AMD EPYC 7003 (Milan).</summary>
    Milan,
}
