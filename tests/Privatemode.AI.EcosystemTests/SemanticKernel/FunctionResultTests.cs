using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.SemanticKernel;
using Microsoft.SemanticKernel.ChatCompletion;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.EcosystemTests.SemanticKernel;

/// <summary>What the model reads of the results of functions, of every type that a function can return, and of calls that do not fit a function.</summary>
public sealed class FunctionResultTests : KernelTest
{
    private static readonly Dictionary<string, (Delegate Function, string Expected)> Results = new()
    {
        ["text"] = (() => "rain", "rain"),
        ["empty text"] = (() => "", ""),
        ["null"] = (string? () => null, ""),
        ["nothing"] = (() => { }, ""),
        ["task"] = (() => Task.CompletedTask, ""),
        ["integer"] = (() => 42, "42"),
        ["number"] = (() => 21.5, "21.5"),
        ["decimal"] = (() => 1.10m, "1.10"),
        ["Boolean"] = (() => true, "true"),
        ["enum"] = (() => DayOfWeek.Monday, "1"),
        ["time"] = (() => new DateTime(2026, 1, 2, 3, 4, 5, DateTimeKind.Utc), "\"2026-01-02T03:04:05Z\""),
        ["GUID"] = (() => Guid.Empty, "\"00000000-0000-0000-0000-000000000000\""),
        ["address"] = (() => new Uri("https://example.com/"), "\"https://example.com/\""),
        ["bytes"] = (() => new byte[] { 1, 2, 3 }, "\"AQID\""),
        ["record"] = (() => new Forecast("Köln", 21.5, ["clear"]), """{"City":"Köln","Degrees":21.5,"Sky":["clear"]}"""),
        ["list"] = (() => new List<int> { 1, 2 }, "[1,2]"),
        ["dictionary"] = (() => new Dictionary<string, object?> { ["a"] = 1, ["b"] = null }, """{"a":1,"b":null}"""),
        ["JSON element"] = (() => JsonDocument.Parse("""{"a":1}""").RootElement, """{"a":1}"""),
        ["JSON node"] = (() => new JsonObject { ["a"] = 1 }, """{"a":1}"""),
        ["task of text"] = (() => Task.FromResult("rain"), "rain"),
        ["value task"] = (() => ValueTask.FromResult(7), "7"),
        ["asynchronous sequence"] = (Numbers, "[1,2]"),
        ["message"] = (() => new ChatMessageContent(AuthorRole.Assistant, "rain"), "rain"),
        ["messages"] = (() => new ChatHistory("rain"), "rain"),
        ["content"] = (() => new TextContent("rain"), "rain"),
        ["result of a function"] = (() => new FunctionResult(KernelFunctionFactory.CreateFromMethod(() => ""), "rain"), "rain"),
        ["image"] = (() => new ImageContent(new byte[] { 1 }, "image/png"), "Error: The result is a file, which the model cannot read in a tool result."),
    };

    private static readonly Dictionary<string, Delegate> Unwritable = new()
    {
        ["not a number"] = () => double.NaN,
        ["type"] = () => typeof(string),
        ["cycle"] = () => { Node node = new(); node.Next = node; return node; },
    };

    public static TheoryData<string> ResultNames() => [.. Results.Keys];

    public static TheoryData<string> UnwritableNames() => [.. Unwritable.Keys];

    [Theory]
    [MemberData(nameof(ResultNames))]
    public async Task Result_OfAType_IsTextOrJson(string name)
    {
        Kernel kernel = KernelWith(Results[name].Function);
        Assert.Equal(Answer, (await kernel.InvokePromptAsync(Question, new KernelArguments(Auto)).OrTimeout()).GetValue<string>());
        Assert.Equal(Results[name].Expected, (string?)ChatBodies[1]["messages"]![2]!["content"]);
    }

    [Theory]
    [MemberData(nameof(UnwritableNames))]
    public async Task Result_ThatJsonCannotExpress_IsRefused(string name)
    {
        Kernel kernel = KernelWith(Unwritable[name]);
        PrivatemodeRequestException exception = await Assert.ThrowsAsync<PrivatemodeRequestException>(
            () => kernel.InvokePromptAsync(Question, new KernelArguments(Auto)).OrTimeout());
        Assert.Equal("FunctionResultContent.Result", exception.Member);
        Assert.Single(ChatBodies);
    }

    [Fact]
    public async Task AsynchronousSequence_ThatFails_IsToldToTheModel()
    {
        Kernel kernel = KernelWith(Failing);
        Assert.Equal(Answer, (await kernel.InvokePromptAsync(Question, new KernelArguments(Auto)).OrTimeout()).GetValue<string>());
        Assert.Contains("out of order", (string?)ChatBodies[1]["messages"]![2]!["content"], StringComparison.Ordinal);

        static async IAsyncEnumerable<int> Failing()
        {
            yield return 1;
            await Task.Yield();
            throw new InvalidOperationException("out of order");
        }
    }

    [Theory]
    [InlineData("{}", "city")]
    [InlineData("""{"city":"Bochum","days":"many"}""", "Exception while invoking function")]
    public async Task Arguments_ThatDoNotFit_AreToldToTheModel(string arguments, string expected)
    {
        ScriptCall(arguments: arguments);
        List<string> called = [];
        WeatherPlugin.Called.Value = called.Add;
        Assert.Equal(Answer, (await CreateKernel().InvokePromptAsync(Question, new KernelArguments(Auto)).OrTimeout()).GetValue<string>());
        Assert.Empty(called);
        Assert.Contains(expected, (string?)ChatBodies[1]["messages"]![2]!["content"], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task FunctionThatTheModelWasNotToldOf_IsNotInvoked(bool isStreaming)
    {
        ScriptUnofferedCall(ToolName, Answer, Arguments);
        List<string> called = [];
        WeatherPlugin.Called.Value = called.Add;
        Kernel kernel = CreateKernel();
        PromptExecutionSettings settings = new()
        {
            FunctionChoiceBehavior = FunctionChoiceBehavior.Auto([kernel.Plugins.GetFunction("Weather", "get_forecast")]),
        };
        IChatCompletionService chat = kernel.GetRequiredService<IChatCompletionService>();
        ChatHistory history = new(Question);
        string? text = isStreaming ? await StreamAsync(chat, history, settings, kernel)
            : (await chat.GetChatMessageContentAsync(history, settings, kernel).OrTimeout()).Content;
        Assert.Equal(Answer, text);
        Assert.Empty(called);
        Assert.Contains("does not exist", (string?)ChatBodies[1]["messages"]![2]!["content"], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("required")]
    [InlineData("none")]
    public async Task RequiredAndNone_Streamed_AreSent(string choice)
    {
        bool isRequired = choice == "required";
        if (isRequired)
        {
            ScriptCall();
        }
        else
        {
            _ = Deployment.Model.Reply(Answer);
        }

        Kernel kernel = CreateKernel();
        PromptExecutionSettings settings = new()
        {
            FunctionChoiceBehavior = isRequired ? FunctionChoiceBehavior.Required() : FunctionChoiceBehavior.None(),
        };
        string text = "";
        await foreach (string part in kernel.InvokePromptStreamingAsync<string>(Question, new KernelArguments(settings)).WithTimeout())
        {
            text += part;
        }

        Assert.Equal(Answer, text);
        Assert.Equal(isRequired ? [choice, null] : [choice], ChatBodies.Select(body => (string?)body["tool_choice"]));
    }

    private Kernel KernelWith(Delegate function)
    {
        ScriptCall("Tools-get", "{}");
        return CreateKernel(builder => builder.Plugins.AddFromFunctions("Tools", [KernelFunctionFactory.CreateFromMethod(function, "get")]));
    }

    private static async IAsyncEnumerable<int> Numbers()
    {
        yield return 1;
        await Task.Yield();
        yield return 2;
    }

    private sealed class Node
    {
        public Node? Next { get; set; }
    }
}
