using System.Text;
using Privatemode.AI.Encryption;
using Privatemode.AI.Encryption.EventStream;
using Privatemode.AI.Pipeline;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.Tests.Pipeline;

/// <summary>Streams of Anthropic-style messages, and of transcriptions.</summary>
public sealed class MessageEventRulesTests : IDisposable
{
    private const string Start = """{"type":"message_start","message":{"id":"m","content":[],"stop_reason":null}}""";
    private const string BlockStart = """{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}""";
    private const string Delta = """{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"hi"}}""";
    private const string BlockStop = """{"type":"content_block_stop","index":0}""";
    private const string Finish = """{"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":3}}""";
    private const string Stop = """{"type":"message_stop"}""";
    private const string Ping = """{"type":"ping"}""";

    private static readonly PlainNames Messages = new("id", "type", "usage");
    private static readonly PlainNames Transcriptions = new("duration", "usage");

    private readonly AnswerSealer _enclave = new();

    public void Dispose() => _enclave.Dispose();

    [Fact]
    public void Messages_WholeStream_IsHandedOutWithItsNames()
    {
        OpenedStream opened = Open([Start, Ping, BlockStart, Delta, BlockStop, Finish, Stop]);
        Assert.Null(opened.Failure);
        Assert.True(opened.IsEnded);
        Assert.DoesNotContain("ping", opened.Output, StringComparison.Ordinal);
        Assert.Contains($"event: content_block_delta\ndata: {Delta}\n\n", opened.Output, StringComparison.Ordinal);
        Assert.EndsWith($"event: message_stop\ndata: {Stop}\n\n", opened.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void Messages_NamesOfTheEventsAreWrong_AreWrittenAnew()
    {
        OpenedStream opened = Open([Start, BlockStart, Delta, BlockStop, Finish, Stop], name: "ping");
        Assert.Null(opened.Failure);
        Assert.DoesNotContain("event: ping", opened.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("data: [DONE]\n\n", null)]
    [InlineData("data: [DONE]\n\ndata: [DONE]\n\n", "data-after-end")]
    [InlineData("data: {\"type\":\"ping\"}\n\n", "data-after-end")]
    public void Messages_BehindTheEnd_OneMarkMayFollow(string tail, string? failure) =>
        Assert.Equal(failure, Open([Start, BlockStart, Delta, BlockStop, Finish, Stop], tail: tail).Failure);

    [Fact]
    public void Messages_EndMarkInPlaceOfTheLastEvent_IsNoEnd()
    {
        Assert.Equal("truncated-stream", Open([Start, BlockStart, Delta, BlockStop, Finish], tail: "data: [DONE]\n\n").Failure);
        Assert.Equal("truncated-stream", Open([Start, BlockStart, Delta, BlockStop, Finish]).Failure);
    }

    [Fact]
    public void Messages_StopWithoutASealedReason_IsTruncated()
    {
        string noReason = """{"type":"message_delta","delta":{"stop_reason":null}}""";
        Assert.Equal("truncated-stream", Open([Start, Stop]).Failure);
        Assert.Equal("truncated-stream", Open([Stop]).Failure);
        Assert.Equal("truncated-stream", Open([Start, BlockStart, Delta, BlockStop, noReason, Stop]).Failure);
        Assert.Equal("truncated-stream", Open([Start, BlockStart, Delta, Finish, Stop]).Failure);
        Assert.Equal("truncated-stream", Open([Finish, Stop]).Failure);
        Assert.Equal("truncated-stream", Open([Start, Finish, BlockStart, Delta, BlockStop, Stop]).Failure);
    }

    [Theory]
    [InlineData("""{"type":"ping","index":0,"delta":{"type":"text_delta","text":"hidden"}}""", "bad-plain-member")]
    [InlineData("""{"type":"content_block_stop","index":0,"delta":{"text":"hidden"}}""", "bad-plain-member")]
    [InlineData("""{"index":0,"delta":{"text":"no type"}}""", "bad-plain-member")]
    [InlineData("""{"type":"content_block_delta","index":7,"delta":{"text":"no such block"}}""", "payload-missing")]
    [InlineData("""{"type":"content_block_delta","index":-1,"delta":{}}""", "payload-missing")]
    [InlineData("""{"type":"content_block_delta","index":"0","delta":{}}""", "payload-missing")]
    [InlineData("""{"type":"content_block_delta","index":0,"delta":"text"}""", "payload-missing")]
    [InlineData("""{"type":"message_start","message":{}}""", "payload-missing")]
    [InlineData("""{"type":"content_block_start","index":0,"content_block":{}}""", "payload-missing")]
    [InlineData("""{"type":"something","other":1}""", "payload-missing")]
    [InlineData("""{"type":"content_block_delta"}""", "nothing-sealed")]
    [InlineData("""{"type":"message_stop","usage":{"output_tokens":1}}""", "nothing-sealed")]
    [InlineData("""{}""", "nothing-sealed")]
    [InlineData("""{"type":"A sentence of a stranger","index":0}""", "bad-plain-member")]
    public void Messages_EventThatIsNotWhatItSays_BreaksTheStream(string odd, string failure) =>
        Assert.Equal(failure, Open([Start, BlockStart, odd, BlockStop, Finish, Stop]).Failure);

    [Fact]
    public void Messages_SealedError_IsAServiceFailure()
    {
        string error = """{"type":"error","error":{"type":"overloaded_error","message":"busy"}}""";
        Assert.StartsWith("service", Open([Start, error]).Failure, StringComparison.Ordinal);
    }

    [Fact]
    public void Messages_UnsealedMember_BreaksTheStream() =>
        Assert.Equal("unsealed-member", Open([Start, BlockStart], tail: $"data: {Delta}\n\n").Failure);

    [Fact]
    public void Transcription_Choices_NeedASealedFinish()
    {
        string piece = """{"id":"t","choices":[{"delta":{"content":"a"},"finish_reason":null}]}""";
        string finish = """{"id":"t","choices":[{"delta":{"content":""},"finish_reason":"stop"}]}""";
        string usage = """{"id":"t","choices":[],"usage":{"total_tokens":3},"duration":"1.5"}""";
        const string Done = "data: [DONE]\n\n";
        OpenedStream opened = OpenTranscription([piece, finish, usage], Done);
        Assert.Equal((null, true), (opened.Failure, opened.IsEnded));
        Assert.Contains("\"duration\":1.5", opened.Output, StringComparison.Ordinal);
        Assert.Equal("truncated-stream", OpenTranscription([piece], Done).Failure);
        Assert.Equal("truncated-stream", OpenTranscription([piece, finish, piece], Done).Failure);
        Assert.Equal("truncated-stream", OpenTranscription([piece, finish], "").Failure);
        Assert.Equal("payload-missing", OpenTranscription(["""{"text":"a"}"""], Done).Failure);
        Assert.Equal("bad-plain-member", OpenTranscription(["""{"id":"t","choices":[],"duration":"a sentence"}"""], Done).Failure);
    }

    [Fact]
    public void Transcription_TypedEvents_EndWithDone()
    {
        string piece = """{"type":"transcript.text.delta","delta":"a"}""";
        string done = """{"type":"transcript.text.done","text":"a","usage":{"type":"duration","seconds":1.5}}""";
        Assert.Equal((null, true), (OpenTranscription([piece, done], "").Failure, OpenTranscription([piece, done], "").IsEnded));
        Assert.Null(OpenTranscription([piece, done], "data: [DONE]\n\n").Failure);
        Assert.Equal("truncated-stream", OpenTranscription([piece], "data: [DONE]\n\n").Failure);
        Assert.Equal("data-after-end", OpenTranscription([piece, done, piece], "").Failure);
    }

    private OpenedStream OpenTranscription(string[] events, string tail) => Run(
        new TranscriptionEventRules("sdk_0"), string.Concat(events.Select(document => $"data: {_enclave.Document(document, Transcriptions)}\n\n")) + tail);

    private OpenedStream Open(string[] events, string? name = null, string tail = "") => Run(
        new MessageEventRules("sdk_0"),
        string.Concat(events.Select(document => $"event: {name ?? "named"}\ndata: {_enclave.Document(document, Messages)}\n\n")) + tail);

    private OpenedStream Run(EventRules rules, string stream)
    {
        using ExchangeCipher client = _enclave.Client();
        using EventOpener opener = new(client, rules, new AnswerContext("/v1/messages", "sdk_0"));
        opener.Push(Encoding.UTF8.GetBytes(stream));
        opener.Complete();
        _ = _enclave.Restarted();
        return new OpenedStream(Encoding.UTF8.GetString(opener.Output.Span), OpenedStream.NameOf(opener.Failure), opener.IsEnded);
    }
}
