using System.Text.Json;
using Privatemode.AI.Attestation.Certificates;
using Privatemode.AI.Attestation.Tdx;
using Privatemode.AI.Tests.Attestation.Certificates;
using Privatemode.AI.Tests.Vectors;

namespace Privatemode.AI.Tests.Attestation.Tdx;

public sealed class PcsRequestsTests
{
    private static readonly FakeIntel Intel = new();

    [Fact]
    public void For_APlatform_NamesTheFourPaths()
    {
        PcsRequests requests = For(Intel);
        Assert.Equal("/tdx/certification/v4/tcb?fmspc=b0c06f000000", requests.TcbInfo);
        Assert.Equal("/tdx/certification/v4/qe/identity", requests.QeIdentity);
        Assert.Equal(requests.TcbInfo, requests.NewestTcbInfo);
        Assert.Equal("/sgx/certification/v4/pckcrl?ca=platform&encoding=der", requests.PckCrl);
        Assert.Equal("/IntelSGXRootCA.der", requests.RootCrl);
    }

    [Fact]
    public void For_AnEvaluation_AsksForItsTcbInfoOnly()
    {
        PcsRequests requests = For(Intel, 18);
        Assert.Equal("/tdx/certification/v4/tcb?fmspc=b0c06f000000&tcbEvaluationDataNumber=18", requests.TcbInfo);
        Assert.Equal("/tdx/certification/v4/tcb?fmspc=b0c06f000000", requests.NewestTcbInfo);
        Assert.Equal("/tdx/certification/v4/qe/identity", requests.QeIdentity);
        Assert.Equal("/tdx/certification/v4/qe/identity?tcbEvaluationDataNumber=18", requests.QeIdentityOfEvaluation);
        Assert.Throws<ArgumentOutOfRangeException>(() => For(Intel, -1));
    }

    // Nothing is asked for a quote that could not be accepted.
    [Fact]
    public void For_EvidenceThatCannotPass_IsRefused()
    {
        FakeIntel processor = Intel with { Authority = Intel.Authority with { Subject = Der.Name("Intel SGX PCK Processor CA") } };
        FakeIntel withoutPlatform = Intel with { Pck = Intel.Pck with { Extensions = [] } };
        Refusal.Of(TdxChecks.PckRole, () => For(processor));
        Refusal.Of(TdxChecks.PckExtension, () => For(withoutPlatform));
        Refusal.Of(TdxChecks.QuoteLength, () => SignedQuote.Verify(default, FakeIntel.Anchors, FakeIntel.Now));
    }

    [Theory]
    [InlineData("", "")]
    [InlineData("a+b", "a b")]
    [InlineData("a%2Bb%0Ac%2b", "a+b\nc+")]
    [InlineData("100%", "100%")]
    [InlineData("%zz%4", "%zz%4")]
    public void DecodeChain_IsPercentDecoding(string header, string text) =>
        Assert.Equal(text, System.Text.Encoding.UTF8.GetString(PcsRequests.DecodeChain(header)));

    [ThirdPartyFact]
    public void DecodeChain_RealHeaders_AreTwoCertificatesEach()
    {
        JsonElement headers = VectorFiles.ThirdParty("contrast/tdx/sample_issuer_chain_headers.json");
        foreach (string name in new[] { PcsRequests.TcbInfoChainHeader, PcsRequests.QeIdentityChainHeader, PcsRequests.PckCrlChainHeader })
        {
            Assert.Equal(2, Pem.ReadCertificates(PcsRequests.DecodeChain(HeaderOf(headers, name)), 2).Count);
        }
    }

    private static PcsRequests For(FakeIntel intel, int evaluation = 0)
    {
        using SignedQuote signed = SignedQuote.Verify(intel.Quote.Write(), FakeIntel.Anchors, FakeIntel.Now);
        return PcsRequests.For(signed.Chain.Extensions, evaluation);
    }

    internal static string HeaderOf(JsonElement headers, string name) =>
        headers.EnumerateObject().Single(header => header.Name.Equals(name, StringComparison.OrdinalIgnoreCase)).Value.GetString()!;
}
