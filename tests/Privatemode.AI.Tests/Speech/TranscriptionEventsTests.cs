using System.Text;
using System.Text.Json;
using Microsoft.Extensions.AI;
using Privatemode.AI.Speech;

namespace Privatemode.AI.Tests.Speech;

public sealed class TranscriptionEventsTests
{
    private readonly TranscriptionEvents _events = new("asked");

    [Fact]
    public void Choices_OfTheModelServer_AreTextThenUsage()
    {
        SpeechToTextResponseUpdate first = Map("""{"id":"t-1","model":"told","choices":[{"delta":{"content":"Guten "},"finish_reason":null}]}""")!;
        Assert.Equal((SpeechToTextResponseUpdateKind.TextUpdated, "Guten ", "t-1", "told"), (first.Kind, first.Text, first.ResponseId, first.ModelId));
        Assert.Equal("t-1", Assert.IsType<JsonElement>(first.RawRepresentation).GetProperty("id").GetString());
        Assert.Equal("Morgen", Map("""{"choices":[{"delta":{"content":"Mor"}},{"delta":{"content":"gen"}}]}""")!.Text);
        Assert.Null(Map("""{"choices":[{"delta":{"content":""},"finish_reason":"stop"}]}"""));
        Assert.Null(Map("""{"choices":[{"delta":{}}]}"""));
        Assert.Null(Map("""{"choices":[],"usage":{"prompt_tokens":1,"completion_tokens":2,"total_tokens":3}}"""));
        Assert.Null(Map("[DONE]"));
        SpeechToTextResponseUpdate last = _events.Complete();
        Assert.Equal((SpeechToTextResponseUpdateKind.SessionClose, "t-1", "told"), (last.Kind, last.ResponseId, last.ModelId));
        Assert.Equal(3, Assert.IsType<UsageContent>(Assert.Single(last.Contents)).Details.TotalTokenCount);
    }

    [Fact]
    public void Types_OfOpenAI_AreTextAndTimes()
    {
        Assert.Equal("a", Map("""{"type":"transcript.text.delta","delta":"a"}""")!.Text);
        Assert.Null(Map("""{"type":"transcript.text.delta","delta":""}"""));
        SpeechToTextResponseUpdate segment = Map("""{"type":"transcript.text.segment","start":1,"end":2.5,"text":"a"}""")!;
        Assert.Equal((TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(2.5), ""), (segment.StartTime!.Value, segment.EndTime!.Value, segment.Text));
        Assert.Null(Map("""{"type":"transcript.text.done","text":"a","usage":{"type":"duration","seconds":2}}"""));
        Assert.Null(Map("""{"type":"something.new","text":"b"}"""));
        Assert.Equal(2, ((UsageContent)_events.Complete().Contents[0]).Details.AdditionalCounts![SpeechUsage.SecondsName]);
    }

    [Fact]
    public void Done_WithoutDeltas_HasTheText() => Assert.Equal("all", Map("""{"type":"transcript.text.done","text":"all"}""")!.Text);

    [Fact]
    public void Nothing_Told_ClosesUnderTheModelAskedFor()
    {
        SpeechToTextResponseUpdate last = _events.Complete();
        Assert.Equal("asked", last.ModelId);
        Assert.Empty(last.Contents);
    }

    [Theory]
    [InlineData("abort")]
    [InlineData("error")]
    public void Choice_BrokenOff_IsAServiceException(string reason) => Assert.Equal(
        ServiceFailureReason.Unavailable,
        Assert.Throws<PrivatemodeServiceException>(() => Map($$"""{"choices":[{"delta":{"content":"x"},"finish_reason":"{{reason}}"}]}""")).Reason);

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("""{"choices":1}""")]
    [InlineData("""{"choices":[{"delta":{"content":1}}]}""")]
    [InlineData("""{"type":1}""")]
    public void Event_OfAnotherShape_IsAnExceptionThatIsMapped(string data)
    {
        Exception? exception = Record.Exception(() => Map(data));
        Assert.True(exception is FormatException or InvalidOperationException or JsonException, $"{exception}");
    }

    private SpeechToTextResponseUpdate? Map(string data) => _events.Map(Encoding.UTF8.GetBytes(data));
}
