using Privatemode.AI.Encryption.Json;
using Privatemode.AI.Pipeline.Answers;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.Tests.Pipeline.Answers;

/// <summary>Streams of transcriptions.</summary>
public sealed class TranscriptionEventRulesTests : IDisposable
{
    private const string Done = "data: [DONE]\n\n";
    private const string Members = "\"id\":\"t\",\"object\":\"c\",\"created\":1,\"model\":\"m\"";
    private const string Piece = $$$"""{{{{Members}}},"choices":[{"delta":{"content":"a"},"finish_reason":null}]}""";
    private const string Finish = $$$"""{{{{Members}}},"choices":[{"delta":{"content":"b"},"finish_reason":"stop","stop_reason":null}]}""";
    private const string Usage = $$$"""{{{{Members}}},"choices":[],"usage":{"total_tokens":3},"duration":"1.5"}""";
    private const string TypedPiece = """{"type":"transcript.text.delta","delta":"a"}""";
    private const string TypedDone = """{"type":"transcript.text.done","text":"a","usage":{"type":"duration","seconds":1.5}}""";

    private static readonly ClearNames Plain = new("duration", "usage");

    private readonly AnswerSealer _enclave = new();

    public void Dispose() => _enclave.Dispose();

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Choices_NeedAnEncryptedFinish(bool endsWithUsage)
    {
        DecryptedEvents opened = Open([Piece, Finish, Usage], Done, endsWithUsage);
        Assert.Equal((null, true), (opened.Failure, opened.IsEnded));
        Assert.Contains("\"duration\":1.5", opened.Output, StringComparison.Ordinal);
        Assert.Equal("truncated-stream", Open([Piece], Done, endsWithUsage).Failure);
        Assert.Equal("truncated-stream", Open([Piece, Usage], Done, endsWithUsage).Failure);
        Assert.Equal("truncated-stream", Open([Piece, Finish, Piece], Done, endsWithUsage).Failure);
        Assert.Equal("truncated-stream", Open([Piece, Finish], "", endsWithUsage).Failure);
        Assert.Equal("payload-missing", Open(["""{"text":"a"}"""], Done, endsWithUsage).Failure);
    }

    [Fact]
    public void StreamThatAskedForUsage_CutBetweenTwoStretches_IsTruncated()
    {
        Assert.Null(Open([Piece, Finish, Piece, Finish, Usage], Done, endsWithUsage: true).Failure);
        Assert.Equal("truncated-stream", Open([Piece, Finish], Done, endsWithUsage: true).Failure);
        Assert.Equal("truncated-stream", Open([Usage, Piece, Finish], Done, endsWithUsage: true).Failure);
        Assert.Equal("truncated-stream", Open([Piece, Finish, Usage, Piece, Finish], Done, endsWithUsage: true).Failure);

        // The gap that stays where the form wants no usage.
        Assert.Null(Open([Piece, Finish], Done, endsWithUsage: false).Failure);
    }

    [Fact]
    public void Stream_OfBothForms_IsRefused()
    {
        Assert.Equal("payload-missing", Open([TypedPiece, Piece], "").Failure);
        Assert.Equal("payload-missing", Open([Piece, TypedPiece], "").Failure);
    }

    [Fact]
    public void UsageThatWasNotRequested_EndsTheStreamAndIsNotReturned()
    {
        DecryptedEvents opened = Open([Piece, Finish, Usage], Done, hidesUsage: true);
        Assert.Equal((null, true), (opened.Failure, opened.IsEnded));
        Assert.DoesNotContain("usage", opened.Output, StringComparison.Ordinal);
        Assert.EndsWith(Done, opened.Output, StringComparison.Ordinal);
        Assert.Equal("truncated-stream", Open([Piece, Finish], Done, hidesUsage: true).Failure);
    }

    [Fact]
    public void StretchHiddenInTheEventBefore_BreaksTheStream()
    {
        string[] events = [.. ((string[])[Piece, Finish, Usage]).Select(document => _enclave.Document(document, Plain))];
        string hidden = events[1];
        foreach (string name in (string[])["choices", "created", "id", "model", "object"])
        {
            hidden = hidden.Replace($"\"{name}\":", $"\"z{name}\":", StringComparison.Ordinal);
        }

        string both = events[0][..^1] + "," + hidden[1..];
        Assert.Equal("renamed-member", OpenSealed(both, events[2]).Failure);
    }

    [Fact]
    public void TypedEvents_EndWithDone()
    {
        Assert.Equal((null, true), (Open([TypedPiece, TypedDone], "").Failure, Open([TypedPiece, TypedDone], "").IsEnded));
        Assert.Null(Open([TypedPiece, TypedDone], Done).Failure);
        DecryptedEvents opened = Open(
            [
                """{"type":"transcript.text.segment","id":"s","start":0,"end":1.5,"text":"a","speaker":"A"}""",
                """{"type":"transcript.text.delta","delta":"a","segment_id":"s","logprobs":[{"token":"a"}],"item":null}""",
                TypedDone,
            ],
            Done);
        Assert.Null(opened.Failure);
        Assert.DoesNotContain("item", opened.Output, StringComparison.Ordinal);
        Assert.Equal("truncated-stream", Open([TypedPiece], Done).Failure);
        Assert.Equal("data-after-end", Open([TypedPiece, TypedDone, TypedPiece], "").Failure);
    }

    [Theory]
    [InlineData("""{"type":"transcript.text.delta","other":"a"}""", "renamed-member")]
    [InlineData("""{"type":"transcript.text.delta","delta":"a","other":"b"}""", "renamed-member")]
    [InlineData("""{"type":"transcript.text.delta","delta":"a","text":"b"}""", "renamed-member")]
    [InlineData("""{"type":"transcript.text.delta","delta":{"text":"a"}}""", "renamed-member")]
    [InlineData("""{"type":"transcript.text.done","delta":"a"}""", "renamed-member")]
    [InlineData("""{"type":"transcript.text.other","text":"a"}""", "renamed-member")]
    [InlineData("""{"type":"transcript.text.segment","text":"a","start":"hidden"}""", "renamed-member")]
    [InlineData("""{"error":"hidden"}""", "renamed-member")]
    [InlineData(Finish, "payload-missing")]
    public void TypedEvent_WithMembersOfAnother_BreaksTheStream(string odd, string failure) =>
        Assert.Equal(failure, Open([TypedPiece, odd, TypedDone], Done).Failure);

    [Fact]
    public void TypedEvent_AmongChoices_BreaksTheStream() => Assert.Equal("payload-missing", Open([Piece, TypedDone], Done).Failure);

    [Fact]
    public void TypedPieceHiddenInTheOneBefore_BreaksTheStream()
    {
        string[] events = [.. ((string[])[TypedPiece, TypedPiece, TypedDone]).Select(document => _enclave.Document(document, Plain))];
        string hidden = events[0].Replace("type", "logprobs", StringComparison.Ordinal)[..^1] + ","
            + events[1].Replace("delta", "segment_id", StringComparison.Ordinal)[1..];
        Assert.Equal("renamed-member", OpenSealed(hidden, events[2]).Failure);
    }

    private DecryptedEvents OpenSealed(params string[] events) => _enclave.Open(
        new TranscriptionEventRules("sdk_0", true, false), string.Concat(events.Select(document => $"data: {document}\n\n")) + Done);

    private DecryptedEvents Open(string[] events, string tail, bool endsWithUsage = true, bool hidesUsage = false) => _enclave.Open(
        new TranscriptionEventRules("sdk_0", endsWithUsage, hidesUsage),
        string.Concat(events.Select(document => $"data: {_enclave.Document(document, Plain)}\n\n")) + tail);
}
