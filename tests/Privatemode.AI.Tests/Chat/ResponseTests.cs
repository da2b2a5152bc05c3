using Microsoft.Extensions.AI;
using OpenAI.Chat;
using ChatFinishReason = Microsoft.Extensions.AI.ChatFinishReason;
using ChatMessage = Microsoft.Extensions.AI.ChatMessage;

namespace Privatemode.AI.Tests.Chat;

/// <summary>Whole answers, ordinary and odd.</summary>
public sealed class ResponseTests(ChatFixture fixture) : IClassFixture<ChatFixture>
{
    [Fact]
    public async Task Answer_OfText_FillsEveryPropertyOfTheResponse()
    {
        ChatResponse response = await fixture.AnswerAsync(ChatFixture.Whole(
            """{"index":0,"message":{"role":"assistant","content":"Hello"},"logprobs":null,"finish_reason":"stop"}""",
            ""","usage":{"prompt_tokens":3,"completion_tokens":4,"total_tokens":7}"""));

        Assert.Equal("chatcmpl-1", response.ResponseId);
        Assert.Equal("gpt-oss-120b", response.ModelId);
        Assert.Equal(DateTimeOffset.FromUnixTimeSeconds(1767225600), response.CreatedAt);
        Assert.Equal(ChatFinishReason.Stop, response.FinishReason);
        Assert.Null(response.ConversationId);
        Assert.IsType<ChatCompletion>(response.RawRepresentation);
        ChatMessage message = Assert.Single(response.Messages);
        Assert.Equal(ChatRole.Assistant, message.Role);
        Assert.Equal("chatcmpl-1", message.MessageId);
        Assert.Equal(response.CreatedAt, message.CreatedAt);
        Assert.Same(response.RawRepresentation, message.RawRepresentation);
        TextContent text = Assert.IsType<TextContent>(Assert.Single(message.Contents));
        Assert.Equal("Hello", text.Text);
        Assert.IsType<ChatMessageContentPart>(text.RawRepresentation);
    }

    [Theory]
    [InlineData("null")]
    [InlineData("\"\"")]
    [InlineData("[]")]
    public async Task Content_Empty_GivesNoContents(string content)
    {
        ChatResponse response = await fixture.AnswerAsync(
            ChatFixture.Whole($$$"""{"index":0,"message":{"role":"assistant","content":{{{content}}}},"finish_reason":"stop"}"""));

        Assert.Empty(Assert.Single(response.Messages).Contents);
        Assert.Equal("", response.Text);
    }

    [Fact]
    public async Task Content_OfParts_GivesEachInOrder()
    {
        ChatResponse response = await fixture.AnswerAsync(ChatFixture.Whole(
            """
            {"index":0,"message":{"role":"assistant","content":[{"type":"text","text":"a"},{"type":"text","text":""},{"type":"text"},{"type":"refusal"},
                {"type":"image_url","image_url":{"url":"https://example.com/i.png"}},
                {"type":"image_url","image_url":{"url":"data:image/png;base64,AQID"}},
                {"type":"file","file":{"file_id":"file-7","filename":"n.pdf"}},
                {"type":"file","file":{"file_data":"data:application/pdf;base64,AQID","filename":"m.pdf"}},
                {"type":"input_audio","input_audio":{"data":"AQID","format":"wav"}},
                {"type":"refusal","refusal":"no"},{"type":"text","text":"b"}]},"finish_reason":"stop"}
            """));

        Assert.Collection(
            response.Messages[0].Contents,
            content => Assert.Equal("a", Assert.IsType<TextContent>(content).Text),
            content => Assert.Equal("https://example.com/i.png", Assert.IsType<UriContent>(content).Uri.AbsoluteUri),
            content =>
            {
                DataContent image = Assert.IsType<DataContent>(content);
                Assert.Equal("image/png", image.MediaType);
                Assert.Equal([1, 2, 3], image.Data.ToArray());
            },
            content =>
            {
                HostedFileContent file = Assert.IsType<HostedFileContent>(content);
                Assert.Equal(("file-7", "n.pdf"), (file.FileId, file.Name));
            },
            content =>
            {
                DataContent file = Assert.IsType<DataContent>(content);
                Assert.Equal(("application/pdf", "m.pdf"), (file.MediaType, file.Name));
            },
            content => Assert.Equal(("Refusal", "no"), (Assert.IsType<ErrorContent>(content).ErrorCode, ((ErrorContent)content).Message)),
            content => Assert.Equal("b", Assert.IsType<TextContent>(content).Text));
        Assert.All(response.Messages[0].Contents, content => Assert.IsType<ChatMessageContentPart>(content.RawRepresentation));
    }

    [Fact]
    public async Task Audio_IsDataOfTheFormatAskedFor()
    {
        const string Document = """
            {"index":0,"message":{"role":"assistant","content":null,"audio":{"id":"a","expires_at":5,"data":"AQID","transcript":"t"}},
             "finish_reason":"stop"}
            """;
        foreach ((ChatOutputAudioFormat? format, string mediaType) in ((ChatOutputAudioFormat?, string)[])[
            (null, "audio/mpeg"), (ChatOutputAudioFormat.Mp3, "audio/mpeg"), (ChatOutputAudioFormat.Wav, "audio/wav"),
            (ChatOutputAudioFormat.Opus, "audio/opus"), (ChatOutputAudioFormat.Aac, "audio/aac"),
            (ChatOutputAudioFormat.Flac, "audio/flac"), (ChatOutputAudioFormat.Pcm16, "audio/pcm")])
        {
            ChatOptions options = new()
            {
                RawRepresentationFactory = _ => format is null ? null
                    : new ChatCompletionOptions { AudioOptions = new ChatAudioOptions(ChatOutputAudioVoice.Alloy, format.Value) },
            };

            ChatResponse response = await fixture.AnswerAsync(ChatFixture.Whole(Document), options);

            DataContent audio = Assert.IsType<DataContent>(Assert.Single(response.Messages[0].Contents));
            Assert.Equal(mediaType, audio.MediaType);
            Assert.Equal([1, 2, 3], audio.Data.ToArray());
            Assert.IsType<ChatOutputAudio>(audio.RawRepresentation);
        }
    }

    [Theory]
    [InlineData("\"text\"", 1)]
    [InlineData("null", 1)]
    public async Task Annotations_AreCitationsOnTheFirstText(string content, int contents)
    {
        ChatResponse response = await fixture.AnswerAsync(ChatFixture.Whole(
            $$$$"""
            {"index":0,"message":{"role":"assistant","content":{{{{content}}}},"annotations":[
                {"type":"url_citation","url_citation":{"start_index":1,"end_index":3,"url":"https://example.com/a","title":"A"}},
                {"type":"url_citation","url_citation":{"start_index":2,"end_index":4,"url":"https://example.com/b","title":"B"}}]},
             "finish_reason":"stop"}
            """));

        Assert.Equal(contents, response.Messages[0].Contents.Count);
        TextContent text = Assert.IsType<TextContent>(response.Messages[0].Contents[0]);
        CitationAnnotation[] citations = [.. text.Annotations!.Cast<CitationAnnotation>()];
        Assert.Equal(["A", "B"], citations.Select(citation => citation.Title));
        Assert.Equal("https://example.com/a", citations[0].Url!.AbsoluteUri);
        TextSpanAnnotatedRegion region = Assert.IsType<TextSpanAnnotatedRegion>(Assert.Single(citations[0].AnnotatedRegions!));
        Assert.Equal((1, 3), (region.StartIndex, region.EndIndex));
        Assert.All(citations, citation => Assert.IsType<ChatMessageAnnotation>(citation.RawRepresentation));
    }

    [Fact]
    public async Task EverythingAtOnce_ComesReasoningFirstThenTextThenCallsThenRefusal()
    {
        ChatResponse response = await fixture.AnswerAsync(ChatFixture.Whole(
            """
            {"index":0,"message":{"role":"assistant","refusal":"no",
                "tool_calls":[{"id":"c","type":"function","function":{"name":"f","arguments":"{}"}}],
                "content":"text","reasoning":"thought"},"finish_reason":"tool_calls"}
            """));

        Assert.Equal(
            [typeof(TextReasoningContent), typeof(TextContent), typeof(FunctionCallContent), typeof(ErrorContent)],
            response.Messages[0].Contents.Select(content => content.GetType()));
    }

    /// <summary>OpenAI's parser makes role system and a stop of what is missing.</summary>
    [Fact]
    public async Task Members_Missing_AreNullAndTheRoleIsAssistant()
    {
        ChatResponse response = await fixture.AnswerAsync(
            """{"object":"chat.completion","created":1767225600,"model":"m","choices":[{"message":{"content":"bare"}}]}""");

        Assert.Equal("bare", response.Text);
        Assert.Equal(ChatRole.Assistant, response.Messages[0].Role);
        Assert.Null(response.ResponseId);
        Assert.Null(response.FinishReason);
        Assert.Null(response.Usage);
    }

    [Fact]
    public async Task Members_UnknownOrNull_AreLeftToTheRawRepresentation()
    {
        ChatResponse response = await fixture.AnswerAsync(ChatFixture.Whole(
            """
            {"index":0,"message":{"role":"assistant","content":"x","annotations":null,"audio":null,"function_call":null,"refusal":null,
                "tool_calls":[],"reasoning":null,"reasoning_content":null},
             "logprobs":null,"finish_reason":"stop","stop_reason":200012,"token_ids":null}
            """,
            ""","service_tier":null,"system_fingerprint":null,"usage":null,"prompt_logprobs":null,"kv_transfer_params":null"""));

        Assert.Equal("x", Assert.IsType<TextContent>(Assert.Single(response.Messages[0].Contents)).Text);
        Assert.Null(response.Usage);
        Assert.True(((ChatCompletion)response.RawRepresentation!).Patch.TryGetValue("$.choices[0].stop_reason"u8, out int stop));
        Assert.Equal(200012, stop);
    }

    [Theory]
    [InlineData("user", "user")]
    [InlineData("tool", "tool")]
    [InlineData("developer", "developer")]
    [InlineData("system", "assistant")]
    [InlineData("function", "assistant")]
    public async Task Role_Odd_IsMapped(string role, string expected)
    {
        ChatResponse response = await fixture.AnswerAsync(
            ChatFixture.Whole($$$"""{"index":0,"message":{"role":"{{{role}}}","content":"x"},"finish_reason":"stop"}"""));

        Assert.Equal(new ChatRole(expected), response.Messages[0].Role);
    }

    [Fact]
    public async Task Choices_Several_GiveTheFirst()
    {
        string document = ChatFixture.Whole(
            """
            {"index":1,"message":{"role":"assistant","content":"one"},"finish_reason":"length"},
            {"index":0,"message":{"role":"assistant","content":"zero"},"finish_reason":"stop"}
            """);
        ChatResponse response = await fixture.AnswerAsync(document, ChatFixture.Choices(2));

        Assert.Equal("one", response.Text);
        Assert.Equal(ChatFinishReason.Length, response.FinishReason);
    }
}
