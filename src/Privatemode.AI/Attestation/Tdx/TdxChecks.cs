namespace Privatemode.AI.Attestation.Tdx;

/// <summary>Stable names of the checks, for <see cref="PrivatemodeException.ErrorType"/>.</summary>
internal static class TdxChecks
{
    public const string QuoteLength = "tdx-quote-length"; // The quote is complete and not too long.
    public const string QuoteVersion = "tdx-quote-version"; // The quote is of version 4 or 5.
    public const string QuoteKeyType = "tdx-quote-key-type"; // The quote is signed with ECDSA on P-256.
    public const string QuoteTeeType = "tdx-quote-tee-type"; // The quote is about a trust domain, not about an SGX enclave.
    public const string QuoteVendor = "tdx-quote-vendor"; // The quoting enclave names Intel as its vendor.
    public const string QuoteBody = "tdx-quote-body"; // The body is a TD report 1.0 or 1.5, of the size of its kind.
    public const string QuoteSignatureLength = "tdx-quote-signature-length"; // The quote contains as much signature data as it states.
    public const string CertificationType = "tdx-quote-certification-type"; // The quote is certified by a quoting enclave's report (type 6).
    public const string CertificationLength = "tdx-quote-certification-length"; // The certification data fills the signature data exactly.
    // The quoting enclave's authentication data lies inside the certification data.
    public const string AuthenticationLength = "tdx-quote-authentication-length";
    public const string PckType = "tdx-quote-pck-type"; // The quoting enclave's report is certified by a PEM chain (type 5).
    public const string PckLength = "tdx-quote-pck-length"; // The PEM chain fills the rest of the certification data exactly.
    public const string PckChain = "tdx-pck-chain"; // The PCK chain is leaf, CA and root, in this order, in PEM.
    public const string PckRole = "tdx-pck-role"; // Each certificate of the PCK chain has the common name of its role.
    public const string SameRoot = "tdx-same-root"; // All chains of one verification end in the same root key.
    public const string PckExtension = "tdx-pck-extension"; // The PCK certificate names its platform and TCB.
    public const string QeReportSignature = "tdx-qe-report-signature"; // The quoting enclave's report is signed with the PCK key.
    public const string QeReportData = "tdx-qe-report-data"; // The quoting enclave's report names the attestation key.
    public const string AttestationKey = "tdx-attestation-key"; // The attestation key is a point on P-256.
    public const string QuoteSignature = "tdx-quote-signature"; // The quote is signed with the attestation key.
    public const string PlatformUnknown = "tdx-platform-unknown"; // Intel has TCB info about the platform's family (FMSPC).
    public const string TcbInfoFormat = "tdx-tcb-info-format"; // The TCB info is a signed JSON document of the expected form.
    public const string TcbInfoChain = "tdx-tcb-info-chain"; // The TCB info's chain is the TCB signing certificate and the root, in PEM.
    public const string TcbInfoSigner = "tdx-tcb-info-signer"; // The TCB info is signed by Intel's TCB signing certificate.
    public const string TcbInfoSignature = "tdx-tcb-info-signature"; // The TCB info is signed, byte for byte.
    public const string TcbInfoKind = "tdx-tcb-info-kind"; // The TCB info is for TDX, in the supported version.
    public const string TcbInfoNotYetValid = "tdx-tcb-info-not-yet-valid"; // The TCB info is valid already.
    public const string TcbInfoExpired = "tdx-tcb-info-expired"; // The TCB info is still valid.
    public const string TcbInfoFmspc = "tdx-tcb-info-fmspc"; // The TCB info is for the platform's family (FMSPC).
    public const string TcbInfoPceId = "tdx-tcb-info-pce-id"; // The TCB info is for the platform's provisioning enclave (PCEID).
    public const string QeIdentityFormat = "tdx-qe-identity-format"; // The QE identity is a signed JSON document of the expected form.
    public const string QeIdentityChain = "tdx-qe-identity-chain"; // The QE identity's chain is the TCB signing certificate and the root, in PEM.
    public const string QeIdentitySigner = "tdx-qe-identity-signer"; // The QE identity is signed by Intel's TCB signing certificate.
    public const string QeIdentitySignature = "tdx-qe-identity-signature"; // The QE identity is signed, byte for byte.
    public const string QeIdentityKind = "tdx-qe-identity-kind"; // The QE identity is for the TD quoting enclave, in the supported version.
    public const string QeIdentityNotYetValid = "tdx-qe-identity-not-yet-valid"; // The QE identity is valid already.
    public const string QeIdentityExpired = "tdx-qe-identity-expired"; // The QE identity is still valid.
    public const string PckCrlChain = "tdx-pck-crl-chain"; // The PCK CRL comes with the chain of the CA that issued the PCK certificate.
    public const string QeMiscSelect = "tdx-qe-misc-select"; // The quoting enclave's MISCSELECT is the one Intel published.
    public const string QeAttributes = "tdx-qe-attributes"; // The quoting enclave's attributes are those Intel published; above all, it is not a debug enclave.
    public const string QeSigner = "tdx-qe-signer"; // The quoting enclave is signed by Intel.
    public const string QeProduct = "tdx-qe-product"; // The quoting enclave is the TD quoting enclave.
    public const string QeLevel = "tdx-qe-level"; // The quoting enclave's version is one that Intel still lists.
    public const string PlatformLevel = "tdx-platform-level"; // The platform's TCB is one that Intel still lists.
    public const string ModuleIdentity = "tdx-module-identity"; // Intel lists the TDX module's line.
    public const string ModuleSigner = "tdx-module-signer"; // The TDX module is signed by Intel.
    public const string ModuleAttributes = "tdx-module-attributes"; // The TDX module's attributes are those Intel published.
    public const string ModuleLevel = "tdx-module-level"; // The TDX module's version is one that Intel still lists.
    public const string TcbRevoked = "tdx-tcb-revoked"; // Nothing of the TCB is revoked.
}

/// <summary>Stable names of what <see cref="TdxPolicy"/> compares, for <see cref="VerificationMismatch.Check"/>.</summary>
internal static class TdxPolicyChecks
{
    public const string Debug = "tdx-debug"; // No debug bit is set: the host cannot look into the trust domain.
    public const string ServiceTd = "tdx-service-td"; // No other trust domain may take this one over.
    public const string Attributes = "tdx-attributes"; // The trust domain has exactly the expected attributes.
    public const string XfamBits = "tdx-xfam-bits"; // The CPU features open to the trust domain are possible ones.
    public const string Xfam = "tdx-xfam"; // The CPU features open to the trust domain are the expected ones.
    public const string ReportData = "tdx-report-data";
    public const string MrTd = "tdx-mr-td";
    public const string MrSeam = "tdx-mr-seam";
    public const string MrConfigId = "tdx-mr-config-id";
    public const string Rtmr0 = "tdx-rtmr-0"; // RTMR 0 is the expected one or one of its alternatives.
    public const string Rtmr1 = "tdx-rtmr-1";
    public const string Rtmr2 = "tdx-rtmr-2";
    public const string Rtmr3 = "tdx-rtmr-3";
    public const string TcbStatus = "tdx-tcb-status"; // The TCB status is an accepted one.
    public const string NewestTcbStatus = "tdx-newest-tcb-status"; // The TCB status is an accepted one under Intel's newest TCB info too.
    public const string TcbInfoEvaluation = "tdx-tcb-info-evaluation"; // The TCB info is of a new enough evaluation.
    public const string QeIdentityEvaluation = "tdx-qe-identity-evaluation"; // The QE identity is of a new enough evaluation.
    public const string PlatformInstance = "tdx-platform-instance"; // The platform is one of those named.
    public const string MemoryIntegrity = "tdx-memory-integrity"; // The platform protects the integrity of its memory cryptographically.
    public const string Multithreading = "tdx-smt"; // Simultaneous multithreading is off.
    public const string StaticPlatform = "tdx-static-platform"; // No CPU package can be added to the platform.
}

/// <summary>Creates the exceptions of TDX verification.</summary>
internal static class TdxExceptions
{
    /// <summary>Creates the exception for a problem of the quote.</summary>
    public static PrivatemodeVerificationException Quote(string check, string what, string? expected = null, string? found = null) =>
        PrivatemodeVerificationException.Create(check, $"The TDX quote {what}. Do not send anything.", expected, found);

    /// <summary>Creates the exception for collateral of Intel that is not authentic or does not belong to the quote.</summary>
    public static PrivatemodeVerificationException Collateral(
        string check, string what, string? expected = null, string? found = null, VerificationCause cause = VerificationCause.Collateral) =>
        PrivatemodeVerificationException.Create(check, $"{what}. The TDX quote cannot be verified. Do not send anything.", expected, found, cause);

    /// <summary>Creates the exception for a genuine platform whose state Intel does not approve.</summary>
    public static PrivatemodeVerificationException Platform(
        string check, string what, string? expected = null, string? found = null, VerificationCause cause = VerificationCause.None) =>
        PrivatemodeVerificationException.Create(check, $"The TDX platform {what}. Do not send anything.", expected, found, cause);
}
