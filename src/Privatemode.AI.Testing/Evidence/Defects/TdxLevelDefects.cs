using Privatemode.AI.Testing.Evidence.Tdx;

namespace Privatemode.AI.Testing.Evidence.Defects;

/// <summary>What can be wrong with the security version of platform, module and quoting enclave.</summary>
internal static class TdxLevelDefects
{
    private const byte HigherThanOwn = 99;

    public static Dictionary<EvidenceDefect, Action<EvidencePlan>> All { get; } = new()
    {
        // The platform.
        [EvidenceDefect.TdxPlatformOutOfDate] = plan => Raise(plan.Tdx.TcbInfo.Levels[0]),
        [EvidenceDefect.TdxPlatformSwHardeningNeeded] = plan => Rate(plan, "SWHardeningNeeded"),
        [EvidenceDefect.TdxPlatformConfigurationNeeded] = plan => Rate(plan, "ConfigurationNeeded"),
        [EvidenceDefect.TdxPlatformConfigurationAndSwHardeningNeeded] = plan => Rate(plan, "ConfigurationAndSWHardeningNeeded"),
        [EvidenceDefect.TdxPlatformOutOfDateConfigurationNeeded] = plan => Rate(plan, "OutOfDateConfigurationNeeded"),
        [EvidenceDefect.TdxPlatformRevoked] = plan => Rate(plan, "Revoked"),
        [EvidenceDefect.TdxPlatformUnknownStatus] = plan => Rate(plan, "Excellent"),
        [EvidenceDefect.TdxNoLevel] = plan => plan.Tdx.TcbInfo.Levels.ForEach(Raise),
        [EvidenceDefect.TdxPceSvnTooLow] = plan => plan.Tdx.TcbInfo.Levels.ForEach(level => level.PceSvn += 100),
        [EvidenceDefect.TdxLevelsAscending] = plan => plan.Tdx.TcbInfo.Levels.Reverse(),

        // The module.
        [EvidenceDefect.TdxModuleOutOfDate] = plan => plan.Tdx.Body.TeeTcbSvn = Svn(4, 1),
        [EvidenceDefect.TdxModuleBelowAll] = plan => plan.Tdx.Body.TeeTcbSvn = Svn(2, 1),
        [EvidenceDefect.TdxModuleRevoked] = plan => ReplaceModule(plan, new ModuleIdentity("TDX_01", [new SvnLevel(5, "Revoked")])),
        [EvidenceDefect.TdxModuleIdentityMissing] = plan => ReplaceModule(plan, null),
        [EvidenceDefect.TdxModuleIdentitiesAbsent] = plan => plan.Tdx.TcbInfo.Modules = null,
        [EvidenceDefect.TdxModuleIdLowerCase] = plan => ReplaceModule(plan, new ModuleIdentity("tdx_01", [new SvnLevel(5, "UpToDate")])),
        [EvidenceDefect.TdxModuleVersionZero] = plan => plan.Tdx.Body.TeeTcbSvn = Svn(6, 0),
        [EvidenceDefect.TdxModuleVersionZeroTooLow] = plan => plan.Tdx.Body.TeeTcbSvn = Svn(4, 0),
        [EvidenceDefect.TdxModuleSvnSkipped] = plan => plan.Tdx.TcbInfo.Levels[0].Tdx = [HigherThanOwn, HigherThanOwn, 3, .. new byte[13]],
        [EvidenceDefect.TdxMrSignerSeam] = plan => plan.Tdx.Body.MrSignerSeam = TdReport.Measure("other signer"),
        [EvidenceDefect.TdxSeamAttributes] = plan => plan.Tdx.Body.SeamAttributes = [1, 0, 0, 0, 0, 0, 0, 0],

        // The quoting enclave.
        [EvidenceDefect.TdxQeOutOfDate] = plan => plan.Tdx.QeReport.Svn = 3,
        [EvidenceDefect.TdxQeBelowAll] = plan => plan.Tdx.QeReport.Svn = 1,
        [EvidenceDefect.TdxQeRevoked] = plan => plan.Tdx.QeIdentity.Levels = [new SvnLevel(4, "Revoked")],
        [EvidenceDefect.TdxQeProductId] = plan => plan.Tdx.QeReport.ProductId = 1,
        [EvidenceDefect.TdxQeDebug] = plan => plan.Tdx.QeReport.Attributes = [0x17, .. plan.Tdx.QeReport.Attributes[1..]],
        [EvidenceDefect.TdxQeMrSigner] = plan => plan.Tdx.QeReport.MrSigner = DocumentDefects.Flip(QeReport.IntelSigner, 0),
        [EvidenceDefect.TdxQeMiscSelect] = plan => plan.Tdx.QeReport.MiscSelect = 1,
    };

    private static byte[] Svn(byte svn, byte version) => [svn, version, 3, .. new byte[13]];

    private static void Rate(EvidencePlan plan, string status) => plan.Tdx.TcbInfo.Levels[0].Status = status;

    // The last one is that of the deployment's module.
    private static void ReplaceModule(EvidencePlan plan, ModuleIdentity? module) =>
        plan.Tdx.TcbInfo.Modules = [.. plan.Tdx.TcbInfo.Modules!.SkipLast(1), .. module is null ? [] : (ModuleIdentity[])[module]];

    private static void Raise(TcbLevel level) => level.Sgx = [HigherThanOwn, .. level.Sgx[1..]];
}
