namespace Privatemode.AI.Attestation.Sev;

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
