namespace Privatemode.AI.Attestation.Sev;

/// <summary>Stable names of the checks, for <see cref="PrivatemodeException.ErrorType"/>.</summary>
/// <remarks>The names of what a policy compares are in <see cref="SnpPolicyChecks"/>.</remarks>
internal static class SevChecks
{
    public const string ReportSize = "snp-report-size"; // The report has 1184 bytes.
    public const string ReportVersion = "snp-report-version"; // The report has a supported version: 2 to 5.
    public const string SignatureAlgorithm = "snp-signature-algorithm"; // SIGNATURE_ALGO is ECDSA on P-384 with SHA-384.
    public const string ReportReserved = "snp-report-reserved"; // The bytes that the report's version reserves are zero.
    public const string PolicyReserved = "snp-policy-reserved"; // POLICY has bit 17 and none of the bits 26 to 63.
    public const string KeyInfoReserved = "snp-key-info-reserved"; // KEY_INFO has none of the bits 5 to 31.
    public const string SigningKey = "snp-signing-key"; // SIGNING_KEY is VCEK or VLEK: the report is signed, and with a known kind of key.
    public const string MaskedChipKey = "snp-masked-chip-key"; // MASK_CHIP_KEY is clear; if it is set, the firmware writes no signature.
    public const string SignaturePadding = "snp-signature-padding"; // The parts of SIGNATURE that no signature uses are zero; they are not signed.
    public const string VekName = "snp-vek-name"; // The names of the signing certificate are those of a VCEK or of a VLEK.
    public const string VekKind = "snp-vek-kind"; // The signing certificate has the kind that the report names.
    public const string VekExtensionMissing = "snp-vek-extension-missing"; // The signing certificate has all extensions of its kind.
    public const string VekExtensionUnexpected = "snp-vek-extension-unexpected"; // The signing certificate has no extensions of the other kind.
    public const string VekExtensionValue = "snp-vek-extension-value"; // The values of the extensions have the right types and are in their ranges.
    public const string VekStructure = "snp-vek-structure"; // The layout of the extensions is that of the product line.
    public const string TrustAnchor = "snp-trust-anchor"; // The root's key is one of the pinned AMD root keys.
    public const string RootName = "snp-root-name"; // The root is named after the product line whose key it has.
    public const string RevocationListMissing = "snp-crl-missing"; // There is a revocation list.
    // A revocation list that came with the evidence is not too old to replace AMD's current one.
    public const string SuppliedRevocationListAge = "snp-crl-supplied-too-old";
    public const string ReportSignature = "snp-report-signature"; // The report is signed with the certified key.
    public const string Product = "snp-product"; // Certificate names, product extension and CPUID name the product line of the pinned root.
    public const string TcbReserved = "snp-tcb-reserved"; // The bytes that the product's layout of a TCB version reserves are zero.
    public const string TcbBinding = "snp-tcb-binding"; // The key was derived for the TCB version that the report states.
    public const string HardwareId = "snp-hwid"; // The key was derived for the chip that the report names.
    public const string ChipUnknown = "snp-chip-unknown"; // AMD has a certificate for the chip and the TCB version that the report names.
    public const string ChipIdMasked = "snp-chip-id-masked"; // The report names its chip, so its certificate can be requested.
}

/// <summary>Stable names of what <see cref="SnpPolicy"/> compares, for <see cref="VerificationMismatch.Check"/>.</summary>
internal static class SnpPolicyChecks
{
    public const string AllowedProduct = "snp-allowed-product"; // The product line is one of the allowed ones.
    public const string AllowedSigner = "snp-allowed-signer"; // The report is signed with an allowed kind of key.
    public const string AllowedChip = "snp-allowed-chip"; // The chip is one of the allowed ones.
    public const string ReportData = "snp-report-data"; // REPORT_DATA.
    public const string Measurement = "snp-measurement"; // MEASUREMENT.
    public const string HostData = "snp-host-data"; // HOST_DATA.
    public const string IdKeyDigest = "snp-id-key-digest"; // ID_KEY_DIGEST.
    public const string Vmpl = "snp-vmpl"; // VMPL.
    public const string GuestAbi = "snp-guest-abi"; // Guest policy: the firmware's interface is not older than required.
    public const string GuestDebug = "snp-guest-debug"; // Guest policy: debugging.
    public const string GuestMigration = "snp-guest-migration"; // Guest policy: migration agent.
    public const string GuestSmt = "snp-guest-smt"; // Guest policy: simultaneous multithreading.
    public const string GuestCxl = "snp-guest-cxl"; // Guest policy: CXL.
    public const string GuestSingleSocket = "snp-guest-single-socket"; // Guest policy: one socket.
    public const string GuestMemoryEncryption = "snp-guest-aes-256-xts"; // Guest policy: AES-256-XTS.
    public const string GuestRapl = "snp-guest-rapl"; // Guest policy: no power measurement.
    public const string GuestCiphertextHiding = "snp-guest-ciphertext-hiding"; // Guest policy: ciphertext hiding.
    public const string GuestPageSwap = "snp-guest-page-swap"; // Guest policy: no page swapping.
    public const string PlatformUnknown = "snp-platform-unknown"; // PLATFORM_INFO: no unknown bit.
    public const string PlatformSmt = "snp-platform-smt"; // PLATFORM_INFO: simultaneous multithreading.
    public const string PlatformTsme = "snp-platform-tsme"; // PLATFORM_INFO: TSME.
    public const string PlatformTio = "snp-platform-tio"; // PLATFORM_INFO: trusted I/O.
    public const string PlatformEcc = "snp-platform-ecc"; // PLATFORM_INFO: error correction.
    public const string PlatformRapl = "snp-platform-rapl"; // PLATFORM_INFO: power measurement.
    public const string PlatformCiphertextHiding = "snp-platform-ciphertext-hiding"; // PLATFORM_INFO: ciphertext hiding.
    public const string PlatformAliasCheck = "snp-platform-alias-check"; // PLATFORM_INFO: alias check.
    public const string LaunchTcb = "snp-launch-tcb"; // The launch TCB is not older than required.
    public const string ReportedTcb = "snp-reported-tcb"; // The reported TCB is not older than required.
    public const string CurrentTcb = "snp-current-tcb"; // The reported TCB, for which the key was derived, is not newer than the current one.
    public const string CommittedTcb = "snp-committed-tcb"; // The committed TCB is not newer than the current one, or equal to it where required.
    // The committed firmware version is not newer than the current one, or equal to it where that is required.
    public const string CommittedVersion = "snp-committed-version";
    public const string LaunchMitigations = "snp-launch-mitigations"; // The required mitigations were present at launch.
    public const string CurrentMitigations = "snp-current-mitigations"; // The required mitigations are present.
}

/// <summary>Creates the exceptions of SEV-SNP verification.</summary>
internal static class SevExceptions
{
    /// <param name="check">One of <see cref="SevChecks"/>.</param>
    /// <param name="what">The problem, as a sentence without a full stop.</param>
    public static PrivatemodeVerificationException Create(
        string check, string what, string? expected = null, string? found = null, VerificationCause cause = VerificationCause.None) =>
        PrivatemodeVerificationException.Create(check, $"{what}. Do not send anything.", expected, found, cause);

    /// <summary>Creates the exception for a problem of the collateral.</summary>
    public static PrivatemodeVerificationException Collateral(string check, string what, string? expected = null, string? found = null) =>
        Create(check, what, expected, found, VerificationCause.Collateral);
}
