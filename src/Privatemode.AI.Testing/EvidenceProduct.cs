namespace Privatemode.AI.Testing;

/// <summary>The AMD product line of a test deployment.</summary>
public enum EvidenceProduct
{
    /// <summary>EPYC 9004.</summary>
    Genoa,

    /// <summary>EPYC 7003.</summary>
    Milan,
}
