namespace Privatemode.AI.Attestation.Tdx;

/// <summary>Stable names of the checks, for <see cref="PrivatemodeException.ErrorType"/>.</summary>
internal static class TdxChecks
{
    /// <summary>The quote is complete and not absurdly long.</summary>
    public const string QuoteLength = "tdx-quote-length";

    /// <summary>The quote is of version 4 or 5.</summary>
    public const string QuoteVersion = "tdx-quote-version";

    /// <summary>The quote is signed with ECDSA on P-256.</summary>
    public const string QuoteKeyType = "tdx-quote-key-type";

    /// <summary>The quote is about a trust domain, not about an SGX enclave.</summary>
    public const string QuoteTeeType = "tdx-quote-tee-type";

    /// <summary>The quoting enclave names Intel as its vendor.</summary>
    public const string QuoteVendor = "tdx-quote-vendor";

    /// <summary>The body is a TD report 1.0 or 1.5, of the size of its kind.</summary>
    public const string QuoteBody = "tdx-quote-body";

    /// <summary>The quote holds as much signature data as it announces.</summary>
    public const string QuoteSignatureLength = "tdx-quote-signature-length";

    /// <summary>The quote is certified by a quoting enclave's report (type 6).</summary>
    public const string CertificationType = "tdx-quote-certification-type";

    /// <summary>The certification data fills the signature data exactly.</summary>
    public const string CertificationLength = "tdx-quote-certification-length";

    /// <summary>The quoting enclave's authentication data lies inside the certification data.</summary>
    public const string AuthenticationLength = "tdx-quote-authentication-length";

    /// <summary>The quoting enclave's report is certified by a PEM chain (type 5).</summary>
    public const string PckType = "tdx-quote-pck-type";

    /// <summary>The PEM chain fills the rest of the certification data exactly.</summary>
    public const string PckLength = "tdx-quote-pck-length";

    /// <summary>The PCK chain is leaf, CA and root, in this order, in PEM.</summary>
    public const string PckChain = "tdx-pck-chain";

    /// <summary>Each certificate of the PCK chain bears the name of its role.</summary>
    public const string PckRole = "tdx-pck-role";

    /// <summary>All chains of one verification end in the same root key.</summary>
    public const string SameRoot = "tdx-same-root";

    /// <summary>The PCK certificate says which platform and which TCB it stands for.</summary>
    public const string PckExtension = "tdx-pck-extension";

    /// <summary>The quoting enclave's report is signed with the PCK key.</summary>
    public const string QeReportSignature = "tdx-qe-report-signature";

    /// <summary>The quoting enclave's report names the attestation key.</summary>
    public const string QeReportData = "tdx-qe-report-data";

    /// <summary>The attestation key is a point on P-256.</summary>
    public const string AttestationKey = "tdx-attestation-key";

    /// <summary>The quote is signed with the attestation key.</summary>
    public const string QuoteSignature = "tdx-quote-signature";

    /// <summary>Intel has TCB info about the platform's family (FMSPC).</summary>
    public const string PlatformUnknown = "tdx-platform-unknown";

    /// <summary>The TCB info is the signed JSON document it should be.</summary>
    public const string TcbInfoFormat = "tdx-tcb-info-format";

    /// <summary>The TCB info's chain is the TCB signing certificate and the root, in PEM.</summary>
    public const string TcbInfoChain = "tdx-tcb-info-chain";

    /// <summary>The TCB info is signed by the certificate whose role that is.</summary>
    public const string TcbInfoSigner = "tdx-tcb-info-signer";

    /// <summary>The TCB info is signed, byte for byte.</summary>
    public const string TcbInfoSignature = "tdx-tcb-info-signature";

    /// <summary>The TCB info is about TDX, in the version that is understood here.</summary>
    public const string TcbInfoKind = "tdx-tcb-info-kind";

    /// <summary>The TCB info is not from the future.</summary>
    public const string TcbInfoNotYetValid = "tdx-tcb-info-not-yet-valid";

    /// <summary>The TCB info is not due for its successor.</summary>
    public const string TcbInfoExpired = "tdx-tcb-info-expired";

    /// <summary>The TCB info is about the platform's family (FMSPC).</summary>
    public const string TcbInfoFmspc = "tdx-tcb-info-fmspc";

    /// <summary>The TCB info is about the platform's provisioning enclave (PCEID).</summary>
    public const string TcbInfoPceId = "tdx-tcb-info-pce-id";

    /// <summary>The QE identity is the signed JSON document it should be.</summary>
    public const string QeIdentityFormat = "tdx-qe-identity-format";

    /// <summary>The QE identity's chain is the TCB signing certificate and the root, in PEM.</summary>
    public const string QeIdentityChain = "tdx-qe-identity-chain";

    /// <summary>The QE identity is signed by the certificate whose role that is.</summary>
    public const string QeIdentitySigner = "tdx-qe-identity-signer";

    /// <summary>The QE identity is signed, byte for byte.</summary>
    public const string QeIdentitySignature = "tdx-qe-identity-signature";

    /// <summary>The QE identity is about the TD quoting enclave, in the version that is understood here.</summary>
    public const string QeIdentityKind = "tdx-qe-identity-kind";

    /// <summary>The QE identity is not from the future.</summary>
    public const string QeIdentityNotYetValid = "tdx-qe-identity-not-yet-valid";

    /// <summary>The QE identity is not due for its successor.</summary>
    public const string QeIdentityExpired = "tdx-qe-identity-expired";

    /// <summary>The PCK CRL comes with the chain of the CA that issued the PCK certificate.</summary>
    public const string PckCrlChain = "tdx-pck-crl-chain";

    /// <summary>The quoting enclave's MISCSELECT is the one Intel published.</summary>
    public const string QeMiscSelect = "tdx-qe-misc-select";

    /// <summary>The quoting enclave's attributes are those Intel published; above all, it is not a debug enclave.</summary>
    public const string QeAttributes = "tdx-qe-attributes";

    /// <summary>The quoting enclave is signed by Intel.</summary>
    public const string QeSigner = "tdx-qe-signer";

    /// <summary>The quoting enclave is the TD quoting enclave.</summary>
    public const string QeProduct = "tdx-qe-product";

    /// <summary>The quoting enclave's version is one that Intel still lists.</summary>
    public const string QeLevel = "tdx-qe-level";

    /// <summary>The platform's TCB is one that Intel still lists.</summary>
    public const string PlatformLevel = "tdx-platform-level";

    /// <summary>Intel lists the TDX module's line.</summary>
    public const string ModuleIdentity = "tdx-module-identity";

    /// <summary>The TDX module is signed by Intel.</summary>
    public const string ModuleSigner = "tdx-module-signer";

    /// <summary>The TDX module's attributes are those Intel published.</summary>
    public const string ModuleAttributes = "tdx-module-attributes";

    /// <summary>The TDX module's version is one that Intel still lists.</summary>
    public const string ModuleLevel = "tdx-module-level";

    /// <summary>Nothing of the TCB is revoked.</summary>
    public const string TcbRevoked = "tdx-tcb-revoked";
}

/// <summary>Stable names of what <see cref="TdxPolicy"/> compares, for <see cref="VerificationMismatch.Check"/>.</summary>
internal static class TdxPolicyChecks
{
    /// <summary>No debug bit is set: the host cannot look into the trust domain.</summary>
    public const string Debug = "tdx-debug";

    /// <summary>No other trust domain may take this one over.</summary>
    public const string ServiceTd = "tdx-service-td";

    /// <summary>The trust domain has exactly the expected attributes.</summary>
    public const string Attributes = "tdx-attributes";

    /// <summary>The CPU features open to the trust domain are possible ones.</summary>
    public const string XfamBits = "tdx-xfam-bits";

    /// <summary>The CPU features open to the trust domain are the expected ones.</summary>
    public const string Xfam = "tdx-xfam";

    public const string ReportData = "tdx-report-data";

    public const string MrTd = "tdx-mr-td";

    public const string MrSeam = "tdx-mr-seam";

    public const string MrConfigId = "tdx-mr-config-id";

    /// <summary>RTMR 0 is the expected one or one of its alternatives.</summary>
    public const string Rtmr0 = "tdx-rtmr-0";

    public const string Rtmr1 = "tdx-rtmr-1";

    public const string Rtmr2 = "tdx-rtmr-2";

    public const string Rtmr3 = "tdx-rtmr-3";

    /// <summary>The TCB status is an accepted one.</summary>
    public const string TcbStatus = "tdx-tcb-status";

    /// <summary>The TCB status is an accepted one under Intel's newest TCB info too.</summary>
    public const string NewestTcbStatus = "tdx-newest-tcb-status";

    /// <summary>The TCB info is of a new enough evaluation.</summary>
    public const string TcbInfoEvaluation = "tdx-tcb-info-evaluation";

    /// <summary>The QE identity is of a new enough evaluation.</summary>
    public const string QeIdentityEvaluation = "tdx-qe-identity-evaluation";

    /// <summary>The platform is one of those named.</summary>
    public const string PlatformInstance = "tdx-platform-instance";

    /// <summary>The platform protects the integrity of its memory cryptographically.</summary>
    public const string MemoryIntegrity = "tdx-memory-integrity";

    /// <summary>Simultaneous multithreading is off.</summary>
    public const string Multithreading = "tdx-smt";

    /// <summary>No CPU package can be added to the platform.</summary>
    public const string StaticPlatform = "tdx-static-platform";
}

/// <summary>Makes the exceptions of this room, so that each says what was wrong and what to do.</summary>
internal static class TdxFailure
{
    /// <summary>The evidence itself is no proof.</summary>
    public static PrivatemodeVerificationException Quote(string check, string what, string? expected = null, string? found = null) =>
        new(check, $"The TDX quote {what}. It proves nothing. Do not send anything.")
        {
            Expected = expected,
            Found = found,
        };

    /// <summary>What Intel says about the platform cannot be believed, or does not belong to the quote.</summary>
    public static PrivatemodeVerificationException Collateral(string check, string what, string? expected = null, string? found = null) =>
        new(check, $"{what}. Without it the TDX quote proves nothing. Do not send anything.")
        {
            Expected = expected,
            Found = found,
        };

    /// <summary>The platform is genuine, but not in a state that Intel vouches for.</summary>
    public static PrivatemodeVerificationException Platform(string check, string what, string? expected = null, string? found = null) =>
        new(check, $"The TDX platform {what}. Do not send anything.")
        {
            Expected = expected,
            Found = found,
        };

    /// <summary>Bytes as lower-case hex.</summary>
    public static string Hex(ReadOnlySpan<byte> bytes) => Convert.ToHexStringLower(bytes);
}
