namespace Privatemode.AI.Attestation.Sev;

/// <summary>Stable names of the checks, for <see cref="PrivatemodeException.ErrorType"/>.</summary>
/// <remarks>What a policy compares has its names in <see cref="SnpPolicyChecks"/>.</remarks>
internal static class SevChecks
{
    /// <summary>The report has 1184 bytes.</summary>
    public const string ReportSize = "snp-report-size";

    /// <summary>The report is of a version that we know: 2 to 5.</summary>
    public const string ReportVersion = "snp-report-version";

    /// <summary>SIGNATURE_ALGO is ECDSA on P-384 with SHA-384.</summary>
    public const string SignatureAlgorithm = "snp-signature-algorithm";

    /// <summary>What the report's version reserves is zero.</summary>
    public const string ReportReserved = "snp-report-reserved";

    /// <summary>POLICY has bit 17 and none of the bits 26 to 63.</summary>
    public const string PolicyReserved = "snp-policy-reserved";

    /// <summary>KEY_INFO has none of the bits 5 to 31.</summary>
    public const string KeyInfoReserved = "snp-key-info-reserved";

    /// <summary>SIGNING_KEY is VCEK or VLEK: the report is signed, and with a known kind of key.</summary>
    public const string SigningKey = "snp-signing-key";

    /// <summary>MASK_CHIP_KEY is clear; set, the firmware writes no signature.</summary>
    public const string MaskedChipKey = "snp-masked-chip-key";

    /// <summary>The parts of SIGNATURE that no signature uses are zero; they are not signed.</summary>
    public const string SignaturePadding = "snp-signature-padding";

    /// <summary>The names of the signing certificate are those of a VCEK or of a VLEK.</summary>
    public const string VekName = "snp-vek-name";

    /// <summary>The signing certificate is of the kind that the report names.</summary>
    public const string VekKind = "snp-vek-kind";

    /// <summary>The signing certificate has all extensions of its kind.</summary>
    public const string VekExtensionMissing = "snp-vek-extension-missing";

    /// <summary>The signing certificate has no extensions but those of its kind.</summary>
    public const string VekExtensionUnexpected = "snp-vek-extension-unexpected";

    /// <summary>The values of the extensions are of their types and in their ranges.</summary>
    public const string VekExtensionValue = "snp-vek-extension-value";

    /// <summary>The layout of the extensions is the one of the product.</summary>
    public const string VekStructure = "snp-vek-structure";

    /// <summary>The root's key is one of the pinned AMD root keys.</summary>
    public const string TrustAnchor = "snp-trust-anchor";

    /// <summary>The root is named after the product line whose key it has.</summary>
    public const string RootName = "snp-root-name";

    /// <summary>There is a revocation list.</summary>
    public const string RevocationListMissing = "snp-crl-missing";

    /// <summary>A revocation list that came with the evidence is not too old to stand in for AMD's current one.</summary>
    public const string SuppliedRevocationListAge = "snp-crl-supplied-too-old";

    /// <summary>The report is signed with the certified key.</summary>
    public const string ReportSignature = "snp-report-signature";

    /// <summary>Certificate names, product extension and CPUID name the product line of the pinned root.</summary>
    public const string Product = "snp-product";

    /// <summary>What the product's layout of a TCB version reserves is zero.</summary>
    public const string TcbReserved = "snp-tcb-reserved";

    /// <summary>The key was derived for the TCB that the report claims.</summary>
    public const string TcbBinding = "snp-tcb-binding";

    /// <summary>The key was derived for the chip that the report names.</summary>
    public const string HardwareId = "snp-hwid";

    /// <summary>AMD has a certificate for the chip and the TCB version that the report names.</summary>
    public const string ChipUnknown = "snp-chip-unknown";

    /// <summary>The chip is named, so that its certificate can be asked for.</summary>
    public const string ChipIdMasked = "snp-chip-id-masked";
}
