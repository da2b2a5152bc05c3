using System.Text.Json;
using Privatemode.AI.Attestation.Tdx;
using Privatemode.AI.Tests.Attestation.Certificates;
using Privatemode.AI.Tests.Vectors;

namespace Privatemode.AI.Tests.Attestation.Tdx;

/// <summary>Quotes as Contrast and the Go library for TDX test with them; described in vectors/contrast/README.md.</summary>
public sealed class TdxContrastSampleTests
{
    private static readonly DateTimeOffset SampleTime = new(2023, 6, 20, 0, 0, 0, TimeSpan.Zero);

    [ThirdPartyFact]
    public void ContrastQuote_IsSignedByAGenuinePlatform()
    {
        byte[] quote = Read("contrast-tdx-quote.raw.bin");
        DateTimeOffset at = new(2026, 1, 15, 0, 0, 0, TimeSpan.Zero);
        SignedQuote.Verify(quote, TdxTrustAnchors.Production, at).Dispose();
        quote[600] ^= 1;
        Refusal.Of(TdxChecks.QuoteSignature, () => SignedQuote.Verify(quote, TdxTrustAnchors.Production, at));
    }

    // Collateral as it comes from the service, chains percent-encoded. The platform is older than every level.
    [ThirdPartyFact]
    public void IntelSample2023_WithItsAnswers_ReachesNoLevel()
    {
        byte[] quote = Read("tdx_prod_quote_SPR_E4.dat");
        PrivatemodeVerificationException refusal = Refusal.Of(
            TdxChecks.PlatformLevel, () => TdxVerification.Verify(quote, Sample(), TdxTrustAnchors.Production, SampleTime));
        Assert.Contains("TDX 03000400000000000000000000000000", refusal.Found!, StringComparison.Ordinal);
        using SignedQuote signed = SignedQuote.Verify(quote, TdxTrustAnchors.Production, SampleTime);
        Assert.Equal("/tdx/certification/v4/tcb?fmspc=50806f000000", PcsRequests.For(signed.Chain.Extensions).TcbInfo);
    }

    [ThirdPartyFact]
    public void IntelSample2023_QuotingEnclave_IsUpToDate()
    {
        TdxCollateral sample = Sample();
        using SignedDocument document = SignedDocument.Parse(sample.QeIdentity, QeIdentity.Name, TdxChecks.QeIdentityFormat);
        TcbFinding finding = QeIdentity.Read(document.Content).Evaluate(TdxQuote.Parse(Read("tdx_prod_quote_SPR_E4.dat")).QeReport);
        Assert.Equal(TcbStatus.UpToDate, finding.Status);
    }

    [ThirdPartyFact]
    public void IntelSample2023_AMonthLater_IsStale() => Refusal.Of(
        TdxChecks.TcbInfoExpired,
        () => TdxVerification.Verify(Read("tdx_prod_quote_SPR_E4.dat"), Sample(), TdxTrustAnchors.Production, SampleTime.AddMonths(1)));

    private static TdxCollateral Sample()
    {
        JsonElement headers = VectorFiles.ThirdParty("contrast/tdx/sample_issuer_chain_headers.json");
        byte[] Chain(string name) => PcsRequests.DecodeChain(PcsRequestsTests.HeaderOf(headers, name));
        return new TdxCollateral(
            Read("sample_tcbInfo_response"),
            Chain(PcsRequests.TcbInfoChainHeader),
            Read("sample_qeIdentity_response"),
            Chain(PcsRequests.QeIdentityChainHeader),
            Read("pckcrl"),
            Chain(PcsRequests.PckCrlChainHeader),
            Read("rootcrl.der"));
    }

    private static byte[] Read(string name) => File.ReadAllBytes(VectorFiles.ThirdPartyPath($"contrast/tdx/{name}"));
}
