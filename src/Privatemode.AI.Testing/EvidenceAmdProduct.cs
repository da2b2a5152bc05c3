namespace Privatemode.AI.Testing;

/// <summary>Specifies the AMD product line whose evidence a test deployment issues.</summary>
/// <remarks>In verification reports, the product line is an <see cref="AmdProduct"/>, which also has values without test evidence.</remarks>
public enum EvidenceAmdProduct
{
    /// <summary>AMD EPYC 9004 (Genoa).</summary>
    Genoa,

    /// <summary>AMD EPYC 7003 (Milan).</summary>
    Milan,
}
