using Microsoft.Extensions.AI;
using Privatemode.AI.Pipeline.Answers;
using Privatemode.AI.Tests.Chat;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.Tests.Issues;

/// <summary>What an answer says in a form that is not OpenAI's is read, or refused; it is never dropped as if the model had not said it, nor taken
/// twice.</summary>
public sealed class LostToolCallTests(ChatFixture fixture) : IClassFixture<ChatFixture>
{
    [Fact]
    public async Task ToolCall_InPlaceOfAList_IsRead()
    {
        const string Message = """
            {"role":"assistant","content":null,"tool_calls": {"id":"a","type":"function","function":{"name":"f","arguments":"{}"}} }
            """;
        FunctionCallContent call = Assert.IsType<FunctionCallContent>(Assert.Single((await AnswerAsync(Message)).Messages[0].Contents));
        Assert.Equal(("a", "f"), (call.CallId, call.Name));
    }

    [Fact]
    public async Task Refusal_ThatIsNoText_IsToldAsText()
    {
        ErrorContent refusal = Assert.IsType<ErrorContent>(
            Assert.Single((await AnswerAsync("""{"role":"assistant","content":null,"refusal":{"reason":"no"} }""")).Messages[0].Contents));
        Assert.Equal("""{"reason":"no"}""", refusal.Message);
    }

    [Theory]
    [InlineData("tool_calls", """
        "[{\"name\":\"f\"}]"
        """)]
    [InlineData("tool_calls", "7")]
    [InlineData("function_call", """
        "f"
        """)]
    public async Task Call_InAnUnknownForm_IsNotDropped(string name, string value)
    {
        PrivatemodeServiceException exception = await Assert.ThrowsAsync<PrivatemodeServiceException>(
            () => AnswerAsync($$"""{"role":"assistant","content":"42","{{name}}":{{value}}}"""));
        Assert.Equal(ServiceFailureReason.Other, exception.Reason);
    }

    [Fact]
    public async Task ToolCall_ThatAStreamEndsWithOnceMore_IsOneCall()
    {
        foreach (string again in (string[])
        [
            """{"index":0,"id":"a","type":"function","function":{"name":"f","arguments":"{\"x\":1}"}}""",
            """{"id":"a","function":{"name":"f","arguments":"{\"x\":1}"}}""",
        ])
        {
            List<ChatResponseUpdate> updates = await fixture.StreamAsync(
                Piece("""{"index":0,"id":"a","type":"function","function":{"name":"f","arguments":""}}"""),
                Piece("""{"index":0,"function":{"arguments":"{\"x\""}}"""),
                Piece("""{"index":0,"function":{"arguments":":1}"}}"""),
                Piece(again),
                ChatFixture.Chunk("""{"index":0,"delta":{},"finish_reason":"tool_calls"}"""));
            FunctionCallContent call = Assert.Single(updates.SelectMany(update => update.Contents).OfType<FunctionCallContent>());
            Assert.Equal(("a", "f", "1"), (call.CallId, call.Name, call.Arguments?["x"]?.ToString()));
        }
    }

    /// <summary>The index of a choice may be a text, also where a half of a character is held back for it.</summary>
    [Fact]
    public void HalfOfACharacter_InAChoiceNumberedByText_StaysInThatChoice()
    {
        using AnswerBench answer = new();
        SplitSurrogates characters = new();
        Assert.Contains("\"text\":\"\"", answer.Change(Choice("1", "\\ud83d"), characters.JoinChoices), StringComparison.Ordinal);
        Assert.Contains("\"text\":\"x\"", answer.Change(Choice("0", "x"), characters.JoinChoices), StringComparison.Ordinal);
        Assert.Contains("\"text\":\"\\ud83d\\ude00\"", answer.Change(Choice("1", "\\ude00"), characters.JoinChoices), StringComparison.Ordinal);

        static string Choice(string index, string text) => ChatFixture.Chunk($$"""{"index":"{{index}}","text":"{{text}}","finish_reason":null}""");
    }

    private static string Piece(string call) => ChatFixture.Chunk($$$"""{"index":0,"delta":{"tool_calls":[{{{call}}}]},"finish_reason":null}""");

    private Task<ChatResponse> AnswerAsync(string message) =>
        fixture.AnswerAsync(ChatFixture.Whole($$"""{"index":0,"message":{{message}},"finish_reason":"stop"}"""));
}
