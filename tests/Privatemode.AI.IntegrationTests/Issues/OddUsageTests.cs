using System.Text.Json;
using Microsoft.Extensions.AI;
using OpenAI.Chat;
using Privatemode.AI.IntegrationTests.Handler;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.IntegrationTests.Issues;

/// <summary>Usage is not authenticated: whatever stands in it, the authentic answer arrives, and a count that is none is absent.</summary>
public sealed class OddUsageTests : HandlerTest
{
    /// <summary>The usage, and its counts of the input, the output, both, and of the input that came from the cache.</summary>
    public static TheoryData<string, long?, long?, long?, long?> Usages => new()
    {
        { "null", null, null, null, null },
        { "5", null, null, null, null },
        { "\"many\"", null, null, null, null },
        { "[1,{\"a\":2}]", null, null, null, null },
        { "true", null, null, null, null },
        { "{}", null, null, null, null },
        { """{"total_tokens":3}""", null, null, 3, null },
        { """{"prompt_tokens":null,"completion_tokens":2,"total_tokens":3}""", null, 2, 3, null },
        { """{"prompt_tokens":1.5,"completion_tokens":2,"total_tokens":3}""", null, 2, 3, null },
        { """{"prompt_tokens":12.0,"completion_tokens":2e1,"total_tokens":3}""", 12, 20, 3, null },
        { """{"prompt_tokens":-1,"completion_tokens":2,"total_tokens":3}""", null, 2, 3, null },
        { """{"prompt_tokens":2147483647,"completion_tokens":2,"total_tokens":2147483648}""", 2147483647, 2, null, null },
        { """{"prompt_tokens":1e400,"completion_tokens":99999999999999999999999999999999999,"total_tokens":3}""", null, null, 3, null },
        { """{"prompt_tokens":"1","completion_tokens":"many","total_tokens":3}""", null, null, 3, null },
        { """{"prompt_tokens":true,"completion_tokens":[2],"total_tokens":{"a":3}}""", null, null, null, null },
        { """{"prompt_tokens":1,"prompt_tokens_details":{"cached_tokens":null,"audio_tokens":-1}}""", 1, null, null, null },
        { """{"prompt_tokens":1,"prompt_tokens_details":{"cached_tokens":1.5}}""", 1, null, null, null },
        { """{"prompt_tokens":1,"prompt_tokens_details":{"cached_tokens":4.0}}""", 1, null, null, 4 },
        { """{"prompt_tokens":1,"prompt_tokens_details":5,"completion_tokens_details":"x"}""", 1, null, null, null },
        { """{"prompt_tokens":1,"note":"a sentence of a stranger","x\u001B[2K":1,"\ud800":2}""", 1, null, null, null },
        { """{"prompt_tokens":1,"a":{"b":{"c":{"d":{"e":{"f":1} } } } } }""", 1, null, null, null },
        { """{"prompt_tokens":1,"completion_tokens":2,"total_tokens":3,"prompt_tokens_details":{"cached_tokens":1} }""", 1, 2, 3, 1 },
    };

    [Theory]
    [MemberData(nameof(Usages))]
    public async Task WholeAnswer_WithOddUsage_Arrives(string usage, long? input, long? output, long? total, long? cached)
    {
        Deployment.Model.Reply("").WithRawJson(Whole(usage));
        ChatResponse chat = await Chat.GetResponseAsync("hi").OrTimeout();
        Assert.Equal("hello", chat.Text);
        AssertUsage(chat.Usage, input, output, total, cached);

        Deployment.Model.Reply("").WithRawJson(Whole(usage));
        TextCompletion completion = await Client.GetTextCompletionClient(ModelId).CompleteAsync(new TextCompletionRequest("hi")).OrTimeout();
        Assert.Equal("hello", completion.Text);
        AssertUsage(completion.Usage, input, output, total, cached);

        Deployment.Model.Reply("").WithRawJson(Whole(usage));
        ChatCompletion plain = await Client.OpenAI.GetChatClient(ModelId).CompleteChatAsync("hi").OrTimeout();
        Assert.Equal("hello", plain.Content[0].Text);
        AssertPlain(plain.Usage, input, output, total, cached);
    }

    [Theory]
    [MemberData(nameof(Usages))]
    public async Task Stream_WithOddUsage_Arrives(string usage, long? input, long? output, long? total, long? cached)
    {
        Script(usage);
        ChatResponse chat = await Chat.GetStreamingResponseAsync("hi").ToChatResponseAsync().OrTimeout();
        Assert.Equal("hello", chat.Text);
        AssertUsage(chat.Usage, input, output, total, cached);

        Script(usage);
        string text = "";
        ChatTokenUsage? plain = null;
        await foreach (StreamingChatCompletionUpdate update in Client.OpenAI.GetChatClient(ModelId).CompleteChatStreamingAsync("hi").WithTimeout())
        {
            text += string.Concat(update.ContentUpdate.Select(part => part.Text));
            plain = update.Usage ?? plain;
        }

        Assert.Equal("hello", text);
        AssertPlain(plain, input, output, total, cached);

        void Script(string last) => Deployment.Model.Reply("").WithRawEvents(
            Piece("\"hello\"", "null", last), Piece("\"\"", "\"stop\"", last), Event("", last));
    }

    /// <summary>Some servers write it there, and not in an event behind it.</summary>
    [Fact]
    public async Task Stream_WithUsageOnTheFinishOnly_TellsItOnce()
    {
        const string Total = """{"prompt_tokens":1,"completion_tokens":2.0,"total_tokens":3}""";
        string[] events = [Piece("\"hello\"", "null", "null"), Piece("\"\"", "\"stop\"", Total)];
        Deployment.Model.Reply("").WithRawEvents(events);
        List<ChatResponseUpdate> updates = await Chat.GetStreamingResponseAsync("hi").WithTimeout().ToListAsync();
        AssertUsage(Assert.Single(updates.SelectMany(update => update.Contents).OfType<UsageContent>()).Details, 1, 2, 3, null);

        Deployment.Model.Reply("").WithRawEvents(events);
        TextCompletion[] parts =
        [
            .. await Client.GetTextCompletionClient(ModelId).CompleteStreamingAsync(new TextCompletionRequest("hi")).WithTimeout().ToListAsync(),
        ];
        AssertUsage(Assert.Single(parts, part => part.Usage is not null).Usage, 1, 2, 3, null);

        foreach ((string option, int expected) in ((string, int)[])
            [
                ("null", 0), ("""{"include_usage":false}""", 0), ("""{"include_usage":true}""", 1),
                ("""{"include_usage":true,"continuous_usage_stats":true}""", 1),
            ])
        {
            Deployment.Model.Reply("").WithRawEvents(events);
            (_, string text, Exception? failure) = await ReadAsync(Post(
                ChatPath, ChatBody(stream: true).Replace("{", $"{{\"stream_options\":{option},", StringComparison.Ordinal)));
            Assert.Null(failure);
            Assert.Equal(expected, text.Split("\"total_tokens\":3").Length - 1);
        }
    }

    [Fact]
    public async Task Stream_WithUsageOnTheFinishAndBehindIt_TellsTheLast()
    {
        Deployment.Model.Reply("").WithRawEvents(
            Piece("\"hello\"", "\"stop\"", """{"prompt_tokens":1}"""), Event("", """{"prompt_tokens":1,"total_tokens":3}"""));
        List<ChatResponseUpdate> updates = await Chat.GetStreamingResponseAsync("hi").WithTimeout().ToListAsync();
        AssertUsage(Assert.Single(updates.SelectMany(update => update.Contents).OfType<UsageContent>()).Details, 1, null, 3, null);
    }

    [Theory]
    [MemberData(nameof(Usages))]
    public async Task Handler_OddUsage_LeavesNothingThatACountCannotBe(string usage, long? input, long? output, long? total, long? cached)
    {
        Deployment.Model.Reply("").WithRawJson(Whole(usage));
        (_, string text, Exception? failure) = await ReadAsync(Post(ChatPath, ChatBody()));
        Assert.Null(failure);
        using JsonDocument answer = JsonDocument.Parse(text);
        JsonElement read = answer.RootElement.GetProperty("usage");
        Assert.Equal(input, Count(read, "prompt_tokens"));
        Assert.Equal(output, Count(read, "completion_tokens"));
        Assert.Equal(total, Count(read, "total_tokens"));
        Assert.Equal(cached, read.ValueKind == JsonValueKind.Object && read.TryGetProperty("prompt_tokens_details", out JsonElement details)
            ? Count(details, "cached_tokens") : null);
    }

    [Theory]
    [InlineData("""{"type":"duration","seconds":null}""", null)]
    [InlineData("""{"type":"duration","seconds":-1}""", null)]
    [InlineData("""{"type":"duration","seconds":"12"}""", null)]
    [InlineData("""{"type":"duration","seconds":1e99}""", null)]
    [InlineData("""{"type":"duration","seconds":12.5}""", 13L)]
    [InlineData("""{"type":"a sentence of a stranger","seconds":3}""", 3L)]
    [InlineData("""{"type":null,"seconds":3}""", 3L)]
    [InlineData("5", null)]
    public async Task Transcription_WithOddUsage_Arrives(string usage, long? seconds)
    {
        foreach (string duration in (string[])["null", "\"-1\"", "\"a sentence\"", "-1", "true", "1e99", "{}"])
        {
            Deployment.Model.Reply("").WithRawJson($$"""{"text":"said","duration":{{duration}},"usage":{{usage}}}""");
            SpeechToTextResponse response = await Client.AsISpeechToTextClient("whisper-large-v3")
                .GetTextAsync(new MemoryStream(Recording.Wave())).OrTimeout();
            Assert.Equal("said", response.Text);
            Assert.Equal(seconds, response.Usage?.AdditionalCounts?["DurationSeconds"]);
            Assert.Equal(seconds is null, Assert.IsType<Transcription>(response.RawRepresentation).Duration is null);

            Deployment.Model.Reply("").WithRawJson($$"""{"text":"said","duration":{{duration}},"usage":{{usage}}}""");
            OpenAI.Audio.AudioTranscription plain = await Client.OpenAI.GetAudioClient("whisper-large-v3")
                .TranscribeAudioAsync(new MemoryStream(Recording.Wave()), "a.wav").OrTimeout();
            Assert.Equal(("said", null), (plain.Text, plain.Duration));
        }
    }

    [Theory]
    [InlineData("5")]
    [InlineData("null")]
    [InlineData("{}")]
    [InlineData("\"x\\u202E\"")]
    public async Task WholeAnswer_WithAnOddId_Arrives(string id)
    {
        Deployment.Model.Reply("").WithRawJson(Whole("null").Replace("\"x\"", id, StringComparison.Ordinal));
        ChatResponse response = await Chat.GetResponseAsync("hi").OrTimeout();
        Assert.Equal(("hello", null), (response.Text, response.ResponseId));
    }

    private static string Whole(string usage) => $$"""
        {"id":"x","object":"chat.completion","created":1,"model":"m",
        "choices":[{"index":0,"message":{"role":"assistant","content":"hello"},"text":"hello","finish_reason":"stop"}],"usage":{{usage}}}
        """;

    private static string Piece(string text, string finish, string usage) =>
        Event($$"""{"index":0,"delta":{"content":{{text}}},"finish_reason":{{finish}}}""", usage);

    private static string Event(string choices, string usage) =>
        $$"""{"id":"x","object":"chunk","created":1,"model":"m","choices":[{{choices}}],"usage":{{usage}}}""";

    private static long? Count(JsonElement parent, string name) =>
        parent.ValueKind == JsonValueKind.Object && parent.TryGetProperty(name, out JsonElement count) ? count.GetInt32() : null;

    private static void AssertUsage(UsageDetails? usage, long? input, long? output, long? total, long? cached) => Assert.Equal(
        (input, output, total, cached),
        (usage?.InputTokenCount, usage?.OutputTokenCount, usage?.TotalTokenCount, usage?.CachedInputTokenCount));

    /// <summary>The OpenAI client has no absent count, but 0.</summary>
    private static void AssertPlain(ChatTokenUsage? usage, long? input, long? output, long? total, long? cached) => Assert.Equal(
        (input ?? 0, output ?? 0, total ?? 0, cached ?? 0),
        (usage?.InputTokenCount ?? 0, usage?.OutputTokenCount ?? 0, usage?.TotalTokenCount ?? 0, usage?.InputTokenDetails?.CachedTokenCount ?? 0));
}
