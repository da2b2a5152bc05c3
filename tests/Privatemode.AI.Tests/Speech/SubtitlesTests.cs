using Microsoft.Extensions.AI;
using Privatemode.AI.Speech;

namespace Privatemode.AI.Tests.Speech;

public sealed class SubtitlesTests
{
    private static readonly TranscriptionSegment[] Segments =
    [
        new() { StartTime = TimeSpan.Zero, EndTime = TimeSpan.FromSeconds(2.5), Text = " Guten Morgen." },
        new() { StartTime = TimeSpan.FromSeconds(2.5), EndTime = new TimeSpan(0, 101, 2, 3, 4), Text = "A < B & C --> D\r\n\r\n  second line \n" },
    ];

    [Fact]
    public void SubRip_Segments_AreNumberedCues() => Assert.Equal(
        "1\r\n00:00:00,000 --> 00:00:02,500\r\nGuten Morgen.\r\n\r\n" +
        "2\r\n00:00:02,500 --> 101:02:03,004\r\nA < B & C -> D\r\nsecond line\r\n\r\n",
        Subtitles.SubRip(Segments));

    [Fact]
    public void WebVtt_Segments_AreEscapedCues() => Assert.Equal(
        "WEBVTT\n\n00:00:00.000 --> 00:00:02.500\nGuten Morgen.\n\n" +
        "00:00:02.500 --> 101:02:03.004\nA &lt; B &amp; C --&gt; D\nsecond line\n\n",
        Subtitles.WebVtt(Segments));

    [Theory]
    [InlineData(1.0004, 1.0006, "00:00:01,000 --> 00:00:01,001")]
    [InlineData(59.9996, 61, "00:01:00,000 --> 00:01:01,000")]
    [InlineData(3599.9999, 3600.5, "01:00:00,000 --> 01:00:00,500")]
    [InlineData(5, 5, "00:00:05,000 --> 00:00:05,001")]
    [InlineData(5, 4, "00:00:05,000 --> 00:00:05,001")]
    [InlineData(-1, 1, "00:00:00,000 --> 00:00:01,000")]
    [InlineData(360000, 360001, "100:00:00,000 --> 100:00:01,000")]
    public void Times_OddOnes_MakeACueThatPlayersTake(double start, double end, string line) => Assert.Equal(
        $"1\r\n{line}\r\nx\r\n\r\n", Subtitles.SubRip([new TranscriptionSegment
        {
            StartTime = TimeSpan.FromSeconds(start),
            EndTime = TimeSpan.FromSeconds(end),
            Text = "x",
        }]));

    [Fact]
    public void Nothing_Said_IsAnEmptyFile()
    {
        Assert.Equal("", Subtitles.SubRip([]));
        Assert.Equal("WEBVTT\n\n", Subtitles.WebVtt([]));
        SpeechToTextResponse silent = new("") { RawRepresentation = new Transcription { Text = "", Segments = [] } };
        Assert.Equal("", silent.ToSubRip());
        Assert.Equal("WEBVTT\n\n", silent.ToWebVtt());
    }

    [Fact]
    public void Helpers_WithoutSegments_SayHowToGetThem()
    {
        SpeechToTextResponse plain = new("text") { RawRepresentation = new Transcription { Text = "text" } };
        foreach (Func<string> call in (Func<string>[])[plain.ToSubRip, plain.ToWebVtt])
        {
            PrivatemodeRequestException exception = Assert.Throws<PrivatemodeRequestException>(call);
            Assert.Equal("SpeechTranscriptionOptions.Timestamps", exception.Member);
            Assert.Contains("TranscriptionTimestamps.Segments", exception.Message, StringComparison.Ordinal);
        }

        Assert.Empty(plain.GetTranscriptionWords());
    }

    [Fact]
    public void Helpers_ResponseOfAnotherClient_SayThatItIsNotOurs()
    {
        SpeechToTextResponse foreign = new("text");
        foreach (Func<string> call in (Func<string>[])[foreign.ToSubRip, foreign.ToWebVtt])
        {
            PrivatemodeRequestException exception = Assert.Throws<PrivatemodeRequestException>(call);
            Assert.Equal("SpeechToTextResponse.RawRepresentation", exception.Member);
            Assert.Contains("AsISpeechToTextClient", exception.Message, StringComparison.Ordinal);
        }

        Assert.Null(foreign.GetTranscription());
        Assert.Empty(foreign.GetTranscriptionSegments());
        Assert.Throws<ArgumentNullException>(() => ((SpeechToTextResponse)null!).GetTranscription());
    }
}
