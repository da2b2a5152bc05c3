using System.Text;
using Privatemode.AI.Attestation.Contrast;
using Privatemode.AI.Attestation.Sev;
using Privatemode.AI.Testing;
using Privatemode.AI.Testing.Evidence;
using Privatemode.AI.Testing.Evidence.Contrast;
using Privatemode.AI.Testing.Evidence.Sev;

namespace Privatemode.AI.Tests.Attestation.Contrast;

public sealed class ParsedEvidenceTests
{
    [Theory]
    [InlineData(5u, "Genoa")]
    [InlineData(2u, "Genoa")] // does not say: the manifest lists one line only
    public void Of_DocumentWithoutCertificates_AsksForAll(uint version, string product)
    {
        CoordinatorScene scene = new(new EvidenceSettings { HasCertificates = false, ReportVersion = version });
        VerifiedCoordinator verified = scene.Verify();
        string chip = Convert.ToHexStringLower(verified.Snp!.Report.ChipId.Span);
        TcbVersion tcb = verified.Snp.Tcb.Reported;
        Assert.Equal(
            [
                $"/vcek/v1/{product}/{chip}?blSPL={tcb.BootLoader}&teeSPL={tcb.Tee}&snpSPL={tcb.Snp}&ucodeSPL={tcb.Microcode}",
                $"/vcek/v1/{product}/cert_chain",
                $"/vcek/v1/{product}/crl",
            ],
            scene.Requests);
    }

    [Fact]
    public void Of_ReportOfVersion2_AsksTheCertificateForItsProduct() => Assert.Empty(
        new CoordinatorScene(new EvidenceSettings { ReportVersion = 2, Product = EvidenceAmdProduct.Milan }).Refusals());

    [Fact]
    public void Of_ReportOfVersion2AndTwoProducts_CannotAsk()
    {
        CoordinatorScene scene = new(new EvidenceSettings { HasCertificates = false, ReportVersion = 2 });
        scene.Manifest.Snp.Add(Milan(scene));
        Assert.Equal([SevChecks.Product], scene.Refusals());

        CoordinatorScene withCertificate = new(new EvidenceSettings { ReportVersion = 2 });
        withCertificate.Manifest.Snp.Add(Milan(withCertificate));
        Assert.Empty(withCertificate.Refusals());

        static SnpReference Milan(CoordinatorScene scene) => new()
        {
            ProductName = "Milan",
            TrustedMeasurement = new byte[48],
            ResetAddress = "",
            MinimumTcb = scene.Manifest.Snp[0].MinimumTcb,
            MinimumMitigations = 0,
        };
    }

    [Fact]
    public void Of_MaskedChipWithoutCertificate_CannotAsk()
    {
        CoordinatorScene scene = new(new EvidenceSettings { HasCertificates = false });
        scene.Snp.Report.ChipId = new byte[64];
        Assert.Equal([SevChecks.ChipIdMasked], scene.Refusals());
    }

    [Fact]
    public void Combine_AnswerThatIsNoChainOfTwo_IsRefusedUnderItsOwnName()
    {
        byte[] report = new CoordinatorScene().Verify().Snp!.Report.Raw.ToArray();
        using ParsedSnpEvidence evidence = EvidenceOf(new SnpMessageWriter(report));
        Assert.NotNull(evidence.ChainPath);
        byte[] one = Encoding.ASCII.GetBytes("-----BEGIN CERTIFICATE-----\nAQID\n-----END CERTIFICATE-----\n");
        Assert.Equal(ContrastChecks.CollateralChain, ContrastFiles.Refusal(() => evidence.Combine(one, default)));
        Assert.Equal([1, 2, 3], evidence.Combine((byte[])[.. one, .. one], default).Root.ToArray());
        Assert.NotNull(ContrastFiles.Refusal(() => evidence.Combine((byte[])[.. one, .. one, .. one], default)));
        Assert.NotNull(ContrastFiles.Refusal(() => evidence.Combine(default, default)));
    }

    // The chain is still to be fetched, but the report is not signed with the key of the certificate that it brings.
    [Fact]
    public void Of_OwnCertificateDidNotSignTheReport_CannotAsk()
    {
        byte[] report = new CoordinatorScene().Verify().Snp!.Report.Raw.ToArray();
        byte[] certificate = new IssuedEvidence(new EvidenceSettings(), CoordinatorScene.Day).Snp!.Vek;
        using (ParsedSnpEvidence evidence = EvidenceOf(new SnpMessageWriter(report) { Vcek = certificate }))
        {
            Assert.NotNull(evidence.ChainPath);
        }

        report[0x100] ^= 1;
        Assert.Equal(SevChecks.ReportSignature, ContrastFiles.Refusal(() => EvidenceOf(new SnpMessageWriter(report) { Vcek = certificate })));
    }

    // As much as possible is verified before anything is downloaded.
    [Theory]
    [InlineData(true, true)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(false, false)]
    public void Of_SomeOfTheCertificates_IsVerifiedWithThese(bool hasVcek, bool hasChain)
    {
        IssuedSnp issued = new IssuedEvidence(new EvidenceSettings(), CoordinatorScene.Day).Snp!;
        byte[] report = new CoordinatorScene().Verify().Snp!.Report.Raw.ToArray();
        SnpMessageWriter Message() => new(report)
        {
            Vcek = hasVcek ? issued.Vek : null,
            Ask = hasChain ? issued.Intermediate : null,
            Ark = hasChain ? issued.Root : null,
        };
        using (ParsedSnpEvidence evidence = EvidenceOf(Message()))
        {
            Assert.Equal(
                (hasVcek, hasVcek, hasChain, hasChain),
                (evidence.VcekPath is null, evidence.Vek is not null, evidence.ChainPath is null, evidence.Authorities is not null));
            Assert.Equal(hasVcek && hasChain, evidence.Signed is not null);
        }

        report[0x100] ^= 1;
        Assert.Equal(hasVcek ? SevChecks.ReportSignature : null, ContrastFiles.Refusal(() => EvidenceOf(Message()).Dispose()));
    }

    [Fact]
    public void Of_ChainOfAnotherProduct_IsRefused()
    {
        IssuedSnp milan = new IssuedEvidence(new EvidenceSettings { Product = EvidenceAmdProduct.Milan }, CoordinatorScene.Day).Snp!;
        byte[] report = new CoordinatorScene().Verify().Snp!.Report.Raw.ToArray();
        SnpMessageWriter message = new(report) { Ask = milan.Intermediate, Ark = milan.Root };
        Assert.Equal((SevChecks.Product, "Genoa"), ContrastFiles.RefusalAndExpected(() => EvidenceOf(message).Dispose()));
    }

    [Fact]
    public void Of_HighestEvaluationNumber_IsAskedFor()
    {
        CoordinatorScene scene = new(AI.Testing.EvidenceKind.Tdx);
        scene.Manifest.Tdx.Insert(0, new TdxReference { EvaluationNumber = 19 });
        Assert.Empty(scene.Refusals());
        Assert.EndsWith("&tcbEvaluationDataNumber=20", scene.Requests[0], StringComparison.Ordinal);
    }

    private static ParsedSnpEvidence EvidenceOf(SnpMessageWriter writer)
    {
        string document = new IssuedEvidence(new EvidenceSettings(), CoordinatorScene.Day).Attest(new byte[32], "mesh");
        return ParsedSnpEvidence.Verify(
            AttestationDocument.Parse(Encoding.UTF8.GetBytes(document)) with { Evidence = writer.Message },
            Manifest.Parse(ContrastFiles.OwnManifestWith()),
            CoordinatorScene.Anchors.Sev,
            CoordinatorScene.Day);
    }
}
