using System.Net;
using System.Security.Cryptography;
using System.Text;
using Privatemode.AI.Attestation.Certificates;
using Privatemode.AI.Attestation.Contrast;
using Privatemode.AI.Attestation.Tdx;
using Privatemode.AI.Pipeline.Transport;
using Privatemode.AI.Testing.Evidence;
using Privatemode.AI.Tests.Attestation.Contrast;
using Privatemode.AI.Tests.Fakes;
using Privatemode.AI.Verification;
using EvidenceKind = Privatemode.AI.Testing.EvidenceKind;

namespace Privatemode.AI.Tests.Verification;

/// <summary>Where files are asked for.</summary>
public sealed class CollateralCollectorTests : IDisposable
{
    private readonly ManualTimeProvider _time = new();
    private readonly FakeHandler _handler = new();
    private readonly HttpClient _http;

    public CollateralCollectorTests() => _http = new HttpClient(_handler);

    public void Dispose() => _http.Dispose();

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Collect_IntelDroppedTheEvaluation_AsksForTheNewest(bool async)
    {
        _handler.Answer = request => new HttpResponseMessage(
            request.RequestUri!.Query.Contains("EvaluationDataNumber", StringComparison.Ordinal) ? HttpStatusCode.Gone : HttpStatusCode.OK);
        CollectedCollateral collected = await CollectAsync(CollateralAddresses.Vendors, async);
        Assert.False(collected.HasCopies);
        Assert.Equal(
            [
                "https://api.trustedservices.intel.com/tcb?fmspc=00&tcbEvaluationDataNumber=5", "https://api.trustedservices.intel.com/tcb?fmspc=00",
                "https://api.trustedservices.intel.com/tcb?fmspc=00", "https://api.trustedservices.intel.com/identity",
                "https://api.trustedservices.intel.com/pckcrl?ca=platform", "https://certificates.trustedservices.intel.com/root.der",
            ],
            _handler.Requests.Select(request => request.RequestUri!.AbsoluteUri));
    }

    [Fact]
    public async Task Collect_NewestIsGoneToo_IsAFailureOfTheService()
    {
        _handler.Answer = _ => new HttpResponseMessage(HttpStatusCode.Gone);
        await Assert.ThrowsAsync<PrivatemodeServiceException>(() => CollectAsync(CollateralAddresses.Vendors, async: true));
        Assert.Equal(2, _handler.Requests.Count);
    }

    [Fact]
    public async Task Collect_ProxyWithAPath_KeepsItInFront()
    {
        _ = await CollectAsync(CollateralAddresses.At(new Uri("https://proxy.example/intel/")), async: true);
        Assert.Equal(
            ["/intel/tcb", "/intel/tcb", "/intel/identity", "/intel/pckcrl", "/intel/root.der"],
            _handler.Requests.Select(request => request.RequestUri!.AbsolutePath));
        Assert.All(_handler.Requests, request => Assert.Equal("proxy.example", request.RequestUri!.Host));
    }

    // The chain is AMD's, so that a fresher one could not help: with it every forged certificate would cost a download.
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Collect_CertificateIsNotFromAmd_IsRefusedAndTheChainIsFetchedOnce(bool async)
    {
        IssuedEvidence forged = Issue("SnpChipCertificateTampered");
        string chain = string.Join('\n', new[] { forged.Snp!.Intermediate, forged.Snp.Root }.Select(der => PemEncoding.WriteString("CERTIFICATE", der)));
        _handler.Answer = request => request.RequestUri!.AbsolutePath.EndsWith("cert_chain", StringComparison.Ordinal)
            ? new HttpResponseMessage { Content = new StringContent(chain) }
            : new HttpResponseMessage(HttpStatusCode.Forbidden);
        CollateralCollector collector = Collector(CollateralAddresses.Vendors);
        using ParsedSnpEvidence evidence = CertificateAlone(forged);
        for (int i = 0; i < 3; i++)
        {
            PrivatemodeVerificationException refusal = await Assert.ThrowsAsync<PrivatemodeVerificationException>(
                () => collector.CollectAsync(evidence, fresh: false, async, default).AsTask());
            Assert.Equal(CertificateChecks.Signature, refusal.ErrorType);
            _time.Advance(TimeSpan.FromMinutes(1));
        }

        Assert.Equal(["/vcek/v1/Genoa/cert_chain"], _handler.Requests.Select(request => request.RequestUri!.AbsolutePath));
    }

    private DateTimeOffset Today => new(_time.GetUtcNow().UtcDateTime.Date, TimeSpan.Zero);

    private IssuedEvidence Issue(string defect) => new(new EvidenceSettings { Defect = defect }, Today);

    /// <summary>Evidence that brings the chip's certificate and nothing else.</summary>
    private ParsedSnpEvidence CertificateAlone(IssuedEvidence issued)
    {
        AttestationDocument document = DocumentOf(issued);
        SevSnpMessage whole = SevSnpMessage.Parse(document.Evidence);
        SnpMessageWriter writer = new(whole.Report.ToArray()) { Vcek = whole.Vcek!.Value.ToArray() };
        return ParsedSnpEvidence.Verify(
            document with { Evidence = writer.Message }, Manifest.Parse(issued.Manifest), CoordinatorScene.Anchors.Sev, _time.GetUtcNow());
    }

    private static AttestationDocument DocumentOf(IssuedEvidence issued) =>
        AttestationDocument.Parse(Encoding.UTF8.GetBytes(issued.Attest(new byte[32], "mesh")));

    private async Task<CollectedCollateral> CollectAsync(CollateralAddresses addresses, bool async)
    {
        IssuedEvidence issued = new(new EvidenceSettings { Kind = EvidenceKind.Tdx }, Today);
        AttestationDocument document = DocumentOf(issued);
        Manifest manifest = Manifest.Parse(issued.Manifest);
        PcsRequests requests = new("/tcb?fmspc=00&tcbEvaluationDataNumber=5", "/identity", "/pckcrl?ca=platform", "/root.der")
        {
            EvaluationDataNumber = 5,
        };
        SignedQuote quote = SignedQuote.Verify(TdxQuoteMessage.ReadQuote(document.Evidence), CoordinatorScene.Anchors.Tdx, _time.GetUtcNow());
        using ParsedTdxEvidence evidence = new(document, manifest, quote, requests);
        return await Collector(addresses).CollectAsync(evidence, fresh: false, async, default);
    }

    private CollateralCollector Collector(CollateralAddresses addresses) => new(
        new CollateralStore(
            new PublicDownloads(new BoundedHttpClient(_http, _time), _time), [new MemoryCollateralCache($"{Guid.NewGuid()}")], _time),
        addresses,
        CoordinatorScene.Anchors,
        new ContrastOptions(),
        _time);
}
