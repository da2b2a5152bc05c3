using Privatemode.AI.Encryption.Json;
using Privatemode.AI.Pipeline.Answers;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.Tests.Pipeline.Answers;

/// <summary>Streams of Anthropic-style messages.</summary>
public sealed class MessageEventRulesTests : IDisposable
{
    private const string Start = """{"type":"message_start","message":{"id":"m","content":[],"stop_reason":null}}""";
    private const string BlockStart = """{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}""";
    private const string Delta = """{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"hi"}}""";
    private const string BlockStop = """{"type":"content_block_stop","index":0}""";
    private const string Finish = """{"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":3}}""";
    private const string Stop = """{"type":"message_stop"}""";
    private const string Ping = """{"type":"ping"}""";

    private static readonly ClearNames Messages = new("id", "type", "usage");

    private readonly AnswerSealer _enclave = new();

    public void Dispose() => _enclave.Dispose();

    [Fact]
    public void Messages_WholeStream_IsReturnedWithItsEventNames()
    {
        DecryptedEvents opened = Open([Start, Ping, BlockStart, Delta, BlockStop, Finish, Stop]);
        Assert.Null(opened.Failure);
        Assert.True(opened.IsEnded);
        Assert.DoesNotContain("ping", opened.Output, StringComparison.Ordinal);
        Assert.Contains($"event: content_block_delta\ndata: {Delta}\n\n", opened.Output, StringComparison.Ordinal);
        Assert.EndsWith($"event: message_stop\ndata: {Stop}\n\n", opened.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void Messages_NamesOfTheEventsAreWrong_AreWrittenAnew()
    {
        DecryptedEvents opened = Open([Start, BlockStart, Delta, BlockStop, Finish, Stop], name: "ping");
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
    public void Messages_StopWithoutAnEncryptedReason_IsTruncated()
    {
        string noReason = """{"type":"message_delta","delta":{"stop_reason":null}}""";
        Assert.Equal("truncated-stream", Open([Start, Stop]).Failure);
        Assert.Equal("truncated-stream", Open([Stop]).Failure);
        Assert.Equal("truncated-stream", Open([Start, BlockStart, Delta, BlockStop, noReason, Stop]).Failure);
        Assert.Equal("truncated-stream", Open([Start, BlockStart, Delta, Finish, Stop]).Failure);
        Assert.Equal("truncated-stream", Open([Start, Finish, BlockStart, Delta, BlockStop, Stop]).Failure);
    }

    // The message of the beginning, which has a stop_reason, could be passed off as the end.
    [Fact]
    public void Messages_AnythingBeforeTheBeginning_IsRefusedAndNotReturned()
    {
        string renamed = Start.Replace("message_start", "message_delta", StringComparison.Ordinal)
            .Replace("\"message\":", "\"delta\":", StringComparison.Ordinal);
        foreach (string first in (string[])[renamed, Finish, BlockStart])
        {
            DecryptedEvents opened = Open([Ping, first, Stop]);
            Assert.Equal(("payload-missing", ""), (opened.Failure, opened.Output));
        }
    }

    [Theory]
    [InlineData("""{"type":"ping","index":0,"delta":{"type":"text_delta","text":"hidden"}}""", "bad-plain-member")]
    [InlineData("""{"type":"content_block_stop","index":0,"delta":{"text":"hidden"}}""", "bad-plain-member")]
    [InlineData("""{"index":0,"delta":{"text":"no type"}}""", "bad-plain-member")]
    [InlineData("""{"type":"content_block_delta","index":7,"delta":{"text":"no such block"}}""", "payload-missing")]
    [InlineData("""{"type":"content_block_stop","index":7}""", "payload-missing")]
    [InlineData("""{"type":"content_block_delta","index":-1,"delta":{}}""", "payload-missing")]
    [InlineData("""{"type":"content_block_delta","index":"0","delta":{}}""", "payload-missing")]
    [InlineData("""{"type":"content_block_delta","index":0,"delta":"text"}""", "payload-missing")]
    [InlineData("""{"type":"message_start","message":{}}""", "payload-missing")]
    [InlineData("""{"type":"content_block_start","index":0,"content_block":{}}""", "payload-missing")]
    [InlineData("""{"type":"something","other":1}""", "renamed-member")]
    [InlineData("""{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"a"},"other":"b"}""", "renamed-member")]
    [InlineData("""{"type":"message_delta","delta":{"type":"text_delta","text":"hidden"}}""", "renamed-member")]
    [InlineData("""{"type":"message_delta","delta":{"type":"text_delta","text":"hidden","stop_reason":null}}""", "renamed-member")]
    [InlineData("""{"type":"message_delta","delta":{"stop_sequence":null}}""", "renamed-member")]
    [InlineData("""{"type":"message_delta","delta":{"stop_reason":{"text":"hidden"}}}""", "renamed-member")]
    [InlineData("""{"type":"error","error":{"type":"text_delta","text":"hidden"}}""", "renamed-member")]
    [InlineData("""{"type":"error","error":"hidden"}""", "renamed-member")]
    [InlineData("""{"type":"content_block_delta"}""", "nothing-sealed")]
    [InlineData("""{"type":"message_stop","usage":{"output_tokens":1}}""", "nothing-sealed")]
    [InlineData("""{}""", "nothing-sealed")]
    [InlineData("""{"type":"A sentence of a stranger","index":0}""", "bad-plain-member")]
    public void Messages_EventThatIsNotWhatItSays_BreaksTheStream(string odd, string failure) =>
        Assert.Equal(failure, Open([Start, BlockStart, odd, BlockStop, Finish, Stop]).Failure);

    [Fact]
    public void Messages_MembersThatHoldNothing_AreDropped()
    {
        string finish = """{"type":"message_delta","delta":{"stop_reason":"end_turn","stop_sequence":null},"message":null,"error":null,"other":null}""";
        DecryptedEvents opened = Open([Start, BlockStart, Delta, BlockStop, finish, Stop]);
        Assert.Null(opened.Failure);
        Assert.DoesNotContain("other", opened.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("error", opened.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void Messages_IdThatIsNotSafeToPrint_IsTreatedAsAbsent()
    {
        string delta = Delta.Replace("{\"type\":\"content", "{\"id\":\"x\\u001b[2K\",\"type\":\"content", StringComparison.Ordinal);
        DecryptedEvents opened = Open([Start, BlockStart, delta, BlockStop, Finish, Stop]);
        Assert.Null(opened.Failure);
        Assert.Contains($"data: {Delta}\n\n", opened.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(2, "\"content_block\":", "\"delta\":", "content_block_start", "content_block_delta")]
    [InlineData(3, "\"delta\":", "\"content_block\":", "content_block_delta", "content_block_start")]
    [InlineData(3, "\"index\":", "\"j\":", "content_block_delta", "message_delta")]
    [InlineData(3, "\"delta\":", "\"error\":", "content_block_delta", "error")]
    [InlineData(0, "\"message\":", "\"delta\":", "message_start", "message_delta")]
    public void Messages_PieceUnderAnotherName_BreaksTheStream(int number, string name, string newName, string kind, string newKind)
    {
        string[] events = [.. ((string[])[Start, Ping, BlockStart, Delta, BlockStop, Finish, Stop]).Select(document => _enclave.Document(document, Messages))];
        events[number] = events[number].Replace(name, newName, StringComparison.Ordinal).Replace(kind, newKind, StringComparison.Ordinal);
        string stream = string.Concat(events.Select(document => $"data: {document}\n\n"));
        Assert.Contains(_enclave.Open(new MessageEventRules("sdk_0"), stream).Failure, (string[])["renamed-member", "payload-missing", "truncated-stream"]);
    }

    [Fact]
    public void Messages_EncryptedError_IsAServiceFailure()
    {
        string error = """{"type":"error","error":{"type":"overloaded_error","message":"busy"}}""";
        Assert.StartsWith("service", Open([Start, error]).Failure, StringComparison.Ordinal);
    }

    [Fact]
    public void Messages_UnsealedMember_BreaksTheStream() =>
        Assert.Equal("unsealed-member", Open([Start, BlockStart], tail: $"data: {Delta}\n\n").Failure);

    private DecryptedEvents Open(string[] events, string? name = null, string tail = "") => _enclave.Open(
        new MessageEventRules("sdk_0"),
        string.Concat(events.Select(document => $"event: {name ?? "named"}\ndata: {_enclave.Document(document, Messages)}\n\n")) + tail);
}
