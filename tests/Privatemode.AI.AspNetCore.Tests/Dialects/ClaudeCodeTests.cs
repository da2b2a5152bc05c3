using System.Net;
using System.Text;
using System.Text.Json;
using Privatemode.AI.AspNetCore.Tests.Hosting;
using Privatemode.AI.Testing;
using Privatemode.AI.Tests.Vectors;

namespace Privatemode.AI.AspNetCore.Tests.Dialects;

/// <summary>Requests of Claude Code through the proxy, to a model server that refuses what they have in them.</summary>
public sealed class ClaudeCodeTests : ProxyTest
{
    [Theory]
    [InlineData("""[{"role":"user","content":"hi"},{"role":"system","content":"You write files."}]""", "[]")]
    [InlineData("""[{"role":"system","content":[{"type":"text","text":"You write files."}]},{"role":"user","content":"hi"}]""", "null")]
    public async Task Messages_SystemMessageAndNoTools_ReachTheModelAsItTakesThem(string messages, string tools)
    {
        using HttpResponseMessage answer = await Http.SendAsync(Post(
            MessagesPath + "?beta=true", $$"""{"model":"gpt-oss-120b","max_tokens":64,"messages":{{messages}},"tools":{{tools}}}"""));
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        JsonElement received = Received();
        Assert.Equal("You write files.", Assert.Single(received.GetProperty("system").EnumerateArray()).GetProperty("text").GetString());
        Assert.Equal("user", Assert.Single(received.GetProperty("messages").EnumerateArray()).GetProperty("role").GetString());
        Assert.False(received.TryGetProperty("tools", out _));
    }

    [Fact]
    public async Task Messages_QueryOfTheCaller_IsNotSent()
    {
        using HttpResponseMessage answer = await Http.SendAsync(Post(MessagesPath + "?beta=true&device=of-the-caller", MessageBody()));
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Equal(MessagesPath, Assert.Single(Deployment.Requests).PathAndQuery);
        Assert.DoesNotContain("of-the-caller", Encoding.UTF8.GetString(Deployment.GetReceivedBytes()), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"model":"gpt-oss-120b","max_tokens":64,"messages":[{"role":"user","content":"hi"}],"mcp_servers":[{}]}""", "'mcp_servers'")]
    [InlineData("""{"model":"gpt-oss-120b","messages":[]}""", "'max_tokens'")]
    [InlineData("""{"max_tokens":64,"messages":[]}""", "'model'")]
    [InlineData("""{"model":"a model","max_tokens":64,"messages":[]}""", "'model'")]
    [InlineData("""{"model":"gpt-oss-120b","max_tokens":64,"messages":[}""", "The body is not a JSON object")]
    public async Task Messages_RefusedBody_IsAnErrorOfAnthropicAndNothingIsSent(string body, string named)
    {
        using HttpResponseMessage answer = await Http.SendAsync(Post(MessagesPath, body));
        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        JsonElement error = JsonElement.Parse(await answer.Content.ReadAsStringAsync()).GetProperty("error");
        Assert.Equal("invalid_request_error", error.GetProperty("type").GetString());
        Assert.StartsWith(named, error.GetProperty("message").GetString(), StringComparison.Ordinal);
        Assert.Empty(Deployment.Requests);
    }

    [ThirdPartyTheory]
    [InlineData("claude-code-01-messages")]
    [InlineData("claude-code-02-after-a-tool")]
    [InlineData("opencode-03-messages")]
    public async Task Messages_CapturedRequest_IsAnswered(string capture)
    {
        using HttpResponseMessage answer = await Http.SendAsync(Post(MessagesPath, CapturedMessagesTests.Body(capture).GetRawText()));
        string text = await answer.Content.ReadAsStringAsync();
        Assert.True(answer.IsSuccessStatusCode, text);
        Assert.EndsWith("event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n", text, StringComparison.Ordinal);
        JsonElement received = Received();
        Assert.Equal("high", received.TryGetProperty("output_config", out JsonElement config) ? config.GetProperty("effort").GetString() : "high");
    }

    protected override void ConfigureDeployment(PrivatemodeTestDeploymentOptions options) => options.RefusesSystemMessages = true;

    private JsonElement Received() => JsonElement.Parse(Assert.Single(Deployment.Requests).DecryptedBody!);
}
