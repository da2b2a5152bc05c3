using Privatemode.AI.Testing.Evidence.Certificates;
using Privatemode.AI.Testing.Evidence.Tdx;

namespace Privatemode.AI.Testing.Evidence.Defects;

/// <summary>What can be wrong with the certificates of a platform, and with what they say about it.</summary>
internal static class TdxChainDefects
{
    public static IReadOnlyList<DefectDefinition> All { get; } =
    [
        // What the certificate says.
        new("TdxPlatformNotListed", "The manifest does not list the platform.", plan => plan.Tdx.Platform!.InstanceId = PckPlatform.StrangerInstance),
        new("TdxPlatformWithoutInstance", "The certificate does not say which platform it is for.", plan => plan.Tdx.Platform!.InstanceId = null),
        new("TdxMemoryIntegrityMissing", "The platform's memory has no integrity protection.", plan => plan.Tdx.Platform!.Type = SgxType.Scalable),
        new("TdxSmtEnabled", "Simultaneous multithreading is on.", plan => plan.Tdx.Platform!.HasSmt = true),
        new("TdxDynamicPlatform", "Packages may be added to the platform.", plan => plan.Tdx.Platform!.IsDynamic = true),
        new("TdxPckWithoutPlatform", "The certificate says nothing about the platform.", plan => plan.Tdx.Platform = null),
        new(
            "TdxPckRepeatsPlatform",
            "The certificate has the platform twice.",
            plan => plan.Tdx.ChangePck = pck => pck.Extensions.Add(plan.Tdx.Platform!.ToExtension())),
        new(
            "TdxPckWrongName",
            "The platform's certificate has the common name of the TCB signer.",
            plan => plan.Tdx.ChangePck = pck => pck.Subject = DistinguishedName.Intel(IntelAuthority.TcbSigningName)),
        new("TdxPckExpired", "The platform's certificate has expired.", plan => plan.Tdx.PckTo = plan.Day.AddDays(-1)),
        new("TdxPckFromFuture", "The platform's certificate is not valid yet.", plan => plan.Tdx.PckFrom = plan.Day.AddDays(2)),

        // Above it.
        new(
            "TdxForgedRoot",
            "The whole chain and the collateral, with the right names, are under the root of another party.",
            plan => ReplaceRoot(plan, TestKeys.ForgedIntelRoot)),
        new(
            "TdxPckAuthorityNoAuthority",
            "The platform CA is not a certificate authority.",
            plan =>
                SnpCertificateDefects.Replace(plan.Tdx.PckAuthority, CertificateExtension.BasicConstraints(isAuthority: false))),
        new("TdxPckAuthorityExpired", "The platform CA has expired.", plan => plan.Tdx.PckAuthority.NotAfter = plan.Day.AddDays(-1)),
        new("TdxProcessorCa", "The platform's certificate is issued by the CA for processors.", UseProcessorCa),
        new(
            "TdxQuoteUnderTcbSigner",
            "The TCB signer is in the place of the platform's certificate.",
            plan =>
            {
                IssuedTdx sound = new(new TdxPlan(plan.Day));
                plan.Tdx.QeReportSigner = TestKeys.TcbSigning;
                plan.Tdx.ChangeChain = chain => [sound.TcbSigning, chain[1], chain[2]];
            }),

        // The chain as text.
        new("TdxChainReversed", "The chain is in reverse order.", plan => plan.Tdx.ChangeChain = chain => [.. chain.Reverse()]),
        new("TdxChainWithoutRoot", "The chain ends before the root.", plan => plan.Tdx.ChangeChain = chain => [chain[0], chain[1]]),
        new("TdxChainLeafOnly", "The chain is the platform's certificate alone.", plan => plan.Tdx.ChangeChain = chain => [chain[0]]),
        new("TdxChainEmpty", "There is no chain.", plan => plan.Tdx.ChangeChainText = _ => ""),
        new("TdxChainTrailing", "There is a second zero byte after the chain.", plan => plan.Tdx.ChangeChainText = text => text + "\0\0"),
        new("TdxChainTrailingCertificate", "There is a fourth certificate after the chain.", plan => plan.Tdx.ChangeChain = chain => [.. chain, chain[2]]),
        new(
            "TdxChainBrokenBase64",
            "The first certificate is not base64.",
            plan => plan.Tdx.ChangeChainText = text => text.Insert(text.IndexOf('\n', StringComparison.Ordinal) + 1, "*")),
        new(
            "TdxPckTampered",
            "The signature on the platform's certificate is changed.",
            plan => plan.Tdx.ChangeChain = chain => [DocumentDefects.Flip(chain[0], chain[0].Length - 1), chain[1], chain[2]]),
    ];

    // A whole hierarchy with the right names, collateral included, under a root of another deployment.
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
