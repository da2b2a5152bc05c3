using Privatemode.AI.Testing.Evidence.Certificates;
using Privatemode.AI.Testing.Evidence.Sev;

namespace Privatemode.AI.Testing.Evidence.Defects;

/// <summary>What can be wrong with the certificates and the revocation list above an SNP report.</summary>
internal static class SnpCertificateDefects
{
    private const uint SignedByVlek = 1 << 2;
    private const string Provider = "CN=cc-us-east-2.amazonaws.com";

    public static Dictionary<EvidenceDefect, Action<EvidencePlan>> All { get; } = new()
    {
        // The chip's certificate.
        [EvidenceDefect.SnpTcbMismatch] = plan => plan.Snp.Vek.Tcb = plan.Snp.Line.MinimumTcb,
        [EvidenceDefect.SnpHardwareIdMismatch] = plan => plan.Snp.Vek.HardwareId = TestChips.Sibling,
        [EvidenceDefect.SnpHardwareIdMissing] = plan => plan.Snp.Vek.HardwareId = null,
        [EvidenceDefect.SnpTaggedHardwareId] = plan => plan.Snp.Vek.HasTaggedHardwareId = true,
        [EvidenceDefect.SnpProviderInChipCertificate] = plan => plan.Snp.Vek.ProviderId = Provider,
        [EvidenceDefect.SnpChipCertificateWrongName] = plan => plan.Snp.Vek.CommonName = "SEV-VLEK",
        [EvidenceDefect.SnpChipCertificateOtherProductName] = plan => plan.Snp.Vek.ProductName = Other(plan).ProductName,
        [EvidenceDefect.SnpChipCertificateRepeatsExtension] = plan => plan.Snp.Vek.Extras.Add(VekTemplate.Product(plan.Snp.Vek.ProductName)),
        [EvidenceDefect.SnpChipCertificateCriticalExtension] = plan =>
            plan.Snp.Vek.Extras.Add(new CertificateExtension("1.3.6.1.4.1.3704.99", true, [0x05, 0x00])),
        [EvidenceDefect.SnpChipCertificateExpired] = plan => plan.Snp.Vek.NotAfter = plan.Day.AddDays(-1),
        [EvidenceDefect.SnpChipCertificateFromFuture] = plan => plan.Snp.Vek.NotBefore = plan.Day.AddDays(2),
        [EvidenceDefect.SnpChipCertificateTampered] = plan => plan.Snp.Vek.IsTampered = true,
        [EvidenceDefect.SnpChipOfOtherProduct] = plan => plan.Snp = OtherChain(plan),
        [EvidenceDefect.SnpCpuIdOfOtherProduct] = plan => plan.Snp.Report.CpuId = Other(plan).CpuId,

        // Keys of providers.
        [EvidenceDefect.SnpSignedByProvider] = plan => UseProvider(plan, claimed: true),
        [EvidenceDefect.SnpProviderPresentedAsChip] = plan => UseProvider(plan, claimed: false),
        [EvidenceDefect.SnpProviderUnderChipAuthority] = plan =>
        {
            UseProvider(plan, claimed: true);
            SnpLine line = plan.Snp.Line;
            plan.Snp.Vek.IssuerName = $"SEV-{line.Name}";
            plan.Snp.Vek.IssuerKey = line.IntermediateKey;
            plan.Snp.Intermediate = AmdAuthority.Intermediate(line, $"SEV-{line.Name}", line.IntermediateNumber, line.IntermediateKey, line.RootKey);
        },

        // Above the chip.
        [EvidenceDefect.SnpForgedRoot] = plan =>
        {
            SnpLine line = plan.Snp.Line;
            plan.Snp.IntermediateSigner = plan.Snp.RootSigner = TestKeys.ForgedArk;
            plan.Snp.Root = AmdAuthority.Root(line, TestKeys.ForgedArk);
            plan.Snp.Intermediate = AmdAuthority.Intermediate(
                line, $"SEV-{line.Name}", line.IntermediateNumber, line.IntermediateKey, TestKeys.ForgedArk);
            plan.Snp.RevocationList!.IssuerKey = TestKeys.ForgedArk;
        },
        [EvidenceDefect.SnpForgedIntermediate] = plan => plan.Snp.IntermediateSigner = TestKeys.ForgedArk,
        [EvidenceDefect.SnpIntermediateNoAuthority] = plan => Replace(plan.Snp.Intermediate, CertificateExtension.BasicConstraints(isAuthority: false)),
        [EvidenceDefect.SnpIntermediateExpired] = plan => plan.Snp.Intermediate.NotAfter = plan.Day.AddDays(-1),

        // Revocation.
        [EvidenceDefect.SnpIntermediateRevoked] = plan => plan.Snp.RevocationList!.Revoked.Add(plan.Snp.Line.IntermediateNumber),
        [EvidenceDefect.SnpRevocationListByIntermediate] = plan => plan.Snp.RevocationList!.IssuerKey = plan.Snp.Line.IntermediateKey,
        [EvidenceDefect.SnpRevocationListExpired] = plan =>
        {
            plan.Snp.RevocationList!.ThisUpdate = plan.Day.AddDays(-365);
            plan.Snp.RevocationList.NextUpdate = plan.Day.AddDays(-1);
        },
        [EvidenceDefect.SnpRevocationListFromFuture] = plan => plan.Snp.RevocationList!.ThisUpdate = plan.Day.AddDays(2),
        [EvidenceDefect.SnpRevocationListWithoutEnd] = plan => plan.Snp.RevocationList!.NextUpdate = null,
        [EvidenceDefect.SnpRevocationListTampered] = plan => plan.Snp.RevocationList!.IsTampered = true,
        [EvidenceDefect.SnpRevocationListOfOtherProduct] = plan =>
        {
            SnpLine other = Other(plan);
            plan.Snp.RevocationList!.Issuer = DistinguishedName.Amd(AmdAuthority.RootName(other));
            plan.Snp.RevocationList.IssuerKey = other.RootKey;
        },
        [EvidenceDefect.SnpRevocationListMissing] = plan => plan.Snp.RevocationList = null,
    };

    /// <summary>Puts an extension in the place of its namesake.</summary>
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
