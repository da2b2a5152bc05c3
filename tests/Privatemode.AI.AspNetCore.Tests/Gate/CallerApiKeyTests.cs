using System.Net;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Logging;
using Privatemode.AI.AspNetCore.Tests.Hosting;
using Privatemode.AI.Testing;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.AspNetCore.Tests.Gate;

/// <summary>Callers whose key is their API key of the service: each request uses that of its own caller.</summary>
public sealed class CallerApiKeyTests : ProxyTest
{
    private const string KeyOfA = "api-key-of-caller-a";
    private const string KeyOfB = "api-key-of-caller-b";

    private readonly LogRecorder _log = new();

    [Fact]
    public async Task Calls_OfTwoCallers_UseTheirOwnKeysAndSessions()
    {
        for (int i = 0; i < 3; i++)
        {
            Assert.Equal(HttpStatusCode.OK, await ChatAsync(KeyOfA, "from a"));
            Assert.Equal(HttpStatusCode.OK, await ChatAsync(KeyOfB, "from b"));
        }

        RecordedRequest[] calls = [.. Deployment.Requests.Where(request => request.IsInference)];
        Assert.Equal(6, calls.Length);
        Assert.All(calls, call => Assert.Equal(
            call.DecryptedBody!.Contains("from a", StringComparison.Ordinal) ? $"Bearer {KeyOfA}" : $"Bearer {KeyOfB}", call.Headers["Authorization"]));
        Assert.Equal(2, Deployment.KeyExchangeCount);
    }

    [Fact]
    public async Task Calls_AtTheSameTime_NeverMixKeys()
    {
        await Task.WhenAll(Enumerable.Range(0, 40).Select(i => i % 2 == 0 ? ChatAsync(KeyOfA, "from a") : ChatAsync(KeyOfB, "from b")));

        Assert.All(Deployment.Requests.Where(request => request.IsInference), call => Assert.Equal(
            call.DecryptedBody!.Contains("from a", StringComparison.Ordinal) ? $"Bearer {KeyOfA}" : $"Bearer {KeyOfB}", call.Headers["Authorization"]));
    }

    [Fact]
    public async Task Call_AfterTheServiceForgotTheSecret_UsesTheKeyOfItsCaller()
    {
        Assert.Equal(HttpStatusCode.OK, await ChatAsync(KeyOfA, "from a"));
        Deployment.ForgetSecrets();
        Assert.Equal(HttpStatusCode.OK, await ChatAsync(KeyOfB, "from b"));
        Deployment.ForgetSecrets();
        Assert.Equal(HttpStatusCode.OK, await ChatAsync(KeyOfA, "from a"));

        Assert.All(Deployment.Requests.Where(request => request.DecryptedBody?.Contains("from", StringComparison.Ordinal) == true), call => Assert.Equal(
            call.DecryptedBody!.Contains("from a", StringComparison.Ordinal) ? $"Bearer {KeyOfA}" : $"Bearer {KeyOfB}", call.Headers["Authorization"]));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("short")]
    public async Task Call_WithoutAKey_IsRefusedAndSendsNothing(string? key)
    {
        Assert.Equal(HttpStatusCode.OK, await ChatAsync(KeyOfA, "from a"));
        int before = Deployment.AllRequests.Count;

        // The key of the caller before is not used for others.
        Assert.Equal(HttpStatusCode.Unauthorized, await ChatAsync(key, "from nobody"));
        Assert.Equal(before, Deployment.AllRequests.Count);
    }

    [Fact]
    public async Task Call_WithAKeyThatTheServiceRejects_Is401()
    {
        using HttpRequestMessage request = Post(ChatPath, ChatBody());
        request.Headers.Add("x-api-key", "an-unknown-api-key");
        using HttpResponseMessage answer = await Http.SendAsync(request).OrTimeout();
        string text = await answer.Content.ReadAsStringAsync();

        Assert.Equal(HttpStatusCode.Unauthorized, answer.StatusCode);
        Assert.Contains("invalid_api_key", text, StringComparison.Ordinal);
        Assert.DoesNotContain("an-unknown-api-key", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Verification_AfterACallerWithAKeyThatTheServiceRejects_IsThatOfTheOtherCaller()
    {
        Assert.Equal("key-rejected", await VerificationAsync("an-unknown-api-key"));
        Assert.Equal("verified", await VerificationAsync(KeyOfA));
        Assert.Equal("verified", await VerificationAsync("an-unknown-api-key"));
    }

    [Fact]
    public async Task Verification_OfManyCallersAtOnce_IsNeverTheRejectedKeyOfAnother()
    {
        string[] states = await Task.WhenAll(Enumerable.Range(0, 20).Select(i => VerificationAsync(i % 2 == 0 ? "an-unknown-api-key" : KeyOfA)));

        Assert.All(states.Where((_, i) => i % 2 == 1), state => Assert.Equal("verified", state));
    }

    [Fact]
    public async Task Call_WithAKeyThatTheServiceRejects_IsNoErrorOfThisProxy()
    {
        using HttpRequestMessage request = Post(ChatPath, ChatBody());
        request.Headers.Add("x-api-key", "an-unknown-api-key");
        using HttpResponseMessage answer = await Http.SendAsync(request).OrTimeout();
        await App.StopAsync().OrTimeout();

        Assert.Equal(HttpStatusCode.Unauthorized, answer.StatusCode);
        Assert.Contains(_log.Lines, line => line.Contains("RequestEnded", StringComparison.Ordinal));
        Assert.DoesNotContain(_log.Lines, line => line.StartsWith("Error Privatemode.AI.AspNetCore", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Call_WithTheProxysOwnKeyRejected_Is500()
    {
        (WebApplication app, Uri address) = await StartProxyAsync(options => options.UseCallerKeyAsApiKey = false);
        using HttpClient http = NewHttp(address);
        using HttpResponseMessage answer = await http.PostAsync(MessagesPath, Json(MessageBody())).OrTimeout();
        string text = await answer.Content.ReadAsStringAsync();

        Assert.Equal(HttpStatusCode.InternalServerError, answer.StatusCode);
        Assert.Contains("The API key of this proxy was rejected.", text, StringComparison.Ordinal);
        await StopAsync(app);
    }

    protected override void ConfigureDeployment(PrivatemodeTestDeploymentOptions options)
    {
        options.ApiKey = KeyOfA;
        options.AdditionalApiKeys.Add(KeyOfB);
    }

    protected override void ConfigureProxy(PrivatemodeProxyOptions options) => options.UseCallerKeyAsApiKey = true;

    protected override void ConfigureClient(PrivatemodeOptions options) => options.ApiKey = options.ApiKeyAccessor is null ? "a-key-that-is-unknown" : null;

    protected override void ConfigureLogging(ILoggingBuilder logging) => logging.AddProvider(_log);

    private async Task<string> VerificationAsync(string key)
    {
        using HttpRequestMessage request = new(HttpMethod.Get, "/verification.json");
        request.Headers.Authorization = new("Bearer", key);
        using HttpResponseMessage answer = await Http.SendAsync(request).OrTimeout();
        using JsonDocument document = JsonDocument.Parse(await answer.Content.ReadAsStringAsync().OrTimeout());
        return document.RootElement.GetProperty("state").GetString()!;
    }

    private async Task<HttpStatusCode> ChatAsync(string? key, string text)
    {
        using HttpRequestMessage request = Post(ChatPath, ChatBody(text));
        if (key is not null)
        {
            request.Headers.Authorization = new("Bearer", key);
        }

        using HttpResponseMessage answer = await Http.SendAsync(request).OrTimeout();
        _ = await answer.Content.ReadAsStringAsync().OrTimeout();
        return answer.StatusCode;
    }
}
