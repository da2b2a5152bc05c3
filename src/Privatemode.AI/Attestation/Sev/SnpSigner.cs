namespace Privatemode.AI.Attestation.Sev;

/// <summary>The kind of key that signs reports.</summary>
internal enum SnpSigner
{
    /// <summary>A key of one chip (versioned chip endorsement key).</summary>
    Vcek,

    /// <summary>A key of a cloud provider, loaded into many chips (versioned loaded endorsement key).</summary>
    Vlek,
}
