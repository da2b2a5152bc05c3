using Microsoft.Extensions.AI;
using Privatemode.AI.Testing;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.Tests.Testing;

public sealed class DeploymentSettingsTests
{
    /// <summary>As in a <c>WebApplicationFactory</c>: the application's own settings, made for the real service behind a proxy.</summary>
    [Fact]
    public async Task Configure_ApplicationWithAProxyHandlerAndACredential_CanTalkToTheDeployment()
    {
        await using PrivatemodeTestDeployment deployment = await PrivatemodeTestDeployment.StartAsync();
        using SocketsHttpHandler proxy = new() { UseCookies = false, AllowAutoRedirect = false };
        PrivatemodeOptions options = new() { Transport = { HttpMessageHandler = proxy }, Credential = new("key of the real service") };

        deployment.ConfigureClient(options);
        await using PrivatemodeClient client = new(options);

        Assert.Equal("You said: hi", (await client.AsIChatClient("gpt-oss-120b").GetResponseAsync("hi").OrTimeout()).Text);
    }

    [Fact]
    public async Task StartAsync_OptionsChangedAfterwards_HaveNoEffect()
    {
        PrivatemodeTestDeploymentOptions options = new() { ApiKey = "first" };
        options.Models["my-model"] = ["generate"];
        await using PrivatemodeTestDeployment deployment = await PrivatemodeTestDeployment.StartAsync(options);

        options.ApiKey = "second";
        options.RecordRequests = false;
        options.BeforeStreamEvent = (_, _) => throw new InvalidOperationException("set too late");
        options.Models.Clear();

        await using PrivatemodeClient client = deployment.CreateClient();
        ChatResponse response = await client.AsIChatClient("my-model").GetStreamingResponseAsync("hi").ToChatResponseAsync().OrTimeout();
        Assert.Equal("You said: hi", response.Text);
        Assert.Equal("first", deployment.ApiKey);
        Assert.Single(deployment.Requests);
    }
}
