using Privatemode.AI.Testing.Evidence.Certificates;
using Privatemode.AI.Testing.Evidence.Tdx;

namespace Privatemode.AI.Testing.Evidence.Defects;

/// <summary>What can be wrong with the certificates of a platform, and with what they say about it.</summary>
internal static class TdxChainDefects
{
    public static Dictionary<EvidenceDefect, Action<EvidencePlan>> All { get; } = new()
    {
        // What the certificate says.
        [EvidenceDefect.TdxPlatformNotListed] = plan => plan.Tdx.Platform!.InstanceId = PckPlatform.StrangerInstance,
        [EvidenceDefect.TdxPlatformWithoutInstance] = plan => plan.Tdx.Platform!.InstanceId = null,
        [EvidenceDefect.TdxMemoryIntegrityMissing] = plan => plan.Tdx.Platform!.Type = SgxType.Scalable,
        [EvidenceDefect.TdxSmtEnabled] = plan => plan.Tdx.Platform!.HasSmt = true,
        [EvidenceDefect.TdxDynamicPlatform] = plan => plan.Tdx.Platform!.IsDynamic = true,
        [EvidenceDefect.TdxPckWithoutPlatform] = plan => plan.Tdx.Platform = null,
        [EvidenceDefect.TdxPckRepeatsPlatform] = plan => plan.Tdx.ChangePck = pck => pck.Extensions.Add(plan.Tdx.Platform!.ToExtension()),
        [EvidenceDefect.TdxPckWrongName] = plan => plan.Tdx.ChangePck = pck => pck.Subject = DistinguishedName.Intel(IntelAuthority.TcbSigningName),
        [EvidenceDefect.TdxPckExpired] = plan => plan.Tdx.PckTo = plan.Day.AddDays(-1),
        [EvidenceDefect.TdxPckFromFuture] = plan => plan.Tdx.PckFrom = plan.Day.AddDays(2),

        // Above it.
        [EvidenceDefect.TdxForgedRoot] = plan => ReplaceRoot(plan, TestKeys.ForgedIntelRoot),
        [EvidenceDefect.TdxPckAuthorityNoAuthority] = plan =>
            SnpCertificateDefects.Replace(plan.Tdx.PckAuthority, CertificateExtension.BasicConstraints(isAuthority: false)),
        [EvidenceDefect.TdxPckAuthorityExpired] = plan => plan.Tdx.PckAuthority.NotAfter = plan.Day.AddDays(-1),
        [EvidenceDefect.TdxProcessorCa] = UseProcessorCa,
        [EvidenceDefect.TdxQuoteUnderTcbSigner] = plan =>
        {
            IssuedTdx sound = new(new TdxPlan(plan.Day));
            plan.Tdx.QeReportSigner = TestKeys.TcbSigning;
            plan.Tdx.ChangeChain = chain => [sound.TcbSigning, chain[1], chain[2]];
        },

        // The chain as text.
        [EvidenceDefect.TdxChainReversed] = plan => plan.Tdx.ChangeChain = chain => [.. chain.Reverse()],
        [EvidenceDefect.TdxChainWithoutRoot] = plan => plan.Tdx.ChangeChain = chain => [chain[0], chain[1]],
        [EvidenceDefect.TdxChainLeafOnly] = plan => plan.Tdx.ChangeChain = chain => [chain[0]],
        [EvidenceDefect.TdxChainEmpty] = plan => plan.Tdx.ChangeChainText = _ => "",
        [EvidenceDefect.TdxChainTrailing] = plan => plan.Tdx.ChangeChainText = text => text + "\0\0",
        [EvidenceDefect.TdxChainTrailingCertificate] = plan => plan.Tdx.ChangeChain = chain => [.. chain, chain[2]],
        [EvidenceDefect.TdxChainBrokenBase64] = plan => plan.Tdx.ChangeChainText = text => text.Insert(text.IndexOf('\n', StringComparison.Ordinal) + 1, "*"),
        [EvidenceDefect.TdxPckTampered] = plan => plan.Tdx.ChangeChain = chain => [DocumentDefects.Flip(chain[0], chain[0].Length - 1), chain[1], chain[2]],
    };

    // A whole hierarchy with the right names, collateral included, under a root of somebody else.
    private static void ReplaceRoot(EvidencePlan plan, EcKey root)
    {
        plan.Tdx.RootKey = root;
        plan.Tdx.Root = IntelAuthority.Root(root);
        plan.Tdx.PckAuthority = IntelAuthority.PckAuthority(IntelAuthority.PlatformCaName, TestKeys.PckPlatformCa, root);
        plan.Tdx.RootList.IssuerKey = root;
    }

    private static void UseProcessorCa(EvidencePlan plan)
    {
        plan.Tdx.PckAuthorityKey = TestKeys.PckProcessorCa;
        plan.Tdx.PckAuthority = IntelAuthority.PckAuthority(IntelAuthority.ProcessorCaName, TestKeys.PckProcessorCa, plan.Tdx.RootKey);
        plan.Tdx.PckList = plan.Tdx.ProcessorList;
        plan.Tdx.ChangePck = pck => pck.Issuer = DistinguishedName.Intel(IntelAuthority.ProcessorCaName);
    }
}
