using System.ClientModel.Primitives;
using OpenAI.Chat;
using Privatemode.AI.Chat;
using Privatemode.AI.Pipeline.Answers;
using Privatemode.AI.Receipts;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.Tests.Issues;

/// <summary>A model server cannot fill the client's memory with what is kept of a stream: tool calls without an end, ever more of them, open blocks.</summary>
public sealed class EndlessToolCallsTests : IDisposable
{
    private const int Pieces = 100; // of 200,000 characters each: more than 16 MiB together

    private readonly AnswerBench _bench = new();

    public void Dispose() => _bench.Dispose();

    [Theory]
    [InlineData("arguments")]
    [InlineData("name")]
    public void Stream_TextOfOneCallDoesNotEnd_Fails(string member)
    {
        ChoiceNormalizer normalizer = new(hasMessages: true, isEvent: true, "request-1", scope: null);
        int read = 0;
        PrivatemodeServiceException exception = Assert.Throws<PrivatemodeServiceException>(() =>
        {
            for (; read < Pieces; read++)
            {
                Normalize(normalizer, $$$"""{"index":0,"id":"c","function":{"{{{member}}}":"{{{Piece(read)}}}"}}""");
            }
        });
        Assert.Equal(16 * 1024 * 1024 / 200_000, read);
        AssertTooMuch(exception, "16 MiB");
        Assert.Equal("request-1", exception.RequestId);
    }

    [Fact]
    public void Stream_EverMoreCalls_Fails()
    {
        ChoiceNormalizer normalizer = new(hasMessages: true, isEvent: true, "request-1", scope: null);
        for (int i = 0; i < 1024; i += 64)
        {
            Normalize(normalizer, string.Join(',', Enumerable.Range(i, 64).Select(Call)));
        }

        AssertTooMuch(Assert.Throws<PrivatemodeServiceException>(() => Normalize(normalizer, Call(1024))), "1024 tool calls");
    }

    [Theory]
    [InlineData("""{"tool_calls":[{"index":0,"id":"c","function":{"arguments":"#"}}]}""")]
    [InlineData("""{"tool_calls":[{"index":0,"id":"c","function":{"name":"#"}}]}""")]
    [InlineData("""{"refusal":"#"}""")]
    public async Task Updates_TextThatIsCollectedDoesNotEnd_Fails(string delta)
    {
        await using ReceiptScope scope = ReceiptScope.Begin();
        UpdateMapper mapper = new(new ChatCompletionOptions(), new ToolCallIds([]), scope);
        int read = 0;
        PrivatemodeServiceException exception = Assert.Throws<PrivatemodeServiceException>(() =>
        {
            for (; read < Pieces; read++)
            {
                _ = mapper.Map(Update(delta.Replace("#", Piece(read), StringComparison.Ordinal)));
            }
        });
        Assert.Equal(16 * 1024 * 1024 / 200_000, read);
        AssertTooMuch(exception, "16 MiB");
    }

    [Fact]
    public async Task Updates_EverMoreCalls_Fails()
    {
        await using ReceiptScope scope = ReceiptScope.Begin();
        UpdateMapper mapper = new(new ChatCompletionOptions(), new ToolCallIds([]), scope);
        for (int i = 0; i < 1024; i++)
        {
            _ = mapper.Map(Update($$"""{"tool_calls":[{{Call(i)}}]}"""));
        }

        AssertTooMuch(Assert.Throws<PrivatemodeServiceException>(() => mapper.Map(Update($$"""{"tool_calls":[{{Call(1024)}}]}"""))), "1024 tool calls");
    }

    [Fact]
    public void Messages_EverMoreOpenBlocks_Fails()
    {
        MessageEventRules rules = new("request-1");
        Inspect("""{"message":{"content":[]}}""");
        for (int i = 0; i < 1024; i++)
        {
            Inspect(Block(i));
        }

        AssertTooMuch(Assert.Throws<PrivatemodeServiceException>(() => Inspect(Block(1024))), "1024 content blocks");

        static string Block(int index) => $$"""{"index":{{index}},"content_block":{"type":"text"} }""";
        void Inspect(string document) => _bench.Change(document, decrypted => rules.Inspect(decrypted));
    }

    private static string Call(int number) =>
        $$$"""{"index":{{{number}}},"id":"c{{{number}}}","type":"function","function":{"name":"f","arguments":""}}""";

    private static string Piece(int number) => $"{number}".PadRight(200_000, 'x');

    private static StreamingChatCompletionUpdate Update(string delta) => ModelReaderWriter.Read<StreamingChatCompletionUpdate>(BinaryData.FromString(
        $$"""{"id":"a","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{{delta}},"finish_reason":null}]}"""))!;

    private void Normalize(ChoiceNormalizer normalizer, string calls) => _bench.Normalize(
        $$"""{"choices":[{"index":0,"delta":{"tool_calls":[{{calls}}] },"finish_reason":null}]}""", isEvent: true, normalizer);

    private static void AssertTooMuch(PrivatemodeServiceException exception, string what)
    {
        Assert.Equal((ServiceFailureReason.Other, 200), (exception.Reason, exception.Status));
        Assert.Contains(what, exception.Message, StringComparison.Ordinal);
    }
}
