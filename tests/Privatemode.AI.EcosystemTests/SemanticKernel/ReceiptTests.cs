using Microsoft.Extensions.AI;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.SemanticKernel;
using Microsoft.SemanticKernel.ChatCompletion;
using Privatemode.AI.SemanticKernel;
using Privatemode.AI.Testing;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.EcosystemTests.SemanticKernel;

/// <summary>Each request of an answer with functions has its receipt, reasoning, usage and finish reason in its own message or updates.</summary>
public sealed class ReceiptTests : KernelTest
{
    [Fact]
    public async Task AfterFunctions_TheAnswerHasWhatBelongsToTheLastRequest()
    {
        ScriptTwoRequests();
        Kernel kernel = CreateKernel();
        ChatHistory history = new(Question);
        ChatMessageContent answer = await kernel.GetRequiredService<IChatCompletionService>().GetChatMessageContentAsync(history, Auto, kernel).OrTimeout();
        ChatMessageContent call = history[1];
        AssertBelongTo(0, "I need the weather.", 10, "tool_calls", call);
        AssertBelongTo(1, "It is dry.", 20, "stop", answer);
        Assert.Null(history[2].GetPrivatemodeReceipt());
        Assert.Equal((ModelId, ModelId), (call.ModelId, answer.ModelId));
    }

    [Fact]
    public async Task AfterFunctions_UpdatesHaveWhatBelongsToTheirRequest()
    {
        ScriptTwoRequests();
        Kernel kernel = CreateKernel();
        ChatHistory history = new(Question);
        List<StreamingChatMessageContent> updates = [];
        _ = await StreamAsync(kernel.GetRequiredService<IChatCompletionService>(), history, Auto, kernel, updates);
        AssertBelongTo(0, "I need the weather.", 10, "tool_calls", history[1]);
        string[] ids = [.. Deployment.Requests.Select(request => Id(request))];
        Assert.Equal(ids, updates.Select(update => update.GetPrivatemodeReceipt()!.RequestId).Distinct());
        foreach ((string id, string reasoning, int tokens, string reason) in
            ((string, string, int, string)[])[(ids[0], "I need the weather.", 10, "tool_calls"), (ids[1], "It is dry.", 20, "stop")])
        {
            StreamingChatMessageContent[] parts = [.. updates.Where(update => update.GetPrivatemodeReceipt()!.RequestId == id)];
            Assert.Equal(reasoning, string.Concat(parts.Select(part => part.GetPrivatemodeReasoning())));
            Assert.Equal(tokens, parts.Select(part => part.Metadata!["Usage"]).OfType<UsageDetails>().Single().InputTokenCount);
            Assert.Equal(reason, parts.Select(part => part.Metadata!["FinishReason"]).OfType<string>().Last());
            Assert.All(parts, part => Assert.Equal(ModelId, part.ModelId));
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task PromptFunction_ResultHasTheReceiptOfTheLastRequest(bool isChatClient)
    {
        ScriptTwoRequests(isChatClient ? "Weather_get_weather" : ToolName);
        IKernelBuilder builder = Kernel.CreateBuilder();
        _ = isChatClient ? builder.AddPrivatemodeChatClient(ModelId, Client) : builder.AddPrivatemodeChatCompletion(ModelId, Client);
        builder.Plugins.AddFromType<WeatherPlugin>("Weather");
        FunctionResult result = await builder.Build().InvokePromptAsync(Question, new KernelArguments(Auto)).OrTimeout();
        Assert.Equal(Id(Deployment.Requests[1]), result.GetPrivatemodeReceipt()!.RequestId);
    }

    // The message that is returned is that of the function, which no request belongs to.
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Terminated_TheReceiptIsInTheHistory(bool isStreaming)
    {
        ScriptTwoRequests();
        Kernel kernel = CreateKernel(builder => builder.Services.AddSingleton<IAutoFunctionInvocationFilter>(new Terminating()));
        IChatCompletionService chat = kernel.GetRequiredService<IChatCompletionService>();
        ChatHistory history = new(Question);
        if (isStreaming)
        {
            List<StreamingChatMessageContent> updates = [];
            _ = await StreamAsync(chat, history, Auto, kernel, updates);
            Assert.Null(updates[^1].GetPrivatemodeReceipt());
        }
        else
        {
            Assert.Null((await chat.GetChatMessageContentAsync(history, Auto, kernel).OrTimeout()).GetPrivatemodeReceipt());
        }

        AssertBelongTo(0, "I need the weather.", 10, "tool_calls", history[1]);
    }

    private void ScriptTwoRequests(string name = ToolName)
    {
        _ = Deployment.Model.ReplyWithToolCall(name, Arguments).WithReasoning("I need the weather.").WithUsage(new UsageDetails { InputTokenCount = 10 })
            .Then.Reply(Answer).WithReasoning("It is dry.").WithUsage(new UsageDetails { InputTokenCount = 20 });
    }

    private void AssertBelongTo(int request, string reasoning, int tokens, string reason, ChatMessageContent message)
    {
        Assert.Equal(Id(Deployment.Requests[request]), message.GetPrivatemodeReceipt()!.RequestId);
        Assert.Equal(reasoning, message.GetPrivatemodeReasoning());
        Assert.Equal(tokens, Assert.IsType<UsageDetails>(message.Metadata!["Usage"]).InputTokenCount);
        Assert.Equal(reason, message.Metadata["FinishReason"]);
    }

    private static string Id(RecordedRequest request) => request.RequestId!;

    private sealed class Terminating : IAutoFunctionInvocationFilter
    {
        public async Task OnAutoFunctionInvocationAsync(AutoFunctionInvocationContext context, Func<AutoFunctionInvocationContext, Task> next)
        {
            await next(context);
            context.Terminate = true;
        }
    }
}
