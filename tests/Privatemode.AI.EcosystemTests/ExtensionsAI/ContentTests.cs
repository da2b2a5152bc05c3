using System.Text.Json.Nodes;
using Microsoft.Extensions.AI;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.EcosystemTests.ExtensionsAI;

/// <summary>Images, recordings and files in messages, through the middleware.</summary>
public sealed class ContentTests : ExtensionsAITest
{
    private const string VisionModelId = "gemma-3-27b";

    private static readonly byte[] Png = Convert.FromBase64String(
        "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==");

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Images_AsBytesAndDataUrls_AreSentEncrypted(bool isStreaming)
    {
        _ = Deployment.Model.Reply("A white dot.");
        string url = "data:image/png;base64," + Convert.ToBase64String(Png);
        ChatMessage message = new(
            ChatRole.User,
            [
                new TextContent("What is this?"),
                new DataContent(Png, "image/png") { AdditionalProperties = new() { ["detail"] = "low" } },
                new DataContent(url), new UriContent(url, "image/*"),
            ]);
        using IChatClient chat = Client.AsIChatClient(VisionModelId).AsBuilder().UseFunctionInvocation().UseDistributedCache(CreateCache()).Build();
        Assert.Equal("A white dot.", (await AskAsync(chat, [message], isStreaming: isStreaming)).Text);
        Assert.Equal("A white dot.", (await AskAsync(chat, [message], isStreaming: isStreaming)).Text);
        JsonArray parts = Assert.Single(ChatBodies)["messages"]![0]!["content"]!.AsArray();
        Assert.Equal("text image_url image_url image_url", TypesOf(parts));
        Assert.All(parts.Skip(1), part => Assert.Equal(url, (string?)part!["image_url"]!["url"]));
        Assert.Equal("low", (string?)parts[1]!["image_url"]!["detail"]);
        AssertSentEncrypted(Convert.ToBase64String(Png), "What is this?");
    }

    [Fact]
    public async Task RecordingsAndPdf_AreSentWithTheirNameEncrypted()
    {
        ChatMessage message = new(
            ChatRole.User,
            [
                new DataContent(Recording.Wave(), "audio/wav"), new DataContent("ID3"u8.ToArray(), "audio/mpeg"),
                new DataContent("%PDF-1.7"u8.ToArray(), "application/pdf") { Name = "quarterly-loss.pdf" },
            ]);
        _ = await AskAsync(Chat, [message]);
        JsonArray parts = ChatBodies[0]["messages"]![0]!["content"]!.AsArray();
        Assert.Equal("input_audio input_audio file", TypesOf(parts));
        Assert.Equal(("wav", "mp3"), ((string?)parts[0]!["input_audio"]!["format"], (string?)parts[1]!["input_audio"]!["format"]));
        Assert.Equal("quarterly-loss.pdf", (string?)parts[2]!["file"]!["filename"]);
        AssertSentEncrypted("quarterly-loss");
    }

    public static TheoryData<AIContent, string> Refused() => new()
    {
        { new DataContent("PK"u8.ToArray(), "application/zip"), "DataContent.MediaType" },
        { new UriContent("https://example.com/a.wav", "audio/wav"), "UriContent.MediaType" },
        { new HostedFileContent("file-7"), "messages[0].Contents[1]" },
        { new HostedVectorStoreContent("store-7"), "messages[0].Contents[1]" },
        { new FunctionCallContent("1", "f"), "messages[0].Contents[1]" },
    };

    [Theory]
    [MemberData(nameof(Refused))]
    public async Task Contents_ThatCannotBeSent_AreRefusedThroughTheMiddleware(AIContent content, string member)
    {
        using IChatClient chat = Chat.AsBuilder().UseFunctionInvocation().UseDistributedCache(CreateCache()).Build();
        ChatMessage[] messages = [new(ChatRole.User, [new TextContent("Read this."), content])];
        PrivatemodeRequestException exception = await Assert.ThrowsAsync<PrivatemodeRequestException>(() => AskAsync(chat, messages));
        Assert.Equal(member, exception.Member);
        exception = await Assert.ThrowsAsync<PrivatemodeRequestException>(() => AskAsync(chat, messages, isStreaming: true));
        Assert.Equal(member, exception.Member);
        Assert.Empty(Deployment.Requests);
    }

    [Fact]
    public async Task ImageByUrl_IsRefusedUnlessAPolicyAllowsIt()
    {
        ChatMessage[] messages = [new(ChatRole.User, [new UriContent("https://example.com/a.png", "image/png")])];
        using IChatClient chat = Client.AsIChatClient(VisionModelId).AsBuilder().UseFunctionInvocation().Build();
        await Assert.ThrowsAnyAsync<PrivatemodeException>(() => AskAsync(chat, messages));
        Assert.Empty(Deployment.Requests);

        await using PrivatemodeClient allowing = Deployment.CreateClient(options => options.Media.Remote = RemoteMediaPolicy.FetchByService);
        _ = await AskAsync(allowing.AsIChatClient(VisionModelId), messages);
        Assert.Equal("https://example.com/a.png", (string?)ChatBodies[0]["messages"]![0]!["content"]![0]!["image_url"]!["url"]);
        AssertSentEncrypted("example.com/a.png");
    }

    public static TheoryData<AITool> HostedTools() =>
    [
        new HostedWebSearchTool(), new HostedCodeInterpreterTool(), new HostedFileSearchTool(),
        new HostedMcpServerTool("mcp", new Uri("https://example.com")),
    ];

    [Theory]
    [MemberData(nameof(HostedTools))]
    public async Task ToolsOfAService_AreRefused(AITool tool)
    {
        using IChatClient chat = Chat.AsBuilder().UseFunctionInvocation().Build();
        PrivatemodeRequestException exception = await Assert.ThrowsAsync<PrivatemodeRequestException>(
            () => AskAsync(chat, options: new ChatOptions { Tools = [Weather, tool] }));
        Assert.Equal("ChatOptions.Tools", exception.Member);
        Assert.Empty(Deployment.Requests);
    }

    [Fact]
    public async Task ImageOfAFunction_IsSentAsJson()
    {
        ScriptCall("take_photo", "{}");
        AIFunction camera = AIFunctionFactory.Create(() => new DataContent(Png, "image/png"), "take_photo");
        using IChatClient chat = Chat.AsBuilder().UseFunctionInvocation().Build();
        _ = await AskAsync(chat, options: new ChatOptions { Tools = [camera] });
        Assert.Contains("image/png", ToolResultOf(ChatBodies[1]), StringComparison.Ordinal);
    }

    private static string TypesOf(JsonArray parts) => string.Join(' ', parts.Select(part => (string?)part!["type"]));
}
