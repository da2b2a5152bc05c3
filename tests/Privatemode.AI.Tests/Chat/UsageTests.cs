using Microsoft.Extensions.AI;
using OpenAI.Chat;

namespace Privatemode.AI.Tests.Chat;

public sealed class UsageTests(ChatFixture fixture) : IClassFixture<ChatFixture>
{
    private const string Full = """
        {"prompt_tokens":100,"completion_tokens":50,"total_tokens":150,
         "prompt_tokens_details":{"cached_tokens":64,"audio_tokens":1},
         "completion_tokens_details":{"reasoning_tokens":20,"audio_tokens":2,"accepted_prediction_tokens":3,"rejected_prediction_tokens":4}}
        """;

    private const string Choice = """{"index":0,"message":{"role":"assistant","content":"x"},"finish_reason":"stop"}""";

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Usage_OfEveryKind_IsMapped(bool streamed)
    {
        ChatResponse response = streamed
            ? (await fixture.StreamAsync(ChatFixture.Delta("{}", "\"stop\""), ChatFixture.Chunk("", $",\"usage\":{Full}"))).ToChatResponse()
            : await fixture.AnswerAsync(ChatFixture.Whole(Choice, $",\"usage\":{Full}"));

        UsageDetails usage = Assert.IsType<UsageDetails>(response.Usage);
        Assert.Equal(100, usage.InputTokenCount);
        Assert.Equal(50, usage.OutputTokenCount);
        Assert.Equal(150, usage.TotalTokenCount);
        Assert.Equal(64, usage.CachedInputTokenCount);
        Assert.Equal(20, usage.ReasoningTokenCount);
        Assert.Equal(
            new Dictionary<string, long>
            {
                ["InputTokenDetails.AudioTokenCount"] = 1,
                ["OutputTokenDetails.AudioTokenCount"] = 2,
                ["OutputTokenDetails.AcceptedPredictionTokenCount"] = 3,
                ["OutputTokenDetails.RejectedPredictionTokenCount"] = 4,
            },
            usage.AdditionalCounts);
    }

    [Fact]
    public async Task Usage_WithoutDetails_LeavesThemNull()
    {
        ChatResponse response = await fixture.AnswerAsync(ChatFixture.Whole(
            Choice,
            ""","usage":{"prompt_tokens":1,"completion_tokens":2,"total_tokens":3,"prompt_tokens_details":null,"completion_tokens_details":null}"""));

        Assert.Equal(3, response.Usage!.TotalTokenCount);
        Assert.Null(response.Usage.CachedInputTokenCount);
        Assert.Null(response.Usage.ReasoningTokenCount);
        Assert.Null(response.Usage.AdditionalCounts);
    }

    /// <summary>The service repeats the running total on every event, and readers of updates add up.</summary>
    [Fact]
    public async Task Usage_OnEveryEvent_IsCountedOnce()
    {
        _ = fixture.Deployment.Model.Reply("one two three four").WithReasoning("five six")
            .WithUsage(new() { InputTokenCount = 100, OutputTokenCount = 50, CachedInputTokenCount = 64, ReasoningTokenCount = 20 });

        List<ChatResponseUpdate> updates = await fixture.StreamAsync();

        Assert.True(fixture.Deployment.Requests[^1].WireResponseText.Split("\"usage\":{").Length > 8);
        UsageContent content = Assert.Single(updates.SelectMany(update => update.Contents).OfType<UsageContent>());
        Assert.IsType<ChatTokenUsage>(content.RawRepresentation);
        ChatResponse response = updates.ToChatResponse();
        Assert.Equal((100, 50, 150), (response.Usage!.InputTokenCount, response.Usage.OutputTokenCount, response.Usage.TotalTokenCount));
        Assert.Equal((64, 20), (response.Usage.CachedInputTokenCount, response.Usage.ReasoningTokenCount));
        Assert.DoesNotContain(response.Messages[0].Contents, item => item is UsageContent);
    }

    /// <summary>Readers of updates add up.</summary>
    [Fact]
    public async Task Usage_InTwoLastEvents_IsCountedOnce()
    {
        string last = ChatFixture.Chunk("", $",\"usage\":{Full}");

        ChatResponse response = (await fixture.StreamAsync(ChatFixture.Delta("{}", "\"stop\""), last, last)).ToChatResponse();

        Assert.Equal((100, 50, 150), (response.Usage!.InputTokenCount, response.Usage.OutputTokenCount, response.Usage.TotalTokenCount));
    }

    [Fact]
    public async Task Usage_NullOrMissing_GivesNone()
    {
        List<ChatResponseUpdate> updates = await fixture.StreamAsync(
            ChatFixture.Chunk("""{"index":0,"delta":{"content":"x"},"finish_reason":null}""", ",\"usage\":null"),
            ChatFixture.Delta("{}", "\"stop\""), ChatFixture.Chunk("", ",\"usage\":null"), ChatFixture.Chunk(""));

        Assert.DoesNotContain(updates.SelectMany(update => update.Contents), content => content is UsageContent);
        Assert.Null(updates.ToChatResponse().Usage);
    }
}
