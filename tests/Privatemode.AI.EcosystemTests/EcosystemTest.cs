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
