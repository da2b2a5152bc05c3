using System.Text;
using System.Text.Json;
using Microsoft.Extensions.AI;
using Privatemode.AI.Completions;

namespace Privatemode.AI.Tests.Completions;

public sealed class CompletionReaderTests
{
    [Fact]
    public void Answer_WithEverything_IsRead()
    {
        TextCompletion completion = Read(
            """
            {"id":"cmpl-1","object":"text_completion","created":1767225600,"model":"m","choices":[
            {"index":1,"text":"one","logprobs":{"tokens":["one"]},"finish_reason":"stop","stop_reason":7},
            {"index":0,"text":"","logprobs":null,"finish_reason":null}],
            "usage":{"prompt_tokens":1,"completion_tokens":2,"total_tokens":3,"prompt_tokens_details":{"cached_tokens":4},
            "completion_tokens_details":{"reasoning_tokens":5}}}
            """);

        Assert.Equal(("cmpl-1", "m", "one"), (completion.Id, completion.ModelId, completion.Text));
        Assert.Equal(DateTimeOffset.FromUnixTimeSeconds(1767225600), completion.CreatedAt);
        TextCompletionChoice first = completion.Choices[0];
        Assert.Equal((1, "one", ChatFinishReason.Stop), (first.Index, first.Text, first.FinishReason));
        Assert.Equal("""{"tokens":["one"]}""", first.LogProbabilities!.Value.GetRawText());
        Assert.Equal(7, first.RawRepresentation!.Value.GetProperty("stop_reason").GetInt32());
        Assert.Equal(("one", "one"), (completion.ToString(), first.ToString()));
        Assert.Equal((0, "", null), (completion.Choices[1].Index, completion.Choices[1].Text, completion.Choices[1].FinishReason));
        Assert.Null(completion.Choices[1].LogProbabilities);
        Assert.Equal((1L, 2L, 3L), (completion.Usage!.InputTokenCount, completion.Usage.OutputTokenCount, completion.Usage.TotalTokenCount));
        Assert.Equal((4L, 5L), (completion.Usage.CachedInputTokenCount, completion.Usage.ReasoningTokenCount));
    }

    [Fact]
    public void Answer_WithAlmostNothing_IsRead()
    {
        TextCompletion completion = Read("""{"choices":[{"text":"a"},{}],"usage":null,"id":null,"created":-1}""");

        Assert.Equal([0, 1], completion.Choices.Select(choice => choice.Index));
        Assert.Null(completion.Choices[0].LogProbabilities);
        Assert.Null(completion.Usage);
        Assert.Null(completion.CreatedAt);
        Assert.Equal("", Read("""{"choices":[],"usage":{}}""").Text);
        Assert.Null(Read("""{"choices":[],"usage":{"prompt_tokens":"1"}}""").Usage!.InputTokenCount);
    }

    [Theory]
    [InlineData("\"\"", null)]
    [InlineData("\" \"", null)]
    [InlineData("7", null)]
    [InlineData("\"content_filter\"", "content_filter")]
    [InlineData("\"repetition\"", "repetition")]
    public void FinishReason_OfTheModelServer_IsKept(string json, string? expected) => Assert.Equal(
        expected, Assert.Single(Read($$"""{"choices":[{"text":"a","finish_reason":{{json}}}]}""").Choices).FinishReason?.Value);

    [Theory]
    [InlineData("abort")]
    [InlineData("error")]
    public void FinishReason_OfAFailure_IsAServiceException(string reason)
    {
        PrivatemodeServiceException exception = Assert.Throws<PrivatemodeServiceException>(
            () => Read($$"""{"choices":[{"index":0,"text":"canary","finish_reason":"{{reason}}"}]}"""));
        Assert.Equal((ServiceFailureReason.Unavailable, reason), (exception.Reason, exception.ErrorCode));
        Assert.DoesNotContain("canary", exception.ToString(), StringComparison.Ordinal);
    }

    /// <summary>These are what the adapter makes service exceptions of.</summary>
    [Theory]
    [InlineData("[]")]
    [InlineData("canary")]
    [InlineData("""{"choices":7}""")]
    [InlineData("""{"choices":[{"index":"0"}]}""")]
    [InlineData("""{"choices":[{"index":0.5}]}""")]
    [InlineData("""{"choices":[{"text":7}]}""")]
    [InlineData("""{"choices":[7]}""")]
    public void Answer_OfAnotherShape_IsNotRead(string json)
    {
        Exception exception = Record.Exception(() => Read(json))!;
        Assert.True(exception is JsonException or InvalidOperationException or FormatException);
    }

    private static TextCompletion Read(string json) => CompletionReader.Read(Encoding.UTF8.GetBytes(json), receipt: null);
}
