namespace Privatemode.AI.Attestation.Sev;

/// <summary>AMD's product lines with SEV-SNP, as AMD's key distribution names them.</summary>
internal enum SnpProduct
{
    /// <summary>EPYC 7003. Its root seed can be extracted by software (arXiv 2605.12990): accepting it is for the policy to decide.</summary>
    Milan,

    /// <summary>EPYC 9004 and 8004, Bergamo and Siena included.</summary>
    Genoa,

    /// <summary>EPYC 9005.</summary>
    Turin,
}
