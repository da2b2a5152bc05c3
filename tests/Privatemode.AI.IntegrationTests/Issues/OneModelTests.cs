using System.ClientModel;
using System.Net;
using OpenAI.Models;
using Privatemode.AI.IntegrationTests.Handler;
using Privatemode.AI.Testing;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.IntegrationTests.Issues;

/// <summary><c>GET /v1/models/{id}</c>, which the OpenAI client calls for one model.</summary>
public sealed class OneModelTests : HandlerTest
{
    private OpenAIModelClient Models => Client.OpenAI.GetOpenAIModelClient();

    [Theory]
    [InlineData(ModelId)]
    [InlineData("openai/gpt-oss-120b")]
    public async Task OneModel_ThatIsOffered_IsDescribed(string id)
    {
        Deployment.AddModel("openai/gpt-oss-120b", "generate");

        OpenAIModel model = await Models.GetModelAsync(id).OrTimeout();

        Assert.Equal((id, "privatemode"), (model.Id, model.OwnedBy));
    }

    [Fact]
    public async Task OneModel_ThroughTheHandler_HasItsTasks()
    {
        string text = await Http.GetStringAsync(new Uri("/v1/models/gemma-3-27b", UriKind.Relative)).OrTimeout();

        Assert.Equal(
            """{"id":"gemma-3-27b","object":"model","created":1767225600,"owned_by":"privatemode","tasks":["generate","tool_calling","vision"]}""", text);
    }

    [Fact]
    public async Task OneModel_ThatIsNotOffered_IsNotFound()
    {
        ClientResultException exception = await Assert.ThrowsAsync<ClientResultException>(() => Models.GetModelAsync("gpt-5").OrTimeout());
        Assert.Equal(404, exception.Status);

        using HttpResponseMessage response = await Http.GetAsync(new Uri("/v1/models/gpt-5", UriKind.Relative)).OrTimeout();
        Assert.Equal(HttpStatusCode.NotFound, response.StatusCode);
        Assert.Equal("false", Assert.Single(response.Headers.GetValues(PrivatemodeHttpMessageHandler.AuthenticatedHeaderName)));
        Assert.Contains("The model `gpt-5` does not exist.", await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task OneModel_FaultOfTheModelList_HitsItToo()
    {
        Deployment.Faults.InjectIntoModelList(Fault.UnencryptedError(403));

        Assert.Equal(403, (await Assert.ThrowsAsync<ClientResultException>(() => Models.GetModelAsync(ModelId).OrTimeout())).Status);
        Assert.Equal(0, Deployment.Faults.PendingCount);
    }

    [Theory]
    [InlineData("..%2Fchat")]
    [InlineData("a%2F.%2Fb")]
    [InlineData("a%2F..")]
    public async Task OneModel_IdThatWouldLeadElsewhere_IsNotSent(string id)
    {
        await Assert.ThrowsAsync<PrivatemodeWouldLeakException>(() => Http.GetStringAsync(new Uri($"/v1/models/{id}", UriKind.Relative)).OrTimeout());
        Assert.Empty(Deployment.AllRequests);
    }
}
