namespace Privatemode.AI.Testing;

/// <summary>Specifies the AMD product line whose evidence a test deployment issues.</summary>
/// <remarks>Verification reports name the same product lines as <see cref="AmdProduct"/>, which also has product lines without test evidence.</remarks>
public enum EvidenceAmdProduct
{
    /// <summary>AMD EPYC 9004 (Genoa).</summary>
    Genoa,

    /// <summary>AMD EPYC 7003 (Milan).</summary>
    Milan,
}
