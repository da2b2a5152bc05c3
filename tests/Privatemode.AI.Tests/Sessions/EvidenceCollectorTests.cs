using System.Net;
using Privatemode.AI.Attestation.Contrast;
using Privatemode.AI.Attestation.Tdx;
using Privatemode.AI.Endpoints;
using Privatemode.AI.Sessions;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.Tests.Sessions;

/// <summary>Where files are asked for.</summary>
public sealed class EvidenceCollectorTests : IDisposable
{
    private static readonly CollateralNeeds Needs = new(
        null, new PcsRequests("/tcb?fmspc=00&tcbEvaluationDataNumber=5", "/identity?tcbEvaluationDataNumber=5", "/pckcrl?ca=platform", "/root.der"));

    private readonly ManualTimeProvider _time = new();
    private readonly FakeHandler _handler = new();
    private readonly HttpClient _http;

    public EvidenceCollectorTests() => _http = new HttpClient(_handler);

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
                "https://api.trustedservices.intel.com/identity?tcbEvaluationDataNumber=5", "https://api.trustedservices.intel.com/identity",
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
            ["/intel/tcb", "/intel/identity", "/intel/pckcrl", "/intel/root.der"],
            _handler.Requests.Select(request => request.RequestUri!.AbsolutePath));
        Assert.All(_handler.Requests, request => Assert.Equal("proxy.example", request.RequestUri!.Host));
    }

    private async Task<CollectedCollateral> CollectAsync(CollateralAddresses addresses, bool async)
    {
        CollateralStore store = new(new PublicDownloads(new BoundedHttp(_http, _time), _time), [new MemoryCollateralCache($"{Guid.NewGuid()}")], _time);
        return await new EvidenceCollector(store, addresses, _time).CollectAsync(Needs, CollateralDemand.Recent, async, default);
    }
}
