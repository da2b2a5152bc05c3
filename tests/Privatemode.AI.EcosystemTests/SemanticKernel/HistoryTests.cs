using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.SemanticKernel;
using Microsoft.SemanticKernel.ChatCompletion;
using Privatemode.AI.SemanticKernel;
using Privatemode.AI.Testing;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.EcosystemTests.SemanticKernel;

/// <summary>Chat histories: stored, read back, shortened and summarized, with calls and reasoning in them.</summary>
public sealed class HistoryTests : KernelTest
{
    private const string Reasoning = "The sky decides.";

    [Fact]
    public async Task Truncation_KeepsCallsWithTheirResults()
    {
        (Kernel kernel, ChatHistory history) = await ConverseAsync(3);
        ChatHistoryTruncationReducer reducer = new(targetCount: 3);
        ChatHistory reduced = [.. (await reducer.ReduceAsync(history).OrTimeout())!];
        Assert.True(reduced.Count < history.Count);
        reduced.AddUserMessage("And next week?");
        await AskAsync(kernel, reduced);
        AssertConsistent(ChatBodies[^1]);
    }

    [Fact]
    public async Task ReduceInPlace_AfterEachAnswer_StaysSmallAndConsistent()
    {
        Kernel kernel = CreateKernel();
        ChatHistoryTruncationReducer reducer = new(targetCount: 4, thresholdCount: 2);
        ChatHistory history = new("Look at the weather before you give advice.");
        for (int turn = 0; turn < 6; turn++)
        {
            ScriptTurn();
            history.AddUserMessage($"Question {turn}");
            await AskAsync(kernel, history);
            _ = await history.ReduceInPlaceAsync(reducer, CancellationToken.None).OrTimeout();
        }

        Assert.All(ChatBodies, AssertConsistent);
        Assert.True(ChatBodies.Max(body => body["messages"]!.AsArray().Count) <= 12);
        Assert.All(ChatBodies, body => Assert.Equal("system", (string?)body["messages"]![0]!["role"]));
    }

    [Fact]
    public async Task Summarization_UsesOurService_AndTheSummaryIsSent()
    {
        (Kernel kernel, ChatHistory history) = await ConverseAsync(3);
        int before = Deployment.Requests.Count;
        _ = Deployment.Model.Reply("They spoke about umbrellas.").WithReasoning("Short.").Then.Reply(Answer);
        ChatHistorySummarizationReducer reducer = new(kernel.GetRequiredService<IChatCompletionService>(), targetCount: 3);
        ChatHistory reduced = [.. (await reducer.ReduceAsync(history).OrTimeout())!];
        Assert.Equal(before + 1, Deployment.Requests.Count);
        JsonArray summarized = ChatBodies[^1]["messages"]!.AsArray();
        Assert.Contains("summarization", (string?)summarized[^1]!["content"], StringComparison.Ordinal);
        Assert.DoesNotContain(summarized, message => (string?)message!["role"] == "tool" || message["tool_calls"] is not null);

        reduced.AddUserMessage("And next week?");
        _ = await kernel.GetRequiredService<IChatCompletionService>().GetChatMessageContentAsync(reduced).OrTimeout();
        AssertConsistent(ChatBodies[^1]);
        Assert.Contains(
            ChatBodies[^1]["messages"]!.AsArray(), message => message!.ToJsonString().Contains("They spoke about umbrellas.", StringComparison.Ordinal));
        AssertSentEncrypted("They spoke about umbrellas.");
    }

    [Fact]
    public async Task Summarization_ThatFails_ThrowsOrKeepsTheHistory()
    {
        (Kernel kernel, ChatHistory history) = await ConverseAsync(3);
        IChatCompletionService chat = kernel.GetRequiredService<IChatCompletionService>();
        Deployment.Faults.Inject(Fault.TamperEvent(0), times: 2);
        Deployment.Model.SetFallback(_ => ScriptedAnswer.Text(Answer));
        _ = await Assert.ThrowsAsync<PrivatemodeIntegrityException>(() => new ChatHistorySummarizationReducer(chat, 3).ReduceAsync(history).OrTimeout());
        Assert.Null(await new ChatHistorySummarizationReducer(chat, 3) { FailOnError = false }.ReduceAsync(history).OrTimeout());
    }

    [Fact]
    public async Task History_StoredAsJson_IsSentAsBefore()
    {
        (Kernel kernel, ChatHistory history) = await ConverseAsync(2);
        ChatHistory restored = JsonSerializer.Deserialize<ChatHistory>(JsonSerializer.Serialize(history))!;
        history.AddUserMessage("And next week?");
        restored.AddUserMessage("And next week?");
        Deployment.Model.SetFallback(_ => ScriptedAnswer.Text(Answer));
        await AskAsync(kernel, [.. history]);
        await AskAsync(kernel, restored);
        Assert.True(
            JsonNode.DeepEquals(WithoutNumberTypes(ChatBodies[^2]["messages"]), WithoutNumberTypes(ChatBodies[^1]["messages"])),
            $"{ChatBodies[^2]["messages"]!.ToJsonString()}\n{ChatBodies[^1]["messages"]!.ToJsonString()}");
        Assert.All(
            restored.Where(message => message.Role == AuthorRole.Assistant).SkipLast(1), message => Assert.NotNull(message.GetPrivatemodeReceipt()));
    }

    [Fact]
    public async Task Conversation_KeepsReasoningAndReceiptsOfEachRequest()
    {
        (_, ChatHistory history) = await ConverseAsync(2);
        ChatMessageContent[] answers = [.. history.Where(message => message.Role == AuthorRole.Assistant)];
        Assert.Equal(4, answers.Length);
        Assert.Equal(4, answers.Select(answer => answer.GetPrivatemodeReceipt()!.RequestId).Distinct().Count());
        Assert.All(answers, answer => Assert.Equal(Reasoning, answer.GetPrivatemodeReasoning()));
        Assert.Contains(ChatBodies[^1]["messages"]!.AsArray(), message => (string?)message!["reasoning"] == Reasoning);
    }

    /// <summary>Each result follows its call, and each call has a result.</summary>
    private static void AssertConsistent(JsonObject body)
    {
        List<string?> open = [];
        foreach (JsonNode? message in body["messages"]!.AsArray())
        {
            if ((string?)message!["role"] == "tool")
            {
                Assert.True(open.Remove((string?)message["tool_call_id"]), body.ToJsonString());
                continue;
            }

            Assert.Empty(open);
            open.AddRange(message["tool_calls"]?.AsArray().Select(call => (string?)call!["id"]) ?? []);
        }

        Assert.Empty(open);
    }

    /// <summary>Arguments of a stored history are texts: the types that the model wrote are in the call, which is not stored.</summary>
    private static JsonNode? WithoutNumberTypes(JsonNode? messages) =>
        JsonNode.Parse(messages!.ToJsonString().Replace("\\u0022", "", StringComparison.Ordinal).Replace("\\\"", "", StringComparison.Ordinal));

    private void ScriptTurn() =>
        _ = Deployment.Model.ReplyWithToolCall(ToolName, Arguments).WithReasoning(Reasoning).Then.Reply(Answer).WithReasoning(Reasoning);

    /// <summary>A conversation with a call in each turn.</summary>
    private async Task<(Kernel Kernel, ChatHistory History)> ConverseAsync(int turns)
    {
        Kernel kernel = CreateKernel();
        ChatHistory history = new("Look at the weather before you give advice.");
        for (int turn = 0; turn < turns; turn++)
        {
            ScriptTurn();
            history.AddUserMessage($"Question {turn}");
            await AskAsync(kernel, history);
        }

        return (kernel, history);
    }

    private static async Task AskAsync(Kernel kernel, ChatHistory history) => history.Add(
        await kernel.GetRequiredService<IChatCompletionService>().GetChatMessageContentAsync(history, Auto, kernel).OrTimeout());
}
