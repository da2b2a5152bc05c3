using System.Text.Json;
using Privatemode.AI.IntegrationTests.Canary;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.IntegrationTests.Responses;

/// <summary>Tools that the vendor of an API runs itself: refused, or left out without being kept quiet about.</summary>
public sealed class HostedToolTests : ResponsesTest
{
    private const string Function = """{"type":"function","name":"f"}""";

    private readonly CapturingLoggerFactory _logs = new();

    [Theory]
    [InlineData("""{"type":"web_search","external_web_access":true}""", "web_search")]
    [InlineData("""{"type":"file_search","vector_store_ids":["vs_1"]}""", "file_search")]
    [InlineData("""{"type":"code_interpreter","container":{"type":"auto"}}""", "code_interpreter")]
    [InlineData("""{"type":"mcp","server_label":"a","server_url":"https://example.com"}""", "mcp")]
    [InlineData("""{"type":"image_generation"}""", "image_generation")]
    public async Task Tool_ByDefault_IsRefusedByItsName(string tool, string type)
    {
        foreach (Carrier carrier in Enum.GetValues<Carrier>())
        {
            (_, Exception? failure) = await SendAsync(carrier, Body($$"""
                "input":"hi","tools":[{{Function}},{{tool}}]
                """));
            PrivatemodeRequestException refused = Assert.IsType<PrivatemodeRequestException>(failure);
            Assert.StartsWith("tools[1]", refused.Member, StringComparison.Ordinal);
            Assert.Contains($"\"{type}\"", refused.Message, StringComparison.Ordinal);
            Assert.Contains("Responses.HostedTools", refused.Message, StringComparison.Ordinal);
        }

        Assert.Empty(Deployment.AllRequests);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Tools_LeftOut_AreNamedInHeaderAndLog(bool stream)
    {
        await using PrivatemodeClient client = Deployment.CreateClient(options =>
        {
            options.Responses.HostedTools = HostedToolPolicy.LeaveOut;
            options.LoggerFactory = _logs;
        });
        using HttpClient http = NewHttp(client);
        for (int i = 0; i < 2; i++)
        {
            using HttpRequestMessage request = Post(ResponsesPath, Body($$"""
                "tools":[{"type":"web_search"},{{Function}},{"type":"mcp","server_label":"a"},{"type":"web_search_preview"},{"type":"mcp","server_label":"b"}],
                "input":[{"role":"user","content":"hi"},{"type":"web_search_call","id":"ws_1","status":"completed"}]
                """, stream));
            using HttpResponseMessage response = await http.SendAsync(request).OrTimeout();
            Assert.True(response.IsSuccessStatusCode);
            string[] types = response.Headers.GetValues(PrivatemodeHttpMessageHandler.LeftOutToolsHeaderName).Single().Split(", ");
            Assert.Equal(["mcp", "web_search", "web_search_preview"], types.Order(StringComparer.Ordinal));
            JsonElement tool = Assert.Single(ChatOf(i).GetProperty("tools").EnumerateArray());
            Assert.Equal("f", tool.GetProperty("function").GetProperty("name").GetString());
            Assert.Equal(1, ChatOf(i).GetProperty("messages").GetArrayLength());
        }

        // Assistants send the same tools with each request, and one line says it.
        string line = Assert.Single(_logs.Lines, line => line.Contains("HostedToolsLeftOut", StringComparison.Ordinal));
        Assert.Contains("web_search", line, StringComparison.Ordinal);
        Assert.Contains("sdk_", line, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ForeignReasoning_IsLoggedOnceAsAWarning()
    {
        await using PrivatemodeClient client = Deployment.CreateClient(options => options.LoggerFactory = _logs);
        using HttpClient http = NewHttp(client);
        for (int i = 0; i < 3; i++)
        {
            using HttpRequestMessage request = Post(ResponsesPath, Body("""
                "input":[{"role":"user","content":"hi"},{"type":"reasoning","summary":[],"encrypted_content":"gAAAAABelsewhere"},
                {"type":"reasoning","summary":[],"encrypted_content":"pmr1.AAAA"},{"role":"assistant","content":"a"},{"role":"user","content":"b"}]
                """));
            using HttpResponseMessage response = await http.SendAsync(request).OrTimeout();
            Assert.True(response.IsSuccessStatusCode);
        }

        string[] lines = [.. _logs.Lines.Where(line => line.Contains("ForeignReasoningDropped", StringComparison.Ordinal))];
        Assert.Equal(3, lines.Length);
        Assert.Equal(2, lines.Count(line => line.Contains("ForeignReasoningDroppedAgain", StringComparison.Ordinal)));
        Assert.Contains(" 2 items", lines[0], StringComparison.Ordinal);
        Assert.DoesNotContain(_logs.Lines, line => line.Contains("gAAAAAB", StringComparison.Ordinal));
    }
}
