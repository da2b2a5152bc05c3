using System.Text;
using System.Text.Json;
using Privatemode.AI.Testing;
using Privatemode.AI.Tests.Fakes;
using Privatemode.Tool.Tests.Fakes;

namespace Privatemode.Tool.Tests.Proxy;

/// <summary>Two proxies with the same files of secrets: what docs/replicas.md says about them.</summary>
public sealed class ProxyReplicaTests : IDisposable
{
    private const string Question = """{"role":"user","content":"hi"}""";

    // Each replica has a context of its own: what it shares with the other is the content of its files.
    private readonly ToolRun[] _runs = [new(), new()];
    private readonly HttpClient _http = new();

    public void Dispose()
    {
        _http.Dispose();
        Array.ForEach(_runs, run => run.Dispose());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task SessionThatChangesTheReplica_KeepsItsPromptCache_OnlyWithASharedSecret(bool isShared)
    {
        await using PrivatemodeTestDeployment deployment = await PrivatemodeTestDeployment.StartAsync();
        string[] flags = isShared ? ["--session-prompt-cache", "--prompt-cache-secret", "@shared"] : ["--session-prompt-cache"];

        foreach (ToolRun run in _runs)
        {
            await using RunningTool proxy = await StartAsync(run, deployment, flags);
            _ = await PostAsync(proxy.Url, "/v1/chat/completions", $$"""{"model":"gpt-oss-120b","prompt_cache_key":"session","messages":[{{Question}}]}""");
        }

        string?[] salts = [.. deployment.Requests.Select(request => Decrypted(request).GetProperty("cache_salt").GetString())];
        Assert.Equal(2, salts.Length);
        Assert.Equal(isShared, salts[0] == salts[1]);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task ReasoningThatACallerKept_ReachesTheModel_OnlyWithASharedKey(bool isShared)
    {
        await using PrivatemodeTestDeployment deployment = await PrivatemodeTestDeployment.StartAsync();
        _ = deployment.Model.Reply("Hello").WithReasoning("thought-of-the-model");
        string[] flags = isShared ? ["--reasoning-key", "@shared"] : [];
        string kept;
        await using (RunningTool first = await StartAsync(_runs[0], deployment, flags))
        {
            JsonElement answer = await PostAsync(first.Url, "/v1/responses", Responses(Question));
            JsonElement[] items = [.. answer.GetProperty("output").EnumerateArray()];
            string encrypted = items[0].GetProperty("encrypted_content").GetString()!;
            kept = $$"""{"type":"reasoning","summary":[],"encrypted_content":"{{encrypted}}"},{{items[1].GetRawText()}}""";
        }

        await using RunningTool second = await StartAsync(_runs[1], deployment, flags);
        _ = await PostAsync(second.Url, "/v1/responses", Responses($"{Question},{kept},{Question}"));

        Assert.Equal(isShared, deployment.Requests[^1].DecryptedBody!.Contains("thought-of-the-model", StringComparison.Ordinal));
    }

    private static Task<RunningTool> StartAsync(ToolRun run, PrivatemodeTestDeployment deployment, string[] flags)
    {
        // As 'openssl rand -base64 32' writes it, with a line break.
        _ = run.WriteFile("shared", Convert.ToBase64String([.. Enumerable.Range(1, 32).Select(i => (byte)i)]) + "\n");
        run.ConfigureClient = deployment.ConfigureClient;
        return run.StartAsync(["proxy", "--apiKey=k", "--port", "0", "--json", .. flags]);
    }

    private static string Responses(string input) =>
        $$"""{"model":"gpt-oss-120b","store":false,"include":["reasoning.encrypted_content"],"input":[{{input}}]}""";

    private async Task<JsonElement> PostAsync(Uri proxy, string path, string body)
    {
        using StringContent content = new(body, Encoding.UTF8, "application/json");
        using HttpResponseMessage answer = await _http.PostAsync(new Uri(proxy, path), content).OrTimeout();
        string text = await answer.Content.ReadAsStringAsync().OrTimeout();
        Assert.True(answer.IsSuccessStatusCode, text);
        return JsonDocument.Parse(text).RootElement;
    }

    private static JsonElement Decrypted(RecordedRequest request) => JsonDocument.Parse(request.DecryptedBody!).RootElement;
}
