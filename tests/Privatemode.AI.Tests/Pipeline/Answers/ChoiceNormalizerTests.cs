using Privatemode.AI.Tests.Chat;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.Tests.Pipeline.Answers;

/// <summary>Several corrections in the same choices, which are made in one pass.</summary>
public sealed class ChoiceNormalizerTests : IDisposable
{
    private readonly AnswerBench _answer = new();

    public void Dispose() => _answer.Dispose();

    [Fact]
    public void WholeAnswer_WithMuchToCorrect_IsCorrectedInOnePass()
    {
        string changed = _answer.Normalize(
            ChatFixture.Whole(
                """
                {"finish_reason":null,"message":{"audio":{"expires_at":null,"id":"a"},"content":7,"refusal":null},"index":0.0,"logprobs":{"content":[7]}},
                {"index":"1","message":{"role":"bot","content":"x","tool_calls":{"id":"c","type":"function","function":{"name":"f","arguments":{}}}},
                    "logprobs":{"content":[{"token":"a","logprob":0,"top_logprobs":null}]},"finish_reason":"odd"}
                """),
            isEvent: false);

        ChatFixture.AssertJson(
            ChatFixture.Whole(
                """
                {"message":{"role":"assistant","audio":{"original_expires_at":null,"id":"a"},"content":"7","refusal":null},"index":0,
                    "logprobs":null,"original_logprobs":{"content":[7]}},
                {"index":1,"message":{"role":"assistant","original_role":"bot","content":"x",
                    "tool_calls":[{"id":"c","type":"function","function":{"name":"f","arguments":"{}"}}]},
                    "logprobs":{"content":[{"token":"a","logprob":0,"top_logprobs":[]}]},"finish_reason":"length"}
                """),
            changed);
    }

    [Fact]
    public void Event_WithMuchToCorrect_IsCorrectedInOnePass()
    {
        string changed = _answer.Normalize(
            ChatFixture.Chunk("""{"delta":{"role":"","annotations":[7],"content":{}},"logprobs":7,"finish_reason":"","index":null}"""), isEvent: true);

        ChatFixture.AssertJson(
            ChatFixture.Chunk(
                """
                {"delta":{"role":"assistant","annotations":[],"content":"{}"},"logprobs":null,"original_logprobs":7,"finish_reason":null,"index":0}
                """),
            changed);
    }

    /// <summary>Readers differ in which of two members of one name they take.</summary>
    [Theory]
    [InlineData("""{"index":"0","delta":{"content":7},"finish_reason":"odd","finish_reason":null}""")]
    [InlineData("""{"index":"0","delta":{"content":7},"delta":{"role":7}}""")]
    [InlineData("""{"index":"0","delta":{"content":7,"tool_calls":[7],"tool_calls":[]}}""")]
    public void Choice_WithAMemberTwice_IsLeftByteForByte(string choice)
    {
        string document = ChatFixture.Chunk(choice);

        Assert.Equal(document, _answer.Normalize(document, isEvent: true));
    }
}
