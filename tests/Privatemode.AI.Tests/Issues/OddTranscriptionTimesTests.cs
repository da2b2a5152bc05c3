using Microsoft.Extensions.AI;
using Privatemode.AI.Tests.Chat;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.Tests.Issues;

/// <summary>Model servers compute the times of segments and words, and some of them are no times. The transcript must arrive all the same.</summary>
public sealed class OddTranscriptionTimesTests(ChatFixture fixture) : IClassFixture<ChatFixture>
{
    [Theory]
    [InlineData("-0.02", 0)]
    [InlineData("-1", 0)]
    [InlineData("-0.0", 0)]
    [InlineData("\"-0.02\"", 0)]
    [InlineData("\"0.5\"", 0.5)]
    [InlineData("5e-1", 0.5)]
    public async Task Segment_BeginningSlightlyBelowZero_BeginsAtZero(string start, double expected)
    {
        SpeechToTextResponse response = await TranscribeAsync(start, "1.5");

        Assert.Equal("Guten Morgen", response.Text);
        Assert.Equal(TimeSpan.FromSeconds(expected), Assert.Single(response.GetTranscriptionSegments()).StartTime);
        Assert.Equal(TimeSpan.FromSeconds(expected), Assert.Single(response.GetTranscriptionWords()).StartTime);
        Assert.Equal(TimeSpan.FromSeconds(expected), response.StartTime);
    }

    [Fact]
    public async Task Segment_EndingBeforeItBegins_IsReturnedUnchanged()
    {
        SpeechToTextResponse response = await TranscribeAsync("2", "1.5");

        Assert.Equal(new TranscriptionWord
        {
            StartTime = TimeSpan.FromSeconds(2),
            EndTime = TimeSpan.FromSeconds(1.5),
            Text = "Guten",
        }, Assert.Single(response.GetTranscriptionWords()));
        Assert.Contains("00:00:02,000 --> 00:00:02,001", response.ToSubRip(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("-1.5")]
    [InlineData("1e12")]
    [InlineData("1e999")]
    [InlineData("\"NaN\"")]
    [InlineData("\"Infinity\"")]
    [InlineData("\"soon\"")]
    [InlineData("null")]
    [InlineData("true")]
    [InlineData("{}")]
    public async Task Segment_WithoutAUsableTime_LeavesTheTextAndNoSegments(string time)
    {
        foreach (SpeechToTextResponse response in (SpeechToTextResponse[])[await TranscribeAsync(time, "1.5"), await TranscribeAsync("0", time)])
        {
            Assert.Equal("Guten Morgen", response.Text);
            Assert.Null(response.GetTranscription()!.Segments);
            Assert.Null(response.GetTranscription()!.Words);
            Assert.Null(response.StartTime);
        }
    }

    [Theory]
    [InlineData("null")]
    [InlineData("\"NaN\"")]
    [InlineData("1e999")]
    [InlineData("[]")]
    public async Task Statistic_OfASegmentThatIsNoNumber_IsAbsent(string value)
    {
        SpeechToTextResponse response = await TranscribeAsync("0", "1", $"\"avg_logprob\":{value},\"no_speech_prob\":0.5,");

        TranscriptionSegment segment = Assert.Single(response.GetTranscriptionSegments());
        Assert.Equal((null, 0.5f), (segment.AverageLogProbability, segment.NoSpeechProbability));
    }

    [Fact]
    public async Task Stream_SegmentWithOddTimes_LosesNothing()
    {
        _ = fixture.Deployment.Model.Reply("").WithRawEvents(
            """{"type":"transcript.text.segment","id":"s","start":-0.02,"end":-7,"text":"a"}""",
            """{"type":"transcript.text.delta","delta":"a"}""", """{"type":"transcript.text.done","text":"a"}""");
        using ISpeechToTextClient speech = fixture.Client.AsISpeechToTextClient("whisper-large-v3");
        using CancellationTokenSource limit = new(TestTime.Limit);
        List<SpeechToTextResponseUpdate> updates = [];
        await foreach (SpeechToTextResponseUpdate update in speech.GetStreamingTextAsync(new MemoryStream(Recording.Wave()), null, limit.Token))
        {
            updates.Add(update);
        }

        Assert.Equal("a", string.Concat(updates.Select(update => update.Text)));
        Assert.Equal((TimeSpan.Zero, null), (updates[0].StartTime, updates[0].EndTime));
    }

    private async Task<SpeechToTextResponse> TranscribeAsync(string start, string end, string more = "")
    {
        _ = fixture.Deployment.Model.Reply("").WithRawJson(
            $$"""
            {"language":"de","text":"Guten Morgen","segments":[{"id":0,{{more}}"start":{{start}},"end":{{end}},"text":" Guten Morgen"}],
            "words":[{"word":"Guten","start":{{start}},"end":{{end}}}]}
            """);
        using ISpeechToTextClient speech = fixture.Client.AsISpeechToTextClient("whisper-large-v3");
        SpeechTranscriptionOptions options = new() { SpeechLanguage = "de", Timestamps = TranscriptionTimestamps.Segments };
        return await speech.GetTextAsync(new MemoryStream(Recording.Wave()), options).WaitAsync(TestTime.Limit);
    }
}
