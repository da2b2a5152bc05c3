using Privatemode.AI.Receipts;
using Privatemode.AI.Tests.Chat;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.Tests.Pipeline.Answers;

public sealed class FinishReasonNormalizerTests : IDisposable
{
    private readonly AnswerBench _answer = new();

    public void Dispose() => _answer.Dispose();

    [Theory]
    [InlineData("\"stop\"")]
    [InlineData("\"length\"")]
    [InlineData("\"tool_calls\"")]
    [InlineData("\"content_filter\"")]
    [InlineData("\"function_call\"")]
    [InlineData("\"Stop\"")]
    [InlineData("\"st\\u006fp\"")]
    [InlineData("null")]
    public void Event_WithAReadableReason_IsLeftByteForByte(string reason)
    {
        string document = ChatFixture.Chunk($$$"""{"index":0,  "delta":{"content":"\u00e4","finish_reason":"odd"},"finish_reason":{{{reason}}}}""");

        Assert.Equal(document, Normalize(document, isEvent: true));
    }

    [Theory]
    [InlineData("\"odd\"", ""","finish_reason":"length" """)]
    [InlineData("\"\"", ""","finish_reason":null""")]
    [InlineData("5", ""","finish_reason":null""")]
    [InlineData("[[\"stop\"]]", ""","finish_reason":null""")]
    [InlineData("{\"finish_reason\":\"odd\"}", ""","finish_reason":null""")]
    public void Event_WithAnUnreadableReason_BecomesReadable(string reason, string members)
    {
        ChatFixture.AssertJson(
            ChatFixture.Chunk($$$"""{"index":0,"delta":{"content":"\u00e4"}{{{members}}}}"""),
            Normalize(ChatFixture.Chunk($$$"""{"index":0,"delta":{"content":"\u00e4"},"finish_reason":{{{reason}}}}"""), isEvent: true));
    }

    [Theory]
    [InlineData("\"odd\"", ""","finish_reason":"length" """)]
    [InlineData("\"\"", "")]
    [InlineData("null", "")]
    public void WholeAnswer_WithAnUnreadableReason_BecomesReadable(string reason, string members)
    {
        const string Others = """{"index":1,"finish_reason":"stop"},{"index":2},{"index":3""";
        string document = ChatFixture.Whole($$$"""{"index":0,"message":{"role":"tool"},"finish_reason":{{{reason}}}},{{{Others}}},"finish_reason":{"a":[]}}""");

        ChatFixture.AssertJson(
            ChatFixture.Whole($$$"""{"index":0,"message":{"role":"tool"}{{{members}}}},{{{Others}}}}"""), Normalize(document, isEvent: false));
    }

    [Theory]
    [InlineData("""{"finish_reason":null,"index":0}""", """{"index":0}""")]
    [InlineData("""{ "finish_reason" : null , "index":0}""", """{"index":0}""")]
    [InlineData("""{"finish_reason":null}""", "{}")]
    [InlineData("""{"index":0 , "finish_reason":"" , "message":{"role":"tool"}}""", """{"index":0,"message":{"role":"tool"}}""")]
    [InlineData("""{"finish_reason":null},{"index":1,"finish_reason":"odd"},{"finish_reason":5},{"finish_reason":"\u00e4\""}""",
        """{},{"index":1,"finish_reason":"length"},{},{"finish_reason":"length"}""")]
    [InlineData("""{"message":{"role":"assistant","content":"x"},"finish_reason":null}""", """{"message":{"role":"assistant","content":"x"}}""")]
    public void WholeAnswer_WithAnUnreadableReasonAnywhere_StaysJson(string choices, string expected) =>
        ChatFixture.AssertJson(ChatFixture.Whole(expected), Normalize(ChatFixture.Whole(choices), isEvent: false));

    [Theory]
    [InlineData(true, 1)]
    [InlineData(false, 0)]
    public void UnknownReason_IsRecordedForItsChoice(bool isEvent, int choice)
    {
        ReceiptScope scope = ReceiptScope.Begin();
        _ = _answer.Normalize(
            ChatFixture.Chunk("""{"index":1,"finish_reason":"\u00e4"},{"index":2,"finish_reason":"stop"}"""), isEvent, scope: scope);

        Assert.Equal("ä", scope.FinishReasonOf(choice));
        Assert.Null(scope.FinishReasonOf(2));
    }

    [Theory]
    [InlineData("\"abort\"")]
    [InlineData("\"error\"")]
    [InlineData("\"\\u0061bort\"")]
    public void AnyChoice_BrokenOff_Throws(string reason)
    {
        foreach (bool isEvent in (bool[])[true, false])
        {
            using AnswerBench answer = new();
            PrivatemodeServiceException exception = Assert.Throws<PrivatemodeServiceException>(() => answer.Normalize(
                ChatFixture.Chunk($$$"""{"index":0,"finish_reason":"stop"},{"index":1,"finish_reason":{{{reason}}}}"""), isEvent));

            Assert.Equal("request-1", exception.RequestId);
            Assert.Equal(200, exception.Status);
        }
    }

    [Theory]
    [InlineData("""{"id":"x","object":"chat.completion.chunk"}""")]
    [InlineData("""{"id":"x","choices":null}""")]
    [InlineData("""{"id":"x","choices":{"finish_reason":"odd"}}""")]
    [InlineData("""{"id":"x","choices":[]}""")]
    [InlineData("""{"id":"x","choices":[null,5,"finish_reason"]}""")]
    [InlineData("""{"id":"x","choices":[{"index":0,"finish_reason":"odd","finish_reason":"odd"}]}""")]
    [InlineData("""{"id":"x","choices":[{"index":0,"finish_reason":"\ud800"}]}""")]
    public void Document_OfAnotherForm_IsLeftByteForByte(string document)
    {
        Assert.Equal(document, Normalize(document, isEvent: true));
    }

    private string Normalize(string document, bool isEvent) => _answer.Normalize(document, isEvent);
}
