using System.Net;
using Microsoft.Extensions.AI;
using Privatemode.AI.Testing;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.IntegrationTests.Issues;

/// <summary>What an application sees when the certificates of a GPU are revoked, or when nobody can say whether they are.</summary>
public sealed class GpuStatusTests : DeploymentTest
{
    private static readonly DateTimeOffset Revoked = new(2026, 3, 4, 6, 6, 7, TimeSpan.FromHours(1));

    public static TheoryData<Fault, string> NotGood => new()
    {
        { Fault.GpuRevocationUnknown(), "GPU OCSP status that is not accepted by the client: UNKNOWN" },
        { Fault.GpuRevocationUnknown(GpuComponent.Driver), "driver OCSP status that is not accepted by the client: UNKNOWN" },
        { Fault.GpuRevoked(Revoked), "GPU OCSP status that is not accepted by the client: REVOKED at 2026-03-04T05:06:07Z" },
        { Fault.GpuRevoked(Revoked, GpuComponent.Vbios), "VBIOS OCSP status that is not accepted by the client: REVOKED at 2026-03-04T05:06:07Z" },
    };

    [Theory]
    [MemberData(nameof(NotGood))]
    public async Task StrictPolicy_GpuThatIsNotGood_IsRefusedInTheWordsOfTheService(Fault fault, string words)
    {
        Deployment.Faults.Inject(fault);

        PrivatemodeServiceException exception = Assert.IsType<PrivatemodeServiceException>(await AskAsync());

        Assert.Equal((500, $"GPU attestation returned a {words}", false), (exception.Status, exception.ServerMessage, exception.IsServerMessageAuthenticated));
        Assert.Single(Deployment.Requests);
        Assert.Null(await AskAsync());
    }

    [Fact]
    public async Task LenientPolicy_UnknownGpu_IsAnswered()
    {
        await using PrivatemodeClient client = Lenient(TimeSpan.FromHours(48));
        Deployment.Faults.Inject(Fault.GpuRevocationUnknown());

        Assert.Equal("You said: hi", (await client.AsIChatClient(ModelId).GetResponseAsync("hi").OrTimeout()).Text);

        Assert.Equal(0, Deployment.Faults.PendingCount);
    }

    [Theory]
    [InlineData(47, true)]
    [InlineData(49, false)]
    public async Task PolicyWithAGracePeriod_RevokedGpu_IsAcceptedWithinIt(int hoursAgo, bool isAnswered)
    {
        await using PrivatemodeClient client = Lenient(TimeSpan.FromHours(48));
        Deployment.Faults.Inject(Fault.GpuRevoked(Time.GetUtcNow() - TimeSpan.FromHours(hoursAgo)));

        Exception? failure = await Record.ExceptionAsync(() => client.AsIChatClient(ModelId).GetResponseAsync("hi").OrTimeout());

        Assert.Equal(isAnswered, failure is null);
        Assert.Contains("REVOKED", isAnswered ? "REVOKED" : ((PrivatemodeServiceException)failure!).ServerMessage, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Document_MacThatDoesNotHold_IsNotLookedAt()
    {
        await Client.Documents.PartitionAsync(new MemoryStream([1])).OrTimeout();
        await Chat.GetResponseAsync("hi").OrTimeout();

        Assert.Equal(HttpStatusCode.OK, await ReplayWithAnotherMacAsync(Deployment.Requests[0]));
        Assert.NotEqual(HttpStatusCode.OK, await ReplayWithAnotherMacAsync(Deployment.Requests[1]));
    }

    [Fact]
    public async Task Document_GpuStatusOrdered_IsToldThatItCannotHappen()
    {
        Deployment.Faults.Inject(Fault.GpuRevocationUnknown());

        PrivatemodeServiceException exception = await Assert.ThrowsAsync<PrivatemodeServiceException>(
            () => Client.Documents.PartitionAsync(new MemoryStream([1])).OrTimeout());

        Assert.Equal("The fault 'GpuRevocationUnknown(Gpu)' could not be applied: document extraction uses no GPU.", exception.ServerMessage);
    }

    [Fact]
    public void GpuFault_OfNoComponent_IsRefused()
    {
        Assert.Throws<ArgumentOutOfRangeException>("component", () => Fault.GpuRevocationUnknown((GpuComponent)3));
        Assert.Throws<ArgumentOutOfRangeException>("component", () => Fault.GpuRevoked(default, (GpuComponent)3));
        Assert.Throws<ArgumentException>("fault", () => Deployment.Faults.InjectIntoModelList(Fault.GpuRevocationUnknown()));
    }

    private PrivatemodeClient Lenient(TimeSpan grace) =>
        Deployment.CreateClient(options => options.Verification.GpuRevocation = GpuRevocationPolicy.AcceptUnknownOrRecentlyRevoked(grace));

    /// <summary>Past the client, which would not send it.</summary>
    private async Task<HttpStatusCode> ReplayWithAnotherMacAsync(RecordedRequest recorded)
    {
        using HttpClient http = new() { BaseAddress = Deployment.Endpoint };
        using HttpRequestMessage request = new(HttpMethod.Post, recorded.PathAndQuery) { Content = new ReadOnlyMemoryContent(recorded.WireBody) };
        foreach ((string name, string value) in recorded.Headers.Where(header => header.Key is not ("Host" or "Content-Length")))
        {
            string sent = name == "Privatemode-NVIDIA-OCSP-Policy-MAC" ? new string('0', value.Length) : value;
            _ = request.Headers.TryAddWithoutValidation(name, sent) || request.Content.Headers.TryAddWithoutValidation(name, sent);
        }

        using HttpResponseMessage response = await http.SendAsync(request).OrTimeout();
        return response.StatusCode;
    }
}
