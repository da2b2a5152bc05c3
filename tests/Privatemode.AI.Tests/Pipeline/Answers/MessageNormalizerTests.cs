using System.Text.Json.Nodes;
using Privatemode.AI.Tests.Chat;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.Tests.Pipeline.Answers;

public sealed class MessageNormalizerTests : IDisposable
{
    private readonly AnswerBench _answer = new();

    public void Dispose() => _answer.Dispose();

    [Theory]
    [InlineData("""{"index":0, "delta":{"content":"x", "other":{"content":[1]}}}""")]
    [InlineData("""{"index":0,"delta":{"content":null,"tool_calls":null,"audio":null,"annotations":null,"refusal":null,"function_call":null}}""")]
    [InlineData("""{"index":0,"delta":{"content":[ {"type":"text","text":"x"} ,{"type":"image_url","image_url":{"url":"data:,"}}]}}""")]
    [InlineData("""{"index":0,"delta":{"content":[],"annotations":[],"tool_calls":[],"audio":{},"function_call":{},"refusal":""}}""")]
    [InlineData("""{"index":0,"delta":{"content":"x"},"logprobs":{"content":[{"token":"x"}],"refusal":[]}}""")]
    [InlineData("""{"index":0,"delta":null,"content":[1],"message":{"content":7}}""")]
    [InlineData("""{"index":0,"delta":[{"content":7}]}""")]
    [InlineData("""null,7,{"index":0,"delta":{"content":"x"}}""")]
    public void Event_ThatCanBeRead_IsLeftByteForByte(string choices)
    {
        string document = ChatFixture.Chunk(choices);

        Assert.Equal(document, Normalize(document));
    }

    [Fact]
    public void Messages_OfAllChoices_ArePutRightAndNothingElse()
    {
        string document = ChatFixture.Whole(
            """
            {"logprobs":{"content":[{"token":"it's"}]},"message":{"content": {"a": 1} ,"refusal":7},"index":0},
            {"message":{"tool_calls":"","content":[{"type":"thinking","thinking":"t"},{"type":"text","text":"x" }]},"index":1}
            """);

        string changed = _answer.Normalize(document, isEvent: false);

        ChatFixture.AssertJson(
            ChatFixture.Whole(
                """
                {"logprobs":{"content":[{"token":"it's"}]},"message":{"role":"assistant","content":"{\"a\": 1}","refusal":"7"},"index":0},
                {"message":{"role":"assistant","tool_calls":null,"content":[{"type":"text","text":"x"}],"reasoning":"t",
                    "original_content":[{"type":"thinking","thinking":"t"},{"type":"text","text":"x"}]},"index":1}
                """),
            changed);
    }

    /// <summary>Each costs several times its text in memory; no model server writes as many.</summary>
    [Fact]
    public void Details_ThatSayNothing_AreRenamedUpToALimit()
    {
        string members = string.Join(',', Enumerable.Repeat("\"url\":null", 5000));

        string changed = Normalize(ChatFixture.Chunk($$$"""{"index":0,"delta":{"annotations":[{ {{{members}}} }]}}"""));

        Assert.Equal(4096, changed.Split("\"original_url\"").Length - 1);
        Assert.Equal(904, changed.Split("\"url\"").Length - 1);
    }

    [Fact]
    public void Name_WithEscapes_IsThatName()
    {
        JsonNode changed = JsonNode.Parse(Normalize(ChatFixture.Chunk("""{"d\u0065lta":{"c\u006fntent":7}}""")))!;

        Assert.Equal("7", (string?)changed["choices"]![0]!["delta"]!["content"]);
    }

    /// <summary>Each costs a hundred times its text; no model writes as many.</summary>
    [Theory]
    [InlineData("7,", 5000)]
    [InlineData("\"0123456789abcdef0123456789abcdef\",", 8000)]
    public void Content_OfMorePartsThanAnyModelWrites_IsLeftByteForByte(string part, int count)
    {
        string document = ChatFixture.Chunk($$$"""{"index":0,"delta":{"content":[{{{string.Concat(Enumerable.Repeat(part, count))}}}7]}}""");

        Assert.Equal(document, Normalize(document));
    }

    [Theory]
    [InlineData("""{"content":["\ud800"]}""")]
    [InlineData("""{"content":[{"type":"\udc00","text":"x"}]}""")]
    [InlineData("""{"content":[{"type":"thinking","thinking":"\ud800"}]}""")]
    public void Content_WithHalfACharacter_IsLeftByteForByte(string delta)
    {
        string document = ChatFixture.Chunk($$"""{"index":0,"delta":{{delta}}}""");

        Assert.Equal(document, Normalize(document));
    }

    private string Normalize(string document) => _answer.Normalize(document, isEvent: true);
}
