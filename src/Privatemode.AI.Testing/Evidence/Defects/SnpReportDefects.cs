using Privatemode.AI.Testing.Evidence.Sev;

namespace Privatemode.AI.Testing.Evidence.Defects;

/// <summary>What a properly signed SNP report can say that is not acceptable.</summary>
internal static class SnpReportDefects
{
    private const int TooManyProcessors = 221;

    public static IReadOnlyList<DefectDefinition> All { get; } =
    [
        // Launch digest and ID block.
        new("SnpResetAddressThreeBytes", "The manifest's reset address has three bytes.", plan => plan.Manifest.Snp[0].ResetAddress = "80b004"),
        new(
            "SnpTooManyProcessors",
            "The guest has 221 processors, one more than is derived.",
            plan => Measure(plan, TestGuest.Measurement(plan.Snp.Line, TooManyProcessors))),
        new(
            "SnpWrongMeasurement",
            "The launch digest has another value, and the ID key matches it.",
            plan => Measure(plan, DocumentDefects.Flip(plan.Snp.Report.Measurement, 47))),
        new(
            "SnpIdKeyOfOtherPolicy",
            "The ID key is that of another guest policy.",
            plan => plan.Snp.Report.IdKeyDigest =
                IdBlock.KeyDigest(plan.Snp.Report.Measurement, GuestPolicyBits.Deployment | GuestPolicyBits.Smt)),
        new("SnpIdKeyMissing", "The guest was launched without an ID block.", plan => plan.Snp.Report.IdKeyDigest = new byte[48]),

        // The guest's policy. The ID key stays that of the expected one.
        new("SnpDebug", "The guest may be debugged.", plan => plan.Snp.Report.Policy |= GuestPolicyBits.Debug),
        new("SnpMigration", "The guest may be migrated.", plan => plan.Snp.Report.Policy |= GuestPolicyBits.MigrateMa),
        new("SnpSmtAllowed", "The guest may run with simultaneous multithreading.", plan => plan.Snp.Report.Policy |= GuestPolicyBits.Smt),
        new("SnpCxlAllowed", "The guest may use CXL memory.", plan => plan.Snp.Report.Policy |= GuestPolicyBits.CxlAllowed),
        new("SnpSingleSocketMissing", "The guest may span sockets.", plan => plan.Snp.Report.Policy &= ~GuestPolicyBits.SingleSocket),
        new("SnpAes256XtsMissing", "The guest does not require AES-256-XTS.", plan => plan.Snp.Report.Policy &= ~GuestPolicyBits.MemAes256Xts),
        new("SnpPageSwapAllowed", "The guest's pages may be swapped.", plan => plan.Snp.Report.Policy &= ~GuestPolicyBits.PageSwapDisable),
        new("SnpAbiTooLow", "The guest requires a lower ABI version than the manifest.", plan => plan.Snp.Report.Policy -= 1),
        new("SnpPolicyReservedBit", "A reserved bit of the guest policy is set.", plan => plan.Snp.Report.Policy |= GuestPolicyBits.FirstReserved),
        new("SnpPolicyBit17Clear", "The bit of the guest's policy that is always one is zero.", plan => plan.Snp.Report.Policy &= ~GuestPolicyBits.AlwaysOne),
        new("SnpVmpl1", "The report was requested at privilege level 1.", plan => plan.Snp.Report.Vmpl = 1),
        new("SnpVmpl2", "The report was requested at privilege level 2.", plan => plan.Snp.Report.Vmpl = 2),
        new("SnpVmplOfHost", "The report was requested by the host.", plan => plan.Snp.Report.Vmpl = 0xFFFFFFFF),

        // The platform.
        new("SnpSmtEnabled", "Simultaneous multithreading is on.", plan => plan.Snp.Report.PlatformInfo |= PlatformInfoBits.Smt),
        new("SnpTsmeEnabled", "Transparent memory encryption is on.", plan => plan.Snp.Report.PlatformInfo |= PlatformInfoBits.Tsme),
        new("SnpTioEnabled", "Trusted I/O is on.", plan => plan.Snp.Report.PlatformInfo |= PlatformInfoBits.Tio),
        new("SnpEccMissing", "The memory has no error correction.", plan => plan.Snp.Report.PlatformInfo &= ~PlatformInfoBits.Ecc),
        new("SnpAliasCheckMissing", "The check for memory aliases was not done.", plan => plan.Snp.Report.PlatformInfo &= ~PlatformInfoBits.AliasCheckComplete),
        new("SnpPlatformBit6", "Bit 6 of the platform information is set.", plan => plan.Snp.Report.PlatformInfo |= PlatformInfoBits.Reserved6),
        new("SnpPlatformBit8", "Bit 8 of the platform information is set.", plan => plan.Snp.Report.PlatformInfo |= PlatformInfoBits.Reserved8),
        new("SnpLaunchMitigationsZero", "No mitigations were in force at launch.", plan => plan.Snp.Report.LaunchMitigations = 0),
        new("SnpCurrentMitigationsZero", "No mitigations are in force.", plan => plan.Snp.Report.CurrentMitigations = 0),
        new("SnpChipNotListed", "The manifest does not list the chip.", plan => plan.Manifest.Snp[0].ChipIds = [TestChips.Sibling]),
        new("SnpChipMasked", "The report does not name the chip.", plan => plan.Snp.Report.ChipId = new byte[64]),
        new(
            "SnpProductNotListed",
            "The manifest lists the other product line.",
            plan =>
            {
                // The launch digest depends on the product: it is the one of the product listed, so that the product alone is wrong.
                SnpLine other = plan.Snp.Line == SnpLine.Genoa ? SnpLine.Milan : SnpLine.Genoa;
                plan.Manifest.Snp[0].ProductName = other.Name;
                Measure(plan, TestGuest.Measurement(other));
            }),

        // Security versions.
        new(
            "SnpReportedTcbTooLow",
            "The reported version, and the certificate's, is below the minimum in one component.",
            plan => plan.Snp.Report.ReportedTcb = (plan.Snp.Vek.Tcb = TooLow(plan.Snp.Line)).Encoded),
        new(
            "SnpLaunchTcbTooLow",
            "The version at launch is below the minimum in one component.",
            plan => plan.Snp.Report.LaunchTcb = TooLow(plan.Snp.Line).Encoded),
        new(
            "SnpReportedTcbAboveCurrent",
            "The reported version, and the certificate's, is above the current one.",
            plan => plan.Snp.Report.ReportedTcb = (plan.Snp.Vek.Tcb = TooHigh(plan.Snp.Line)).Encoded),
        new(
            "SnpCommittedTcbAboveCurrent",
            "The committed version is above the current one.",
            plan => plan.Snp.Report.CommittedTcb = TooHigh(plan.Snp.Line).Encoded),
        new(
            "SnpCommittedVersionAboveCurrent",
            "The committed firmware version is above the current one.",
            plan => plan.Snp.Report.CommittedVersion = [21, 56, 1]),
        new("SnpCommittedBuildAboveCurrent", "The committed firmware build is above the current one.", plan => plan.Snp.Report.CommittedVersion = [22, 55, 1]),
        new(
            "SnpProvisionalFirmware",
            "The committed versions are below the current ones.",
            plan =>
            {
                plan.Snp.Report.CommittedTcb = plan.Snp.Line.MinimumTcb.Encoded;
                plan.Snp.Report.CommittedVersion = [20, 55, 1];
            }),

        // Form.
        new("SnpVersion1", "The report has version 1.", plan => plan.Snp.Report.Version = 1),
        new("SnpVersion6", "The report has version 6.", plan => plan.Snp.Report.Version = 6),
        new("SnpSignatureAlgorithm2", "The report names another signature algorithm.", plan => plan.Snp.Report.SignatureAlgorithm = 2),
        new("SnpMaskedChipKey", "The chip's key is masked, though the signature is there.", plan => plan.Snp.Report.KeyInfo = 0x02),
        new("SnpSigningKeyNone", "The report says that it is not signed.", plan => plan.Snp.Report.KeyInfo = 7 << 2),
        new("SnpSigningKeyReserved", "The report says that it is signed with an unknown key.", plan => plan.Snp.Report.KeyInfo = 2 << 2),
        new("SnpKeyInfoReservedBit", "A reserved bit of the key information is set.", plan => plan.Snp.Report.KeyInfo = 1 << 5),
        new(
            "SnpShortMeasurement",
            "The encoded measurement has 47 bytes.",
            plan => plan.Snp.AfterSigning = report => report.Measurement = report.Measurement[..47]),
        new("SnpWideBuild", "The encoded build number does not fit a byte.", plan => plan.Snp.Report.CurrentVersion = [21 + 256, 55, 1]),
    ];

    private static void Measure(EvidencePlan plan, byte[] measurement)
    {
        plan.Snp.Report.Measurement = measurement;
        plan.Snp.Report.IdKeyDigest = IdBlock.KeyDigest(measurement, GuestPolicyBits.Deployment);
    }

    // One component is too low, another higher than it need be: a comparison of whole numbers is satisfied.
    private static SnpTcb TooLow(SnpLine line) => line.Tcb with { Snp = (byte)(line.MinimumTcb.Snp - 1) };

    private static SnpTcb TooHigh(SnpLine line) => line.Tcb with { BootLoader = (byte)(line.Tcb.BootLoader + 1) };
}
