using System.Net;
using Privatemode.AI.Pipeline.Transport;
using Privatemode.AI.Testing;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.Tests.Pipeline.Transport;

/// <summary>Plain http and test roots stay on this machine, and only they do.</summary>
public sealed class LoopbackRoutingHandlerTests
{
    [Theory]
    [InlineData("https://kdsintf.amd.com/vcek", false)]
    [InlineData("https://127.0.0.1.example.com/", false)]
    [InlineData("http://127.0.0.1:5/", true)]
    [InlineData("https://localhost:5/", true)]
    [InlineData("http://kdsintf.amd.com/vcek", true)]
    public async Task Send_ProductionTrust_HttpsReachesOtherHostsAndNothingElseDoes(string address, bool isLocal)
    {
        Assert.Equal((isLocal, !isLocal), await RouteAsync(address, hasOutside: true));
    }

    [Theory]
    [InlineData("https://kdsintf.amd.com/vcek")]
    [InlineData("http://127.0.0.1:5/")]
    public async Task Send_TestTrust_EverythingIsLocal(string address) => Assert.Equal((true, false), await RouteAsync(address, hasOutside: false));

    [Theory]
    [InlineData("https://vendor.invalid/", true, true)]
    [InlineData("http://vendor.invalid/", false, true)]
    [InlineData("https://vendor.invalid/", false, false)]
    public async Task Get_NameThatIsNotLoopback_IsLookedUpOnlyWhereItMayBe(string address, bool isTestTrust, bool isRefused)
    {
        using HttpMessageHandler own = HttpTransports.CreateOwn(
            isTestTrust, TestTimeouts.Default, (_, _) => Task.FromResult<IPAddress[]>([IPAddress.Parse("192.0.2.1")]));
        using HttpClient http = HttpTransports.Create(own, isTestTrust);
        HttpRequestException exception = await Assert.ThrowsAsync<HttpRequestException>(() => http.GetAsync(new Uri(address)).OrTimeout());
        Assert.Equal(isRefused, exception.InnerException is PrivatemodeConfigurationException);
    }

    /// <summary>The symptom: a user forwards the API through a local port, and the manifest's host was refused as no loopback address.</summary>
    [Fact]
    public async Task Connect_LoopbackEndpointUnderProductionTrust_IsNoReasonToRefuseTheVendors()
    {
        await using PrivatemodeTestDeployment deployment = await PrivatemodeTestDeployment.StartAsync();
        deployment.Evidence.IncludeCertificates = false;
        PrivatemodeOptions options = new();
        deployment.ConfigureClient(options);
        options.Verification.InsecureLoopbackTrust = null;
        options.Verification.CollateralEndpoint = new Uri("https://vendor.invalid");
        options.Verification.Manifest = ManifestPolicy.Pinned(deployment.Evidence.Manifest);
        options.TimeProvider = new ImmediateTimeProvider();
        await using PrivatemodeClient client = new(options);
        PrivatemodeServiceException exception = await Assert.ThrowsAsync<PrivatemodeServiceException>(() => client.VerifyAsync().OrTimeout());
        Assert.Equal(ServiceFailureReason.Unreachable, exception.Reason);
        Assert.Contains("vendor.invalid", exception.Message, StringComparison.Ordinal);
    }

    private static async Task<(bool Local, bool Outside)> RouteAsync(string address, bool hasOutside)
    {
        FakeHandler local = new();
        FakeHandler outside = new();
        using HttpMessageInvoker route = new(new LoopbackRoutingHandler(local, hasOutside ? outside : null));
        using HttpRequestMessage request = new(HttpMethod.Get, address);
        using HttpResponseMessage response = await route.SendAsync(request, default);
        using HttpRequestMessage another = new(HttpMethod.Get, address);
        using HttpResponseMessage same = route.Send(another, default);
        Assert.Equal(2, local.Requests.Count + outside.Requests.Count);
        outside.Dispose();
        return (local.Requests.Count == 2, outside.Requests.Count == 2);
    }
}
