using System.IO.Pipelines;
using Microsoft.Extensions.AI;
using ModelContextProtocol.Client;
using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;

namespace Privatemode.AI.EcosystemTests.OtherPackages;

/// <summary>The tools of an MCP server, given to a chat client, as docs/mcp.md shows it.</summary>
public sealed class McpToolTests : EcosystemTest
{
    [Fact]
    public async Task Tool_OfAnMcpServer_IsCalledAndItsResultIsSentEncrypted()
    {
        Pipe requests = new(), answers = new();
        McpServerOptions options = new()
        {
            ToolCollection = [McpServerTool.Create((string topic) => $"mcp-result-about-{topic}", new McpServerToolCreateOptions { Name = "search_notes" })],
        };
        await using McpServer server = McpServer.Create(new StreamServerTransport(requests.Reader.AsStream(), answers.Writer.AsStream()), options);
        Task running = server.RunAsync();
        await using (McpClient mcp = await McpClient.CreateAsync(new StreamClientTransport(requests.Writer.AsStream(), answers.Reader.AsStream())))
        {
            IList<McpClientTool> tools = await mcp.ListToolsAsync();
            _ = Deployment.Model.ReplyWithToolCall("search_notes", """{"topic":"mcp-argument"}""").Then.Reply("done");
            using IChatClient chat = Client.AsIChatClient(ModelId).AsBuilder().UseFunctionInvocation().Build();
            ChatResponse answer = await chat.GetResponseAsync("mcp-prompt", new ChatOptions { Tools = [.. tools] });
            Assert.Equal("done", answer.Text);
        }

        await requests.Writer.CompleteAsync();
        await running.WaitAsync(TimeSpan.FromSeconds(30));
        Assert.Contains("mcp-result-about-mcp-argument", ChatBodies[1].ToJsonString(), StringComparison.Ordinal);
        AssertSentEncrypted("mcp-prompt", "mcp-result-about-mcp-argument", "search_notes");
    }
}
