namespace Privatemode.AI.Testing;

// What can be wrong with SNP evidence.
public sealed partial class EvidenceDefect
{
    // Launch digest and ID block.
    /// <summary>The manifest's reset address has three bytes.</summary>
    public static EvidenceDefect SnpResetAddressThreeBytes { get; } = new();
    /// <summary>The guest has 221 processors, one more than is derived.</summary>
    public static EvidenceDefect SnpTooManyProcessors { get; } = new();
    /// <summary>The launch digest is another one, with an ID key that fits it.</summary>
    public static EvidenceDefect SnpWrongMeasurement { get; } = new();
    /// <summary>The ID key is that of another guest policy.</summary>
    public static EvidenceDefect SnpIdKeyOfOtherPolicy { get; } = new();
    /// <summary>The guest was launched without ID block.</summary>
    public static EvidenceDefect SnpIdKeyMissing { get; } = new();

    // Guest policy.
    /// <summary>The guest may be debugged.</summary>
    public static EvidenceDefect SnpDebug { get; } = new();
    /// <summary>The guest may be migrated.</summary>
    public static EvidenceDefect SnpMigration { get; } = new();
    /// <summary>The guest may run with simultaneous multithreading.</summary>
    public static EvidenceDefect SnpSmtAllowed { get; } = new();
    /// <summary>The guest may use CXL memory.</summary>
    public static EvidenceDefect SnpCxlAllowed { get; } = new();
    /// <summary>The guest may span sockets.</summary>
    public static EvidenceDefect SnpSingleSocketMissing { get; } = new();
    /// <summary>The guest does not demand AES-256-XTS.</summary>
    public static EvidenceDefect SnpAes256XtsMissing { get; } = new();
    /// <summary>The guest's pages may be swapped.</summary>
    public static EvidenceDefect SnpPageSwapAllowed { get; } = new();
    /// <summary>The guest demands less than the manifest's ABI version.</summary>
    public static EvidenceDefect SnpAbiTooLow { get; } = new();
    /// <summary>A bit of the guest's policy nobody knows is set.</summary>
    public static EvidenceDefect SnpPolicyReservedBit { get; } = new();
    /// <summary>The bit of the guest's policy that is always one is zero.</summary>
    public static EvidenceDefect SnpPolicyBit17Clear { get; } = new();
    /// <summary>The report was asked for at privilege level 1.</summary>
    public static EvidenceDefect SnpVmpl1 { get; } = new();
    /// <summary>The report was asked for at privilege level 2.</summary>
    public static EvidenceDefect SnpVmpl2 { get; } = new();
    /// <summary>The report was asked for by the host.</summary>
    public static EvidenceDefect SnpVmplOfHost { get; } = new();

    // Platform.
    /// <summary>Simultaneous multithreading is on.</summary>
    public static EvidenceDefect SnpSmtEnabled { get; } = new();
    /// <summary>Transparent memory encryption is on.</summary>
    public static EvidenceDefect SnpTsmeEnabled { get; } = new();
    /// <summary>Trusted I/O is on.</summary>
    public static EvidenceDefect SnpTioEnabled { get; } = new();
    /// <summary>The memory has no error correction.</summary>
    public static EvidenceDefect SnpEccMissing { get; } = new();
    /// <summary>The check for memory aliases was not made.</summary>
    public static EvidenceDefect SnpAliasCheckMissing { get; } = new();
    /// <summary>Bit 6 of the platform information is set.</summary>
    public static EvidenceDefect SnpPlatformBit6 { get; } = new();
    /// <summary>Bit 8 of the platform information is set.</summary>
    public static EvidenceDefect SnpPlatformBit8 { get; } = new();
    /// <summary>No mitigations were in force at launch.</summary>
    public static EvidenceDefect SnpLaunchMitigationsZero { get; } = new();
    /// <summary>No mitigations are in force.</summary>
    public static EvidenceDefect SnpCurrentMitigationsZero { get; } = new();
    /// <summary>The manifest does not list the chip.</summary>
    public static EvidenceDefect SnpChipNotListed { get; } = new();
    /// <summary>The report does not name the chip.</summary>
    public static EvidenceDefect SnpChipMasked { get; } = new();
    /// <summary>The manifest lists the other product line.</summary>
    public static EvidenceDefect SnpProductNotListed { get; } = new();

    // Security versions.
    /// <summary>The reported version, and the certificate's, is below the minimum in one component.</summary>
    public static EvidenceDefect SnpReportedTcbTooLow { get; } = new();
    /// <summary>The version at launch is below the minimum in one component.</summary>
    public static EvidenceDefect SnpLaunchTcbTooLow { get; } = new();
    /// <summary>The reported version, and the certificate's, is above the current one.</summary>
    public static EvidenceDefect SnpReportedTcbAboveCurrent { get; } = new();
    /// <summary>The committed version is above the current one.</summary>
    public static EvidenceDefect SnpCommittedTcbAboveCurrent { get; } = new();
    /// <summary>The committed firmware version is above the current one.</summary>
    public static EvidenceDefect SnpCommittedVersionAboveCurrent { get; } = new();
    /// <summary>The committed firmware build is above the current one.</summary>
    public static EvidenceDefect SnpCommittedBuildAboveCurrent { get; } = new();
    /// <summary>Harmless: the committed versions are below the current ones.</summary>
    public static EvidenceDefect SnpProvisionalFirmware { get; } = new();

    // Form and signature of the report.
    /// <summary>The report has version 1.</summary>
    public static EvidenceDefect SnpVersion1 { get; } = new();
    /// <summary>The report has version 6.</summary>
    public static EvidenceDefect SnpVersion6 { get; } = new();
    /// <summary>The report names another signature algorithm.</summary>
    public static EvidenceDefect SnpSignatureAlgorithm2 { get; } = new();
    /// <summary>The chip's key is masked, though the signature is there.</summary>
    public static EvidenceDefect SnpMaskedChipKey { get; } = new();
    /// <summary>The report says that it is not signed.</summary>
    public static EvidenceDefect SnpSigningKeyNone { get; } = new();
    /// <summary>The report says that it is signed with a key nobody knows.</summary>
    public static EvidenceDefect SnpSigningKeyReserved { get; } = new();
    /// <summary>A bit about the key nobody knows is set.</summary>
    public static EvidenceDefect SnpKeyInfoReservedBit { get; } = new();
    /// <summary>The encoded measurement has 47 bytes.</summary>
    public static EvidenceDefect SnpShortMeasurement { get; } = new();
    /// <summary>The encoded build number does not fit a byte.</summary>
    public static EvidenceDefect SnpWideBuild { get; } = new();
    /// <summary>One bit of the signature is changed.</summary>
    public static EvidenceDefect SnpSignatureChanged { get; } = new();
    /// <summary>The signature is zero.</summary>
    public static EvidenceDefect SnpSignatureZero { get; } = new();
    /// <summary>The unused bytes of r are not zero.</summary>
    public static EvidenceDefect SnpSignatureHighR { get; } = new();
    /// <summary>The unused bytes of s are not zero.</summary>
    public static EvidenceDefect SnpSignatureHighS { get; } = new();
    /// <summary>The bytes after the signature are not zero.</summary>
    public static EvidenceDefect SnpSignatureTrailing { get; } = new();
    /// <summary>r and s are written the wrong way round.</summary>
    public static EvidenceDefect SnpSignatureBigEndian { get; } = new();
    /// <summary>The report is signed with another key.</summary>
    public static EvidenceDefect SnpSignatureByOtherKey { get; } = new();
    /// <summary>The report was changed after it was signed.</summary>
    public static EvidenceDefect SnpChangedAfterSigning { get; } = new();

    // Certificates.
    /// <summary>The certificate is for a lower version than reported.</summary>
    public static EvidenceDefect SnpTcbMismatch { get; } = new();
    /// <summary>The certificate is for another chip.</summary>
    public static EvidenceDefect SnpHardwareIdMismatch { get; } = new();
    /// <summary>The certificate names no chip.</summary>
    public static EvidenceDefect SnpHardwareIdMissing { get; } = new();
    /// <summary>Harmless: the certificate has the chip in a tagged value.</summary>
    public static EvidenceDefect SnpTaggedHardwareId { get; } = new();
    /// <summary>The chip's certificate names a provider.</summary>
    public static EvidenceDefect SnpProviderInChipCertificate { get; } = new();
    /// <summary>The chip's certificate has a provider's common name.</summary>
    public static EvidenceDefect SnpChipCertificateWrongName { get; } = new();
    /// <summary>The chip's certificate names the other product.</summary>
    public static EvidenceDefect SnpChipCertificateOtherProductName { get; } = new();
    /// <summary>The chip's certificate has an extension twice.</summary>
    public static EvidenceDefect SnpChipCertificateRepeatsExtension { get; } = new();
    /// <summary>The chip's certificate has a critical extension nobody knows.</summary>
    public static EvidenceDefect SnpChipCertificateCriticalExtension { get; } = new();
    /// <summary>The chip's certificate has expired.</summary>
    public static EvidenceDefect SnpChipCertificateExpired { get; } = new();
    /// <summary>The chip's certificate is not valid yet.</summary>
    public static EvidenceDefect SnpChipCertificateFromFuture { get; } = new();
    /// <summary>The signature on the chip's certificate is changed.</summary>
    public static EvidenceDefect SnpChipCertificateTampered { get; } = new();
    /// <summary>The certificates are a sound chain of the other product line.</summary>
    public static EvidenceDefect SnpChipOfOtherProduct { get; } = new();
    /// <summary>The report names a processor of the other product line.</summary>
    public static EvidenceDefect SnpCpuIdOfOtherProduct { get; } = new();
    /// <summary>The report is signed with a provider's key, under a sound chain.</summary>
    public static EvidenceDefect SnpSignedByProvider { get; } = new();
    /// <summary>A provider's key and chain are presented as a chip's.</summary>
    public static EvidenceDefect SnpProviderPresentedAsChip { get; } = new();
    /// <summary>A provider's certificate is issued by the authority for chips.</summary>
    public static EvidenceDefect SnpProviderUnderChipAuthority { get; } = new();
    /// <summary>The whole chain, with the right names, is under a root of somebody else.</summary>
    public static EvidenceDefect SnpForgedRoot { get; } = new();
    /// <summary>The intermediate is signed by somebody else.</summary>
    public static EvidenceDefect SnpForgedIntermediate { get; } = new();
    /// <summary>The intermediate is no certificate authority.</summary>
    public static EvidenceDefect SnpIntermediateNoAuthority { get; } = new();
    /// <summary>The intermediate has expired.</summary>
    public static EvidenceDefect SnpIntermediateExpired { get; } = new();

    // Revocation.
    /// <summary>The intermediate is revoked.</summary>
    public static EvidenceDefect SnpIntermediateRevoked { get; } = new();
    /// <summary>The revocation list is signed by the intermediate.</summary>
    public static EvidenceDefect SnpRevocationListByIntermediate { get; } = new();
    /// <summary>The revocation list has expired.</summary>
    public static EvidenceDefect SnpRevocationListExpired { get; } = new();
    /// <summary>The revocation list is not valid yet.</summary>
    public static EvidenceDefect SnpRevocationListFromFuture { get; } = new();
    /// <summary>The revocation list does not say until when it holds.</summary>
    public static EvidenceDefect SnpRevocationListWithoutEnd { get; } = new();
    /// <summary>The signature on the revocation list is changed.</summary>
    public static EvidenceDefect SnpRevocationListTampered { get; } = new();
    /// <summary>The revocation list is that of the other product line.</summary>
    public static EvidenceDefect SnpRevocationListOfOtherProduct { get; } = new();
    /// <summary>There is no revocation list to be had: a failure of the service, not a verdict.</summary>
    public static EvidenceDefect SnpRevocationListMissing { get; } = new();
}
