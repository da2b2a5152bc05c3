using Privatemode.AI.Testing.Evidence.Tdx;

namespace Privatemode.AI.Testing.Evidence.Defects;

/// <summary>What can be wrong with the security version of platform, module and quoting enclave.</summary>
internal static class TdxLevelDefects
{
    private const byte HigherThanOwn = 99;

    public static IReadOnlyList<DefectDefinition> All { get; } =
    [
        // The platform.
        new("TdxPlatformOutOfDate", "The platform is out of date; module and quoting enclave are not.", plan => Raise(plan.Tdx.TcbInfo.Levels[0])),
        new("TdxPlatformSwHardeningNeeded", "The platform needs hardened software.", plan => Rate(plan, "SWHardeningNeeded")),
        new("TdxPlatformConfigurationNeeded", "The platform needs another configuration.", plan => Rate(plan, "ConfigurationNeeded")),
        new(
            "TdxPlatformConfigurationAndSwHardeningNeeded",
            "The platform needs another configuration and hardened software.",
            plan => Rate(plan, "ConfigurationAndSWHardeningNeeded")),
        new(
            "TdxPlatformOutOfDateConfigurationNeeded",
            "The platform is out of date and needs another configuration.",
            plan => Rate(plan, "OutOfDateConfigurationNeeded")),
        new("TdxPlatformRevoked", "The platform is revoked; module and quoting enclave are not.", plan => Rate(plan, "Revoked")),
        new("TdxPlatformUnknownStatus", "The platform's status is an unknown word.", plan => Rate(plan, "Excellent")),
        new("TdxNoLevel", "The platform is below every level.", plan => plan.Tdx.TcbInfo.Levels.ForEach(Raise)),
        new(
            "TdxPceSvnTooLow",
            "The platform's certification enclave is below every level.",
            plan => plan.Tdx.TcbInfo.Levels.ForEach(level => level.PceSvn += 100)),
        new("TdxLevelsAscending", "The levels are listed lowest first.", plan => plan.Tdx.TcbInfo.Levels.Reverse()),

        // The module.
        new("TdxModuleOutOfDate", "The module is out of date; platform and quoting enclave are not.", plan => plan.Tdx.Body.TeeTcbSvn = Svn(4, 1)),
        new("TdxModuleBelowAll", "The module is below every level.", plan => plan.Tdx.Body.TeeTcbSvn = Svn(2, 1)),
        new("TdxModuleRevoked", "The module is revoked.", plan => ReplaceModule(plan, new ModuleIdentity("TDX_01", [new SvnLevel(5, "Revoked")]))),
        new("TdxModuleIdentityMissing", "The module's version has no identity.", plan => ReplaceModule(plan, null)),
        new("TdxModuleIdentitiesAbsent", "There are no identities of modules.", plan => plan.Tdx.TcbInfo.Modules = null),
        new(
            "TdxModuleIdLowerCase",
            "The module's identity is named in lower case.",
            plan => ReplaceModule(plan, new ModuleIdentity("tdx_01", [new SvnLevel(5, "UpToDate")]))),
        new("TdxModuleVersionZero", "The module has version 0 and needs no identity.", plan => plan.Tdx.Body.TeeTcbSvn = Svn(6, 0)),
        new("TdxModuleVersionZeroTooLow", "The module has version 0 and is below every level.", plan => plan.Tdx.Body.TeeTcbSvn = Svn(4, 0)),
        new(
            "TdxModuleSvnSkipped",
            "Components that the module's identity covers are below the level.",
            plan => plan.Tdx.TcbInfo.Levels[0].Tdx = [HigherThanOwn, HigherThanOwn, 3, .. new byte[13]]),
        new("TdxMrSignerSeam", "The module is signed by another party.", plan => plan.Tdx.Body.MrSignerSeam = TdReport.Measure("other signer")),
        new("TdxSeamAttributes", "The module has attributes.", plan => plan.Tdx.Body.SeamAttributes = [1, 0, 0, 0, 0, 0, 0, 0]),

        // The quoting enclave.
        new("TdxQeOutOfDate", "The quoting enclave is out of date; platform and module are not.", plan => plan.Tdx.QeReport.Svn = 3),
        new("TdxQeBelowAll", "The quoting enclave is below every level.", plan => plan.Tdx.QeReport.Svn = 1),
        new("TdxQeRevoked", "The quoting enclave is revoked.", plan => plan.Tdx.QeIdentity.Levels = [new SvnLevel(4, "Revoked")]),
        new("TdxQeProductId", "The quoting enclave is another product.", plan => plan.Tdx.QeReport.ProductId = 1),
        new("TdxQeDebug", "The quoting enclave is in debug mode.", plan => plan.Tdx.QeReport.Attributes = [0x17, .. plan.Tdx.QeReport.Attributes[1..]]),
        new(
            "TdxQeMrSigner",
            "The quoting enclave is signed by another party.",
            plan => plan.Tdx.QeReport.MrSigner = DocumentDefects.Flip(QeReport.IntelSigner, 0)),
        new("TdxQeMiscSelect", "The quoting enclave has features it should not have.", plan => plan.Tdx.QeReport.MiscSelect = 1),
    ];

    private static byte[] Svn(byte svn, byte version) => [svn, version, 3, .. new byte[13]];

    private static void Rate(EvidencePlan plan, string status) => plan.Tdx.TcbInfo.Levels[0].Status = status;

    // The last one is that of the deployment's module.
    private static void ReplaceModule(EvidencePlan plan, ModuleIdentity? module) =>
        plan.Tdx.TcbInfo.Modules = [.. plan.Tdx.TcbInfo.Modules!.SkipLast(1), .. module is null ? [] : (ModuleIdentity[])[module]];

    private static void Raise(TcbLevel level) => level.Sgx = [HigherThanOwn, .. level.Sgx[1..]];
}
