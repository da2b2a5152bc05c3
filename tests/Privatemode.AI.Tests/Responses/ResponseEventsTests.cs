using System.Buffers;
using System.Text;
using System.Text.Json.Nodes;
using Privatemode.AI.Encryption;
using Privatemode.AI.Encryption.EventStream;
using Privatemode.AI.Responses;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.Tests.Responses;

/// <summary>What is bounded in a streamed response, what follows its end, and how a server writes events between those of the library.</summary>
public sealed class ResponseEventsTests : IDisposable
{
    private static readonly PrivatemodeIntegrityException Cut = new("truncated-stream", "Cut.");

    private readonly PooledBytes _output = new(1024);

    [Theory]
    [InlineData(ResponseEventWriter.MaxTextLength, false)]
    [InlineData(ResponseEventWriter.MaxTextLength + 1, true)]
    public void Text_BeyondTheLimit_Fails(int length, bool isTooLong)
    {
        using ResponseEvents events = new(NewCall());
        string piece = new('x', 256 * 1024);
        for (int left = length; left > 0; left -= piece.Length)
        {
            Feed(events, Content(piece[..Math.Min(left, piece.Length)]), out PrivatemodeServiceException? failure);
            Assert.Equal(isTooLong && left <= piece.Length, failure is not null);
            Assert.Equal(failure is null, failure?.Message.Contains("16 MiB", StringComparison.Ordinal) != true);
            _output.Clear();
        }
    }

    [Fact]
    public void Arguments_CountAsText()
    {
        using ResponseEvents events = new(NewCall());
        string piece = new('x', 4 * 1024 * 1024);
        for (int i = 0; i < 4; i++)
        {
            Feed(events, Call(0, "c", "f", piece), out PrivatemodeServiceException? failure);
            Assert.Null(failure);
            _output.Clear();
        }

        Feed(events, Call(0, "c", "", "x"), out PrivatemodeServiceException? last);
        Assert.NotNull(last);
    }

    [Fact]
    public void Items_BeyondTheLimit_Fail()
    {
        using ResponseEvents events = new(NewCall());
        for (int i = 0; i < ResponseEventWriter.MaxItems; i++)
        {
            Feed(events, i % 2 == 0 ? Content("a") : """{"choices":[{"delta":{"reasoning":"b"}}]}""", out PrivatemodeServiceException? failure);
            Assert.Null(failure);
        }

        Feed(events, Content("a"), out PrivatemodeServiceException? last);
        Assert.Contains("1,024 items", last!.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void PartsOfAnItem_BeyondTheLimit_Fail()
    {
        const string Both = """{"choices":[{"delta":{"content":"a","refusal":"b"}}]}""";
        using ResponseEvents events = new(NewCall());
        for (int i = 0; i < ResponseEventWriter.MaxItems / 2; i++)
        {
            Feed(events, Both, out PrivatemodeServiceException? failure);
            Assert.Null(failure);
        }

        Feed(events, Both, out PrivatemodeServiceException? last);
        Assert.Contains("1,024 parts", last!.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Calls_BeyondTheLimit_Fail()
    {
        using ResponseEvents events = new(NewCall());
        for (int i = 0; i < ResponseCalls.Most; i++)
        {
            Feed(events, Call(i, $"c{i}", "f", "{}"), out PrivatemodeServiceException? failure);
            Assert.Null(failure);
        }

        Feed(events, Call(ResponseCalls.Most, "c", "f", "{}"), out PrivatemodeServiceException? last);
        Assert.Contains("256 tool calls", last!.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(ResponseCalls.MaxNameLength, false)]
    [InlineData(ResponseCalls.MaxNameLength + 1, true)]
    public void Name_BeyondTheLimit_Fails(int length, bool isTooLong)
    {
        using ResponseEvents events = new(NewCall());
        Feed(events, Call(0, "c", new string('f', length - 1), ""), out PrivatemodeServiceException? failure);
        Assert.Null(failure);
        Feed(events, Call(0, "", "gg"[..(isTooLong ? 2 : 1)], "{}"), out failure);
        Assert.Equal(isTooLong, failure is not null);
    }

    /// <summary>What a response has, the next request can have: a conversation must not end with its own calls.</summary>
    [Theory]
    [InlineData(ResponseCalls.MaxNameLength, 1)]
    [InlineData(1, ResponseCalls.MaxNameLength)]
    public void Call_OfTheLongestIdOrName_CanBeSentBack(int idLength, int nameLength)
    {
        using ResponseEvents events = new(NewCall());
        Feed(events, Call(0, new string('c', idLength), new string('f', nameLength), "{}"), out PrivatemodeServiceException? failure);
        Assert.Null(failure);
        Assert.Null(events.Complete(_output));
        JsonNode item = ResponseVectors.Events(Encoding.UTF8.GetString(_output.Span)).Last(one => one["item"] is not null)["item"]!;
        string output = $$"""{"type":"function_call_output","call_id":{{item["call_id"]!.ToJsonString()}},"output":"x"}""";
        _ = RequestTranslation.Of($$"""{"model":"m","input":[{{item.ToJsonString()}},{{output}}]}""");
    }

    [Theory]
    [InlineData(ResponseCalls.MaxNameLength, false)]
    [InlineData(ResponseCalls.MaxNameLength + 1, true)]
    public void CallId_BeyondTheLimit_Fails(int length, bool isTooLong)
    {
        foreach (string character in (string[])["c", "\\u0063"])
        {
            using ResponseEvents events = new(NewCall());
            string id = string.Concat(Enumerable.Repeat(character, length));
            Feed(
                events,
                $$$"""{"choices":[{"delta":{"tool_calls":[{"index":0,"id":"{{{id}}}","function":{"name":"f","arguments":"{}"}}]}}]}""",
                out PrivatemodeServiceException? failure);
            Assert.Equal(isTooLong, failure is not null);
        }
    }

    /// <summary>Arguments are content: a copy that is not pooled stays in memory, unwiped, until a garbage collection.</summary>
    [Theory]
    [InlineData("\"{\\\"a\\\":\\\"#\\\"}\"")]
    [InlineData("{\"a\":\"\\ud800#\"}")]
    [InlineData("\"{\\\"a\\\":\\\"\\\\ud800#\\\"}\"")]
    public void Arguments_InAStringOrWithHalfACharacter_AreNotCopiedToMemoryThatIsNotWiped(string arguments)
    {
        string escaped = JsonValue.Create(arguments.Replace("#", new string('x', 300_000), StringComparison.Ordinal))!.ToJsonString()[1..^1];
        byte[] written = Encoding.UTF8.GetBytes(escaped);
        long allocated = long.MaxValue;
        for (int i = 0; i < 5; i++)
        {
            using PooledBytes input = new(written.Length);
            long before = GC.GetAllocatedBytesForCurrentThread();
            Assert.True(ResponseCalls.TryReadInput(written, isCustom: false, isCutOff: false, input));
            allocated = Math.Min(allocated, GC.GetAllocatedBytesForCurrentThread() - before);
        }

        Assert.InRange(allocated, 0, 100_000);
    }

    [Theory]
    [InlineData("""{"choices":[{"delta":{"tool_calls":[{"index":0,"id":"c","function":{"name":"g","arguments":""}}]}}]}""")] // another name, too late
    [InlineData("""{"choices":[{"delta":{"tool_calls":[{"index":1,"id":"c","function":{"name":"f","arguments":""}}]}}]}""")] // an id of another call
    [InlineData("""{"choices":[{"delta":{"tool_calls":[{"index":1,"function":{"name":"f","arguments":""}}]}}]}""")]
    [InlineData("""{"choices":[{"delta":{"tool_calls":[{"index":4294967296,"id":"d","function":{"name":"f","arguments":""}}]}}]}""")]
    [InlineData("""{"choices":[{"delta":{"tool_calls":[{"index":"1","id":"d","function":{"name":"f","arguments":""}}]}}]}""")]
    [InlineData("""{"choices":[{"delta":{"content":"a","content":"b"}}]}""")]
    [InlineData("""{"choices":[{"delta":{"content":[]}}]}""")]
    [InlineData("""{"choices":[{"delta":{}},{"delta":{}}]}""")]
    public void Event_OfAnUnknownForm_Fails(string chat)
    {
        using ResponseEvents events = new(NewCall());
        Feed(events, Call(0, "c", "f", "{}"), out _);
        Feed(events, chat, out PrivatemodeServiceException? failure);
        Assert.Contains("unsupported form", failure!.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Failed_NothingFollows()
    {
        using ResponseEvents events = new(NewCall());
        Feed(events, Content("a"), out _);
        events.Fail(Cut, _output);
        int length = _output.Length;
        Feed(events, Content("b"), out _);
        events.Fail(Cut, _output);
        Assert.Null(events.Complete(_output));
        Assert.Equal(length, _output.Length);
    }

    [Fact]
    public void Completed_NothingFollows()
    {
        using ResponseEvents events = new(NewCall());
        Feed(events, """{"choices":[{"delta":{"content":"a"},"finish_reason":"stop"}]}""", out _);
        Assert.Null(events.Complete(_output));
        int length = _output.Length;
        events.Fail(Cut, _output);
        Feed(events, Content("b"), out _);
        Assert.Equal(length, _output.Length);
    }

    [Fact]
    public void Disposed_NothingIsWrittenAndTheCallIsReleased()
    {
        ResponsesCall call = NewCall();
        call.Echo.Add("metadata", "{}"u8);
        ResponseEvents events = new(call);

        // The call is over before its stream is.
        call.Dispose();
        Assert.False(call.Echo.Find("metadata").IsEmpty);
        events.Dispose();
        events.Dispose();
        events.Fail(Cut, _output);
        Assert.Equal(0, _output.Length);
        Assert.Throws<ObjectDisposedException>(() => call.Echo.Find("metadata").Length);
    }

    [Fact]
    public void Progress_KeepsNumbersWithoutGaps()
    {
        ResponseProgress progress = new("alias", new ManualTimeProvider());
        ArrayBufferWriter<byte> server = new();
        Assert.True(progress.TryWriteKeepAlive(server));
        Assert.True(progress.TryWriteKeepAlive(server));
        using ResponseEvents events = new(ResponseVectors.NewCall(default, progress));
        Feed(events, """{"choices":[{"delta":{"role":"assistant"}}]}""", out _);
        Assert.Equal(0, _output.Length);

        // Nothing was written that the server could have to write first.
        Assert.True(progress.TryWriteKeepAlive(server));
        Feed(events, Content("a"), out _);
        Assert.False(progress.TryWriteKeepAlive(server));
        progress.MarkWritten();
        Assert.False(progress.TryWriteKeepAlive(server), "A part of the events was read; others have numbers already.");
        Move(server);
        events.AllRead();
        progress.MarkWritten();
        Assert.True(progress.TryWriteKeepAlive(server));
        Feed(events, """{"choices":[{"delta":{},"finish_reason":"stop"}]}""", out _);
        Assert.Null(events.Complete(_output));
        Move(server);
        events.AllRead();
        progress.MarkWritten();
        Assert.False(progress.TryWriteKeepAlive(server));
        Assert.False(progress.TryWriteFailure(Cut, server));

        JsonNode[] all = ResponseVectors.Events(Encoding.UTF8.GetString(server.WrittenSpan));
        Assert.Equal(Enumerable.Range(0, all.Length), all.Select(one => one["sequence_number"]!.GetValue<int>()));
        Assert.Equal(
            ["created", "in_progress", "in_progress", "in_progress", "output_item.added", "content_part.added", "output_text.delta", "in_progress",
                "output_text.done", "content_part.done", "output_item.done", "completed"],
            all.Select(one => one["type"]!.GetValue<string>()["response.".Length..]));
        string[] ids = [.. all.Select(one => one["response"]?["id"]?.GetValue<string>()).OfType<string>().Distinct()];
        Assert.Single(ids);
        Assert.All(all, one => Assert.Equal("alias", one["response"]?["model"]?.GetValue<string>() ?? "alias"));
        Assert.All(all, one => Assert.False(one["store"]!.GetValue<bool>()));
    }

    [Fact]
    public void Progress_FailureBeforeTheStream_IsReportedOnce()
    {
        ResponseProgress progress = new("alias", new ManualTimeProvider());
        ArrayBufferWriter<byte> server = new();
        Assert.True(progress.TryWriteFailure(new PrivatemodeServiceException(ServiceFailureReason.RateLimited, "Slow."), server));
        Assert.False(progress.TryWriteFailure(Cut, server));
        using ResponseEvents events = new(ResponseVectors.NewCall(default, progress));
        Feed(events, Content("a"), out _);
        Assert.Equal(0, _output.Length);
        JsonNode[] all = ResponseVectors.Events(Encoding.UTF8.GetString(server.WrittenSpan));
        Assert.Equal(["response.created", "response.failed"], all.Select(one => one["type"]!.GetValue<string>()));
        Assert.Equal("rate_limit_exceeded", all[1]["response"]!["error"]!["code"]!.GetValue<string>());
    }

    /// <summary>An answer of which nothing is written must not look like an empty one.</summary>
    [Fact]
    public void Progress_OfAResponseThatEnded_FailsTheNextOne()
    {
        ResponseProgress progress = new("alias", new ManualTimeProvider());
        using (ResponseEvents first = new(ResponseVectors.NewCall(default, progress)))
        {
            first.Fail(Cut, _output);
        }

        _output.Clear();
        using ResponseEvents second = new(ResponseVectors.NewCall(default, progress));
        Feed(second, """{"choices":[{"delta":{"content":"a"},"finish_reason":"stop"}]}""", out _);
        Assert.Contains("Create one for each request", second.Complete(_output)!.Message, StringComparison.Ordinal);
        Assert.Equal(0, _output.Length);
    }

    public void Dispose() => _output.Dispose();

    private void Move(ArrayBufferWriter<byte> server)
    {
        server.Write(_output.Span);
        _output.Clear();
    }

    private void Feed(EventTranslator events, string chat, out PrivatemodeServiceException? failure)
    {
        failure = null;
        try
        {
            events.Translate(Encoding.UTF8.GetBytes(chat), _output);
        }
        catch (PrivatemodeServiceException exception)
        {
            failure = exception;
        }
    }

    private static string Content(string text) => $$$"""{"choices":[{"delta":{"content":"{{{text}}}"}}]}""";

    private static string Call(int index, string id, string name, string arguments) => new JsonObject
    {
        ["choices"] = new JsonArray(new JsonObject
        {
            ["delta"] = new JsonObject
            {
                ["tool_calls"] = new JsonArray(new JsonObject
                {
                    ["index"] = index,
                    ["id"] = id,
                    ["function"] = new JsonObject { ["name"] = name, ["arguments"] = arguments },
                }),
            },
        }),
    }.ToJsonString();

    private static ResponsesCall NewCall() => ResponseVectors.NewCall(default);
}
