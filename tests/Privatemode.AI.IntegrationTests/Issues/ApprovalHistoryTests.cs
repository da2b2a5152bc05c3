using System.Text.Json;
using Microsoft.Extensions.AI;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.IntegrationTests.Issues;

/// <summary>Approvals that a function invoker dealt with stayed in the history, and became empty messages.</summary>
public sealed class ApprovalHistoryTests : DeploymentTest
{
    [Theory]
    [InlineData(false, true)]
    [InlineData(true, true)]
    [InlineData(false, false)]
    [InlineData(true, false)]
    public async Task Approval_Answered_LeavesCallAndResultInTheNextRequests(bool streamed, bool approved)
    {
        bool ran = false;
        ApprovalRequiredAIFunction tool = new(AIFunctionFactory.Create(() => ran = true, "delete"));
        using IChatClient chat = new ChatClientBuilder(Chat).UseFunctionInvocation().Build();
        _ = Deployment.Model.Reply("").WithToolCall("delete", "{}", "call_1").Then.Reply("Done.").Then.Reply("Bye.");
        List<ChatMessage> history = [new(ChatRole.User, "Delete it")];

        history.AddMessages(await AnswerAsync(chat, history, tool, streamed));
        ToolApprovalRequestContent request = Assert.Single(history[^1].Contents.OfType<ToolApprovalRequestContent>());
        history.Add(new ChatMessage(ChatRole.User, [request.CreateResponse(approved)]));
        history.AddMessages(await AnswerAsync(chat, history, tool, streamed));
        history.Add(new ChatMessage(ChatRole.User, "Thanks"));
        _ = await AnswerAsync(chat, history, tool, streamed);

        Assert.Equal(approved, ran);
        using JsonDocument body = JsonDocument.Parse(Deployment.Requests[^1].DecryptedBody!);
        JsonElement[] messages = [.. body.RootElement.GetProperty("messages").EnumerateArray()];
        Assert.Equal(["user", "assistant", "tool", "assistant", "user"], messages.Select(message => message.GetProperty("role").GetString()));
        Assert.Equal("call_1", messages[1].GetProperty("tool_calls")[0].GetProperty("id").GetString());
        Assert.Equal("call_1", messages[2].GetProperty("tool_call_id").GetString());
        Assert.All(
            messages.Where(message => !message.TryGetProperty("tool_calls", out _)),
            message => Assert.NotEqual("", message.GetProperty("content").GetString()));
    }

    /// <summary>Some servers number the calls of each answer anew, and a function invoker takes the second call for one it has handled.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Approval_OfACallWithTheIdOfAnEarlierOne_RunsIt(bool streamed)
    {
        int ran = 0;
        ApprovalRequiredAIFunction tool = new(AIFunctionFactory.Create(() => ++ran, "delete"));
        using IChatClient chat = new ChatClientBuilder(Chat).UseFunctionInvocation().Build();
        _ = Deployment.Model.Reply("").WithToolCall("delete", "{}", "0").Then.Reply("Done.");
        List<ChatMessage> history = [];
        for (int turn = 1; turn <= 2; turn++)
        {
            history.Add(new ChatMessage(ChatRole.User, "Delete one"));
            history.AddMessages(await AnswerAsync(chat, history, tool, streamed));
            ToolApprovalRequestContent request = Assert.Single(history[^1].Contents.OfType<ToolApprovalRequestContent>());
            history.Add(new ChatMessage(ChatRole.User, [request.CreateResponse(approved: true)]));
            history.AddMessages(await AnswerAsync(chat, history, tool, streamed));

            Assert.Equal(turn, ran);
            Assert.Equal("Done.", history[^1].Text);
            _ = Deployment.Model.Reply("").WithToolCall("delete", "{}", "0").Then.Reply("Done.");
        }
    }

    private static async Task<ChatResponse> AnswerAsync(IChatClient chat, List<ChatMessage> history, AIFunction tool, bool streamed)
    {
        ChatOptions options = new() { Tools = [tool] };
        return streamed
            ? await chat.GetStreamingResponseAsync(history, options).ToChatResponseAsync().OrTimeout()
            : await chat.GetResponseAsync(history, options).OrTimeout();
    }
}
