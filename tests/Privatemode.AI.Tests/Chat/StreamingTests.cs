using Microsoft.Extensions.AI;
using OpenAI.Chat;
using Privatemode.AI.Testing;
using Privatemode.AI.Tests.Fakes;
using ChatFinishReason = Microsoft.Extensions.AI.ChatFinishReason;
using ChatMessage = Microsoft.Extensions.AI.ChatMessage;

namespace Privatemode.AI.Tests.Chat;

/// <summary>Streamed answers, ordinary and odd.</summary>
public sealed class StreamingTests(ChatFixture fixture) : IClassFixture<ChatFixture>
{
    [Fact]
    public async Task Stream_GivesOneUpdateForEachEventAsItComes()
    {
        SemaphoreSlim sent = new(0);
        SemaphoreSlim seen = new(0);
        await using PrivatemodeTestDeployment deployment = await PrivatemodeTestDeployment.StartAsync(new()
        {
            BeforeStreamEvent = async (i, stop) =>
            {
                if (i > 0)
                {
                    Assert.True(await seen.WaitAsync(TestTime.Limit, stop));
                }
            },
        });
        await using PrivatemodeClient client = deployment.CreateClient();
        _ = deployment.Model.Reply("one two three");
        int updates = 0;

        // The deployment sends an event only after the update of the one before has arrived.
        await foreach (ChatResponseUpdate update in client.AsIChatClient(ChatFixture.Model).GetStreamingResponseAsync("hi"))
        {
            Assert.IsType<StreamingChatCompletionUpdate>(update.RawRepresentation);
            updates++;
            _ = seen.Release();
        }

        // Role, three words, finish, usage.
        Assert.Equal(6, updates);
    }

    [Fact]
    public async Task Stream_OfReasoningTextAndCalls_BecomesOneMessage()
    {
        _ = fixture.Deployment.Model.Reply("Text here.").WithReasoning("Thought here.").WithToolCall("f", """{"a":1}""", "call_1")
            .WithToolCall("g", "{}", "call_2")
            .WithUsage(new() { InputTokenCount = 10, OutputTokenCount = 20, CachedInputTokenCount = 3, ReasoningTokenCount = 4 });

        ChatResponse response = await fixture.Chat.GetStreamingResponseAsync("hi").ToChatResponseAsync().WaitAsync(TestTime.Limit);

        ChatMessage message = Assert.Single(response.Messages);
        Assert.Collection(
            message.Contents,
            content => Assert.Equal("Thought here.", Assert.IsType<TextReasoningContent>(content).Text),
            content => Assert.Equal("Text here.", Assert.IsType<TextContent>(content).Text),
            content => Assert.Equal("1", Assert.IsType<FunctionCallContent>(content).Arguments!["a"]!.ToString()),
            content => Assert.Equal("call_2", Assert.IsType<FunctionCallContent>(content).CallId));
        Assert.Equal(ChatRole.Assistant, message.Role);
        Assert.Equal(response.ResponseId, message.MessageId);
        Assert.Equal(ChatFinishReason.ToolCalls, response.FinishReason);
        Assert.Equal("gpt-oss-120b", response.ModelId);
        Assert.NotNull(response.CreatedAt);
        Assert.Equal((10, 20, 30), (response.Usage!.InputTokenCount, response.Usage.OutputTokenCount, response.Usage.TotalTokenCount));
        Assert.Equal((3, 4), (response.Usage.CachedInputTokenCount, response.Usage.ReasoningTokenCount));
    }

    [Fact]
    public async Task Stream_AndWholeAnswer_AreTheSame()
    {
        ScriptedAnswer Script() => fixture.Deployment.Model.Reply("Some text.").WithReasoning("Some thought.").WithToolCall("f", """{"a":[1]}""", "c")
            .WithRefusal("But not that.").WithUsage(new() { InputTokenCount = 1, OutputTokenCount = 2, ReasoningTokenCount = 1 });
        _ = Script();
        ChatResponse whole = await fixture.Chat.GetResponseAsync("hi");
        _ = Script();
        ChatResponse streamed = (await fixture.StreamAsync()).ToChatResponse();

        Assert.Equal(Describe(whole), Describe(streamed));
    }

    [Fact]
    public async Task Events_WithoutAnything_GiveEmptyUpdates()
    {
        List<ChatResponseUpdate> updates = await fixture.StreamAsync(
            ChatFixture.Chunk(""), ChatFixture.Delta("{}"), ChatFixture.Delta("null"), ChatFixture.Chunk("""{"index":0,"finish_reason":null}"""),
            ChatFixture.Chunk("""{"delta":{"content":null}}"""), ChatFixture.Delta("""{"content":""}"""), ChatFixture.Delta("""{"content":"x"}"""),
            ChatFixture.Delta("null", "\"stop\""));

        Assert.Equal(8, updates.Count);
        Assert.All(updates.Take(6), update => Assert.Empty(update.Contents));
        Assert.Equal("x", updates.ToChatResponse().Text);
        Assert.Equal(ChatFinishReason.Stop, updates[^1].FinishReason);
    }

    [Fact]
    public async Task Members_Missing_AreNullAndTheRoleIsAssistant()
    {
        List<ChatResponseUpdate> updates = await fixture.StreamAsync(
            """{"object":"chat.completion.chunk","created":1767225600,"model":"m","choices":[{"delta":{"content":"a"}}]}""",
            """{"object":"chat.completion.chunk","created":1767225600,"model":"m","choices":[{"delta":{"content":"b"},"finish_reason":"stop"}]}""");

        ChatResponse response = updates.ToChatResponse();
        Assert.Equal("ab", Assert.Single(response.Messages).Text);
        Assert.All(updates, update => Assert.Equal(ChatRole.Assistant, update.Role));
        Assert.Null(response.ResponseId);
    }

    /// <summary>The id is not authenticated; another one must not tear the message apart.</summary>
    [Fact]
    public async Task Id_ChangingOnTheWay_StaysTheFirst()
    {
        List<ChatResponseUpdate> updates = await fixture.StreamAsync(
            ChatFixture.Delta("""{"role":"assistant","content":"a"}"""),
            ChatFixture.Delta("""{"content":"b"}""").Replace("chatcmpl-1", "other", StringComparison.Ordinal), ChatFixture.Delta("{}", "\"stop\""));

        Assert.All(updates, update => Assert.Equal("chatcmpl-1", update.MessageId));
        Assert.Equal("ab", Assert.Single(updates.ToChatResponse().Messages).Text);
    }

    /// <summary>Several choices can only be asked for past this library; their texts must not be mixed.</summary>
    [Fact]
    public async Task Choices_Several_GiveTheOneThatComesFirst()
    {
        _ = fixture.Deployment.Model.Reply("").WithRawEvents(
            ChatFixture.Chunk("""{"index":1,"delta":{"role":"assistant","content":"one"},"finish_reason":null}"""),
            ChatFixture.Delta(
                """{"content":"zero","tool_calls":[{"index":0,"id":"c","type":"function","function":{"name":"f","arguments":"{}"}}]}""",
                "\"tool_calls\""),
            ChatFixture.Chunk("""{"index":1,"delta":{"content":"!"},"finish_reason":"stop"}"""),
            ChatFixture.Chunk("", ""","usage":{"prompt_tokens":1,"completion_tokens":2,"total_tokens":3}"""));

        List<ChatResponseUpdate> updates = await fixture.StreamAsync(ChatFixture.Choices(2));

        ChatResponse response = updates.ToChatResponse();
        Assert.Equal(4, updates.Count);
        Assert.Equal("one!", response.Text);
        Assert.Equal(ChatFinishReason.Stop, response.FinishReason);
        Assert.DoesNotContain(response.Messages[0].Contents, content => content is FunctionCallContent);
        Assert.Equal(3, response.Usage!.TotalTokenCount);
    }

    [Fact]
    public async Task Choices_SeveralAskedForPastThisLibrary_GiveOneAnswer()
    {
        _ = fixture.Deployment.Model.Reply("once only").WithToolCall("f", "{}", "c");

        ChatResponse response = (await fixture.StreamAsync(ChatFixture.Choices(3))).ToChatResponse();

        Assert.Equal("once only", response.Text);
        Assert.Single(response.Messages[0].Contents.OfType<FunctionCallContent>());
    }

    [Fact]
    public async Task Audio_Streamed_IsDataOfTheFormatAskedFor()
    {
        ChatOptions options = new()
        {
            RawRepresentationFactory = _ =>
                new ChatCompletionOptions { AudioOptions = new ChatAudioOptions(ChatOutputAudioVoice.Alloy, ChatOutputAudioFormat.Wav) },
        };
        _ = fixture.Deployment.Model.Reply("").WithRawEvents(
            ChatFixture.Delta("""{"role":"assistant","audio":{"id":"a","transcript":"x"}}"""), ChatFixture.Delta("""{"audio":{"data":"AQID"}}"""),
            ChatFixture.Delta("""{"audio":{"data":"BAU=","expires_at":5}}""", "\"stop\""));

        List<ChatResponseUpdate> updates = await fixture.StreamAsync(options);

        DataContent[] audio = [.. updates.SelectMany(update => update.Contents).Cast<DataContent>()];
        Assert.Equal(2, audio.Length);
        Assert.Equal([1, 2, 3, 4, 5], audio.SelectMany(content => content.Data.ToArray()));
        Assert.All(audio, content => Assert.Equal("audio/wav", content.MediaType));
        Assert.All(audio, content => Assert.IsType<StreamingChatOutputAudioUpdate>(content.RawRepresentation));
    }

    [Fact]
    public async Task Enumerable_EnumeratedTwice_AsksTwice()
    {
        int before = fixture.Deployment.Requests.Count;
        _ = fixture.Deployment.Model.Reply("first").Then.Reply("second");
        IAsyncEnumerable<ChatResponseUpdate> stream = fixture.Chat.GetStreamingResponseAsync("hi");
        Assert.Equal(before, fixture.Deployment.Requests.Count);

        Assert.Equal("first", (await stream.ToChatResponseAsync()).Text);
        Assert.Equal("second", (await stream.ToChatResponseAsync()).Text);
        Assert.Equal(before + 2, fixture.Deployment.Requests.Count);
    }

    private static string Describe(ChatResponse response) => string.Join(
        '|', response.Messages.SelectMany(message => message.Contents).Select(content => content switch
        {
            TextReasoningContent reasoning => $"reasoning {reasoning.Text}",
            FunctionCallContent call => $"call {call.CallId} {call.Name} {string.Join(',', call.Arguments!)}",
            ErrorContent error => $"error {error.ErrorCode} {error.Message}",
            _ => content.ToString(),
        })
        .Append($"{response.FinishReason} {response.ModelId} {response.Usage!.InputTokenCount} {response.Usage.OutputTokenCount}")
        .Append($"{response.Usage.ReasoningTokenCount}"));
}
