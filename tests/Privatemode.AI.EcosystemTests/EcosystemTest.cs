using System.Text;
using System.Text.Json.Nodes;
using Privatemode.AI.Testing;

namespace Privatemode.AI.EcosystemTests;

/// <summary>A test with a deployment and a client of its own.</summary>
public abstract class EcosystemTest : IAsyncLifetime
{
    protected const string ModelId = "gpt-oss-120b";
    protected const string EmbeddingModelId = "qwen3-embedding-4b";
    protected const string SpeechModelId = "whisper-large-v3";

    protected PrivatemodeTestDeployment Deployment { get; private set; } = null!;

    protected PrivatemodeClient Client { get; private set; } = null!;

    /// <summary>The decrypted bodies of the chat requests so far. A request that the gateway refused has none.</summary>
    protected IReadOnlyList<JsonObject> ChatBodies =>
        [.. Deployment.Requests.Where(request => request.PathAndQuery == "/v1/chat/completions" && request.DecryptedBody is not null)
            .Select(request => JsonNode.Parse(request.DecryptedBody!)!.AsObject())];

    public virtual async Task InitializeAsync()
    {
        PrivatemodeTestDeploymentOptions options = new();
        options.AdditionalApiKeys.Add("key-b");
        Configure(options);
        Deployment = await PrivatemodeTestDeployment.StartAsync(options);
        Client = Deployment.CreateClient();
    }

    public virtual async Task DisposeAsync()
    {
        await Client.DisposeAsync();
        await Deployment.DisposeAsync();
    }

    /// <summary>Changes the options of the deployment before it starts.</summary>
    protected virtual void Configure(PrivatemodeTestDeploymentOptions options)
    {
    }

    /// <summary>Scripts a call of a tool that the request does not offer, as a model that invents tools makes it, and the answer after it.</summary>
    protected void ScriptUnofferedCall(string name, string answer, string arguments = "{}")
    {
        JsonObject call = new()
        {
            ["index"] = 0,
            ["id"] = "call_1",
            ["type"] = "function",
            ["function"] = new JsonObject { ["name"] = name, ["arguments"] = arguments },
        };
        string calls = $$"""{"role":"assistant","content":null,"tool_calls":[{{call.ToJsonString()}}]}""";
        _ = Deployment.Model.Reply("")
            .WithRawJson(Answer("chat.completion", $$"""{"index":0,"message":{{calls}},"finish_reason":"tool_calls"}"""))
            .WithRawEvents(
                Answer("chat.completion.chunk", $$"""{"index":0,"delta":{{calls}},"finish_reason":null}"""),
                Answer("chat.completion.chunk", """{"index":0,"delta":{},"finish_reason":"tool_calls"}"""))
            .Then.Reply(answer);

        static string Answer(string type, string choice) =>
            $$"""{"id":"chatcmpl-1","object":"{{type}}","created":1767225600,"model":"{{ModelId}}","choices":[{{choice}}]}""";
    }

    /// <summary>Each text was in a decrypted request, and nowhere in what was sent or received.</summary>
    protected void AssertSentEncrypted(params string[] texts)
    {
        string wire = Encoding.Latin1.GetString(Deployment.GetReceivedBytes());
        Assert.NotEmpty(wire);
        Assert.All(texts, text =>
        {
            Assert.Contains(Deployment.Requests, request => request.DecryptedBody?.Contains(text, StringComparison.Ordinal) == true);
            Assert.DoesNotContain(text, wire, StringComparison.Ordinal);
            Assert.DoesNotContain(Deployment.Requests, request => request.WireResponseText.Contains(text, StringComparison.Ordinal));
        });
    }
}
