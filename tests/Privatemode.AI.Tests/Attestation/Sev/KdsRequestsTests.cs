using Privatemode.AI.Attestation.Sev;
using Privatemode.AI.Tests.Attestation.Certificates;

namespace Privatemode.AI.Tests.Attestation.Sev;

public sealed class KdsRequestsTests
{
    [Fact]
    public void Vcek_Genoa_NamesChipAndReportedTcb()
    {
        SnpReport report = FakeAmd.Create().Report.Parse();
        string chip = Convert.ToHexStringLower(FakeAmd.HardwareId(SnpProduct.Genoa));

        Assert.Equal($"/vcek/v1/Genoa/{chip}?blSPL=10&teeSPL=1&snpSPL=23&ucodeSPL=84", KdsRequests.Vcek(report, SnpProduct.Genoa));
    }

    [Fact]
    public void Vcek_Turin_HasAShortChipAndFmc()
    {
        SnpReport report = FakeAmd.Create(SnpProduct.Turin).Report.Parse();

        Assert.Equal("/vcek/v1/Turin/0406030405060708?fmcSPL=2&blSPL=10&teeSPL=1&snpSPL=23&ucodeSPL=84", KdsRequests.Vcek(report, SnpProduct.Turin));
    }

    [Fact]
    public void Vcek_NoChipOrNoTcbOfTheProduct_IsRefused()
    {
        Refusal.Of(SevChecks.ChipIdMasked, () => KdsRequests.Vcek(new SnpReportWriter().Parse(), SnpProduct.Genoa));
        Refusal.Of(SevChecks.TcbReserved, () => KdsRequests.Vcek(FakeAmd.Create(SnpProduct.Turin).Report.Parse(), SnpProduct.Genoa));
    }

    [Fact]
    public void CollateralOfALine_DependsOnTheSigner()
    {
        Assert.Equal("/vcek/v1/Milan/cert_chain", KdsRequests.CertificateChain(SnpProduct.Milan, SnpSigner.Vcek));
        Assert.Equal("/vlek/v1/Turin/cert_chain", KdsRequests.CertificateChain(SnpProduct.Turin, SnpSigner.Vlek));
        Assert.Equal("/vcek/v1/Genoa/crl", KdsRequests.RevocationList(SnpProduct.Genoa, SnpSigner.Vcek));
        Assert.Equal("/vlek/v1/Genoa/crl", KdsRequests.RevocationList(SnpProduct.Genoa, SnpSigner.Vlek));
    }
}
