namespace Privatemode.AI.Testing;

// What can be wrong with TDX evidence.
public sealed partial class EvidenceDefect
{
    // Guest.
    /// <summary>The guest is under debug.</summary>
    public static EvidenceDefect TdxDebug { get; } = new();
    /// <summary>A reserved attribute that means debugging is set.</summary>
    public static EvidenceDefect TdxDebugReserved { get; } = new();
    /// <summary>The guest does not disable exceptions on its page tables.</summary>
    public static EvidenceDefect TdxSeptVeEnabled { get; } = new();
    /// <summary>The guest may be migrated.</summary>
    public static EvidenceDefect TdxMigratable { get; } = new();
    /// <summary>The guest's extended features are not the expected ones.</summary>
    public static EvidenceDefect TdxXfamOtherBit { get; } = new();
    /// <summary>The guest has an extended feature nobody knows; the manifest lists it.</summary>
    public static EvidenceDefect TdxXfamUnknownBit { get; } = new();
    /// <summary>Harmless: the guest has control-flow protection beyond the manifest's features.</summary>
    public static EvidenceDefect TdxXfamCet { get; } = new();
    /// <summary>The firmware's measurement is another one.</summary>
    public static EvidenceDefect TdxWrongMrTd { get; } = new();
    /// <summary>The module's measurement is another one.</summary>
    public static EvidenceDefect TdxWrongMrSeam { get; } = new();
    /// <summary>Register 0 is another one.</summary>
    public static EvidenceDefect TdxWrongRtmr0 { get; } = new();
    /// <summary>Register 1 is another one.</summary>
    public static EvidenceDefect TdxWrongRtmr1 { get; } = new();
    /// <summary>Register 2 is another one.</summary>
    public static EvidenceDefect TdxWrongRtmr2 { get; } = new();
    /// <summary>Register 3 is another one.</summary>
    public static EvidenceDefect TdxWrongRtmr3 { get; } = new();
    /// <summary>The bytes after the workload's hash are not zero.</summary>
    public static EvidenceDefect TdxMrConfigIdTail { get; } = new();

    // Signatures and form of the quote.
    /// <summary>One bit of the signature is changed.</summary>
    public static EvidenceDefect TdxSignatureChanged { get; } = new();
    /// <summary>The signature is zero.</summary>
    public static EvidenceDefect TdxSignatureZero { get; } = new();
    /// <summary>The quote was changed after it was signed.</summary>
    public static EvidenceDefect TdxChangedAfterSigning { get; } = new();
    /// <summary>The quote is signed with a key the quoting enclave does not vouch for.</summary>
    public static EvidenceDefect TdxAttestationKeySubstituted { get; } = new();
    /// <summary>The attestation key is no point of the curve.</summary>
    public static EvidenceDefect TdxAttestationKeyOffCurve { get; } = new();
    /// <summary>The quoting enclave's report is signed by another key than the platform's.</summary>
    public static EvidenceDefect TdxQeReportByOtherKey { get; } = new();
    /// <summary>The quoting enclave's report was changed after it was signed.</summary>
    public static EvidenceDefect TdxQeReportChangedAfterSigning { get; } = new();
    /// <summary>One bit of the signature on the quoting enclave's report is changed.</summary>
    public static EvidenceDefect TdxQeReportSignatureChanged { get; } = new();
    /// <summary>The quoting enclave's authentication data is changed.</summary>
    public static EvidenceDefect TdxQeAuthDataChanged { get; } = new();
    /// <summary>The quote has version 3.</summary>
    public static EvidenceDefect TdxVersion3 { get; } = new();
    /// <summary>The quote names another kind of attestation key.</summary>
    public static EvidenceDefect TdxKeyType3 { get; } = new();
    /// <summary>The quote says that it is from an SGX enclave.</summary>
    public static EvidenceDefect TdxTeeTypeSgx { get; } = new();
    /// <summary>The quoting enclave is from another vendor.</summary>
    public static EvidenceDefect TdxQeVendor { get; } = new();
    /// <summary>The certification data has the wrong type.</summary>
    public static EvidenceDefect TdxCertificationType5 { get; } = new();
    /// <summary>The chain has the wrong type.</summary>
    public static EvidenceDefect TdxChainType4 { get; } = new();
    /// <summary>The chain says that it is 4 GiB long.</summary>
    public static EvidenceDefect TdxChainSizeHuge { get; } = new();
    /// <summary>The authentication data says that it is 65535 bytes long.</summary>
    public static EvidenceDefect TdxQeAuthSizeHuge { get; } = new();
    /// <summary>The authentication data says that it is a byte shorter than it is.</summary>
    public static EvidenceDefect TdxQeAuthSizeShort { get; } = new();
    /// <summary>The encoded firmware measurement has 47 bytes.</summary>
    public static EvidenceDefect TdxShortMrTd { get; } = new();
    /// <summary>There are three registers.</summary>
    public static EvidenceDefect TdxThreeRtmrs { get; } = new();

    // Platform and its certificates.
    /// <summary>The manifest does not list the platform.</summary>
    public static EvidenceDefect TdxPlatformNotListed { get; } = new();
    /// <summary>The certificate does not say which platform it is for.</summary>
    public static EvidenceDefect TdxPlatformWithoutInstance { get; } = new();
    /// <summary>The platform's memory has no integrity protection.</summary>
    public static EvidenceDefect TdxMemoryIntegrityMissing { get; } = new();
    /// <summary>Simultaneous multithreading is on.</summary>
    public static EvidenceDefect TdxSmtEnabled { get; } = new();
    /// <summary>Packages may be added to the platform.</summary>
    public static EvidenceDefect TdxDynamicPlatform { get; } = new();
    /// <summary>The certificate says nothing about the platform.</summary>
    public static EvidenceDefect TdxPckWithoutPlatform { get; } = new();
    /// <summary>The certificate has the platform twice.</summary>
    public static EvidenceDefect TdxPckRepeatsPlatform { get; } = new();
    /// <summary>The platform's certificate has the common name of the TCB signer.</summary>
    public static EvidenceDefect TdxPckWrongName { get; } = new();
    /// <summary>The platform's certificate has expired.</summary>
    public static EvidenceDefect TdxPckExpired { get; } = new();
    /// <summary>The platform's certificate is not valid yet.</summary>
    public static EvidenceDefect TdxPckFromFuture { get; } = new();
    /// <summary>The whole chain and the collateral, with the right names, are under a root of somebody else.</summary>
    public static EvidenceDefect TdxForgedRoot { get; } = new();
    /// <summary>The platform CA is no certificate authority.</summary>
    public static EvidenceDefect TdxPckAuthorityNoAuthority { get; } = new();
    /// <summary>The platform CA has expired.</summary>
    public static EvidenceDefect TdxPckAuthorityExpired { get; } = new();
    /// <summary>The platform's certificate is issued by the CA for processors.</summary>
    public static EvidenceDefect TdxProcessorCa { get; } = new();
    /// <summary>The TCB signer stands in the place of the platform's certificate.</summary>
    public static EvidenceDefect TdxQuoteUnderTcbSigner { get; } = new();
    /// <summary>The chain is in reverse order.</summary>
    public static EvidenceDefect TdxChainReversed { get; } = new();
    /// <summary>The chain ends before the root.</summary>
    public static EvidenceDefect TdxChainWithoutRoot { get; } = new();
    /// <summary>The chain is the platform's certificate alone.</summary>
    public static EvidenceDefect TdxChainLeafOnly { get; } = new();
    /// <summary>There is no chain.</summary>
    public static EvidenceDefect TdxChainEmpty { get; } = new();
    /// <summary>There is a second zero byte after the chain.</summary>
    public static EvidenceDefect TdxChainTrailing { get; } = new();
    /// <summary>There is a fourth certificate after the chain.</summary>
    public static EvidenceDefect TdxChainTrailingCertificate { get; } = new();
    /// <summary>The first certificate is not base64.</summary>
    public static EvidenceDefect TdxChainBrokenBase64 { get; } = new();
    /// <summary>The signature on the platform's certificate is changed.</summary>
    public static EvidenceDefect TdxPckTampered { get; } = new();

    // Security versions.
    /// <summary>The platform is out of date; module and quoting enclave are not.</summary>
    public static EvidenceDefect TdxPlatformOutOfDate { get; } = new();
    /// <summary>The platform needs hardened software.</summary>
    public static EvidenceDefect TdxPlatformSwHardeningNeeded { get; } = new();
    /// <summary>The platform needs another configuration.</summary>
    public static EvidenceDefect TdxPlatformConfigurationNeeded { get; } = new();
    /// <summary>The platform needs another configuration and hardened software.</summary>
    public static EvidenceDefect TdxPlatformConfigurationAndSwHardeningNeeded { get; } = new();
    /// <summary>The platform is out of date and needs another configuration.</summary>
    public static EvidenceDefect TdxPlatformOutOfDateConfigurationNeeded { get; } = new();
    /// <summary>The platform is revoked; module and quoting enclave are not.</summary>
    public static EvidenceDefect TdxPlatformRevoked { get; } = new();
    /// <summary>The platform's status is a word nobody knows.</summary>
    public static EvidenceDefect TdxPlatformUnknownStatus { get; } = new();
    /// <summary>The platform is below every level.</summary>
    public static EvidenceDefect TdxNoLevel { get; } = new();
    /// <summary>The platform's certification enclave is below every level.</summary>
    public static EvidenceDefect TdxPceSvnTooLow { get; } = new();
    /// <summary>Harmless: the levels are listed lowest first.</summary>
    public static EvidenceDefect TdxLevelsAscending { get; } = new();
    /// <summary>The module is out of date; platform and quoting enclave are not.</summary>
    public static EvidenceDefect TdxModuleOutOfDate { get; } = new();
    /// <summary>The module is below every level.</summary>
    public static EvidenceDefect TdxModuleBelowAll { get; } = new();
    /// <summary>The module is revoked.</summary>
    public static EvidenceDefect TdxModuleRevoked { get; } = new();
    /// <summary>The module's version has no identity.</summary>
    public static EvidenceDefect TdxModuleIdentityMissing { get; } = new();
    /// <summary>There are no identities of modules.</summary>
    public static EvidenceDefect TdxModuleIdentitiesAbsent { get; } = new();
    /// <summary>Harmless: the module's identity is named in lower case.</summary>
    public static EvidenceDefect TdxModuleIdLowerCase { get; } = new();
    /// <summary>Harmless: the module has version 0 and needs no identity.</summary>
    public static EvidenceDefect TdxModuleVersionZero { get; } = new();
    /// <summary>The module has version 0 and is below every level.</summary>
    public static EvidenceDefect TdxModuleVersionZeroTooLow { get; } = new();
    /// <summary>Harmless: components the module's identity speaks for are below the level.</summary>
    public static EvidenceDefect TdxModuleSvnSkipped { get; } = new();
    /// <summary>The module is signed by somebody else.</summary>
    public static EvidenceDefect TdxMrSignerSeam { get; } = new();
    /// <summary>The module has attributes.</summary>
    public static EvidenceDefect TdxSeamAttributes { get; } = new();
    /// <summary>The quoting enclave is out of date; platform and module are not.</summary>
    public static EvidenceDefect TdxQeOutOfDate { get; } = new();
    /// <summary>The quoting enclave is below every level.</summary>
    public static EvidenceDefect TdxQeBelowAll { get; } = new();
    /// <summary>The quoting enclave is revoked.</summary>
    public static EvidenceDefect TdxQeRevoked { get; } = new();
    /// <summary>The quoting enclave is another product.</summary>
    public static EvidenceDefect TdxQeProductId { get; } = new();
    /// <summary>The quoting enclave is under debug.</summary>
    public static EvidenceDefect TdxQeDebug { get; } = new();
    /// <summary>The quoting enclave is signed by somebody else.</summary>
    public static EvidenceDefect TdxQeMrSigner { get; } = new();
    /// <summary>The quoting enclave has features it should not have.</summary>
    public static EvidenceDefect TdxQeMiscSelect { get; } = new();

    // Collateral.
    /// <summary>The TCB information is for another kind of platform.</summary>
    public static EvidenceDefect TdxFmspc { get; } = new();
    /// <summary>The TCB information is for another certification enclave.</summary>
    public static EvidenceDefect TdxPceId { get; } = new();
    /// <summary>The TCB information is for SGX.</summary>
    public static EvidenceDefect TdxTcbInfoOfSgx { get; } = new();
    /// <summary>The TCB information has version 2.</summary>
    public static EvidenceDefect TdxTcbInfoVersion2 { get; } = new();
    /// <summary>The TCB information has a type nobody knows.</summary>
    public static EvidenceDefect TdxTcbType1 { get; } = new();
    /// <summary>The TCB information is from an older evaluation than the manifest allows.</summary>
    public static EvidenceDefect TdxEvaluationNumberTooLow { get; } = new();
    /// <summary>The quoting enclave's identity is from an older evaluation than the manifest allows.</summary>
    public static EvidenceDefect TdxQeEvaluationNumberTooLow { get; } = new();
    /// <summary>The quoting enclave's identity is that for SGX.</summary>
    public static EvidenceDefect TdxQeIdentityOfSgx { get; } = new();
    /// <summary>The quoting enclave's identity has version 3.</summary>
    public static EvidenceDefect TdxQeIdentityVersion3 { get; } = new();
    /// <summary>The TCB information has expired.</summary>
    public static EvidenceDefect TdxTcbInfoExpired { get; } = new();
    /// <summary>The TCB information is not valid yet.</summary>
    public static EvidenceDefect TdxTcbInfoFromFuture { get; } = new();
    /// <summary>The quoting enclave's identity has expired.</summary>
    public static EvidenceDefect TdxQeIdentityExpired { get; } = new();
    /// <summary>The quoting enclave's identity is not valid yet.</summary>
    public static EvidenceDefect TdxQeIdentityFromFuture { get; } = new();
    /// <summary>A status was changed after the TCB information was signed.</summary>
    public static EvidenceDefect TdxTcbInfoTampered { get; } = new();
    /// <summary>The TCB information's signature is over other bytes of the same value.</summary>
    public static EvidenceDefect TdxTcbInfoReserialized { get; } = new();
    /// <summary>The TCB information comes twice, the second time changed.</summary>
    public static EvidenceDefect TdxTcbInfoRepeated { get; } = new();
    /// <summary>The quoting enclave's identity was changed after it was signed.</summary>
    public static EvidenceDefect TdxQeIdentityTampered { get; } = new();
    /// <summary>The quoting enclave identity's signature is over other bytes of the same value.</summary>
    public static EvidenceDefect TdxQeIdentityReserialized { get; } = new();
    /// <summary>The TCB information is signed with a platform's key.</summary>
    public static EvidenceDefect TdxTcbInfoByPlatform { get; } = new();
    /// <summary>The quoting enclave's identity is signed with a platform's key.</summary>
    public static EvidenceDefect TdxQeIdentityByPlatform { get; } = new();
    /// <summary>The TCB signer has the common name of a platform's certificate.</summary>
    public static EvidenceDefect TdxTcbSignerWrongName { get; } = new();
    /// <summary>The TCB signer has expired.</summary>
    public static EvidenceDefect TdxTcbSignerExpired { get; } = new();
    /// <summary>The TCB signer is under a root of somebody else.</summary>
    public static EvidenceDefect TdxTcbSignerForgedRoot { get; } = new();
    /// <summary>The TCB information comes with three certificates.</summary>
    public static EvidenceDefect TdxTcbInfoChainTooLong { get; } = new();
    /// <summary>The TCB information comes without certificates.</summary>
    public static EvidenceDefect TdxTcbInfoChainMissing { get; } = new();

    // Revocation.
    /// <summary>The platform's certificate is revoked.</summary>
    public static EvidenceDefect TdxPckRevoked { get; } = new();
    /// <summary>The platform CA is revoked.</summary>
    public static EvidenceDefect TdxPckAuthorityRevoked { get; } = new();
    /// <summary>The TCB signer is revoked.</summary>
    public static EvidenceDefect TdxTcbSignerRevoked { get; } = new();
    /// <summary>Harmless: the root's list names the serial number of the platform, which is not the root's to revoke.</summary>
    public static EvidenceDefect TdxRootListNamesLeaf { get; } = new();
    /// <summary>The platforms' revocation list has expired.</summary>
    public static EvidenceDefect TdxPckListExpired { get; } = new();
    /// <summary>The platforms' revocation list does not say until when it holds.</summary>
    public static EvidenceDefect TdxPckListWithoutEnd { get; } = new();
    /// <summary>The signature on the platforms' revocation list is changed.</summary>
    public static EvidenceDefect TdxPckListTampered { get; } = new();
    /// <summary>The platforms' revocation list is signed by the root.</summary>
    public static EvidenceDefect TdxPckListByRoot { get; } = new();
    /// <summary>The platforms' revocation list is that of the CA for processors.</summary>
    public static EvidenceDefect TdxPckListOfProcessorCa { get; } = new();
    /// <summary>The root's revocation list has expired.</summary>
    public static EvidenceDefect TdxRootListExpired { get; } = new();
    /// <summary>The root's revocation list is not valid yet.</summary>
    public static EvidenceDefect TdxRootListFromFuture { get; } = new();
    /// <summary>The signature on the root's revocation list is changed.</summary>
    public static EvidenceDefect TdxRootListTampered { get; } = new();
    /// <summary>Each revocation list is in the place of the other.</summary>
    public static EvidenceDefect TdxListsSwapped { get; } = new();
}
