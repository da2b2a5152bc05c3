using System.Text.Json;
using Microsoft.Extensions.AI;
using Privatemode.AI.Testing;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.Tests.Chat;

/// <summary>A loop as function-invoking clients run it: the chat client itself invokes nothing.</summary>
public sealed class ToolLoopTests(ChatFixture fixture) : IClassFixture<ChatFixture>
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Loop_ParallelCallsWithReasoning_CarriesEverythingBack(bool streamed)
    {
        ScriptedAnswer first = fixture.Deployment.Model.Reply("Looking.").WithReasoning("They ask about two cities.")
            .WithToolCall("weather", """{"city":"Köln"}""", "call_a").WithToolCall("weather", """{"city":"Bochum"}""", "call_b");
        _ = first.Then.ReplyWithToolCall("clock", "{}").WithReasoning("Now the time.").Then.Reply("It is warm in both.");
        AIFunction weather = AIFunctionFactory.Create((string city) => $"{city}: \"21\" degrees", "weather");
        AIFunction clock = AIFunctionFactory.Create(() => new TimeOnly(12, 30).ToString("HH:mm"), "clock");
        ChatOptions options = new() { Tools = [weather, clock] };
        List<ChatMessage> history = [new(ChatRole.User, "Weather?")];
        int before = fixture.Deployment.Requests.Count;

        ChatResponse response;
        while ((response = await AnswerAsync(history, options, streamed)).FinishReason == ChatFinishReason.ToolCalls)
        {
            history.AddMessages(response);
            history.Add(await InvokeAsync(response, [weather, clock]));
        }

        Assert.Equal("It is warm in both.", response.Text);
        string[] bodies = [.. fixture.Deployment.Requests.Skip(before).Select(request => request.DecryptedBody!)];
        Assert.Equal(3, bodies.Length);
        JsonElement messages = JsonDocument.Parse(bodies[2]).RootElement.GetProperty("messages");
        string clockId = messages[4].GetProperty("tool_calls")[0].GetProperty("id").GetString()!;
        ChatFixture.AssertJson(
            $$$"""
            [{"role":"user","content":"Weather?"},
             {"role":"assistant","content":"Looking.","reasoning":"They ask about two cities.","tool_calls":[
                {"id":"call_a","type":"function","function":{"name":"weather","arguments":"{\"city\":\"Köln\"}"}},
                {"id":"call_b","type":"function","function":{"name":"weather","arguments":"{\"city\":\"Bochum\"}"}}]},
             {"role":"tool","tool_call_id":"call_a","content":"Köln: \"21\" degrees"},
             {"role":"tool","tool_call_id":"call_b","content":"Bochum: \"21\" degrees"},
             {"role":"assistant","reasoning":"Now the time.","tool_calls":[
                {"id":"{{{clockId}}}","type":"function","function":{"name":"clock","arguments":"{}"}}]},
             {"role":"tool","tool_call_id":"{{{clockId}}}","content":"12:30"}]
            """,
            messages.GetRawText());
    }

    [Fact]
    public async Task Client_WithInvocableTools_InvokesNothing()
    {
        bool invoked = false;
        AIFunction tool = AIFunctionFactory.Create(() => invoked = true, "f");
        _ = fixture.Deployment.Model.ReplyWithToolCall("f", "{}");

        ChatResponse response = await fixture.Chat.GetResponseAsync("hi", new ChatOptions { Tools = [tool] });

        Assert.IsType<FunctionCallContent>(Assert.Single(response.Messages[0].Contents));
        Assert.False(invoked);
    }

    private async Task<ChatResponse> AnswerAsync(List<ChatMessage> history, ChatOptions options, bool streamed) => streamed
        ? await fixture.Chat.GetStreamingResponseAsync(history, options).ToChatResponseAsync().WaitAsync(TestTime.Limit)
        : await fixture.Chat.GetResponseAsync(history, options).WaitAsync(TestTime.Limit);

    private static async Task<ChatMessage> InvokeAsync(ChatResponse response, AIFunction[] tools)
    {
        ChatMessage results = new(ChatRole.Tool, []);
        foreach (FunctionCallContent call in response.Messages.SelectMany(message => message.Contents).OfType<FunctionCallContent>())
        {
            AIFunction tool = tools.Single(candidate => candidate.Name == call.Name);
            results.Contents.Add(new FunctionResultContent(call.CallId, await tool.InvokeAsync(new AIFunctionArguments(call.Arguments))));
        }

        return results;
    }
}
