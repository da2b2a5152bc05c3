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

/// <summary>Stable names of what <see cref="SnpPolicy"/> compares, for <see cref="VerificationMismatch.Check"/>.</summary>
internal static class SnpPolicyChecks
{
    /// <summary>The product line is one of the allowed ones.</summary>
    public const string AllowedProduct = "snp-allowed-product";

    /// <summary>The report is signed with an allowed kind of key.</summary>
    public const string AllowedSigner = "snp-allowed-signer";

    /// <summary>The chip is one of the allowed ones.</summary>
    public const string AllowedChip = "snp-allowed-chip";

    /// <summary>REPORT_DATA.</summary>
    public const string ReportData = "snp-report-data";

    /// <summary>MEASUREMENT.</summary>
    public const string Measurement = "snp-measurement";

    /// <summary>HOST_DATA.</summary>
    public const string HostData = "snp-host-data";

    /// <summary>ID_KEY_DIGEST.</summary>
    public const string IdKeyDigest = "snp-id-key-digest";

    /// <summary>VMPL.</summary>
    public const string Vmpl = "snp-vmpl";

    /// <summary>Guest policy: the firmware's interface is not older than demanded.</summary>
    public const string GuestAbi = "snp-guest-abi";

    /// <summary>Guest policy: debugging.</summary>
    public const string GuestDebug = "snp-guest-debug";

    /// <summary>Guest policy: migration agent.</summary>
    public const string GuestMigration = "snp-guest-migration";

    /// <summary>Guest policy: simultaneous multithreading.</summary>
    public const string GuestSmt = "snp-guest-smt";

    /// <summary>Guest policy: CXL.</summary>
    public const string GuestCxl = "snp-guest-cxl";

    /// <summary>Guest policy: one socket.</summary>
    public const string GuestSingleSocket = "snp-guest-single-socket";

    /// <summary>Guest policy: AES-256-XTS.</summary>
    public const string GuestMemoryEncryption = "snp-guest-aes-256-xts";

    /// <summary>Guest policy: no power measurement.</summary>
    public const string GuestRapl = "snp-guest-rapl";

    /// <summary>Guest policy: ciphertext hiding.</summary>
    public const string GuestCiphertextHiding = "snp-guest-ciphertext-hiding";

    /// <summary>Guest policy: no page swapping.</summary>
    public const string GuestPageSwap = "snp-guest-page-swap";

    /// <summary>PLATFORM_INFO: no bit that we do not understand.</summary>
    public const string PlatformUnknown = "snp-platform-unknown";

    /// <summary>PLATFORM_INFO: simultaneous multithreading.</summary>
    public const string PlatformSmt = "snp-platform-smt";

    /// <summary>PLATFORM_INFO: TSME.</summary>
    public const string PlatformTsme = "snp-platform-tsme";

    /// <summary>PLATFORM_INFO: trusted I/O.</summary>
    public const string PlatformTio = "snp-platform-tio";

    /// <summary>PLATFORM_INFO: error correction.</summary>
    public const string PlatformEcc = "snp-platform-ecc";

    /// <summary>PLATFORM_INFO: power measurement.</summary>
    public const string PlatformRapl = "snp-platform-rapl";

    /// <summary>PLATFORM_INFO: ciphertext hiding.</summary>
    public const string PlatformCiphertextHiding = "snp-platform-ciphertext-hiding";

    /// <summary>PLATFORM_INFO: alias check.</summary>
    public const string PlatformAliasCheck = "snp-platform-alias-check";

    /// <summary>The launch TCB is not older than demanded.</summary>
    public const string LaunchTcb = "snp-launch-tcb";

    /// <summary>The reported TCB is not older than demanded.</summary>
    public const string ReportedTcb = "snp-reported-tcb";

    /// <summary>The reported TCB, with the key that was derived for it, is not newer than the one that runs.</summary>
    public const string CurrentTcb = "snp-current-tcb";

    /// <summary>The committed TCB is not newer than the current one, or equal to it where that is demanded.</summary>
    public const string CommittedTcb = "snp-committed-tcb";

    /// <summary>The committed firmware version is not newer than the current one, or equal to it where that is demanded.</summary>
    public const string CommittedVersion = "snp-committed-version";

    /// <summary>The demanded mitigations were there at launch.</summary>
    public const string LaunchMitigations = "snp-launch-mitigations";

    /// <summary>The demanded mitigations are there.</summary>
    public const string CurrentMitigations = "snp-current-mitigations";
}

/// <summary>The room's exceptions, worded alike.</summary>
internal static class SevFailure
{
    /// <param name="check">One of <see cref="SevChecks"/>.</param>
    /// <param name="what">What is wrong, a sentence without its full stop.</param>
    /// <param name="expected">What the check demands.</param>
    /// <param name="found">What was found instead.</param>
    public static PrivatemodeVerificationException Create(string check, string what, string? expected = null, string? found = null) =>
        new(check, $"{what}. Do not send anything.")
        {
            Expected = expected,
            Found = found,
        };
}
