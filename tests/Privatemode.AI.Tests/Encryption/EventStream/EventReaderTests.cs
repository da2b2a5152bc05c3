using System.Reflection;
using System.Text;
using System.Text.Json;
using Privatemode.AI.Encryption;
using Privatemode.AI.Encryption.EventStream;
using Privatemode.AI.Encryption.Json;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.Tests.Encryption.EventStream;

/// <summary>What a reader of events does for its translator and its rules, and what it leaves behind.</summary>
public sealed class EventReaderTests : IDisposable
{
    private readonly ChoiceStream _source = new();
    private readonly RecordingTranslator _translator = new();

    public void Dispose()
    {
        _source.Dispose();
        _translator.Dispose();
    }

    [Fact]
    public void Fail_Once_ReportsItToTheTranslatorOnce()
    {
        using EventDecryptor reader = Reader(new TestRules(), _translator);
        reader.Push("data: x\n"u8);
        reader.Fail(AnswerFault.Truncated);
        reader.Complete();
        Assert.Equal("not-json", DecryptedEvents.NameOf(reader.Failure));
        Assert.Same(reader.Failure, Assert.Single(_translator.Failures));
    }

    [Fact]
    public void Translate_Throws_FailsTheStreamAndTranslatesNothingMore()
    {
        PrivatemodeServiceException refusal = new(ServiceFailureReason.Other, "It cannot be translated.");
        _translator.Refusal = refusal;
        using EventDecryptor reader = Reader(new TestRules { Before = ["{\"before\":1}"u8.ToArray()] }, _translator);
        reader.Push(Encoding.UTF8.GetBytes(_source.Delta("one") + _source.Delta("two")));
        Assert.Same(refusal, reader.Failure);
        Assert.Equal("{\"before\":1}", Assert.Single(_translator.Translated));
        Assert.Same(refusal, Assert.Single(_translator.Failures));
    }

    [Fact]
    public void LastEvent_BeforeEveryPartHasEnded_IsTruncatedAtOnce()
    {
        using EventDecryptor reader = Reader(new TestRules { IsLast = true });
        reader.Push(Encoding.UTF8.GetBytes(_source.Delta("one")));
        Assert.Equal("truncated-stream", DecryptedEvents.NameOf(reader.Failure));
        Assert.Equal((0, false), (reader.Output.Length, reader.IsEnded));
    }

    [Fact]
    public void EndMark_BeforeEveryPartHasEnded_EndsTheStreamThere()
    {
        DecryptedEvents read = _source.Open(_source.Delta("one") + ChoiceStream.Done + _source.Delta("two") + _source.Finish() + ChoiceStream.Done);
        Assert.Equal(new DecryptedEvents($"data: {ChoiceStream.DeltaJson("one")}\n\n", "truncated-stream", false), read);
    }

    [Fact]
    public void EventsBefore_AreReturnedFirst()
    {
        using EventDecryptor reader = Reader(new TestRules { Before = ["{\"before\":1}"u8.ToArray(), "{\"before\":2}"u8.ToArray()] });
        reader.Push(Encoding.UTF8.GetBytes(_source.Delta("one")));
        Assert.Equal(
            $"data: {{\"before\":1}}\n\ndata: {{\"before\":2}}\n\ndata: {ChoiceStream.DeltaJson("one")}\n\n", Encoding.UTF8.GetString(reader.Output.Span));
        Assert.Equal(3, reader.Events);
    }

    [Fact]
    public void AuthenticEvents_CountsThoseWithAnEncryptedMemberOnly()
    {
        using EventDecryptor reader = Reader(new TestRules { MayBePlain = true });
        reader.Push(Encoding.UTF8.GetBytes(_source.Delta("one") + "data: {\"id\":\"x\"}\n\n"));
        Assert.Equal((1, 2), (reader.AuthenticEvents, reader.Events));
        reader.Push(Encoding.UTF8.GetBytes(_source.Delta("two")));
        Assert.Equal((2, 3), (reader.AuthenticEvents, reader.Events));
        Assert.Null(reader.Failure);
    }

    [Fact]
    public void Dispose_ReturnsEveryBufferWiped()
    {
        EventDecryptor reader = Reader(new TestRules(), _translator);
        reader.Push(Encoding.UTF8.GetBytes(_source.Delta("one") + "data: half of an ev"));
        DecryptedDocument last = (DecryptedDocument)typeof(EventReader).GetProperty("Event", BindingFlags.Instance | BindingFlags.NonPublic)!.GetValue(reader)!;
        PooledBytes partial = (PooledBytes)typeof(EventReader).GetField("_partial", BindingFlags.Instance | BindingFlags.NonPublic)!.GetValue(reader)!;
        Assert.NotEqual(0, last.Text.Length);
        Assert.NotEqual(0, partial.Length);

        reader.Dispose();

        // A buffer that was returned cannot be read, and is wiped.
        Assert.Throws<ObjectDisposedException>(() => last.Text.Length);
        Assert.Throws<ObjectDisposedException>(() => partial.Span.Length);
        Assert.Throws<ObjectDisposedException>(() => reader.Output.Span.Length);
        Assert.Equal(1, _translator.Disposals);
    }

    [Fact]
    public void Read_Everything_IsReportedToTheTranslatorAtTheLastByte()
    {
        EventDecryptor reader = Reader(new TestRules(), _translator);
        using MemoryStream network = new(Encoding.UTF8.GetBytes(_source.Delta("one")));
        using DecryptingEventStream stream = new(network, reader, owned: null);
        Assert.Equal(2, stream.Read(new byte[2]));
        Assert.Equal(0, _translator.ReadToTheEnd);
        Assert.Equal(1, stream.Read(new byte[2]));
        Assert.Equal(1, _translator.ReadToTheEnd);
    }

    private EventDecryptor Reader(EventRules rules, EventTranslator? translator = null) =>
        new(_source.Enclave.Client(), rules, new AnswerContext("/v1/responses", "sdk_0")) { Translator = translator };

    private sealed class TestRules : EventRules
    {
        public byte[][] Before { get; init; } = [];

        public bool MayBePlain { get; init; }

        public override ResponseSchema Shape =>
            new(AnswerSealer.ChatPlain, "choices"u8.ToArray(), JsonTokenType.StartArray, MayBePlain: MayBePlain);

        /// <summary>The event is the last one, but a part of the answer has not ended.</summary>
        public bool IsLast { get; init; }

        public override bool IsFinished => !IsLast;

        public override EventAction Action => IsLast ? EventAction.End : EventAction.Pass;

        public override IReadOnlyList<byte[]> EventsBefore => Before;

        public override AnswerFault Inspect(DecryptedDocument decrypted) => AnswerFault.None;
    }

    private sealed class RecordingTranslator : EventTranslator
    {
        public PrivatemodeServiceException? Refusal { get; set; }

        public List<string> Translated { get; } = [];

        public List<PrivatemodeException> Failures { get; } = [];

        public int ReadToTheEnd { get; private set; }

        public int Disposals { get; private set; }

        public override void Translate(ReadOnlySpan<byte> payload, PooledBytes output)
        {
            Translated.Add(Encoding.UTF8.GetString(payload));
            output.Append(Refusal is null ? "abc"u8 : throw Refusal);
        }

        public override PrivatemodeException? Complete(PooledBytes output) => null;

        public override void Fail(PrivatemodeException failure, PooledBytes output) => Failures.Add(failure);

        public override void AllRead() => ReadToTheEnd++;

        public override void Dispose() => Disposals++;
    }
}
