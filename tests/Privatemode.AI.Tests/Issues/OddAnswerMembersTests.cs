using Microsoft.Extensions.AI;
using OpenAI.Chat;
using Privatemode.AI.Tests.Chat;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.Tests.Issues;

/// <summary>Values that model servers send and OpenAI's parser throws on. None of them may cost the answer, in the adapter or in the OpenAI client.</summary>
public sealed class OddAnswerMembersTests(ChatFixture fixture) : IClassFixture<ChatFixture>
{
    public static TheoryData<string, string?> Roles => new()
    {
        { "\"role\":\"\",", null },
        { "\"role\":null,", null },
        { "", null },
        { "\"role\":\"bot\",", "bot" },
        { "\"role\":\"model\",", "model" },
        { "\"role\":5,", null },
        { "\"role\":{\"name\":\"assistant\"},", null },
    };

    [Theory]
    [MemberData(nameof(Roles))]
    public async Task Role_EmptyMissingOrUnknown_IsAssistantAndTheWordIsKept(string role, string? kept)
    {
        string whole = ChatFixture.Whole($$$"""{"index":0,"message":{{{{role}}}"content":"hi"},"finish_reason":"stop"}""");
        string[] events = [ChatFixture.Delta($$"""{{{role}}"content":"hi"}"""), ChatFixture.Delta("{}", "\"stop\"")];

        ChatResponse response = await fixture.AnswerAsync(whole);
        Assert.Equal((ChatRole.Assistant, "hi"), (response.Messages[0].Role, response.Text));
        response = (await fixture.StreamAsync(events)).ToChatResponse();
        Assert.Equal((ChatRole.Assistant, "hi"), (response.Messages[0].Role, response.Text));

        ChatCompletion completion = await CompleteAsync(whole);
        Assert.Equal((ChatMessageRole.Assistant, "hi"), (completion.Role, completion.Content[0].Text));
        _ = completion.Patch.TryGetValue("$.choices[0].message.original_role"u8, out string? original);
        Assert.Equal(kept, role.Contains('{', StringComparison.Ordinal) ? null : original);
        Assert.Equal("hi", string.Concat((await StreamAsync(events)).SelectMany(update => update.ContentUpdate).Select(part => part.Text)));
    }

    [Fact]
    public async Task Message_Empty_HasTheRoleOfTheAssistant() =>
        Assert.Equal(ChatMessageRole.Assistant, (await CompleteAsync(ChatFixture.Whole("""{"index":0,"message":{},"finish_reason":"stop"}"""))).Role);

    [Theory]
    [InlineData("1700000000.5", 1700000000L)]
    [InlineData("1.7e9", 1700000000L)]
    [InlineData("1700000000.0", 1700000000L)]
    [InlineData("17E8", 1700000000L)]
    [InlineData("\"1700000000\"", 1700000000L)]
    [InlineData("\"99999999999\"", 99999999999L)]
    [InlineData("-5", null)]
    [InlineData("-0.5", null)]
    [InlineData("99999999999999", null)]
    [InlineData("253402300800", null)]
    [InlineData("1e20", null)]
    [InlineData("1e999", null)]
    public async Task Created_NotInWholeSeconds_IsThatSecondOrAbsent(string created, long? seconds)
    {
        DateTimeOffset? expected = seconds is { } value ? DateTimeOffset.FromUnixTimeSeconds(value) : null;
        string Put(string document) => document.Replace("1767225600", created, StringComparison.Ordinal);
        string whole = Put(ChatFixture.Whole("""{"index":0,"message":{"role":"assistant","content":"hi"},"finish_reason":"stop"}"""));
        string[] events = [Put(ChatFixture.Delta("""{"content":"hi"}""")), Put(ChatFixture.Delta("{}", "\"stop\""))];

        ChatResponse response = await fixture.AnswerAsync(whole);
        Assert.Equal((expected, "hi"), (response.CreatedAt, response.Text));
        response = (await fixture.StreamAsync(events)).ToChatResponse();
        Assert.Equal((expected, "hi"), (response.CreatedAt, response.Text));
        Assert.Equal(expected ?? default, (await CompleteAsync(whole)).CreatedAt);
        Assert.All(await StreamAsync(events), update => Assert.Equal(expected ?? default, update.CreatedAt));

        _ = fixture.Deployment.Model.Reply("").WithRawJson(
            Put("""{"id":"c","object":"text_completion","created":1767225600,"model":"m","choices":[{"index":0,"text":"hi","finish_reason":"stop"}]}"""));
        TextCompletion completion =
            await fixture.Client.GetTextCompletionClient(ChatFixture.Model).CompleteAsync(new TextCompletionRequest("hi"));
        Assert.Equal((expected, "hi"), (completion.CreatedAt, completion.Choices[0].Text));
    }

    [Theory]
    [InlineData("""{"content":[{"token":"h","logprob":null,"bytes":[104],"top_logprobs":[]}]}""", true)]
    [InlineData("""{"content":[{"token":"h","logprob":-1,"top_logprobs":[{"token":"x","logprob":null,"bytes":null}]}]}""", true)]
    [InlineData("""{"content":[{"token":"h","logprob":"-1","bytes":null,"top_logprobs":[]}]}""", true)]
    [InlineData("""{"content":[{"token":"h","logprob":-1,"bytes":[300],"top_logprobs":[]}]}""", true)]
    [InlineData("""{"content":[{"token":5,"logprob":-1}]}""", true)]
    [InlineData("""{"content":[null]}""", true)]
    [InlineData("""{"content":{}}""", true)]
    [InlineData("""{"content":null,"refusal":5}""", true)]
    [InlineData("[]", true)]
    [InlineData("5", true)]
    [InlineData("\"none\"", true)]
    [InlineData("""{"content":[{"token":"h","logprob":-1,"bytes":null,"top_logprobs":null}]}""", false)]
    [InlineData("""{"tokens":["h"],"token_logprobs":[null]}""", false)]
    [InlineData("null", false)]
    public async Task Logprobs_ThatCannotBeRead_AreNullAndKept(string logprobs, bool areKept)
    {
        string whole = ChatFixture.Whole(
            $$"""{"index":0,"message":{"role":"assistant","content":"hi"},"logprobs":{{logprobs}},"finish_reason":"stop"}""");
        string[] events =
        [
            ChatFixture.Chunk($$"""{"index":0,"delta":{"content":"hi"},"logprobs":{{logprobs}},"finish_reason":null}"""),
            ChatFixture.Delta("{}", "\"stop\""),
        ];

        Assert.Equal("hi", (await fixture.AnswerAsync(whole)).Text);
        Assert.Equal("hi", (await fixture.StreamAsync(events)).ToChatResponse().Text);
        ChatCompletion completion = await CompleteAsync(whole);
        Assert.Equal(areKept, completion.Patch.TryGetJson("$.choices[0].original_logprobs"u8, out _));
        Assert.Equal("hi", (await StreamAsync(events))[0].ContentUpdate[0].Text);
    }

    [Theory]
    [InlineData("\"index\":0.0,")]
    [InlineData("\"index\":\"0\",")]
    [InlineData("\"index\":null,")]
    [InlineData("\"index\":0e0,")]
    [InlineData("")]
    public async Task Index_OfAChoiceNotWrittenAsAWholeNumber_IsRead(string index)
    {
        string whole = ChatFixture.Whole($$$"""{{{{index}}}"message":{"role":"assistant","content":"hi"},"finish_reason":"stop"}""");
        string[] events =
        [
            ChatFixture.Chunk($$$"""{{{{index}}}"delta":{"content":"hi"},"finish_reason":null}"""),
            ChatFixture.Chunk($$$"""{{{{index}}}"delta":{},"finish_reason":"stop"}"""),
        ];

        Assert.Equal("hi", (await fixture.AnswerAsync(whole)).Text);
        Assert.Equal("hi", (await fixture.StreamAsync(events)).ToChatResponse().Text);
        Assert.Equal("hi", (await CompleteAsync(whole)).Content[0].Text);

        _ = fixture.Deployment.Model.Reply("").WithRawJson(
            $$$"""
            {"id":"c","object":"text_completion","created":1767225600,"model":"m","choices":[{{{{index}}}"text":"hi","finish_reason":"stop"}]}
            """);
        TextCompletion completion =
            await fixture.Client.GetTextCompletionClient(ChatFixture.Model).CompleteAsync(new TextCompletionRequest("hi"));
        Assert.Equal((0, "hi"), (completion.Choices[0].Index, completion.Choices[0].Text));
    }

    [Theory]
    [InlineData("5")]
    [InlineData("true")]
    [InlineData("[\"stop\"]")]
    [InlineData("{\"type\":\"stop\"}")]
    public async Task FinishReason_OfAnotherKind_IsNone(string reason)
    {
        ChatResponse response =
            await fixture.AnswerAsync(ChatFixture.Whole($$"""{"index":0,"message":{"role":"assistant","content":"hi"},"finish_reason":{{reason}}}"""));
        Assert.Equal(("hi", null), (response.Text, response.FinishReason));
        response = (await fixture.StreamAsync(ChatFixture.Delta("""{"content":"hi"}""", reason), ChatFixture.Delta("{}", "\"stop\""))).ToChatResponse();
        Assert.Equal(("hi", "stop"), (response.Text, response.FinishReason?.Value));
    }

    [Theory]
    [InlineData("object", "odd.object")]
    [InlineData("service_tier", "odd-tier")]
    [InlineData("service_tier", "")]
    public async Task Word_Unknown_IsKeptAsText(string member, string word)
    {
        string Put(string document) => member == "object"
            ? document.Replace("chat.completion", word, StringComparison.Ordinal)
            : document[..^1] + $",\"{member}\":\"{word}\"}}";
        string whole = Put(ChatFixture.Whole("""{"index":0,"message":{"role":"assistant","content":"hi"},"finish_reason":"stop"}"""));

        Assert.Equal("hi", (await fixture.AnswerAsync(whole)).Text);
        Assert.Equal("hi", (await fixture.StreamAsync(
            Put(ChatFixture.Delta("""{"content":"hi"}""")), Put(ChatFixture.Delta("{}", "\"stop\"")))).ToChatResponse().Text);
        ChatCompletion completion = await CompleteAsync(whole);
        Assert.True(member == "object" || completion.ServiceTier?.ToString() == word);
    }

    [Theory]
    [InlineData("audio", """{"data":null}""")]
    [InlineData("audio", """{"id":5,"expires_at":null,"transcript":null}""")]
    [InlineData("audio", """{"data":null,"expires_at":1.5}""")]
    [InlineData("annotations", """[{"type":"url_citation","url_citation":{"url":null,"start_index":null,"end_index":1.5,"title":5}}]""")]
    [InlineData("function_call", """{"name":"f","arguments":null}""")]
    public async Task Details_OfAMessageThatSayNothing_DoNotCostTheAnswer(string name, string details)
    {
        string member = $"\"{name}\":{details}";
        string whole = ChatFixture.Whole($$$"""{"index":0,"message":{"role":"assistant","content":"hi",{{{member}}}},"finish_reason":"stop"}""");
        string[] events = [ChatFixture.Delta($$"""{"content":"hi",{{member}}}"""), ChatFixture.Delta("{}", "\"stop\"")];

        Assert.Equal("hi", (await fixture.AnswerAsync(whole)).Text);
        Assert.Equal("hi", (await fixture.StreamAsync(events)).ToChatResponse().Text);
        Assert.Equal("hi", (await CompleteAsync(whole)).Content[0].Text);
        Assert.Equal("hi", (await StreamAsync(events))[0].ContentUpdate[0].Text);
    }

    [Fact]
    public async Task Audio_BesideDetailsThatSayNothing_Arrives()
    {
        ChatResponse response = await fixture.AnswerAsync(ChatFixture.Whole(
            """
            {"index":0,"message":{"role":"assistant","content":"hi","audio":{"id":null,"expires_at":null,"data":"AQID"}},"finish_reason":"stop"}
            """));

        Assert.Equal([1, 2, 3], Assert.Single(response.Messages[0].Contents.OfType<DataContent>()).Data.ToArray());
    }

    [Fact]
    public async Task Text_WithNulAndByteOrderMark_ArrivesAsItIs()
    {
        const string Text = "\uFEFFa\0b";
        Assert.Equal(Text, (await fixture.AnswerAsync(ChatFixture.Whole(
            """{"index":0,"message":{"role":"assistant","content":"\ufeffa\u0000b"},"finish_reason":"stop"}"""))).Text);
        Assert.Equal(Text, (await fixture.StreamAsync(
            ChatFixture.Delta("""{"content":"\ufeffa\u0000"}"""), ChatFixture.Delta("""{"content":"b"}""", "\"stop\""))).ToChatResponse().Text);
    }

    private async Task<ChatCompletion> CompleteAsync(string document)
    {
        _ = fixture.Deployment.Model.Reply("").WithRawJson(document);
        return await fixture.Chat.GetRequiredService<ChatClient>().CompleteChatAsync(new UserChatMessage("hi")).WaitAsync(TestTime.Limit);
    }

    private async Task<List<StreamingChatCompletionUpdate>> StreamAsync(IEnumerable<string> events)
    {
        _ = fixture.Deployment.Model.Reply("").WithRawEvents(events);
        using CancellationTokenSource limit = new(TestTime.Limit);
        List<StreamingChatCompletionUpdate> updates = [];
        await foreach (StreamingChatCompletionUpdate update in fixture.Chat.GetRequiredService<ChatClient>()
            .CompleteChatStreamingAsync([new UserChatMessage("hi")], cancellationToken: limit.Token))
        {
            updates.Add(update);
        }

        return updates;
    }
}
