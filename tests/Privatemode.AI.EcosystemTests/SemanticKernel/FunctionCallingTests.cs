using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.SemanticKernel;
using Microsoft.SemanticKernel.ChatCompletion;
using Privatemode.AI.SemanticKernel;
using Privatemode.AI.Testing;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.EcosystemTests.SemanticKernel;

/// <summary>Functions are offered, called and answered as Semantic Kernel's own connectors do it.</summary>
public sealed class FunctionCallingTests : KernelTest
{
    [Fact]
    public async Task Auto_BareKernel_InvokesTheFunctionAndAnswers()
    {
        ScriptCall();
        FunctionResult result = await CreateKernel().InvokePromptAsync(Question, new KernelArguments(Auto)).OrTimeout();
        Assert.Equal(Answer, result.GetValue<string>());
        Assert.Equal(2, ChatBodies.Count);
        JsonNode tool = ChatBodies[0]["tools"]!.AsArray().Single(item => (string?)item!["function"]!["name"] == ToolName)!;
        Assert.Equal("Gets the weather in a city.", (string?)tool["function"]!["description"]);
        Assert.Equal("string", (string?)tool["function"]!["parameters"]!["properties"]!["city"]!["type"]);
        Assert.Equal("auto", (string?)ChatBodies[0]["tool_choice"]);
        JsonArray messages = ChatBodies[1]["messages"]!.AsArray();
        Assert.Equal(["user", "assistant", "tool"], messages.Select(message => (string?)message!["role"]));
        Assert.Equal(ToolName, (string?)messages[1]!["tool_calls"]![0]!["function"]!["name"]);
        Assert.Equal((string?)messages[1]!["tool_calls"]![0]!["id"], (string?)messages[2]!["tool_call_id"]);
        Assert.Equal("Bochum: 21 degrees, clear sky for 1 days", (string?)messages[2]!["content"]);
        Assert.NotNull(result.GetPrivatemodeReceipt());
        AssertSentEncrypted("umbrella", "get_weather", "clear sky");
    }

    [Fact]
    public async Task Auto_Streamed_InvokesTheFunctionAndKeepsTheHistory()
    {
        ScriptCall();
        Kernel kernel = CreateKernel();
        ChatHistory history = new(Question);
        List<StreamingChatMessageContent> updates = [];
        string text = await StreamAsync(kernel.GetRequiredService<IChatCompletionService>(), history, Auto, kernel, updates);
        Assert.Equal(Answer, text);
        Assert.Equal([AuthorRole.System, AuthorRole.Assistant, AuthorRole.Tool], history.Select(message => message.Role));
        FunctionCallContent call = Assert.Single(FunctionCallContent.GetFunctionCalls(history[1]));
        Assert.Equal(("Weather", "get_weather", "Bochum"), (call.PluginName, call.FunctionName, call.Arguments!["city"]));
        Assert.NotNull(history[1].GetPrivatemodeReceipt());
        Assert.Equal("Bochum: 21 degrees, clear sky for 1 days", history[2].Content);
        StreamingFunctionCallUpdateContent update = Assert.Single(updates.SelectMany(part => part.Items).OfType<StreamingFunctionCallUpdateContent>());
        Assert.Equal((ToolName, Arguments, 0), (update.Name, update.Arguments, update.RequestIndex));
        Assert.Contains(updates, part => part.GetPrivatemodeReceipt() is not null);
    }

    [Fact]
    public async Task Required_OffersFunctionsInTheFirstRequestOnly()
    {
        ScriptCall();
        PromptExecutionSettings settings = new() { FunctionChoiceBehavior = FunctionChoiceBehavior.Required() };
        Assert.Equal(Answer, (await CreateKernel().InvokePromptAsync(Question, new KernelArguments(settings)).OrTimeout()).GetValue<string>());
        Assert.Equal("required", (string?)ChatBodies[0]["tool_choice"]);
        Assert.False(ChatBodies[1].ContainsKey("tools"));
        Assert.False(ChatBodies[1].ContainsKey("tool_choice"));
    }

    [Fact]
    public async Task None_DescribesFunctionsThatTheModelMustNotCall()
    {
        _ = Deployment.Model.Reply(Answer);
        PromptExecutionSettings settings = new() { FunctionChoiceBehavior = FunctionChoiceBehavior.None() };
        _ = await CreateKernel().InvokePromptAsync(Question, new KernelArguments(settings)).OrTimeout();
        Assert.Equal("none", (string?)ChatBodies[0]["tool_choice"]);
        Assert.Equal(3, ChatBodies[0]["tools"]!.AsArray().Count);
    }

    [Fact]
    public async Task NoBehavior_OffersNothing()
    {
        _ = Deployment.Model.Reply(Answer);
        _ = await CreateKernel().InvokePromptAsync(Question).OrTimeout();
        Assert.False(ChatBodies[0].ContainsKey("tools"));
    }

    [Fact]
    public async Task Options_ParallelAndStrict_AreSent()
    {
        _ = Deployment.Model.Reply(Answer);
        FunctionChoiceBehaviorOptions options = new() { AllowParallelCalls = false, AllowStrictSchemaAdherence = true };
        Kernel kernel = CreateKernel();
        PromptExecutionSettings settings = new()
        {
            FunctionChoiceBehavior = FunctionChoiceBehavior.Auto([kernel.Plugins.GetFunction("Weather", "get_weather")], options: options),
        };
        _ = await kernel.InvokePromptAsync(Question, new KernelArguments(settings)).OrTimeout();
        Assert.False((bool)ChatBodies[0]["parallel_tool_calls"]!);
        JsonNode function = Assert.Single(ChatBodies[0]["tools"]!.AsArray())!["function"]!;
        Assert.Equal((ToolName, true), ((string?)function["name"], (bool)function["strict"]!));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Manual_CallIsReturned_AndItsResultSentBack(bool isStreaming)
    {
        ScriptCall(arguments: """{"city":"Bochum","days":3}""");
        Kernel kernel = CreateKernel();
        IChatCompletionService chat = kernel.GetRequiredService<IChatCompletionService>();
        PromptExecutionSettings settings = new() { FunctionChoiceBehavior = FunctionChoiceBehavior.Auto(autoInvoke: false) };
        ChatHistory history = [];
        history.AddUserMessage(Question);
        if (isStreaming)
        {
            FunctionCallContentBuilder calls = new();
            await foreach (StreamingChatMessageContent update in chat.GetStreamingChatMessageContentsAsync(history, settings, kernel).WithTimeout())
            {
                calls.Append(update);
            }

            history.Add(new ChatMessageContent(AuthorRole.Assistant, [.. calls.Build()]));
        }
        else
        {
            history.Add(await chat.GetChatMessageContentAsync(history, settings, kernel).OrTimeout());
        }

        FunctionCallContent call = Assert.Single(FunctionCallContent.GetFunctionCalls(history[1]));
        history.Add((await call.InvokeAsync(kernel).OrTimeout()).ToChatMessage());
        Assert.Equal(Answer, (await chat.GetChatMessageContentAsync(history, settings, kernel).OrTimeout()).Content);
        Assert.Equal("Bochum: 21 degrees, clear sky for 3 days", (string?)ChatBodies[1]["messages"]![2]!["content"]);
    }

    [Fact]
    public async Task Arguments_InTheHistory_KeepTheirTypes()
    {
        ScriptCall(arguments: """{"city":"Bochum","days":3}""");
        _ = await CreateKernel().InvokePromptAsync(Question, new KernelArguments(Auto)).OrTimeout();
        string sent = (string)ChatBodies[1]["messages"]![1]!["tool_calls"]![0]!["function"]!["arguments"]!;
        Assert.True(JsonNode.DeepEquals(JsonNode.Parse("""{"city":"Bochum","days":3}"""), JsonNode.Parse(sent)), sent);
    }

    [Fact]
    public async Task Results_OfObjects_AreJson()
    {
        ScriptCall("Weather-get_forecast");
        _ = await CreateKernel().InvokePromptAsync(Question, new KernelArguments(Auto)).OrTimeout();
        string sent = (string)ChatBodies[1]["messages"]![2]!["content"]!;
        Assert.True(JsonNode.DeepEquals(
            JsonNode.Parse("""{"City":"Bochum","Degrees":21.5,"Sky":["clear","windy"]}"""), JsonNode.Parse(sent)), sent);
    }

    [Theory]
    [InlineData(ToolName, """{"city":"Boch""", "incomplete or not a JSON object")]
    [InlineData("Weather-fail", """{"isSecurity":false}""", "out of order")]
    public async Task CallThatCannotRun_IsAnsweredWithAnError(string name, string arguments, string expected)
    {
        ScriptCall(name, arguments);
        List<string> called = [];
        WeatherPlugin.Called.Value = called.Add;
        Assert.Equal(Answer, (await CreateKernel().InvokePromptAsync(Question, new KernelArguments(Auto)).OrTimeout()).GetValue<string>());
        Assert.Empty(called);
        Assert.Contains(expected, (string?)ChatBodies[1]["messages"]![2]!["content"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task CallOfAFunctionThatDoesNotExist_IsAnsweredWithAnError()
    {
        ScriptUnofferedCall("Weather-unknown", Answer);
        Assert.Equal(Answer, (await CreateKernel().InvokePromptAsync(Question, new KernelArguments(Auto)).OrTimeout()).GetValue<string>());
        Assert.Contains("does not exist", (string?)ChatBodies[1]["messages"]![2]!["content"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task FailureOfVerification_InsideAFunction_IsNotToldToTheModel()
    {
        ScriptCall("Weather-fail", """{"isSecurity":true}""");
        Exception exception = await Assert.ThrowsAnyAsync<Exception>(() => CreateKernel().InvokePromptAsync(Question, new KernelArguments(Auto)).OrTimeout());
        Assert.Contains("not genuine", exception.ToString(), StringComparison.Ordinal);
        Assert.Single(ChatBodies);
    }

    [Fact]
    public async Task FailureOfVerification_OneOfSeveralInsideAFunction_IsNotToldToTheModel()
    {
        ScriptCall("Both-fail", "{}");
        Kernel kernel = CreateKernel(builder => builder.Plugins.AddFromFunctions("Both", [KernelFunctionFactory.CreateFromMethod(FailTwice, "fail")]));
        Exception exception = await Assert.ThrowsAnyAsync<Exception>(() => kernel.InvokePromptAsync(Question, new KernelArguments(Auto)).OrTimeout());
        Assert.Contains("not genuine", exception.ToString(), StringComparison.Ordinal);
        Assert.Single(ChatBodies);

        static string FailTwice() => throw new AggregateException(
            new InvalidOperationException("out of order"), new PrivatemodeVerificationException("manifest-match", "not genuine"));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task SeveralCalls_OfOneAnswer_AreAllAnswered(bool isConcurrent)
    {
        Deployment.Model.SetFallback(_ => ScriptedAnswer.Text(Answer));
        ScriptedAnswer two = Deployment.Model.ReplyWithToolCall(ToolName, Arguments);
        _ = two.WithToolCall(ToolName, """{"city":"Essen"}""");
        PromptExecutionSettings settings = new()
        {
            FunctionChoiceBehavior = FunctionChoiceBehavior.Auto(options: new() { AllowConcurrentInvocation = isConcurrent }),
        };
        _ = await CreateKernel().InvokePromptAsync(Question, new KernelArguments(settings)).OrTimeout();
        JsonArray messages = ChatBodies[1]["messages"]!.AsArray();
        Assert.Equal(["user", "assistant", "tool", "tool"], messages.Select(message => (string?)message!["role"]));
        Assert.Equal(2, messages[1]!["tool_calls"]!.AsArray().Count);
        Assert.StartsWith("Essen", (string?)messages[3]!["content"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Filters_SeeTheCallAndChangeTheResult()
    {
        ScriptCall();
        Filter filter = new(async (context, next) =>
        {
            await next(context);
            context.Result = new FunctionResult(context.Result, context.Result.GetValue<string>() + " (filtered)");
        });
        _ = await CreateKernel(builder => builder.Services.AddSingleton<IAutoFunctionInvocationFilter>(filter))
            .InvokePromptAsync(Question, new KernelArguments(Auto)).OrTimeout();
        AutoFunctionInvocationContext seen = Assert.Single(filter.Seen);
        Assert.Equal(("get_weather", "Bochum", 0, 1), (seen.Function.Name, seen.Arguments!["city"], seen.RequestSequenceIndex, seen.FunctionCount));
        Assert.False(string.IsNullOrEmpty(seen.ToolCallId));
        Assert.EndsWith("(filtered)", (string?)ChatBodies[1]["messages"]![2]!["content"], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Filters_Terminate_ReturnTheResultWithoutAnotherRequest(bool isStreaming)
    {
        ScriptCall();
        Filter filter = new(async (context, next) =>
        {
            await next(context);
            context.Terminate = true;
        });
        Kernel kernel = CreateKernel(builder => builder.Services.AddSingleton<IAutoFunctionInvocationFilter>(filter));
        IChatCompletionService chat = kernel.GetRequiredService<IChatCompletionService>();
        ChatHistory history = new(Question);
        string? text = isStreaming ? await StreamAsync(chat, history, Auto, kernel)
            : (await chat.GetChatMessageContentAsync(history, Auto, kernel).OrTimeout()).Content;
        Assert.Equal("Bochum: 21 degrees, clear sky for 1 days", text);
        Assert.Single(ChatBodies);
        Assert.Equal(isStreaming, Assert.Single(filter.Seen).IsStreaming);
    }

    [Fact]
    public async Task FunctionsInAnEndlessLoop_StopAfter128Requests()
    {
        Deployment.Model.SetFallback(_ => new ScriptedAnswer().WithToolCall(ToolName, Arguments));
        Kernel kernel = CreateKernel();
        ChatMessageContent last = await kernel.GetRequiredService<IChatCompletionService>()
            .GetChatMessageContentAsync(new ChatHistory(Question), Auto, kernel).OrTimeout();
        Assert.Single(FunctionCallContent.GetFunctionCalls(last));
        Assert.Equal(129, ChatBodies.Count);
    }

    private sealed class Filter(Func<AutoFunctionInvocationContext, Func<AutoFunctionInvocationContext, Task>, Task> run) : IAutoFunctionInvocationFilter
    {
        public List<AutoFunctionInvocationContext> Seen { get; } = [];

        public Task OnAutoFunctionInvocationAsync(AutoFunctionInvocationContext context, Func<AutoFunctionInvocationContext, Task> next)
        {
            Seen.Add(context);
            return run(context, next);
        }
    }
}
