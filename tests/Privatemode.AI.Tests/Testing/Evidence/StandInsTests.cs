using System.Security.Cryptography;
using System.Text;
using Privatemode.AI.Testing;
using Privatemode.AI.Testing.Evidence;
using Privatemode.AI.Testing.Evidence.Collateral;

namespace Privatemode.AI.Tests.Testing.Evidence;

/// <summary>The vendors' addresses and what is to be had there.</summary>
public sealed class StandInsTests
{
    private static readonly IssuedEvidence Snp = new(new EvidenceSettings(), DocumentFacts.Day);
    private static readonly IssuedEvidence Tdx = new(new EvidenceSettings { Kind = EvidenceKind.Tdx }, DocumentFacts.Day);

    [Theory]
    [InlineData("POST", "/privatemode/v1/attest", EvidenceSource.Attestation)]
    [InlineData("GET", "/privatemode/v2/manifest.json", EvidenceSource.Manifest)]
    [InlineData("GET", "/vcek/v1/Genoa/cert_chain", EvidenceSource.AmdCertificateChain)]
    [InlineData("GET", "/vcek/v1/Genoa/crl", EvidenceSource.AmdRevocationList)]
    [InlineData("GET", "/vcek/v1/Genoa/0102", EvidenceSource.AmdChipCertificate)]
    [InlineData("GET", "/tdx/certification/v4/tcb", EvidenceSource.IntelTcbInfo)]
    [InlineData("GET", "/tdx/certification/v4/qe/identity", EvidenceSource.IntelQeIdentity)]
    [InlineData("GET", "/sgx/certification/v4/pckcrl", EvidenceSource.IntelPlatformRevocationList)]
    [InlineData("GET", "/IntelSGXRootCA.der", EvidenceSource.IntelRootRevocationList)]
    public void Find_VendorsPath_IsTheirs(string method, string path, EvidenceSource source) => Assert.Equal(source, StandIns.Find(method, path));

    [Theory]
    [InlineData("POST", "/privatemode/v2/manifest.json")]
    [InlineData("GET", "/privatemode/v1/attest")]
    [InlineData("GET", "/v1/models")]
    [InlineData("GET", "/vcek/v1/Genoa")]
    [InlineData("GET", "/tdx/certification/v4/tcb/more")]
    public void Find_AnyOtherPath_IsNotFound(string method, string path) => Assert.Null(StandIns.Find(method, path));

    [Fact]
    public void AmdChip_PathOfTheReport_IsItsCertificate()
    {
        (byte[] chip, _) = Snp.Snp!.Chip;
        StandInAnswer answer = Chip($"/vcek/v1/Genoa/{Convert.ToHexStringLower(chip)}", "13", "90");

        Assert.Equal(200, answer.Status);
        Assert.Equal(Snp.Snp.Vek, answer.Body.ToArray());
    }

    [Fact]
    public void AmdChip_AnyOtherPath_IsNotFound()
    {
        (byte[] chip, _) = Snp.Snp!.Chip;
        string own = Convert.ToHexStringLower(chip);

        Assert.Equal(404, Chip($"/vcek/v1/Milan/{own}", "13", "90").Status);
        Assert.Equal(404, Chip($"/vcek/v1/Genoa/{own.ToUpperInvariant()}", "13", "90").Status);
        Assert.Equal(404, Chip($"/vcek/v1/Genoa/{own}", "12", "90").Status);
        Assert.Equal(404, Chip($"/vcek/v1/Genoa/{own}", "13", "0x5a").Status);
        Assert.Equal(404, StandIns.Answer(EvidenceSource.AmdChipCertificate, Snp, $"/vcek/v1/Genoa/{own}", new Dictionary<string, string>()).Status);
    }

    [Fact]
    public void AmdChain_ChipOfOtherProduct_IsServedWhereTheReportPointsTo()
    {
        IssuedEvidence faulty = new(new EvidenceSettings { Defect = "SnpChipOfOtherProduct" }, DocumentFacts.Day);

        StandInAnswer answer = StandIns.Answer(EvidenceSource.AmdCertificateChain, faulty, "/vcek/v1/Genoa/cert_chain", new Dictionary<string, string>());

        Assert.Equal(200, answer.Status);
        Assert.Equal("Milan", faulty.Snp!.Line.Name);
    }

    [Fact]
    public void AmdChain_Genoa_IsIntermediateThenRoot()
    {
        StandInAnswer answer = StandIns.Answer(EvidenceSource.AmdCertificateChain, Snp, "/vcek/v1/Genoa/cert_chain", new Dictionary<string, string>());

        Assert.Equal([Snp.Snp!.Intermediate, Snp.Snp.Root], Certificates(Encoding.ASCII.GetString(answer.Body.Span)));
    }

    [Fact]
    public void IntelTcbInfo_PlatformOfTheQuote_ComesWithItsIssuers()
    {
        StandInAnswer answer = StandIns.Answer(
            EvidenceSource.IntelTcbInfo, Tdx, "/tdx/certification/v4/tcb", Query(("fmspc", "b0c06f000000"), ("tcbEvaluationDataNumber", "20")));

        Assert.Equal(Tdx.Tdx!.TcbInfo, answer.Body.ToArray());
        Assert.Equal("TCB-Info-Issuer-Chain", answer.IssuerChain!.Value.Name);
        Assert.DoesNotContain('\n', answer.IssuerChain.Value.Value);
        Assert.DoesNotContain('+', answer.IssuerChain.Value.Value);
        Assert.Equal([Tdx.Tdx.TcbSigning, Tdx.Tdx.Root], Certificates(Uri.UnescapeDataString(answer.IssuerChain.Value.Value)));
    }

    [Fact]
    public void IntelTcbInfo_OtherPlatform_IsNotFound() => Assert.Equal(
        404, StandIns.Answer(EvidenceSource.IntelTcbInfo, Tdx, "/tdx/certification/v4/tcb", Query(("fmspc", "00806f050000"))).Status);

    [Theory]
    [InlineData("platform", "der", 200, false)]
    [InlineData("processor", "der", 200, false)]
    [InlineData("platform", "", 200, true)]
    [InlineData("something", "der", 400, false)]
    public void IntelPlatformRevocationList_Parameters_DecideAuthorityAndForm(string authority, string encoding, int status, bool isPem)
    {
        StandInAnswer answer = StandIns.Answer(
            EvidenceSource.IntelPlatformRevocationList, Tdx, "/sgx/certification/v4/pckcrl", Query(("ca", authority), ("encoding", encoding)));

        Assert.Equal(status, answer.Status);
        Assert.Equal(isPem, answer.Body.Span.StartsWith("-----BEGIN X509 CRL-----"u8));
        Assert.Equal(status == 200, answer.IssuerChain is not null);
    }

    [Fact]
    public void Answer_OtherHardwaresVendor_IsNotFound()
    {
        Assert.Equal(404, StandIns.Answer(EvidenceSource.IntelRootRevocationList, Snp, "/IntelSGXRootCA.der", new Dictionary<string, string>()).Status);
        Assert.Equal(404, StandIns.Answer(EvidenceSource.AmdRevocationList, Tdx, "/vcek/v1/Genoa/crl", new Dictionary<string, string>()).Status);
    }

    private static StandInAnswer Chip(string path, string bootLoader, string microcode) => StandIns.Answer(
        EvidenceSource.AmdChipCertificate,
        Snp,
        path,
        new Dictionary<string, string> { ["blSPL"] = bootLoader, ["teeSPL"] = "0", ["snpSPL"] = "29", ["ucodeSPL"] = microcode });

    private static List<byte[]> Certificates(string text)
    {
        List<byte[]> certificates = [];
        while (PemEncoding.TryFind(text, out PemFields fields))
        {
            certificates.Add(Convert.FromBase64String(text[fields.Base64Data]));
            text = text[fields.Location.End..];
        }

        return certificates;
    }

    private static Dictionary<string, string> Query(params (string Name, string Value)[] parameters) =>
        parameters.ToDictionary(parameter => parameter.Name, parameter => parameter.Value);
}
