using Privatemode.AI.Attestation.Certificates;
using Privatemode.AI.Attestation.Sev;
using Privatemode.AI.Attestation.Tdx;

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
    public const string Nonce = "nonce-size"; // The nonce has 32 bytes.
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
    public const string MeshAuthority = "mesh-ca-missing"; // The document has a mesh CA.
    public const string Collateral = "collateral-missing"; // Collateral for the kind of evidence was given.
    public const string CollateralChain = "collateral-amd-chain"; // What AMD gives for a chain is an intermediate certificate and a root.
    /// <summary>Whether a check fails because collateral has expired, and would pass with its successor.</summary>
    public static bool IsAgeOfCollateral(string check) =>
        check is CertificateChecks.CrlExpired or SevChecks.SuppliedRevocationListAge or TdxChecks.TcbInfoExpired or TdxChecks.QeIdentityExpired;
}

/// <summary>Whether a rejection may be the fault of an old or damaged copy of what the evidence is judged by.</summary>
/// <remarks>
/// Wrong values in authentic evidence are not: a deployment that shows them must not make every client download everything again. Neither is a fault of
/// the evidence's own chain and signatures: that is found before anything is collected.
/// </remarks>
internal static class FresherCollateral
{
    // Formats, sizes, chains, signatures and dates of what is downloaded.
    private static readonly string[] Families = ["certificate-", "crl-", "collateral-", "snp-vek-", "tdx-tcb-info-", "tdx-qe-identity-"];

    private static readonly HashSet<string> Single =
    [
        SevChecks.TrustAnchor, SevChecks.RootName, SevChecks.RevocationListMissing, SevChecks.SuppliedRevocationListAge,
        SevChecks.Product, SevChecks.TcbBinding, SevChecks.HardwareId,
        TdxChecks.SameRoot, TdxChecks.PckCrlChain, TdxChecks.QeLevel, TdxChecks.PlatformLevel, TdxChecks.ModuleIdentity, TdxChecks.ModuleLevel,
        TdxPolicyChecks.TcbStatus,
    ];

    // Compared with the same value for every reference value: whatever else may be cured, these stay.
    private static readonly HashSet<string> Incurable = [SnpPolicyChecks.ReportData, TdxPolicyChecks.ReportData, ContrastChecks.CoordinatorPolicy];

    /// <summary>True when one of the mismatches is of that kind: with several reference values, the others may belong to other values.</summary>
    public static bool MayCure(PrivatemodeVerificationException rejection) =>
        rejection.Mismatches.Any(mismatch => MayCure(mismatch.Check)) && !rejection.Mismatches.Any(mismatch => Incurable.Contains(mismatch.Check));

    // A newer list revokes more, never less.
    private static bool MayCure(string check) => check != CertificateChecks.Revoked &&
        (Single.Contains(check) || Families.Any(family => check.StartsWith(family, StringComparison.Ordinal)));
}
