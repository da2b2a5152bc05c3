using Privatemode.AI.Testing.Evidence.Sev;

namespace Privatemode.AI.Testing.Evidence.Defects;

/// <summary>What a properly signed SNP report can say that is not acceptable.</summary>
internal static class SnpReportDefects
{
    private const int TooManyProcessors = 221;

    public static Dictionary<EvidenceDefect, Action<EvidencePlan>> All { get; } = new()
    {
        // Launch digest and ID block.
        [EvidenceDefect.SnpResetAddressThreeBytes] = plan => plan.Manifest.Snp[0].ResetAddress = "80b004",
        [EvidenceDefect.SnpTooManyProcessors] = plan => Measure(plan, TestGuest.Measurement(plan.Snp.Line, TooManyProcessors)),
        [EvidenceDefect.SnpWrongMeasurement] = plan => Measure(plan, DocumentDefects.Flip(plan.Snp.Report.Measurement, 47)),
        [EvidenceDefect.SnpIdKeyOfOtherPolicy] = plan => plan.Snp.Report.IdKeyDigest =
            IdBlock.KeyDigest(plan.Snp.Report.Measurement, GuestPolicyBits.Deployment | GuestPolicyBits.Smt),
        [EvidenceDefect.SnpIdKeyMissing] = plan => plan.Snp.Report.IdKeyDigest = new byte[48],

        // The guest's policy. The ID key stays that of the expected one.
        [EvidenceDefect.SnpDebug] = plan => plan.Snp.Report.Policy |= GuestPolicyBits.Debug,
        [EvidenceDefect.SnpMigration] = plan => plan.Snp.Report.Policy |= GuestPolicyBits.MigrateMa,
        [EvidenceDefect.SnpSmtAllowed] = plan => plan.Snp.Report.Policy |= GuestPolicyBits.Smt,
        [EvidenceDefect.SnpCxlAllowed] = plan => plan.Snp.Report.Policy |= GuestPolicyBits.CxlAllowed,
        [EvidenceDefect.SnpSingleSocketMissing] = plan => plan.Snp.Report.Policy &= ~GuestPolicyBits.SingleSocket,
        [EvidenceDefect.SnpAes256XtsMissing] = plan => plan.Snp.Report.Policy &= ~GuestPolicyBits.MemAes256Xts,
        [EvidenceDefect.SnpPageSwapAllowed] = plan => plan.Snp.Report.Policy &= ~GuestPolicyBits.PageSwapDisable,
        [EvidenceDefect.SnpAbiTooLow] = plan => plan.Snp.Report.Policy -= 1,
        [EvidenceDefect.SnpPolicyReservedBit] = plan => plan.Snp.Report.Policy |= GuestPolicyBits.FirstReserved,
        [EvidenceDefect.SnpPolicyBit17Clear] = plan => plan.Snp.Report.Policy &= ~GuestPolicyBits.AlwaysOne,
        [EvidenceDefect.SnpVmpl1] = plan => plan.Snp.Report.Vmpl = 1,
        [EvidenceDefect.SnpVmpl2] = plan => plan.Snp.Report.Vmpl = 2,
        [EvidenceDefect.SnpVmplOfHost] = plan => plan.Snp.Report.Vmpl = 0xFFFFFFFF,

        // The platform.
        [EvidenceDefect.SnpSmtEnabled] = plan => plan.Snp.Report.PlatformInfo |= PlatformInfoBits.Smt,
        [EvidenceDefect.SnpTsmeEnabled] = plan => plan.Snp.Report.PlatformInfo |= PlatformInfoBits.Tsme,
        [EvidenceDefect.SnpTioEnabled] = plan => plan.Snp.Report.PlatformInfo |= PlatformInfoBits.Tio,
        [EvidenceDefect.SnpEccMissing] = plan => plan.Snp.Report.PlatformInfo &= ~PlatformInfoBits.Ecc,
        [EvidenceDefect.SnpAliasCheckMissing] = plan => plan.Snp.Report.PlatformInfo &= ~PlatformInfoBits.AliasCheckComplete,
        [EvidenceDefect.SnpPlatformBit6] = plan => plan.Snp.Report.PlatformInfo |= PlatformInfoBits.Reserved6,
        [EvidenceDefect.SnpPlatformBit8] = plan => plan.Snp.Report.PlatformInfo |= PlatformInfoBits.Reserved8,
        [EvidenceDefect.SnpLaunchMitigationsZero] = plan => plan.Snp.Report.LaunchMitigations = 0,
        [EvidenceDefect.SnpCurrentMitigationsZero] = plan => plan.Snp.Report.CurrentMitigations = 0,
        [EvidenceDefect.SnpChipNotListed] = plan => plan.Manifest.Snp[0].ChipIds = [TestChips.Sibling],
        [EvidenceDefect.SnpChipMasked] = plan => plan.Snp.Report.ChipId = new byte[64],
        [EvidenceDefect.SnpProductNotListed] = plan =>
        {
            // The launch digest depends on the product: it is the one of the product listed, so that the product alone is wrong.
            SnpLine other = plan.Snp.Line == SnpLine.Genoa ? SnpLine.Milan : SnpLine.Genoa;
            plan.Manifest.Snp[0].ProductName = other.Name;
            Measure(plan, TestGuest.Measurement(other));
        },

        // Security versions.
        [EvidenceDefect.SnpReportedTcbTooLow] = plan => plan.Snp.Report.ReportedTcb = (plan.Snp.Vek.Tcb = TooLow(plan.Snp.Line)).Encoded,
        [EvidenceDefect.SnpLaunchTcbTooLow] = plan => plan.Snp.Report.LaunchTcb = TooLow(plan.Snp.Line).Encoded,
        [EvidenceDefect.SnpReportedTcbAboveCurrent] = plan => plan.Snp.Report.ReportedTcb = (plan.Snp.Vek.Tcb = TooHigh(plan.Snp.Line)).Encoded,
        [EvidenceDefect.SnpCommittedTcbAboveCurrent] = plan => plan.Snp.Report.CommittedTcb = TooHigh(plan.Snp.Line).Encoded,
        [EvidenceDefect.SnpCommittedVersionAboveCurrent] = plan => plan.Snp.Report.CommittedVersion = [21, 56, 1],
        [EvidenceDefect.SnpCommittedBuildAboveCurrent] = plan => plan.Snp.Report.CommittedVersion = [22, 55, 1],
        [EvidenceDefect.SnpProvisionalFirmware] = plan =>
        {
            plan.Snp.Report.CommittedTcb = plan.Snp.Line.MinimumTcb.Encoded;
            plan.Snp.Report.CommittedVersion = [20, 55, 1];
        },

        // Form.
        [EvidenceDefect.SnpVersion1] = plan => plan.Snp.Report.Version = 1,
        [EvidenceDefect.SnpVersion6] = plan => plan.Snp.Report.Version = 6,
        [EvidenceDefect.SnpSignatureAlgorithm2] = plan => plan.Snp.Report.SignatureAlgorithm = 2,
        [EvidenceDefect.SnpMaskedChipKey] = plan => plan.Snp.Report.KeyInfo = 0x02,
        [EvidenceDefect.SnpSigningKeyNone] = plan => plan.Snp.Report.KeyInfo = 7 << 2,
        [EvidenceDefect.SnpSigningKeyReserved] = plan => plan.Snp.Report.KeyInfo = 2 << 2,
        [EvidenceDefect.SnpKeyInfoReservedBit] = plan => plan.Snp.Report.KeyInfo = 1 << 5,
        [EvidenceDefect.SnpShortMeasurement] = plan => plan.Snp.AfterSigning = report => report.Measurement = report.Measurement[..47],
        [EvidenceDefect.SnpWideBuild] = plan => plan.Snp.Report.CurrentVersion = [21 + 256, 55, 1],
    };

    private static void Measure(EvidencePlan plan, byte[] measurement)
    {
        plan.Snp.Report.Measurement = measurement;
        plan.Snp.Report.IdKeyDigest = IdBlock.KeyDigest(measurement, GuestPolicyBits.Deployment);
    }

    // One component is too low, another higher than it need be: a comparison of whole numbers is satisfied.
    private static SnpTcb TooLow(SnpLine line) => line.Tcb with { Snp = (byte)(line.MinimumTcb.Snp - 1) };

    private static SnpTcb TooHigh(SnpLine line) => line.Tcb with { BootLoader = (byte)(line.Tcb.BootLoader + 1) };
}
