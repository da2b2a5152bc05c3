using System.Text;
using System.Text.Json;
using Microsoft.Extensions.AI;
using Privatemode.AI.Speech;

namespace Privatemode.AI.Tests.Speech;

public sealed class TranscriptionReaderTests
{
    [Fact]
    public void Verbose_Answer_IsReadWhole()
    {
        SpeechToTextResponse response = Read("""
            {"task":"transcribe","language":"german","duration":7.5,"text":"Guten Morgen.","segments":[
            {"id":0,"seek":0,"start":0.5,"end":2.25,"text":" Guten","tokens":[1],
            "temperature":0.0,"avg_logprob":-0.25,"compression_ratio":1.5,"no_speech_prob":0.125},
            {"id":1,"start":2.25,"end":3,"text":" Morgen."}],"words":[{"word":"Guten","start":0.5,"end":1},{"word":"Morgen","start":1,"end":1.5}],
            "usage":{"type":"duration","seconds":8}}
            """);
        Transcription transcription = response.GetTranscription()!;
        Assert.Equal(("Guten Morgen.", "german", TimeSpan.FromSeconds(7.5)), (transcription.Text, transcription.Language, transcription.Duration));
        Assert.Equal(
            new TranscriptionSegment
            {
                StartTime = TimeSpan.FromSeconds(0.5),
                EndTime = TimeSpan.FromSeconds(2.25),
                Text = " Guten",
                Temperature = 0,
                AverageLogProbability = -0.25f,
                CompressionRatio = 1.5f,
                NoSpeechProbability = 0.125f,
            },
            response.GetTranscriptionSegments()[0]);
        Assert.Equal(new TranscriptionSegment
        {
            StartTime = TimeSpan.FromSeconds(2.25),
            EndTime = TimeSpan.FromSeconds(3),
            Text = " Morgen.",
        }, response.GetTranscriptionSegments()[1]);
        Assert.Equal(["Guten", "Morgen"], response.GetTranscriptionWords().Select(word => word.Text));
        Assert.Equal((TimeSpan.FromSeconds(0.5), TimeSpan.FromSeconds(3)), (response.StartTime!.Value, response.EndTime!.Value));
        Assert.Equal(("Guten Morgen.", "m"), (response.Text, response.ModelId));
        Assert.Equal(8, response.Usage!.AdditionalCounts![SpeechUsage.SecondsName]);
    }

    [Fact]
    public void Plain_Answer_HasTextAndWhatTheUsageTells()
    {
        SpeechToTextResponse response = Read("""{"text":"hi","usage":{"type":"duration","seconds":3.2}}""");
        Assert.Equal("hi", response.Text);
        Assert.Equal(TimeSpan.FromSeconds(3.2), response.GetTranscription()!.Duration);
        Assert.Equal((null, TimeSpan.FromSeconds(3.2)), (response.StartTime, response.EndTime));
        Assert.Null(response.GetTranscription()!.Segments);
        Assert.Null(response.GetTranscription()!.Words);
        Assert.Equal(4, response.Usage!.AdditionalCounts![SpeechUsage.SecondsName]);
        Assert.Null(Read("""{"text":"hi"}""").Usage);
        Assert.Null(Read("""{"text":"hi","usage":null,"language":null}""").EndTime);
    }

    [Fact]
    public void Words_WithoutSegments_GiveTheTimes()
    {
        SpeechToTextResponse response = Read("""{"text":"hi you","duration":"9","words":[{"word":"hi","start":1,"end":2},{"word":"you","start":2,"end":4}]}""");
        Assert.Equal((TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(4)), (response.StartTime!.Value, response.EndTime!.Value));
        Assert.Equal(TimeSpan.FromSeconds(9), response.GetTranscription()!.Duration);
    }

    [Fact]
    public void Usage_InTokens_ComesUnderEitherName()
    {
        UsageDetails usage = Read("""
            {"text":"","usage":{"type":"tokens","input_tokens":14,"output_tokens":101,"total_tokens":115,
            "input_token_details":{"text_tokens":4,"audio_tokens":10}}}
            """).Usage!;
        Assert.Equal((14, 101, 115), (usage.InputTokenCount, usage.OutputTokenCount, usage.TotalTokenCount));
        Assert.Equal((4, 10), (usage.InputTextTokenCount, usage.InputAudioTokenCount));
        usage = Read("""{"text":"","usage":{"prompt_tokens":1,"completion_tokens":2,"total_tokens":3}}""").Usage!;
        Assert.Equal((1, 2, 3), (usage.InputTokenCount, usage.OutputTokenCount, usage.TotalTokenCount));
        Assert.Null(Read("""{"text":"","usage":{"total_tokens":1.5}}""").Usage!.TotalTokenCount);
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("[]")]
    [InlineData("""{"text":null}""")]
    [InlineData("""{"text":1}""")]
    [InlineData("not JSON")]
    public void Answer_OfAnotherShape_IsAnExceptionThatIsMapped(string json)
    {
        Exception? exception = Record.Exception(() => Read(json));
        Assert.True(exception is FormatException or InvalidOperationException or JsonException, $"{exception}");
    }

    private static SpeechToTextResponse Read(string json) => TranscriptionReader.Read(Encoding.UTF8.GetBytes(json), "m");
}
