namespace Privatemode.AI.Attestation.Contrast;

/// <summary>Stable names of the checks, for <see cref="PrivatemodeException.ErrorType"/>.</summary>
internal static class ContrastChecks
{
    public const string ResponseFormat = "attest-response-format"; // The answer to the attestation request is a JSON object of the expected form.
    public const string DocumentFormat = "attestation-document-format"; // The attestation document is a JSON object of the expected form.
    public const string EvidenceType = "evidence-type"; // The document states that its evidence comes from SEV-SNP or TDX.
    public const string InsecureEvidence = "evidence-insecure"; // The document does not state that it comes from a platform without protection.
    public const string EvidenceFormat = "evidence-format"; // The evidence is valid protobuf of a plausible size.
    public const string SnpMessage = "evidence-snp-message"; // The evidence contains a complete SEV-SNP report.
    public const string TdxMessage = "evidence-tdx-message"; // The evidence contains a complete TDX quote.
    public const string NonceSize = "nonce-size"; // The nonce has 32 bytes.
    public const string ManifestCount = "manifest-count"; // The document contains exactly one manifest: the deployment was never updated in place.
    public const string ManifestMatch = "manifest-match"; // The deployment's manifest is the expected one, byte for byte.
    public const string ReferenceValueKind = "reference-value-kind"; // The manifest lists a reference value for the hardware that made the evidence.
    public const string CoordinatorPolicy = "coordinator-policy"; // The machine that answered runs the coordinator that the manifest names.
    public const string SnpSigner = "snp-signer"; // The report was signed with the chip's own key, not with one of a cloud provider.
    // The measurement is the expected one, for some number of processors where the manifest leaves that open.
    public const string SnpMeasurement = "snp-launch-measurement";
    public const string OptionKind = "option-allowed-tee"; // The user allows this kind of hardware.
    public const string OptionProduct = "option-allowed-product"; // The user allows this product line.
    public const string OptionChip = "option-allowed-chip"; // The user allows this chip.
    public const string TdxConfigurationTail = "tdx-mr-config-id-tail"; // The last 16 bytes of MRCONFIGID, after the policy hash, are zero.
    public const string Collateral = "collateral-missing"; // There is collateral for the kind of evidence.
    public const string CollateralChain = "collateral-amd-chain"; // AMD's chain is an intermediate certificate and a root.
}
