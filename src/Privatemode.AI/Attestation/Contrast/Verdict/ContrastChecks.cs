namespace Privatemode.AI.Attestation.Contrast;

/// <summary>Stable names of the checks, for <see cref="PrivatemodeException.ErrorType"/>.</summary>
internal static class ContrastChecks
{
    public const string ResponseFormat = "attest-response-format"; // The answer to the attestation request is the JSON object it should be.
    public const string DocumentFormat = "attestation-document-format"; // The attestation document is the JSON object it should be.
    public const string EvidenceType = "evidence-type"; // The document says its evidence comes from SEV-SNP or TDX.
    public const string InsecureEvidence = "evidence-insecure"; // The document does not say that it comes from a platform without protection.
    public const string EvidenceFormat = "evidence-format"; // The evidence is readable protobuf of a sensible size.
    public const string SnpMessage = "evidence-snp-message"; // The evidence holds a complete SEV-SNP report.
    public const string TdxMessage = "evidence-tdx-message"; // The evidence holds a complete TDX quote.
    public const string NonceSize = "nonce-size"; // The nonce has 32 bytes.
    public const string ManifestCount = "manifest-count"; // The document shows exactly one manifest: the deployment was never updated in place.
    public const string ManifestMatch = "manifest-match"; // The deployment's manifest is the expected one, byte for byte.
    public const string ReferenceValueKind = "reference-value-kind"; // The manifest lists a reference value for the hardware that made the evidence.
    public const string CoordinatorPolicy = "coordinator-policy"; // The machine that answered runs the coordinator the manifest names.
    public const string SnpSigner = "snp-signer"; // The report was signed with the chip's own key, not with one of a cloud provider.
    // The measurement is the expected one, for some number of processors where the manifest leaves that open.
    public const string SnpMeasurement = "snp-launch-measurement";
    public const string OptionKind = "option-allowed-tee"; // The hardware is of a kind the user allows.
    public const string OptionProduct = "option-allowed-product"; // The product line is one the user allows.
    public const string OptionChip = "option-allowed-chip"; // The chip is one the user allows.
    public const string TdxConfigurationTail = "tdx-mr-config-id-tail"; // The last 16 bytes of MRCONFIGID, behind the policy hash, are zero.
    public const string Collateral = "collateral-missing"; // Collateral for the kind of evidence was given.
    public const string CollateralChain = "collateral-amd-chain"; // What AMD gives for a chain is an intermediate certificate and a root.
}
