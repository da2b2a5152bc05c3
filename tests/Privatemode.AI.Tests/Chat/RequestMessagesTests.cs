using Microsoft.Extensions.AI;
using OpenAI.Chat;
using ChatMessage = Microsoft.Extensions.AI.ChatMessage;

namespace Privatemode.AI.Tests.Chat;

public sealed class RequestMessagesTests(ChatFixture fixture) : IClassFixture<ChatFixture>
{
    [Fact]
    public async Task GetResponseAsync_OneMessage_PostsModelAndMessageOnly()
    {
        ChatFixture.AssertJson(
            """{"model":"gpt-oss-120b","messages":[{"role":"user","content":"hi"}]}""", await fixture.PostAsync(new ChatOptions()));
    }

    [Fact]
    public async Task GetStreamingResponseAsync_OneMessage_AsksForStreamAndUsage()
    {
        _ = await fixture.StreamAsync();

        ChatFixture.AssertJson(
            """
            {"model":"gpt-oss-120b","messages":[{"role":"user","content":"hi"}],"stream":true,"stream_options":{"include_usage":true}}
            """,
            fixture.LastBody);
    }

    [Fact]
    public async Task Messages_OfEveryRole_KeepRoleAndOrder()
    {
        string posted = await fixture.PostAsync(
            new(ChatRole.System, "s"), new(new ChatRole("developer"), "d"), new(ChatRole.User, "u"), new(ChatRole.Assistant, "a"),
            new(ChatRole.Tool, [new FunctionResultContent("call_1", "r")]), new(ChatRole.User, "v"));

        ChatFixture.AssertJson(
            """
            [{"role":"system","content":"s"},{"role":"developer","content":"d"},{"role":"user","content":"u"},
             {"role":"assistant","content":"a"},{"role":"tool","tool_call_id":"call_1","content":"r"},{"role":"user","content":"v"}]
            """,
            posted);
    }

    [Fact]
    public async Task Message_OfUnknownRole_IsPostedAsUser()
    {
        ChatFixture.AssertJson("""[{"role":"user","content":"x"}]""", await fixture.PostAsync(new ChatMessage(new ChatRole("critic"), "x")));
    }

    [Fact]
    public async Task Message_WithSeveralTexts_KeepsThemApart()
    {
        ChatFixture.AssertJson(
            """[{"role":"user","content":[{"type":"text","text":"a"},{"type":"text","text":"b\"\n\u00e4"}]}]""",
            await fixture.PostAsync(new ChatMessage(ChatRole.User, [new TextContent("a"), new TextContent("b\"\nä")])));
    }

    [Theory]
    [InlineData("system")]
    [InlineData("developer")]
    [InlineData("user")]
    [InlineData("assistant")]
    public async Task Message_WithoutContents_IsEmptyText(string role)
    {
        ChatFixture.AssertJson(
            $$"""[{"role":"{{role}}","content":""}]""", await fixture.PostAsync(new ChatMessage(new ChatRole(role), [])));
    }

    [Theory]
    [InlineData("instructions", true)]
    [InlineData("", false)]
    [InlineData(" \n", false)]
    public async Task Instructions_GoFirstAsSystemMessage_UnlessBlank(string instructions, bool posted)
    {
        _ = await fixture.Chat.GetResponseAsync(
            [new ChatMessage(ChatRole.System, "own"), new ChatMessage(ChatRole.User, "hi")], new ChatOptions { Instructions = instructions });

        string first = posted ? $$"""{"role":"system","content":"{{instructions}}"},""" : "";
        ChatFixture.AssertJson(
            $$"""{"model":"gpt-oss-120b","messages":[{{first}}{"role":"system","content":"own"},{"role":"user","content":"hi"}]}""",
            fixture.LastBody);
    }

    [Theory]
    [InlineData("Jörg O. Müller_7", "JrgOMller_7")]
    [InlineData("plain_Name9", "plain_Name9")]
    [InlineData("日本", null)]
    [InlineData("", null)]
    [InlineData(null, null)]
    public async Task AuthorName_IsPostedWithoutWhatTheServiceRefuses(string? author, string? name)
    {
        foreach (string role in (string[])["system", "developer", "user", "assistant"])
        {
            string member = name is null ? "" : $",\"name\":\"{name}\"";
            ChatFixture.AssertJson(
                $$"""[{"role":"{{role}}","content":"x"{{member}}}]""",
                await fixture.PostAsync(new ChatMessage(new ChatRole(role), "x") { AuthorName = author }));
        }
    }

    [Fact]
    public async Task AuthorName_LongerThan64_IsCut()
    {
        ChatFixture.AssertJson(
            $$"""[{"role":"user","content":"x","name":"{{new string('n', 64)}}"}]""",
            await fixture.PostAsync(new ChatMessage(ChatRole.User, "x") { AuthorName = new string('n', 50) + "-" + new string('n', 50) }));
    }

    [Fact]
    public async Task RawRepresentation_OfOpenAIMessage_IsPassedOn()
    {
        SystemChatMessage raw = new("raw");
        raw.Patch.Set("$.extra"u8, 5);

        ChatFixture.AssertJson(
            """[{"role":"system","content":"raw","extra":5}]""",
            await fixture.PostAsync(new ChatMessage(ChatRole.User, "ignored") { RawRepresentation = raw }));
    }

    [Fact]
    public async Task RawRepresentation_OfContentPart_IsPassedOn()
    {
        ChatMessageContentPart raw = ChatMessageContentPart.CreateTextPart("raw");
        raw.Patch.Set("$.extra"u8, 5);

        ChatFixture.AssertJson(
            """[{"role":"user","content":[{"type":"text","text":"a"},{"type":"text","text":"raw","extra":5}]}]""",
            await fixture.PostAsync(new ChatMessage(ChatRole.User, [new TextContent("a"), new AIContent { RawRepresentation = raw }])));
    }

    /// <summary>A user who redacts an answer before sending it back must not see the old text posted.</summary>
    [Fact]
    public async Task Text_EditedAfterItWasReceived_IsPostedAsEdited()
    {
        _ = fixture.Deployment.Model.Reply("the secret");
        ChatResponse response = await fixture.Chat.GetResponseAsync("hi");
        ((TextContent)response.Messages[0].Contents[0]).Text = "[redacted]";

        ChatFixture.AssertJson("""[{"role":"assistant","content":"[redacted]"}]""", await fixture.PostAsync(response.Messages[0]));
    }

    [Fact]
    public async Task Contents_ThatTellOfAnAnswer_AreLeftOut()
    {
        ChatFixture.AssertJson(
            """[{"role":"user","content":"x"}]""",
            await fixture.PostAsync(new ChatMessage(ChatRole.User,
            [
                new UsageContent(new UsageDetails()), new TextContent("x"), new ErrorContent("e"), new TextReasoningContent("r"),
                new ToolApprovalRequestContent("a", new FunctionCallContent("c", "f") { InformationalOnly = true }),
            ])));
    }

    [Fact]
    public async Task Messages_OfTheCaller_AreNotChanged()
    {
        List<ChatMessage> messages = [new(ChatRole.User, "one"), new(ChatRole.Assistant, "two"), new(ChatRole.User, "three")];
        ChatOptions options = new() { Instructions = "i" };

        _ = await fixture.Chat.GetResponseAsync(messages, options);
        string first = fixture.LastBody;
        _ = await fixture.Chat.GetResponseAsync(messages, options);

        Assert.Equal(3, messages.Count);
        Assert.All(messages, message => Assert.Single(message.Contents));
        ChatFixture.AssertJson(first, fixture.LastBody);
    }

    [Fact]
    public async Task Messages_Lazily_AreEnumeratedOnce()
    {
        int enumerations = 0;
        IEnumerable<ChatMessage> Lazily()
        {
            enumerations++;
            yield return new ChatMessage(ChatRole.User, "hi");
        }

        _ = await fixture.Chat.GetResponseAsync(Lazily());

        Assert.Equal(1, enumerations);
    }

    [Fact]
    public async Task Messages_Null_AreRefusedAtTheCall()
    {
        await Assert.ThrowsAsync<ArgumentNullException>("messages", () => fixture.Chat.GetResponseAsync((IEnumerable<ChatMessage>)null!));

        // Not at the first step of the enumeration, where the mistake is far away.
        Assert.Throws<ArgumentNullException>("messages", () => { _ = fixture.Chat.GetStreamingResponseAsync((IEnumerable<ChatMessage>)null!); });
    }

    [Fact]
    public async Task Messages_None_AreRefusedAndNothingIsSent()
    {
        int before = fixture.Deployment.Requests.Count;

        await Assert.ThrowsAsync<ArgumentException>("messages", () => fixture.Chat.GetResponseAsync([]));
        await Assert.ThrowsAsync<ArgumentException>("messages", async () =>
        {
            await foreach (ChatResponseUpdate _ in fixture.Chat.GetStreamingResponseAsync([]))
            {
            }
        });

        Assert.Equal(before, fixture.Deployment.Requests.Count);
    }
}
