using System.Text;
using System.Text.Json;
using Privatemode.AI;
using Privatemode.AI.Testing;

namespace Ecosystem.Tests;

/// <summary>A test with a deployment and a client of its own.</summary>
public abstract class EcosystemTest : IAsyncLifetime
{
    protected const string ModelId = "gpt-oss-120b";
    protected const string EmbeddingModelId = "qwen3-embedding-4b";
    protected const string Answer = "No. The sky over Bochum is clear.";

    protected PrivatemodeTestDeployment Deployment { get; private set; } = null!;

    protected PrivatemodeClient Client { get; private set; } = null!;

    protected IReadOnlyList<RecordedRequest> ChatRequests => [.. Deployment.Requests.Where(request => request.Path == "/v1/chat/completions")];

    public async Task InitializeAsync()
    {
        Deployment = await PrivatemodeTestDeployment.StartAsync();
        Client = Deployment.CreateClient();
        Deployment.Model.SetFallback(request => AskForToolOr(request, Answer));
    }

    public async Task DisposeAsync()
    {
        await Client.DisposeAsync();
        await Deployment.DisposeAsync();
    }

    /// <summary>A model that calls the first tool it is offered, whatever the framework named it, and answers once it has the result.</summary>
    protected static ScriptedAnswer AskForToolOr(RecordedRequest request, string answer)
    {
        using JsonDocument body = JsonDocument.Parse(request.DecryptedBody!);
        return LastRole(body.RootElement) == "user" && FirstTool(body.RootElement) is { } tool
            ? new ScriptedAnswer().WithToolCall(tool, """{"city":"Bochum"}""")
            : ScriptedAnswer.Text(answer);
    }

    protected static string? FirstTool(JsonElement body) => body.TryGetProperty("tools", out JsonElement tools) && tools.GetArrayLength() > 0
        ? tools[0].GetProperty("function").GetProperty("name").GetString()
        : null;

    protected static string? LastRole(JsonElement body)
    {
        JsonElement messages = body.GetProperty("messages");
        return messages[messages.GetArrayLength() - 1].GetProperty("role").GetString();
    }

    /// <summary>The text was in a request after opening, so the framework did send it, and nowhere in what travelled either way.</summary>
    protected void AssertTravelledSealed(params string[] texts)
    {
        string wire = Encoding.Latin1.GetString(Deployment.GetReceivedBytes());
        Assert.NotEmpty(wire);
        Assert.All(texts, text =>
        {
            Assert.Contains(Deployment.Requests, request => request.DecryptedBody!.Contains(text, StringComparison.Ordinal));
            Assert.DoesNotContain(text, wire, StringComparison.Ordinal);
            Assert.DoesNotContain(Deployment.Requests, request => request.WireBodyText.Contains(text, StringComparison.Ordinal));
            Assert.DoesNotContain(Deployment.Requests, request => request.WireResponseText.Contains(text, StringComparison.Ordinal));
        });
    }

    /// <summary>The model's words came through, and not in the clear.</summary>
    protected void AssertAnsweredSealed(string text) =>
        Assert.DoesNotContain(Deployment.Requests, request => request.WireResponseText.Contains(text, StringComparison.Ordinal));
}
