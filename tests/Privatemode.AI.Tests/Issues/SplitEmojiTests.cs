using Microsoft.Extensions.AI;
using OpenAI.Chat;
using Privatemode.AI.Tests.Chat;
using Privatemode.AI.Tests.Fakes;
using ChatMessage = Microsoft.Extensions.AI.ChatMessage;

namespace Privatemode.AI.Tests.Issues;

/// <summary>Model servers that cut their text by UTF-16 units or tokens send an emoji as two escaped halves, in two events or alone.</summary>
public sealed class SplitEmojiTests(ChatFixture fixture) : IClassFixture<ChatFixture>
{
    private const string First = @"\ud83d";
    private const string Second = @"\ude00";
    private const string Emoji = "\U0001F600";
    private const string Lost = "\uFFFD";

    [Fact]
    public async Task Content_EmojiInTwoEvents_IsJoined()
    {
        List<ChatResponseUpdate> updates = await fixture.StreamAsync(
            Content($"a{First}"), Content(""), Content($"{Second}b"), ChatFixture.Delta("{}", "\"stop\""));

        Assert.Equal(["a", "", $"{Emoji}b", ""], updates.Select(update => update.Text));
    }

    [Theory]
    [InlineData(Second + "b", Emoji + "b")]
    [InlineData("b", Lost + "b")]
    [InlineData("", Lost)]
    public async Task Content_ReasoningBetweenTheHalves_IsJoined(string rest, string expected)
    {
        List<ChatResponseUpdate> updates = await fixture.StreamAsync(
            Content($"a{First}"), ChatFixture.Delta("""{"reasoning":"r","reasoning_content":"r"}"""), Content(rest), ChatFixture.Delta("{}", "\"stop\""));

        Assert.Equal($"a{expected}", updates.ToChatResponse().Text);
    }

    [Fact]
    public async Task Reasoning_EmojiInTwoEvents_IsJoinedUnderBothNames()
    {
        List<ChatResponseUpdate> updates = await fixture.StreamAsync(
            ChatFixture.Delta($$"""{"reasoning":"a{{First}}","reasoning_content":"a{{First}}"}"""),
            ChatFixture.Delta($$"""{"reasoning":"{{Second}}","reasoning_content":"{{Second}}"}"""),
            Content($"b{First}"), Content(Second), ChatFixture.Delta("{}", "\"stop\""));

        ChatMessage message = Assert.Single(updates.ToChatResponse().Messages);
        Assert.Equal(("a" + Emoji, "b" + Emoji), (Assert.IsType<TextReasoningContent>(message.Contents[0]).Text, message.Text));
        _ = Assert.IsType<StreamingChatCompletionUpdate>(updates[1].RawRepresentation).Patch
            .TryGetValue("$.choices[0].delta.reasoning_content"u8, out string? older);
        Assert.Equal(Emoji, older);
    }

    [Fact]
    public async Task ToolArguments_EmojiInTwoEventsOfParallelCalls_IsJoinedInEach()
    {
        List<ChatResponseUpdate> updates = await fixture.StreamAsync(
            Call(0, $$"""{\"x\":\"{{First}}""", ",\"id\":\"call_0\"", "\"name\":\"f\","),
            Call(1, $$"""{\"x\":\"b{{First}}""", ",\"id\":\"call_1\"", "\"name\":\"g\","),
            Call(0, $$"""{{Second}}\"}"""), Call(1, $$"""{{Second}}\"}"""), ChatFixture.Delta("{}", "\"tool_calls\""));

        FunctionCallContent[] calls = [.. updates.ToChatResponse().Messages[0].Contents.OfType<FunctionCallContent>()];
        Assert.Equal([Emoji, "b" + Emoji], calls.Select(call => call.Arguments!["x"]!.ToString()));
    }

    [Fact]
    public async Task Choices_EmojisInterleaved_AreJoinedEachForItself()
    {
        static string Event(int choice, string text) =>
            ChatFixture.Chunk($$$"""{"index":{{{choice}}},"delta":{"content":"{{{text}}}"},"finish_reason":null}""");
        static string End(int choice) => ChatFixture.Chunk($$$"""{"index":{{{choice}}},"delta":{},"finish_reason":"stop"}""");

        Dictionary<int, string> texts = new() { [0] = "", [1] = "" };
        ChatClient openAI = fixture.Chat.GetRequiredService<ChatClient>();
        ChatCompletionOptions options = new();
        options.Patch.Set("$.n"u8, 2);
        _ = fixture.Deployment.Model.Reply("").WithRawEvents(
            Event(0, First), Event(1, $"x{First}"), Event(1, Second), Event(0, $"{Second}y"), End(1), End(0));
        await foreach (StreamingChatCompletionUpdate update in openAI.CompleteChatStreamingAsync([new UserChatMessage("hi")], options))
        {
            if (update.Patch.TryGetValue("$.choices[0].index"u8, out int index))
            {
                texts[index] += string.Concat(update.ContentUpdate.Select(part => part.Text));
            }
        }

        Assert.Equal((Emoji + "y", "x" + Emoji), (texts[0], texts[1]));
    }

    [Theory]
    [InlineData($"a{First}|b", $"a{Lost}b")]
    [InlineData($"a|{Second}b", $"a{Lost}b")]
    [InlineData($"{First}|{First}|{Second}", $"{Lost}{Emoji}")]
    [InlineData($"{First}{First}|{Second}{Second}", $"{Lost}{Emoji}{Lost}")]
    [InlineData($"{First}{Second}", Emoji)]
    [InlineData($"a{First}b{Second}c", $"a{Lost}b{Lost}c")]
    [InlineData(@"\\ud83d|\\ude00", @"\ud83d\ude00")]
    [InlineData(@"\\\ud83d|\ude00", $@"\{Emoji}")]
    [InlineData(@"\uD83D|\uDE00", Emoji)]
    [InlineData(@"\ud83d\n|\ude00", $"{Lost}\n{Lost}")]
    [InlineData($"a{First}", $"a{Lost}")]
    [InlineData($"a|{First}", $"a{Lost}")]
    public async Task Content_HalfAlone_IsTheReplacementCharacter(string pieces, string expected)
    {
        List<ChatResponseUpdate> updates = await fixture.StreamAsync([.. pieces.Split('|').Select(Content), ChatFixture.Delta("{}", "\"stop\"")]);

        Assert.Equal(expected, updates.ToChatResponse().Text);
        Assert.Equal("stop", updates.ToChatResponse().FinishReason?.Value);
    }

    [Theory]
    [InlineData("null")]
    [InlineData("{}")]
    [InlineData("""{"content":null}""")]
    [InlineData("""{"content":""}""")]
    public async Task Finish_WhileAHalfIsHeld_ComesAfterTheReplacementCharacter(string delta)
    {
        List<ChatResponseUpdate> updates = await fixture.StreamAsync(Content(First), ChatFixture.Delta(delta, "\"length\""));

        Assert.Equal([null, null, "length"], updates.Select(update => update.FinishReason?.Value));
        Assert.Equal(["", Lost, ""], updates.Select(update => update.Text));
        Assert.Equal(["chatcmpl-1"], updates.Select(update => update.ResponseId).Distinct());
    }

    [Fact]
    public async Task ReasoningHalf_BeforeContent_ComesBeforeIt()
    {
        List<ChatResponseUpdate> updates = await fixture.StreamAsync(
            ChatFixture.Delta($$"""{"reasoning":"a{{First}}"}"""), Content("b"), ChatFixture.Delta("{}", "\"stop\""));

        Assert.Collection(
            updates.ToChatResponse().Messages[0].Contents,
            content => Assert.Equal("a" + Lost, Assert.IsType<TextReasoningContent>(content).Text),
            content => Assert.Equal("b", Assert.IsType<TextContent>(content).Text));
    }

    [Fact]
    public async Task ToolArguments_CutInAHalf_KeepTheCallsApart()
    {
        // A server that numbers every call 0: the half belongs to the second one.
        List<ChatResponseUpdate> updates = await fixture.StreamAsync(
            Call(0, """{\"x\":1}""", ",\"id\":\"call_0\"", "\"name\":\"f\","),
            Call(0, $$"""{\"x\":\"{{First}}""", ",\"id\":\"call_1\"", "\"name\":\"g\","),
            ChatFixture.Delta("{}", "\"length\""));

        FunctionCallContent[] calls = [.. updates.ToChatResponse().Messages[0].Contents.OfType<FunctionCallContent>()];
        Assert.Equal(["call_0", "call_1"], calls.Select(call => call.CallId));
        Assert.Equal("1", calls[0].Arguments!["x"]!.ToString());
        Assert.NotNull(calls[1].Exception);
    }

    [Theory]
    [InlineData($"a{First}b", $"a{Lost}b")]
    [InlineData($"{Second}", Lost)]
    [InlineData($"{First}{Second}", Emoji)]
    [InlineData(@"\\ud83d", @"\ud83d")]
    public async Task WholeAnswer_HalfAlone_IsTheReplacementCharacter(string text, string expected)
    {
        ChatResponse response = await fixture.AnswerAsync(ChatFixture.Whole(
            $$$"""
            {"index":0,"message":{"role":"assistant","content":"{{{text}}}","reasoning":"{{{text}}}","na\ud83dme":1,
            "tool_calls":[{"id":"c","type":"function","function":{"name":"f","arguments":"{\"x\":\"{{{text}}}\"}"}}]},
            "logprobs":{"content":[{"token":"{{{First}}}","logprob":-1,"bytes":null,"top_logprobs":[]}]},"finish_reason":"stop"}
            """));

        Assert.Equal(expected, response.Text);
        Assert.Equal(expected, Assert.IsType<TextReasoningContent>(response.Messages[0].Contents[0]).Text);
        Assert.Equal(
            Lost, Assert.Single(Assert.IsType<ChatCompletion>(response.RawRepresentation).ContentTokenLogProbabilities).Token);
    }

    [Fact]
    public async Task Completion_EmojiInTwoEvents_IsJoinedForEachChoice()
    {
        static string Event(int choice, string text, string finish = "null") =>
            """{"id":"cmpl-1","object":"text_completion","created":1767225600,"model":"m","choices":"""
            + $$"""[{"index":{{choice}},"text":"{{text}}","logprobs":null,"finish_reason":{{finish}}}]}""";

        _ = fixture.Deployment.Model.Reply("").WithRawEvents(
            Event(0, $"a{First}"), Event(1, $"b{First}"), Event(0, Second), Event(1, "", "\"length\""), Event(0, "", "\"stop\""));
        string[] texts = ["", ""];
        TextCompletionClient completions = fixture.Client.GetTextCompletionClient(ChatFixture.Model);
        await foreach (TextCompletion completion in completions.CompleteStreamingAsync(new TextCompletionRequest("hi") { ChoiceCount = 2 }))
        {
            foreach (TextCompletionChoice choice in completion.Choices)
            {
                texts[choice.Index] += choice.Text;
            }
        }

        Assert.Equal(["a" + Emoji, "b" + Lost], texts);
    }

    [Fact]
    public async Task Completion_WholeWithAHalf_HasTheReplacementCharacter()
    {
        _ = fixture.Deployment.Model.Reply("").WithRawJson(
            """{"id":"cmpl-1","object":"text_completion","created":1767225600,"model":"m","choices":"""
            + $$"""[{"index":0,"text":"a{{First}}","logprobs":null,"finish_reason":"stop"}]}""");

        TextCompletion completion =
            await fixture.Client.GetTextCompletionClient(ChatFixture.Model).CompleteAsync(new TextCompletionRequest("hi"));

        Assert.Equal("a" + Lost, Assert.Single(completion.Choices).Text);
    }

    [Theory]
    [InlineData($"a{First}|{Second}b", $"a{Emoji}b")]
    [InlineData($"a{First}|b{First}", $"a{Lost}b{Lost}")]
    public async Task Transcription_EmojiInTwoEvents_IsJoinedInBothForms(string pieces, string expected)
    {
        const string Members = """
            {"id":"t","object":"transcription.chunk","created":1767225600,"model":"whisper-large-v3"
            """;
        _ = fixture.Deployment.Model.Reply("").WithRawEvents([
            .. pieces.Split('|').Select(text => $$$"""{{{Members}}},"choices":[{"delta":{"content":"{{{text}}}"},"finish_reason":null}]}"""),
            $$$"""{{{Members}}},"choices":[{"delta":{"content":""},"finish_reason":"stop"}]}""", $$"""{{Members}},"choices":[]}"""]);
        Assert.Equal(expected, await TranscribeAsync());

        _ = fixture.Deployment.Model.Reply("").WithRawEvents([
            .. pieces.Split('|').Select(text => $$"""{"type":"transcript.text.delta","delta":"{{text}}"}"""),
            $$"""{"type":"transcript.text.done","text":"a{{First}}"}"""]);
        Assert.Equal(expected, await TranscribeAsync());
    }

    [Fact]
    public async Task Transcription_WholeWithAHalf_HasTheReplacementCharacter()
    {
        _ = fixture.Deployment.Model.Reply("").WithRawJson($$"""{"text":"a{{Second}}"}""");

        using ISpeechToTextClient speech = fixture.Client.AsISpeechToTextClient("whisper-large-v3");
        Assert.Equal("a" + Lost, (await speech.GetTextAsync(new MemoryStream(Recording.Wave())).WaitAsync(TestTime.Limit)).Text);
    }

    private async Task<string> TranscribeAsync()
    {
        using ISpeechToTextClient speech = fixture.Client.AsISpeechToTextClient("whisper-large-v3");
        using CancellationTokenSource limit = new(TestTime.Limit);
        string text = "";
        await foreach (SpeechToTextResponseUpdate update in speech.GetStreamingTextAsync(new MemoryStream(Recording.Wave()), null, limit.Token))
        {
            text += update.Text;
        }

        return text;
    }

    private static string Content(string text) => ChatFixture.Delta($$"""{"content":"{{text}}"}""");

    private static string Call(int index, string arguments, string id = "", string name = "") => ChatFixture.Delta(
        $$$"""{"tool_calls":[{"index":{{{index}}}{{{id}}},"function":{ {{{name}}}"arguments":"{{{arguments}}}"}}]}""");
}
