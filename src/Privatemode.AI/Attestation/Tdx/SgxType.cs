namespace Privatemode.AI.Attestation.Tdx;

/// <summary>How a platform protects its memory, as its PCK certificate says.</summary>
internal enum SgxType
{
    /// <summary>Integrity and replay protection of a small memory.</summary>
    Standard = 0,

    /// <summary>Encryption of all memory, without cryptographic integrity.</summary>
    Scalable = 1,

    /// <summary>Encryption of all memory, with cryptographic integrity.</summary>
    ScalableWithIntegrity = 2,
}
