using System.ClientModel;
using System.Text.Json;
using Microsoft.Extensions.AI;
using Privatemode.AI.Testing;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.IntegrationTests.Pipeline.Requests;

/// <summary>What exactly travels: headers, clear members, salts and shard keys.</summary>
public sealed class WireTests : DeploymentTest
{
    [Fact]
    public async Task Chat_Headers_AreThoseOfTheProtocolAndNoOthers()
    {
        await Chat.GetResponseAsync("hi").OrTimeout();
        RecordedRequest request = Assert.Single(Deployment.Requests);
        Assert.Equal(
            [
                "Accept", "Authorization", "Content-Length", "Content-Type", "Host", "Privatemode-Client", "Privatemode-NVIDIA-OCSP-Policy",
                "Privatemode-NVIDIA-OCSP-Policy-MAC", "Privatemode-Secret-ID", "Privatemode-Target-Model", "Privatemode-User-Request-ID",
                "Privatemode-Version", "User-Agent",
            ],
            request.Headers.Keys.Order(StringComparer.Ordinal));
        Assert.Equal("SDK", request.Headers["Privatemode-Client"]);
        Assert.Equal("v1.40.0", request.Headers["Privatemode-Version"]);
        Assert.Equal(ModelId, request.Headers["Privatemode-Target-Model"]);
        Assert.Equal($"rules=allow-good; revocation-time-not-before={Time.GetUtcNow().ToUnixTimeSeconds()}",
            request.Headers["Privatemode-NVIDIA-OCSP-Policy"]);
        Assert.Matches("^Privatemode\\.AI/[0-9]+\\.[0-9]+\\.[0-9]+$", request.Headers["User-Agent"]);
        Assert.Matches("^sdk_[0-9a-f-]{36}_0$", request.RequestId);
    }

    [Fact]
    public void Realtime_OpensNoConnectionPastTheEncryption()
    {
        PrivatemodeWouldLeakException exception = Assert.Throws<PrivatemodeWouldLeakException>(() => Client.OpenAI.GetRealtimeClient());
        Assert.Equal("realtime", exception.ErrorType);
        Assert.Empty(Deployment.AllRequests);
    }

    [Fact]
    public async Task Chat_Body_HasOnlyTheRoutingMembersInTheClear()
    {
        await Chat.GetStreamingResponseAsync("hi", new ChatOptions { MaxOutputTokens = 7, Temperature = 0.5f }).ToChatResponseAsync().OrTimeout();
        using JsonDocument wire = JsonDocument.Parse(Deployment.Requests[0].WireBody);
        using JsonDocument opened = JsonDocument.Parse(Deployment.Requests[0].DecryptedBody!);
        string id = Deployment.Requests[0].Headers["Privatemode-Secret-ID"];
        foreach (JsonProperty member in wire.RootElement.EnumerateObject())
        {
            if (member.Name is "model" or "stream" or "stream_options" or "max_completion_tokens")
            {
                Assert.True(JsonElement.DeepEquals(opened.RootElement.GetProperty(member.Name), member.Value));
            }
            else
            {
                Assert.StartsWith(id + ":", member.Value.GetString(), StringComparison.Ordinal);
            }
        }

        Assert.Equal(
            ["cache_salt", "max_completion_tokens", "messages", "model", "stream", "stream_options", "temperature"],
            wire.RootElement.EnumerateObject().Select(member => member.Name).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Chat_WithoutASharedCache_DrawsANewSaltEachTimeAndSendsNoShardKey()
    {
        await Chat.GetResponseAsync("hi").OrTimeout();
        await Chat.GetResponseAsync("hi").OrTimeout();
        Assert.Equal(2, Salts().Distinct().Count());
        Assert.All(Salts(), salt => Assert.Equal(32, Convert.FromBase64String(salt).Length));
        Assert.All(Deployment.Requests, request => Assert.DoesNotContain("Privatemode-Shard-Key", request.Headers.Keys));
    }

    [Fact]
    public async Task Chat_WithACachePerClient_SharesWithinTheClientOnly()
    {
        await using PrivatemodeClient first = Deployment.CreateClient(options => options.PromptCache.Scope = PromptCacheScope.PerClient);
        await using PrivatemodeClient second = Deployment.CreateClient(options => options.PromptCache.Scope = PromptCacheScope.PerClient);
        await first.AsIChatClient(ModelId).GetResponseAsync("hi").OrTimeout();
        await first.AsIChatClient(ModelId).GetResponseAsync("hi").OrTimeout();
        await second.AsIChatClient(ModelId).GetResponseAsync("hi").OrTimeout();
        string[] salts = [.. Salts()];
        Assert.Equal(salts[0], salts[1]);
        Assert.NotEqual(salts[0], salts[2]);
        string[] keys = [.. Deployment.Requests.Select(request => request.Headers["Privatemode-Shard-Key"])];
        Assert.Equal(keys[0], keys[1]);
        Assert.NotEqual(keys[0], keys[2]);
    }

    [Fact]
    public async Task Chat_WithASharedSalt_UsesItUnlessTheCallBringsItsOwn()
    {
        string shared = new('s', 40);
        string own = new('o', 40);
        await using PrivatemodeClient client = Deployment.CreateClient(options => options.PromptCache.Scope = PromptCacheScope.Shared(shared));
        await client.AsIChatClient(ModelId).GetResponseAsync("hi").OrTimeout();
        await client.AsIChatClient(ModelId).GetResponseAsync(
            "hi", new ChatOptions { AdditionalProperties = new() { ["cache_salt"] = own } }).OrTimeout();
        Assert.Equal([shared, own], Salts());
        Assert.Equal(2, Deployment.Requests.Select(request => request.Headers["Privatemode-Shard-Key"]).Distinct().Count());
    }

    [Fact]
    public async Task Chat_WithASaltThatIsTooShort_IsNotSent()
    {
        PrivatemodeRequestException exception = await Assert.ThrowsAsync<PrivatemodeRequestException>(() =>
            Chat.GetResponseAsync("hi", new ChatOptions { AdditionalProperties = new() { ["cache_salt"] = "short" } }).OrTimeout());
        Assert.Equal("cache_salt", exception.Member);
        Assert.Empty(Deployment.AllRequests);
    }

    [Fact]
    public async Task Chat_WithALooserGpuPolicy_SaysSoUnderTheSecret()
    {
        await using PrivatemodeClient client = Deployment.CreateClient(
            options => options.Verification.GpuRevocation = GpuRevocationPolicy.AcceptUnknownOrRecentlyRevoked(TimeSpan.FromHours(48)));
        await client.AsIChatClient(ModelId).GetResponseAsync("hi").OrTimeout();
        Assert.StartsWith("rules=allow-good,allow-revoked,allow-unknown; ", Deployment.Requests[0].Headers["Privatemode-NVIDIA-OCSP-Policy"],
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task Chat_TenMegabytes_ArriveWhole()
    {
        string text = string.Concat(Enumerable.Repeat("Grüße, 日本語 \"quoted\" \\ and more. ", 300_000));
        Deployment.Model.SetFallback(
            request => ScriptedAnswer.Text(
            JsonDocument.Parse(request.DecryptedBody!).RootElement.GetProperty("messages")[0].GetProperty("content").GetString()!));
        ChatResponse response = await Chat.GetResponseAsync(text).OrTimeout();
        Assert.Equal(text, response.Text);
    }

    [Fact]
    public async Task Chat_BodyOverTheLimit_IsNotSent()
    {
        string body = $$"""{"model":"gpt-oss-120b","messages":"{{new string('x', 65 * 1024 * 1024)}}"}""";
        PrivatemodeRequestException exception = await Assert.ThrowsAsync<PrivatemodeRequestException>(
            () => Client.OpenAI.GetChatClient(ModelId).CompleteChatAsync(BinaryContent.Create(BinaryData.FromString(body))).OrTimeout());
        Assert.Equal("body", exception.Member);
        Assert.Empty(Deployment.Requests);
    }

    [Fact]
    public async Task Stream_Events_ArriveOneByOne()
    {
        // Each event is let go only after the one before was received.
        using SemaphoreSlim next = new(0);
        await using PrivatemodeTestDeployment deployment = await PrivatemodeTestDeployment.StartAsync(
            new() { BeforeStreamEvent = async (_, stop) => await next.WaitAsync(stop) });
        deployment.Model.Reply("one two three four five");
        await using PrivatemodeClient client = deployment.CreateClient();
        List<string> received = [];
        next.Release();
        await foreach (ChatResponseUpdate update in client.AsIChatClient(ModelId).GetStreamingResponseAsync("hi").WithTimeout())
        {
            received.Add(update.Text);
            next.Release();
        }

        Assert.Equal(["", "one", " two", " three", " four", " five", "", ""], received);
    }

    [Fact]
    public async Task SynchronousStream_Events_ArriveOneByOne()
    {
        using SemaphoreSlim next = new(1);
        await using PrivatemodeTestDeployment deployment = await PrivatemodeTestDeployment.StartAsync(
            new() { BeforeStreamEvent = async (_, stop) => await next.WaitAsync(stop) });
        deployment.Model.Reply("one two");
        await using PrivatemodeClient client = deployment.CreateClient();
        int count = await TestTimeouts.OnOwnThread(
            () => client.OpenAI.GetChatClient(ModelId).CompleteChatStreaming("hi").Count(_ => next.Release() >= 0));
        Assert.Equal(5, count);
    }

    [Fact]
    public async Task Stream_LeftEarly_StopsTheGeneration()
    {
        TaskCompletionSource stopped = new(TaskCreationOptions.RunContinuationsAsynchronously);
        await using PrivatemodeTestDeployment deployment = await PrivatemodeTestDeployment.StartAsync(new()
        {
            BeforeStreamEvent = async (i, stop) =>
            {
                if (i >= 3)
                {
                    await Record.ExceptionAsync(() => new TaskCompletionSource().Task.WaitAsync(stop));
                    stopped.TrySetResult();
                    stop.ThrowIfCancellationRequested();
                }
            },
        });
        deployment.Model.Reply("one two three four five");
        await using PrivatemodeClient client = deployment.CreateClient();
        await foreach (ChatResponseUpdate update in client.AsIChatClient(ModelId).GetStreamingResponseAsync("hi").WithTimeout())
        {
            if (update.Text == " two")
            {
                break;
            }
        }

        await stopped.Task.OrTimeout();
    }

    [Fact]
    public async Task Stream_ClientIsDisposedMeanwhile_StillFinishes()
    {
        using SemaphoreSlim next = new(1);
        await using PrivatemodeTestDeployment deployment = await PrivatemodeTestDeployment.StartAsync(
            new() { BeforeStreamEvent = async (_, stop) => await next.WaitAsync(stop) });
        deployment.Model.Reply("one two three");
        PrivatemodeClient client = deployment.CreateClient();
        string text = "";
        await foreach (ChatResponseUpdate update in client.AsIChatClient(ModelId).GetStreamingResponseAsync("hi").WithTimeout())
        {
            text += update.Text;
            await client.DisposeAsync();
            next.Release();
        }

        Assert.Equal("one two three", text);
    }

    [Fact]
    public async Task Chat_ClientIsDisposedMeanwhile_SaysSo()
    {
        Deployment.Faults.Inject(Fault.NoResponse);
        PrivatemodeClient client = Deployment.CreateClient();
        Task<ChatResponse> asking = client.AsIChatClient(ModelId).GetResponseAsync("hi");
        await Time.TimerAsync(due => due == TimeSpan.FromMinutes(10)).OrTimeout();
        await client.DisposeAsync();
        await Assert.ThrowsAsync<ObjectDisposedException>(() => asking.OrTimeout());
    }

    private IEnumerable<string> Salts() => Deployment.Requests.Select(request =>
    {
        using JsonDocument body = JsonDocument.Parse(request.DecryptedBody!);
        return body.RootElement.GetProperty("cache_salt").GetString()!;
    });
}
