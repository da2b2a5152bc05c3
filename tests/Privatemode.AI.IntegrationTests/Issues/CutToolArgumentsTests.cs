using System.Text.Json;
using Microsoft.Extensions.AI;
using Privatemode.AI.Testing;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.IntegrationTests.Issues;

/// <summary>The model's tool arguments end early, or are no JSON object: <c>UseFunctionInvocation</c> ran the tool with default arguments.</summary>
public sealed class CutToolArgumentsTests : DeploymentTest
{
    private readonly List<string> _ran = [];

    public static TheoryData<string, string, bool> Unreadable
    {
        get
        {
            TheoryData<string, string, bool> data = [];
            foreach (string arguments in (string[])
                [
                    """{"path":"canary""", """{"path":"canary"}}""", "{'path':'canary'}", "canary", "\"canary\"", "\"{\\\"path\\\":\"", "\"[1]\"", "[1]",
                    "true", """{"path":"a","path":"b"}""",
                ])
            {
                data.Add(arguments, "length", false);
                data.Add(arguments, "stop", true);
                data.Add(arguments, "tool_calls", true);
                data.Add(arguments, "length", true);
                data.Add(arguments, "stop", false);
            }

            // Before the first character of them; otherwise nothing means no arguments.
            data.Add("", "length", false);
            data.Add("", "length", true);
            data.Add(" ", "content_filter", true);
            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Unreadable))]
    public async Task Call_WithArgumentsThatCannotBeRead_IsNotRunAndTheNextRequestSaysSo(string arguments, string finishReason, bool streamed)
    {
        _ = Deployment.Model.Reply("").WithToolCall("delete", arguments, "call_1").WithFinishReason(finishReason);
        List<ChatMessage> history = [new(ChatRole.User, "Delete x")];

        ChatResponse response = await AnswerAsync(history, streamed);

        Assert.Empty(_ran);
        FunctionCallContent call = Assert.IsType<FunctionCallContent>(Assert.Single(Assert.Single(response.Messages).Contents));
        Assert.Equal(("call_1", "delete", true), (call.CallId, call.Name, call.InformationalOnly));
        Assert.Null(call.Arguments);
        Assert.NotNull(call.Exception);
        Assert.DoesNotContain("canary", call.Exception.ToString(), StringComparison.Ordinal);
        Assert.Equal(arguments, call.AdditionalProperties!["privatemode.raw_arguments"]);
        Assert.Equal(finishReason, response.FinishReason!.Value.Value);

        history.AddMessages(response);
        history.Add(new ChatMessage(ChatRole.User, "And?"));
        _ = await AnswerAsync(history, streamed);

        Assert.Empty(_ran);
        string raw = string.IsNullOrWhiteSpace(arguments) ? "" : $" The arguments were: {arguments}";
        JsonEncodedText result = JsonEncodedText.Encode(
            "Error: the function did not run, because the arguments of the call are cut off, are not a JSON object, or contain one argument twice. " +
            $"Call it again with complete arguments.{raw}");
        AssertMessages(
            $$$"""
            [{"role":"user","content":"Delete x"},
             {"role":"assistant","tool_calls":[{"id":"call_1","type":"function","function":{"name":"delete","arguments":"{}"}}]},
             {"role":"tool","tool_call_id":"call_1","content":"{{{result}}}"},
             {"role":"user","content":"And?"}]
            """);
    }

    [Theory]
    [InlineData(false, "")]
    [InlineData(true, "")]
    [InlineData(false, " \n")]
    [InlineData(true, "null")]
    [InlineData(false, "null")]
    [InlineData(true, "{}")]
    public async Task Call_WithoutArguments_IsRunWithNone(bool streamed, string arguments)
    {
        _ = Deployment.Model.Reply("").WithToolCall("delete", arguments, "call_1").Then.Reply("done");

        ChatResponse response = await AnswerAsync([new ChatMessage(ChatRole.User, "Delete it")], streamed);

        Assert.Equal(["default"], _ran);
        Assert.Equal("done", response.Text);
    }

    /// <summary>A complete object cannot go on, however the answer ended; nor can a call behind which another one begins.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Call_CompleteThoughTheAnswerEndedEarly_IsRun(bool streamed)
    {
        _ = Deployment.Model.Reply("").WithToolCall("delete", "", "call_1").WithToolCall("delete", """{"path":"y"}""", "call_2")
            .WithFinishReason("length").Then.Reply("done");

        _ = await AnswerAsync([new ChatMessage(ChatRole.User, "Delete y")], streamed);

        Assert.Equal(["default", "y"], _ran);
    }

    [Theory]
    [InlineData(false, false)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(true, true)]
    public async Task Calls_OneGoodAndOneCut_RunTheGoodOneAndBothHaveAResult(bool streamed, bool cutFirst)
    {
        ScriptedAnswer first = Deployment.Model.Reply("");
        _ = (cutFirst
            ? first.WithToolCall("delete", """{"path":"x""", "cut").WithToolCall("delete", """{"path":"y"}""", "good")
            : first.WithToolCall("delete", """{"path":"y"}""", "good").WithToolCall("delete", """{"path":"x""", "cut"))
            .WithFinishReason("length").Then.Reply("done");

        ChatResponse response = await AnswerAsync([new ChatMessage(ChatRole.User, "Delete both")], streamed);

        Assert.Equal(["y"], _ran);
        Assert.Equal("done", response.Text);
        JsonElement messages = LastMessages();
        Assert.Equal(["user", "assistant", "tool", "tool"], messages.EnumerateArray().Select(message => message.GetProperty("role").GetString()));
        Dictionary<string, string> results = messages.EnumerateArray().Skip(2)
            .ToDictionary(message => message.GetProperty("tool_call_id").GetString()!, message => message.GetProperty("content").GetString()!);
        Assert.Equal("deleted y", results["good"]);
        Assert.StartsWith("Error: the function did not run", results["cut"], StringComparison.Ordinal);
        Assert.EndsWith("""{"path":"x""", results["cut"], StringComparison.Ordinal);
    }

    /// <summary>The exception is not stored with a history, and neither is a raw representation.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task History_StoredAsJson_KeepsTheRawTextAndTheErrorResult(bool streamed)
    {
        _ = Deployment.Model.Reply("").WithToolCall("delete", """{"path":"x""", "call_1").WithFinishReason("length");
        List<ChatMessage> history = [new(ChatRole.User, "Delete x")];
        history.AddMessages(await AnswerAsync(history, streamed));

        string json = JsonSerializer.Serialize<IList<ChatMessage>>(history, AIJsonUtilities.DefaultOptions);
        history = [.. JsonSerializer.Deserialize<IList<ChatMessage>>(json, AIJsonUtilities.DefaultOptions)!];
        history.Add(new ChatMessage(ChatRole.User, "And?"));
        _ = await AnswerAsync(history, streamed);

        Assert.Empty(_ran);
        JsonElement result = LastMessages()[2];
        Assert.Equal("call_1", result.GetProperty("tool_call_id").GetString());
        Assert.EndsWith("""{"path":"x""", result.GetProperty("content").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Call_AnsweredByTheCaller_GetsThatResultOnly()
    {
        _ = Deployment.Model.Reply("").WithToolCall("delete", """{"path":"x""", "call_1");
        List<ChatMessage> history = [new(ChatRole.User, "Delete x")];
        history.AddMessages(await AnswerAsync(history, streamed: false));
        history.Add(new ChatMessage(ChatRole.Tool, [new FunctionResultContent("call_1", "not this time")]));

        _ = await AnswerAsync(history, streamed: false);

        Assert.Equal(3, LastMessages().GetArrayLength());
        Assert.Equal("not this time", LastMessages()[2].GetProperty("content").GetString());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Call_WithArgumentsThatAreJsonInJson_IsRunWithThem(bool streamed)
    {
        _ = Deployment.Model.Reply("").WithToolCall("delete", """
            "{\"path\":\"a \\\"b\\\"\"}"
            """, "call_1");
        _ = Deployment.Model.Reply("done");

        ChatResponse response = await AnswerAsync([new(ChatRole.User, "Delete x")], streamed);

        Assert.Equal("done", response.Text);
        Assert.Equal(["a \"b\""], _ran);
        Assert.Equal("""
            {"path":"a \"b\""}
            """, LastMessages()[1].GetProperty("tool_calls")[0].GetProperty("function").GetProperty("arguments").GetString());
    }

    [Fact]
    public async Task Call_RepairedByTheCaller_IsSentAsRepaired()
    {
        _ = Deployment.Model.Reply("").WithToolCall("delete", """{"path":"secret""", "call_1");
        List<ChatMessage> history = [new(ChatRole.User, "Delete x")];
        history.AddMessages(await AnswerAsync(history, streamed: false));
        ((FunctionCallContent)history[1].Contents[0]).Arguments = new Dictionary<string, object?> { ["path"] = "repaired" };
        history.Add(new ChatMessage(ChatRole.Tool, [new FunctionResultContent("call_1", "deleted")]));

        _ = await AnswerAsync(history, streamed: false);

        Assert.DoesNotContain("secret", LastMessages().GetRawText(), StringComparison.Ordinal);
        Assert.Contains("repaired", LastMessages().GetRawText(), StringComparison.Ordinal);
        Assert.Equal(3, LastMessages().GetArrayLength());
    }

    private async Task<ChatResponse> AnswerAsync(List<ChatMessage> history, bool streamed)
    {
        using IChatClient chat = new ChatClientBuilder(Chat).UseFunctionInvocation().Build();
        ChatOptions options = new() { Tools = [AIFunctionFactory.Create(Delete, "delete")] };
        return streamed
            ? await chat.GetStreamingResponseAsync(history, options).ToChatResponseAsync().OrTimeout()
            : await chat.GetResponseAsync(history, options).OrTimeout();
    }

    private string Delete(string path = "default")
    {
        _ran.Add(path);
        return $"deleted {path}";
    }

    private JsonElement LastMessages()
    {
        using JsonDocument body = JsonDocument.Parse(Deployment.Requests[^1].DecryptedBody!);
        return body.RootElement.GetProperty("messages").Clone();
    }

    private void AssertMessages(string expected)
    {
        using JsonDocument document = JsonDocument.Parse(expected);
        Assert.True(JsonElement.DeepEquals(document.RootElement, LastMessages()), LastMessages().GetRawText());
    }
}
