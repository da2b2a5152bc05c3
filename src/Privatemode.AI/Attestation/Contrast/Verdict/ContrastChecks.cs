using Privatemode.AI.Attestation.Certificates;
using Privatemode.AI.Attestation.Sev;
using Privatemode.AI.Attestation.Tdx;

namespace Privatemode.AI.Attestation.Contrast;

/// <summary>Stable names of the checks, for <see cref="PrivatemodeException.ErrorType"/>.</summary>
internal static class ContrastChecks
{
    /// <summary>The answer to the attestation request is the JSON object it should be.</summary>
    public const string ResponseFormat = "attest-response-format";

    /// <summary>The attestation document is the JSON object it should be.</summary>
    public const string DocumentFormat = "attestation-document-format";

    /// <summary>The document says its evidence comes from SEV-SNP or TDX.</summary>
    public const string EvidenceType = "evidence-type";

    /// <summary>The document does not say that it comes from a platform without protection.</summary>
    public const string InsecureEvidence = "evidence-insecure";

    /// <summary>The evidence is readable protobuf of a sensible size.</summary>
    public const string EvidenceFormat = "evidence-format";

    /// <summary>The evidence holds a complete SEV-SNP report.</summary>
    public const string SnpMessage = "evidence-snp-message";

    /// <summary>The evidence holds a complete TDX quote.</summary>
    public const string TdxMessage = "evidence-tdx-message";

    /// <summary>The nonce has 32 bytes.</summary>
    public const string Nonce = "nonce-size";

    /// <summary>The document shows exactly one manifest: the deployment was never updated in place.</summary>
    public const string ManifestCount = "manifest-count";

    /// <summary>The deployment's manifest is the expected one, byte for byte.</summary>
    public const string ManifestMatch = "manifest-match";

    /// <summary>The manifest lists a reference value for the hardware that made the evidence.</summary>
    public const string ReferenceValueKind = "reference-value-kind";

    /// <summary>The machine that answered runs the coordinator the manifest names.</summary>
    public const string CoordinatorPolicy = "coordinator-policy";

    /// <summary>The report was signed with the chip's own key, not with one of a cloud provider.</summary>
    public const string SnpSigner = "snp-signer";

    /// <summary>The measurement is the expected one, for some number of processors where the manifest leaves that open.</summary>
    public const string SnpMeasurement = "snp-launch-measurement";

    /// <summary>The hardware is of a kind the user allows.</summary>
    public const string OptionKind = "option-allowed-tee";

    /// <summary>The product line is one the user allows.</summary>
    public const string OptionProduct = "option-allowed-product";

    /// <summary>The chip is one the user allows.</summary>
    public const string OptionChip = "option-allowed-chip";

    /// <summary>The last 16 bytes of MRCONFIGID, behind the policy hash, are zero.</summary>
    public const string TdxConfigurationTail = "tdx-mr-config-id-tail";

    /// <summary>The document has a mesh CA.</summary>
    public const string MeshAuthority = "mesh-ca-missing";

    /// <summary>Collateral for the kind of evidence was given.</summary>
    public const string Collateral = "collateral-missing";

    /// <summary>What AMD gives for a chain is an intermediate certificate and a root.</summary>
    public const string CollateralChain = "collateral-amd-chain";

    /// <summary>Whether a check fails because collateral has expired, and would pass with its successor.</summary>
    public static bool IsAgeOfCollateral(string check) =>
        check is CertificateChecks.CrlExpired or SevChecks.SuppliedRevocationListAge or TdxChecks.TcbInfoExpired or TdxChecks.QeIdentityExpired;
}
