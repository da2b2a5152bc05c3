using System.Net;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Privatemode.AI.AspNetCore.Tests.Hosting;
using Privatemode.AI.Testing;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.AspNetCore.Tests.Status;

/// <summary>What operators and load balancers are told about the deployment.</summary>
public sealed class VerificationEndpointTests : ProxyTest
{
    private readonly ManualTimeProvider _time = new();

    [Fact]
    public async Task Verification_Verified_IsTheReport()
    {
        using JsonDocument document = await GetAsync("/verification");
        JsonElement root = document.RootElement;

        Assert.Equal("verified", root.GetProperty("state").GetString());
        Assert.True(root.GetProperty("demo").GetBoolean());
        Assert.Equal(JsonValueKind.Null, root.GetProperty("failure").ValueKind);
        Assert.Equal("SEV-SNP", root.GetProperty("report").GetProperty("tee").GetString());
        Assert.NotEmpty(root.GetProperty("report").GetProperty("checks").EnumerateArray());
        Assert.Equal("1.40", root.GetProperty("proxy").GetProperty("protocol").GetString());
        Assert.True(root.GetProperty("proxy").TryGetProperty("startedAt", out _));
    }

    [Fact]
    public async Task Verification_Refused_IsAReportToo()
    {
        Deployment.Evidence.Defect = EvidenceDefect.SnpDebug;
        using HttpResponseMessage answer = await Http.GetAsync("/verification.json").OrTimeout();
        using JsonDocument document = JsonDocument.Parse(await answer.Content.ReadAsStringAsync());
        JsonElement root = document.RootElement;

        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Equal("refused", root.GetProperty("state").GetString());
        Assert.Equal(JsonValueKind.Null, root.GetProperty("report").ValueKind);
        Assert.StartsWith("snp-", root.GetProperty("failure").GetProperty("check").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Verification_ManyCallers_ShareOneForAMinute()
    {
        using JsonDocument first = await GetAsync("/verification");
        int before = Deployment.Evidence.GetRequestCount(EvidenceSource.Attestation);
        JsonDocument[] others = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => GetAsync("/verification.json")));
        Assert.Equal(before, Deployment.Evidence.GetRequestCount(EvidenceSource.Attestation));

        _time.Advance(TimeSpan.FromSeconds(61));
        JsonDocument[] later = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => GetAsync("/verification")));

        // One verification for all of them; an attestation that fails the first time is asked for again by the library.
        Assert.Equal(before + 1, Deployment.Evidence.GetRequestCount(EvidenceSource.Attestation));
        Array.ForEach([.. others, .. later], document => document.Dispose());
    }

    [Fact]
    public async Task Verification_Failure_IsTriedAgainSoon()
    {
        Deployment.Evidence.Defect = EvidenceDefect.SnpDebug;
        using JsonDocument refused = await GetAsync("/verification");
        Deployment.Evidence.Defect = EvidenceDefect.None;
        using JsonDocument kept = await GetAsync("/verification");
        _time.Advance(TimeSpan.FromSeconds(6));
        using JsonDocument verified = await GetAsync("/verification");

        Assert.Equal(
            ["refused", "refused", "verified"],
            new[] { refused, kept, verified }.Select(document => document.RootElement.GetProperty("state").GetString()));
    }

    [Fact]
    public async Task Verification_Page_LoadsAndRunsNothing()
    {
        using HttpRequestMessage request = new(HttpMethod.Get, "/verification");
        request.Headers.Add("Accept", "text/html,application/xhtml+xml,*/*;q=0.8");
        using HttpResponseMessage answer = await Http.SendAsync(request).OrTimeout();
        string page = await answer.Content.ReadAsStringAsync();
        string policy = Assert.Single(answer.Headers.GetValues("Content-Security-Policy"));

        Assert.Equal("text/html", answer.Content.Headers.ContentType?.MediaType);
        Assert.StartsWith("default-src 'none'; style-src 'nonce-", policy, StringComparison.Ordinal);
        Assert.Contains("frame-ancestors 'none'", policy, StringComparison.Ordinal);
        Assert.Contains($"<style nonce=\"{policy.Split('\'')[3]["nonce-".Length..]}\">", page, StringComparison.Ordinal);
        Assert.DoesNotContain("<script", page, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("http://", page.Replace($"{Deployment.Endpoint}", "", StringComparison.Ordinal), StringComparison.Ordinal);
        Assert.DoesNotContain("{{", page, StringComparison.Ordinal);
        Assert.Contains("snp-", page, StringComparison.Ordinal);
        Assert.Contains("Demonstration", page, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Page_OfARefusal_ShowsTheValuesOnce()
    {
        Deployment.Evidence.Defect = EvidenceDefect.SnpWrongMeasurement;
        using JsonDocument document = await GetAsync("/verification.json");
        string found = document.RootElement.GetProperty("failure").GetProperty("found").GetString()!;
        using HttpRequestMessage request = new(HttpMethod.Get, "/verification");
        request.Headers.Add("Accept", "text/html");
        using HttpResponseMessage answer = await Http.SendAsync(request).OrTimeout();

        Assert.Equal(2, (await answer.Content.ReadAsStringAsync()).Split(found).Length);
    }

    [Fact]
    public async Task Readiness_FollowsTheDeployment()
    {
        Deployment.Evidence.Defect = EvidenceDefect.SnpDebug;
        (HttpStatusCode status, string body) = await ReadyAsync();
        Assert.Equal((HttpStatusCode.ServiceUnavailable, """{"ready":false,"state":"refused","demo":true}"""), (status, body));

        // Probes do not verify a refused deployment again for 30 seconds of the client's clock, which is that of the system. This request does.
        Deployment.Evidence.Defect = EvidenceDefect.None;
        _ = await Http.GetStringAsync("/verification.json").OrTimeout();
        _time.Advance(TimeSpan.FromSeconds(2));
        (status, body) = await ReadyAsync();
        Assert.Equal((HttpStatusCode.OK, """{"ready":true,"state":"verified","demo":true}"""), (status, body));
    }

    [Fact]
    public async Task Readiness_ServiceAway_SaysSo()
    {
        Deployment.Faults.InjectIntoEvidence(EvidenceSource.Attestation, Fault.UnencryptedError(503), times: 50);
        (HttpStatusCode Status, string Body) answer = await ReadyAsync();
        for (int probes = 1; probes < 20 && answer.Body.Contains("verifying", StringComparison.Ordinal); probes++)
        {
            // Each probe waits for the verification for a few seconds, and the library tries more than once.
            _time.Advance(TimeSpan.FromSeconds(2));
            answer = await ReadyAsync();
        }

        Assert.Equal((HttpStatusCode.ServiceUnavailable, """{"ready":false,"state":"unreachable","demo":true}"""), answer);
    }

    [Fact]
    public async Task Readiness_KeysOfCallers_IsReadyBeforeTheFirst()
    {
        (WebApplication app, Uri address) = await StartProxyAsync(options => options.UseCallerKeyAsApiKey = true);
        using HttpClient http = NewHttp(address);
        using HttpResponseMessage answer = await http.GetAsync("/readyz").OrTimeout();

        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Equal("""{"ready":true,"state":"verifying","demo":true}""", await answer.Content.ReadAsStringAsync());
        await StopAsync(app);
    }

    [Fact]
    public async Task Readiness_ManyProbes_DoNotVerifyEachTime()
    {
        Deployment.Evidence.Defect = EvidenceDefect.SnpDebug;
        _ = await ReadyAsync();
        int before = Deployment.Evidence.GetRequestCount(EvidenceSource.Attestation);
        for (int i = 0; i < 30; i++)
        {
            _ = await ReadyAsync();
        }

        Assert.Equal(before, Deployment.Evidence.GetRequestCount(EvidenceSource.Attestation));
    }

    [Fact]
    public async Task Health_OnlySaysThatTheProcessAnswers()
    {
        Deployment.Evidence.Defect = EvidenceDefect.SnpDebug;
        using HttpResponseMessage answer = await Http.GetAsync("/healthz").OrTimeout();

        Assert.Equal("ok", await answer.Content.ReadAsStringAsync());
        Assert.Equal(0, Deployment.Evidence.GetRequestCount(EvidenceSource.Attestation));
    }

    [Fact]
    public async Task Metrics_AfterACall_HaveThoseOfProxyAndLibrary()
    {
        using HttpResponseMessage chat = await Http.PostAsync(ChatPath, Json(ChatBody())).OrTimeout();
        _ = chat.EnsureSuccessStatusCode();
        using HttpResponseMessage answer = await Http.GetAsync("/metrics").OrTimeout();
        string text = await answer.Content.ReadAsStringAsync();

        Assert.Contains("privatemode_proxy_request_duration", text, StringComparison.Ordinal);
        Assert.Contains("route=\"/v1/chat/completions\"", text, StringComparison.Ordinal);
        Assert.Contains("privatemode_attest_duration", text, StringComparison.Ordinal);
    }

    protected override void ConfigureServices(IServiceCollection services) => services.AddSingleton<TimeProvider>(_time);

    // The host would verify before a test can change the evidence.
    protected override void ConfigureClient(PrivatemodeOptions options)
    {
        options.WarmUp = WarmUpMode.Disabled;
        if (options.ApiKeyAccessor is not null)
        {
            options.ApiKey = null;
        }
    }

    private async Task<JsonDocument> GetAsync(string path)
    {
        using HttpResponseMessage answer = await Http.GetAsync(path).OrTimeout();
        Assert.Equal("application/json", answer.Content.Headers.ContentType?.MediaType);
        return JsonDocument.Parse(await answer.Content.ReadAsStringAsync());
    }

    private async Task<(HttpStatusCode Status, string Body)> ReadyAsync()
    {
        using HttpResponseMessage answer = await Http.GetAsync("/readyz").OrTimeout();
        return (answer.StatusCode, await answer.Content.ReadAsStringAsync());
    }
}
