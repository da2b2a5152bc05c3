using Privatemode.AI.Testing.Evidence.Certificates;
using Privatemode.AI.Testing.Evidence.Sev;

namespace Privatemode.AI.Testing.Evidence.Defects;

/// <summary>What can be wrong with the certificates and the revocation list above an SNP report.</summary>
internal static class SnpCertificateDefects
{
    private const uint SignedByVlek = 1 << 2;
    private const string Provider = "CN=cc-us-east-2.amazonaws.com";

    public static IReadOnlyList<DefectDefinition> All { get; } =
    [
        // The chip's certificate.
        new("SnpTcbMismatch", "The certificate is for a lower version than reported.", plan => plan.Snp.Vek.Tcb = plan.Snp.Line.MinimumTcb),
        new("SnpHardwareIdMismatch", "The certificate is for another chip.", plan => plan.Snp.Vek.HardwareId = TestChips.Sibling),
        new("SnpHardwareIdMissing", "The certificate names no chip.", plan => plan.Snp.Vek.HardwareId = null),
        new("SnpTaggedHardwareId", "The certificate has the chip in a tagged value.", plan => plan.Snp.Vek.HasTaggedHardwareId = true),
        new("SnpProviderInChipCertificate", "The chip's certificate names a provider.", plan => plan.Snp.Vek.ProviderId = Provider),
        new("SnpChipCertificateWrongName", "The chip's certificate has a provider's common name.", plan => plan.Snp.Vek.CommonName = "SEV-VLEK"),
        new(
            "SnpChipCertificateOtherProductName",
            "The chip's certificate names the other product.",
            plan => plan.Snp.Vek.ProductName = Other(plan).ProductName),
        new(
            "SnpChipCertificateRepeatsExtension",
            "The chip's certificate has an extension twice.",
            plan => plan.Snp.Vek.Extras.Add(VekTemplate.Product(plan.Snp.Vek.ProductName))),
        new(
            "SnpChipCertificateCriticalExtension",
            "The chip's certificate has an unknown critical extension.",
            plan =>
                plan.Snp.Vek.Extras.Add(new CertificateExtension("1.3.6.1.4.1.3704.99", true, [0x05, 0x00]))),
        new("SnpChipCertificateExpired", "The chip's certificate has expired.", plan => plan.Snp.Vek.NotAfter = plan.Day.AddDays(-1)),
        new("SnpChipCertificateFromFuture", "The chip's certificate is not valid yet.", plan => plan.Snp.Vek.NotBefore = plan.Day.AddDays(2)),
        new("SnpChipCertificateTampered", "The signature on the chip's certificate is changed.", plan => plan.Snp.Vek.IsTampered = true),
        new("SnpChipOfOtherProduct", "The certificates are a sound chain of the other product line.", plan => plan.Snp = OtherChain(plan)),
        new("SnpCpuIdOfOtherProduct", "The report names a processor of the other product line.", plan => plan.Snp.Report.CpuId = Other(plan).CpuId),

        // Keys of providers.
        new("SnpSignedByProvider", "The report is signed with a provider's key, under a sound chain.", plan => UseProvider(plan, claimed: true)),
        new("SnpProviderPresentedAsChip", "A provider's key and chain are presented as a chip's.", plan => UseProvider(plan, claimed: false)),
        new(
            "SnpProviderUnderChipAuthority",
            "A provider's certificate is issued by the authority for chips.",
            plan =>
            {
                UseProvider(plan, claimed: true);
                SnpLine line = plan.Snp.Line;
                plan.Snp.Vek.IssuerName = $"SEV-{line.Name}";
                plan.Snp.Vek.IssuerKey = line.IntermediateKey;
                plan.Snp.Intermediate = AmdAuthority.Intermediate(line, $"SEV-{line.Name}", line.IntermediateNumber, line.IntermediateKey, line.RootKey);
            }),

        // Above the chip.
        new(
            "SnpForgedRoot",
            "The whole chain, with the right names, is under the root of another party.",
            plan =>
            {
                SnpLine line = plan.Snp.Line;
                plan.Snp.IntermediateSigner = plan.Snp.RootSigner = TestKeys.ForgedArk;
                plan.Snp.Root = AmdAuthority.Root(line, TestKeys.ForgedArk);
                plan.Snp.Intermediate = AmdAuthority.Intermediate(
                    line, $"SEV-{line.Name}", line.IntermediateNumber, line.IntermediateKey, TestKeys.ForgedArk);
                plan.Snp.RevocationList!.IssuerKey = TestKeys.ForgedArk;
            }),
        new("SnpForgedIntermediate", "The intermediate is signed by another party.", plan => plan.Snp.IntermediateSigner = TestKeys.ForgedArk),
        new(
            "SnpIntermediateNoAuthority",
            "The intermediate is not a certificate authority.",
            plan => Replace(plan.Snp.Intermediate, CertificateExtension.BasicConstraints(isAuthority: false))),
        new("SnpIntermediateExpired", "The intermediate has expired.", plan => plan.Snp.Intermediate.NotAfter = plan.Day.AddDays(-1)),

        // Revocation.
        new("SnpIntermediateRevoked", "The intermediate is revoked.", plan => plan.Snp.RevocationList!.Revoked.Add(plan.Snp.Line.IntermediateNumber)),
        new(
            "SnpRevocationListByIntermediate",
            "The revocation list is signed by the intermediate.",
            plan => plan.Snp.RevocationList!.IssuerKey = plan.Snp.Line.IntermediateKey),
        new(
            "SnpRevocationListExpired",
            "The revocation list has expired.",
            plan =>
            {
                plan.Snp.RevocationList!.ThisUpdate = plan.Day.AddDays(-365);
                plan.Snp.RevocationList.NextUpdate = plan.Day.AddDays(-1);
            }),
        new("SnpRevocationListFromFuture", "The revocation list is not valid yet.", plan => plan.Snp.RevocationList!.ThisUpdate = plan.Day.AddDays(2)),
        new("SnpRevocationListWithoutEnd", "The revocation list does not say until when it is valid.", plan => plan.Snp.RevocationList!.NextUpdate = null),
        new("SnpRevocationListTampered", "The signature on the revocation list is changed.", plan => plan.Snp.RevocationList!.IsTampered = true),
        new(
            "SnpRevocationListOfOtherProduct",
            "The revocation list is that of the other product line.",
            plan =>
            {
                SnpLine other = Other(plan);
                plan.Snp.RevocationList!.Issuer = DistinguishedName.Amd(AmdAuthority.RootName(other));
                plan.Snp.RevocationList.IssuerKey = other.RootKey;
            }),
        new(
            "SnpRevocationListMissing",
            "The revocation list cannot be retrieved; this does not mean that verification failed.",
            plan => plan.Snp.RevocationList = null),
    ];

    /// <summary>Replaces the extension that has the same OID.</summary>
    public static void Replace(CertificateTemplate template, CertificateExtension extension) =>
        template.Extensions[template.Extensions.FindIndex(present => present.Oid == extension.Oid)] = extension;

    private static SnpLine Other(EvidencePlan plan) => plan.Snp.Line == SnpLine.Genoa ? SnpLine.Milan : SnpLine.Genoa;

    // A sound chain of the other product line over the same report, which still says which processor it is from.
    private static SnpPlan OtherChain(EvidencePlan plan)
    {
        SnpPlan other = new(Other(plan), plan.Snp.Report, plan.Day);
        other.Vek.Tcb = plan.Snp.Vek.Tcb;
        return other;
    }

    private static void UseProvider(EvidencePlan plan, bool claimed)
    {
        SnpPlan snp = plan.Snp;
        SnpLine line = snp.Line;
        string name = $"SEV-VLEK-{line.Name}";
        snp.Intermediate = AmdAuthority.Intermediate(line, name, line.NumberBase + 0x101, TestKeys.AsvkGenoa, line.RootKey);
        snp.Vek.CommonName = "SEV-VLEK";
        snp.Vek.IssuerName = name;
        snp.Vek.IssuerKey = TestKeys.AsvkGenoa;
        snp.Vek.Key = TestKeys.Vlek;
        snp.Vek.HardwareId = null;
        snp.Vek.ProviderId = Provider;
        snp.ReportKey = TestKeys.Vlek;
        snp.IsVlek = claimed;
        snp.Report.KeyInfo = claimed ? SignedByVlek : 0;
    }
}
