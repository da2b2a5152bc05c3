using System.Text.Json;
using Microsoft.Extensions.AI;

namespace Privatemode.AI.EcosystemTests.ExtensionsAI;

/// <summary>Functions that run only after somebody has approved the call.</summary>
public sealed class ApprovalTests : ExtensionsAITest
{
    private int _runs;

    private ChatOptions Options => new()
    {
        Tools = [new ApprovalRequiredAIFunction(AIFunctionFactory.Create((string file) => $"{file} deleted, {++_runs} so far", "delete"))],
    };

    [Theory]
    [InlineData(false, true)]
    [InlineData(true, true)]
    [InlineData(false, false)]
    [InlineData(true, false)]
    public async Task Call_RunsOnlyIfItIsApproved(bool isStreaming, bool isApproved)
    {
        using IChatClient chat = Approving();
        List<ChatMessage> history = [new(ChatRole.User, "Delete it.")];
        ToolApprovalRequestContent request = await RequestAsync(chat, history, isStreaming);
        Assert.Equal("a.txt", Assert.IsType<FunctionCallContent>(request.ToolCall).Arguments!["file"]?.ToString());
        Assert.Equal(0, _runs);

        history.Add(new ChatMessage(ChatRole.User, [request.CreateResponse(isApproved, isApproved ? null : "It is the only copy.")]));
        ChatResponse response = await AskAsync(chat, history, Options, isStreaming);
        Assert.Equal(Answer, response.Messages[^1].Text);
        Assert.Equal(isApproved ? 1 : 0, _runs);
        Assert.Equal("user assistant tool", RolesOf(ChatBodies[1]));
        Assert.Contains(isApproved ? "a.txt deleted" : "rejected", ToolResultOf(ChatBodies[1]), StringComparison.Ordinal);
        Assert.Equal(!isApproved, ToolResultOf(ChatBodies[1])!.Contains("It is the only copy.", StringComparison.Ordinal));
        AssertSentEncrypted("Delete it.", "a.txt");
    }

    [Fact]
    public async Task History_StoredAsJsonBetweenRequestAndApproval_GoesOn()
    {
        using IChatClient chat = Approving();
        List<ChatMessage> history = [new(ChatRole.User, "Delete it.")];
        _ = await RequestAsync(chat, history, isStreaming: true);
        history = JsonSerializer.Deserialize<List<ChatMessage>>(
            JsonSerializer.Serialize(history, AIJsonUtilities.DefaultOptions), AIJsonUtilities.DefaultOptions)!;
        ToolApprovalRequestContent request = Assert.Single(history[^1].Contents.OfType<ToolApprovalRequestContent>());
        history.Add(new ChatMessage(ChatRole.User, [request.CreateResponse(approved: true)]));
        Assert.Equal(Answer, (await AskAsync(chat, history, Options)).Messages[^1].Text);
        Assert.Equal(1, _runs);
    }

    [Fact]
    public async Task Request_SentWithoutAnAnswer_IsRefused()
    {
        using IChatClient chat = Approving();
        List<ChatMessage> history = [new(ChatRole.User, "Delete it.")];
        _ = await RequestAsync(chat, history, isStreaming: false);
        PrivatemodeRequestException exception = await Assert.ThrowsAsync<PrivatemodeRequestException>(() => AskAsync(Chat, history, Options));
        Assert.Equal("messages[1].Contents[0]", exception.Member);
        Assert.Single(ChatBodies);
    }

    [Fact]
    public async Task CallsOfOneAnswer_AreApprovedOneByOne()
    {
        _ = Deployment.Model.ReplyWithToolCall("delete", """{"file":"a.txt"}""", "1").WithToolCall("delete", """{"file":"b.txt"}""", "2").Then.Reply(Answer);
        using IChatClient chat = Chat.AsBuilder().UseFunctionInvocation().Build();
        List<ChatMessage> history = [new(ChatRole.User, "Delete both.")];
        history.AddMessages(await AskAsync(chat, history, Options));
        ToolApprovalRequestContent[] requests = [.. history[^1].Contents.OfType<ToolApprovalRequestContent>()];
        Assert.Equal(2, requests.Length);
        history.Add(new ChatMessage(ChatRole.User, [requests[0].CreateResponse(approved: true), requests[1].CreateResponse(approved: false)]));
        _ = await AskAsync(chat, history, Options);
        Assert.Equal(1, _runs);
        Assert.Equal("user assistant tool tool", RolesOf(ChatBodies[1]));
    }

    private IChatClient Approving()
    {
        ScriptCall("delete", """{"file":"a.txt"}""");
        return Chat.AsBuilder().UseFunctionInvocation().Build();
    }

    private async Task<ToolApprovalRequestContent> RequestAsync(IChatClient chat, List<ChatMessage> history, bool isStreaming)
    {
        history.AddMessages(await AskAsync(chat, history, Options, isStreaming));
        return Assert.Single(history[^1].Contents.OfType<ToolApprovalRequestContent>());
    }
}
