using System.Text.Json.Nodes;
using Microsoft.Extensions.AI;
using Privatemode.AI.Testing;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.EcosystemTests.ExtensionsAI;

/// <summary>Functions that <see cref="FunctionInvokingChatClient"/> calls.</summary>
public sealed class FunctionInvocationTests : ExtensionsAITest
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Loop_SendsCallResultAndReasoningBack(bool isStreaming)
    {
        UsageDetails usage = new() { InputTokenCount = 10, OutputTokenCount = 5 };
        _ = Deployment.Model.ReplyWithToolCall(ToolName, Arguments, "call_1").WithReasoning("I need the weather.").WithUsage(usage)
            .Then.Reply(Answer).WithUsage(usage);
        using IChatClient chat = Invoking();
        ChatResponse response = await AskAsync(chat, options: WithWeather, isStreaming: isStreaming);

        Assert.Equal(Answer, response.Messages[^1].Text);
        Assert.Equal((20, 10), (response.Usage!.InputTokenCount, response.Usage.OutputTokenCount));
        JsonArray messages = ChatBodies[1]["messages"]!.AsArray();
        Assert.Equal("user assistant tool", RolesOf(ChatBodies[1]));
        Assert.Equal("I need the weather.", (string?)messages[1]!["reasoning"]);
        Assert.Equal("call_1", (string?)messages[1]!["tool_calls"]![0]!["id"]);
        Assert.Equal(("call_1", "Bochum: 21 degrees, clear sky"), ((string?)messages[2]!["tool_call_id"], (string?)messages[2]!["content"]));

        // Each answer has a receipt of its own; that of the response is the one of the last answer.
        Assert.Equal(Deployment.Requests[1].RequestId, response.GetPrivatemodeReceipt()!.RequestId);
        AssertSentEncrypted("umbrella", ToolName, "clear sky", "I need the weather");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task ParallelCalls_RunAtTheSameTime(bool isStreaming)
    {
        _ = Deployment.Model.ReplyWithToolCall("meet", """{"name":"a"}""").WithToolCall("meet", """{"name":"b"}""").Then.Reply(Answer);
        TaskCompletionSource both = new(TaskCreationOptions.RunContinuationsAsynchronously);
        int waiting = 0;
        AIFunction meet = AIFunctionFactory.Create(
            async (string name) =>
            {
                if (Interlocked.Increment(ref waiting) == 2)
                {
                    both.SetResult();
                }

                await both.Task.OrTimeout();
                return name + " was here";
            },
            "meet");
        using IChatClient chat = Invoking(invoker => invoker.AllowConcurrentInvocation = true);
        _ = await AskAsync(chat, options: new ChatOptions { Tools = [meet], AllowMultipleToolCalls = true }, isStreaming: isStreaming);
        Assert.True((bool?)ChatBodies[0]["parallel_tool_calls"]);
        Assert.Equal(
            ["a was here", "b was here"],
            ChatBodies[1]["messages"]!.AsArray().Where(message => (string?)message!["role"] == "tool").Select(message => (string?)message!["content"]));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task MaximumIterations_TheLastRequestHasNoTools(bool isStreaming)
    {
        Deployment.Model.SetFallback(request => request.DecryptedBody!.Contains("\"tools\"", StringComparison.Ordinal)
            ? ScriptedAnswer.ToolCall(ToolName, Arguments) : ScriptedAnswer.Text(Answer));
        using IChatClient chat = Invoking(invoker => invoker.MaximumIterationsPerRequest = 2);
        ChatOptions options = WithWeather;
        options.ToolMode = ChatToolMode.Auto;
        Assert.Equal(Answer, (await AskAsync(chat, options: options, isStreaming: isStreaming)).Messages[^1].Text);
        Assert.Equal([true, true, false], ChatBodies.Select(body => body.ContainsKey("tools")));
        Assert.False(ChatBodies[2].ContainsKey("tool_choice"));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Function_Throws_TheModelSeesTheMessageOnlyIfAsked(bool isDetailed)
    {
        ScriptCall("fail", "{}");
        using IChatClient chat = Invoking(invoker => invoker.IncludeDetailedErrors = isDetailed);
        Assert.Equal(Answer, (await AskAsync(chat, options: new ChatOptions { Tools = [Failing()] })).Messages[^1].Text);
        string result = ToolResultOf(ChatBodies[1])!;
        Assert.StartsWith("Error:", result, StringComparison.Ordinal);
        Assert.Equal(isDetailed, result.Contains("the door is locked", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Function_ThrowsTooOften_TheExceptionIsThrown(bool isStreaming)
    {
        ScriptCall("fail", "{}");
        using IChatClient chat = Invoking(invoker => invoker.MaximumConsecutiveErrorsPerRequest = 0);
        InvalidOperationException exception = await Assert.ThrowsAsync<InvalidOperationException>(
            () => AskAsync(chat, options: new ChatOptions { Tools = [Failing()] }, isStreaming: isStreaming));
        Assert.Equal("the door is locked", exception.Message);
        Assert.Single(ChatBodies);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task UnknownFunction_EndsTheLoopOnlyIfAsked(bool isTerminating)
    {
        ScriptUnofferedCall("no_such_tool", Answer);
        using IChatClient chat = Invoking(invoker => invoker.TerminateOnUnknownCalls = isTerminating);
        ChatResponse response = await AskAsync(chat, options: WithWeather);
        if (isTerminating)
        {
            Assert.Equal("no_such_tool", Assert.Single(response.Messages[^1].Contents.OfType<FunctionCallContent>()).Name);
            Assert.Single(ChatBodies);
        }
        else
        {
            Assert.Equal(Answer, response.Messages[^1].Text);
            Assert.Contains("not found", ToolResultOf(ChatBodies[1]), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task AdditionalTools_AreCalledButNotSent()
    {
        ScriptCall();
        using IChatClient chat = Invoking(invoker => invoker.AdditionalTools = [Weather]);
        Assert.Equal(Answer, (await AskAsync(chat)).Messages[^1].Text);
        Assert.False(ChatBodies[0].ContainsKey("tools"));
        Assert.Equal("Bochum: 21 degrees, clear sky", ToolResultOf(ChatBodies[1]));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Declaration_IsLeftToTheCaller(bool isStreaming)
    {
        ScriptCall();
        using IChatClient chat = Invoking();
        ChatResponse response = await AskAsync(chat, options: new ChatOptions { Tools = [Weather.AsDeclarationOnly()] }, isStreaming: isStreaming);
        FunctionCallContent call = Assert.Single(response.Messages.SelectMany(message => message.Contents).OfType<FunctionCallContent>());
        Assert.Equal("Bochum", call.Arguments!["city"]?.ToString());
        Assert.Equal(ChatFinishReason.ToolCalls, response.FinishReason);
        Assert.Single(ChatBodies);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Invoker_CanReplaceAResultAndEndTheLoop(bool isStreaming)
    {
        ScriptCall();
        using IChatClient chat = Invoking(invoker => invoker.FunctionInvoker = (context, _) =>
        {
            context.Terminate = true;
            return new ValueTask<object?>($"{context.Function.Name} was refused");
        });
        ChatResponse response = await AskAsync(chat, options: WithWeather, isStreaming: isStreaming);
        Assert.Equal(
            "get_weather was refused", Assert.Single(response.Messages[^1].Contents.OfType<FunctionResultContent>()).Result?.ToString());
        Assert.Single(ChatBodies);
    }

    [Fact]
    public async Task Function_ThatAsksTheSameClient_Works()
    {
        _ = Deployment.Model.ReplyWithToolCall("ask_expert", """{"question":"Is it raining?"}""").Then.Reply("It is not.").Then.Reply(Answer);
        AIFunction expert = AIFunctionFactory.Create(async (string question) => (await AskAsync(Chat, question)).Text, "ask_expert");
        using IChatClient chat = Invoking();
        ChatResponse response = await AskAsync(chat, options: new ChatOptions { Tools = [expert] });
        Assert.Equal(Answer, response.Messages[^1].Text);
        Assert.Equal("It is not.", ToolResultOf(ChatBodies[2]));

        // The receipt is that of the outer request.
        Assert.Equal(Deployment.Requests[2].RequestId, response.GetPrivatemodeReceipt()!.RequestId);
    }

    [Fact]
    public async Task Results_OfOtherTypes_AreSentAsJson()
    {
        ScriptCall("get_forecast");
        AIFunction forecast = AIFunctionFactory.Create((string city) => new Forecast(city, 21.5, ["clear", "windy"]), "get_forecast");
        using IChatClient chat = Invoking();
        _ = await AskAsync(chat, options: new ChatOptions { Tools = [forecast] });
        Assert.Equal("""{"city":"Bochum","degrees":21.5,"sky":["clear","windy"]}""", ToolResultOf(ChatBodies[1]));
    }

    [Fact]
    public async Task BrokenArguments_AreNotCalledAndTheModelIsToldInTheNextRequest()
    {
        _ = Deployment.Model.ReplyWithToolCall(ToolName, """{"city":"Boch""").WithFinishReason("length").Then.Reply(Answer);
        using IChatClient chat = Invoking();
        List<ChatMessage> history = [new(ChatRole.User, Question)];
        ChatResponse response = await AskAsync(chat, history, WithWeather);
        Assert.Equal(ChatFinishReason.Length, response.FinishReason);
        history.AddMessages(response);
        history.Add(new ChatMessage(ChatRole.User, "Go on."));
        Assert.Equal(Answer, (await AskAsync(chat, history, WithWeather)).Text);
        Assert.Contains("Boch", ToolResultOf(ChatBodies[1]), StringComparison.Ordinal);
    }

    private static AIFunction Failing() =>
        AIFunctionFactory.Create((Func<string>)(() => throw new InvalidOperationException("the door is locked")), "fail");

    private IChatClient Invoking(Action<FunctionInvokingChatClient>? configure = null) =>
        Chat.AsBuilder().UseFunctionInvocation(configure: configure).Build();

    private sealed record Forecast(string City, double Degrees, string[] Sky);
}
