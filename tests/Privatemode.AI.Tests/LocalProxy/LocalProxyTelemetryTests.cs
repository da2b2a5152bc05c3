using System.Diagnostics;
using Microsoft.Extensions.AI;
using Privatemode.AI.Tests.Diagnostics;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.Tests.LocalProxy;

/// <summary>Activities and metrics never say that something was verified or encrypted when nothing was.</summary>
[Collection(ListenersAlone.Name)]
public sealed class LocalProxyTelemetryTests
{
    private const string Choice = """{"index":0,"message":{"role":"assistant","content":"canary"},"finish_reason":"stop"}""";
    private const string Answer = $$"""{"id":"1","object":"chat.completion","created":1,"model":"m","choices":[{{Choice}}]}""";

    [Fact]
    public async Task Call_ThatIsRetried_IsARetryAndNothingElse()
    {
        await using FakeLocalProxy proxy = await FakeLocalProxy.StartAsync();
        using TelemetryRecorder recorder = new();
        IReadOnlyList<string> gauges = recorder.Observe();
        await using PrivatemodeClient client = proxy.CreateClient(options => options.TimeProvider = new ImmediateTimeProvider());
        proxy.AnswerInTurn((429, "{}"), (200, Answer));
        using Activity caller = new Activity("caller").Start();
        Assert.Equal("canary", (await client.AsIChatClient("gpt-oss-120b").GetResponseAsync("canary").OrTimeout()).Text);

        Assert.Empty(recorder.Activities);
        Assert.Equal(["privatemode.retries 1 error.type=429"], recorder.Measurements);
        Assert.Equal(gauges, recorder.Observe());
        Assert.DoesNotContain(recorder.Everything, text => text.Contains("canary", StringComparison.Ordinal));
        Assert.All(proxy.Requests, request => Assert.DoesNotContain("traceparent", request.Headers.Keys));
    }

    [Fact]
    public async Task Call_ThatIsRefused_IsCounted()
    {
        await using FakeLocalProxy proxy = await FakeLocalProxy.StartAsync();
        using TelemetryRecorder recorder = new();
        await using PrivatemodeClient client = proxy.CreateClient();
        using HttpClient http = new(client.CreateHandler()) { BaseAddress = proxy.Address };
        using StringContent content = new("{}", System.Text.Encoding.UTF8, "application/json");
        await Assert.ThrowsAsync<PrivatemodeWouldLeakException>(() => http.PostAsync(new Uri("/v1/images/generations", UriKind.Relative), content).OrTimeout());
        Assert.Equal(["privatemode.refusals 1 error.type=unknown-endpoint privatemode.refused=call"], recorder.Measurements);
        Assert.Empty(recorder.Activities);
    }
}
