using Microsoft.Extensions.AI;
using Privatemode.AI.Tests.Chat;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.Tests.Issues;

/// <summary>What a chat request has no place for was dropped without a word, or was a NullReferenceException.</summary>
public sealed class MessageWithoutPlaceTests(ChatFixture fixture) : IClassFixture<ChatFixture>
{
    private const string Asked = """{"role":"user","content":"6 * 7?"}""";
    private const string Called = """{"role":"assistant","tool_calls":[{"id":"call_1","type":"function","function":{"name":"f","arguments":"{}"}}]}""";
    private const string Answered = """{"role":"tool","tool_call_id":"call_1","content":"42"}""";

    public static TheoryData<string, ChatMessage?, string> Refused => new()
    {
        { "null", null, "messages[2]" },
        { "a null content", new(ChatRole.User, [new TextContent("canary"), null!]), "messages[2].Contents[1]" },
        { "a tool message without contents", new(ChatRole.Tool, []), "messages[2]" },
        { "text beside the result", new(ChatRole.Tool, [Result("call_1"), new TextContent("canary")]), "messages[2]" },
        { "text behind the result", new(ChatRole.Tool, [new TextContent("canary"), Result("call_1")]), "messages[2]" },
        { "an image as a result", new(ChatRole.Tool, [Image()]), "messages[2].Contents[0]" },
        { "an image beside a result", new(ChatRole.Tool, [Result("call_1"), Image()]), "messages[2].Contents[1]" },
        { "a result without an ID", new(ChatRole.Tool, [Result("")]), "messages[2].Contents[0]" },
        { "a call of the user", new(ChatRole.User, [new TextContent("x"), Call("canary")]), "messages[2].Contents[1]" },
        { "a call in a tool message", new(ChatRole.Tool, [Call("canary"), Result("call_1")]), "messages[2].Contents[0]" },
        { "a call of the system", new(ChatRole.System, [Call("canary")]), "messages[2].Contents[0]" },
        { "a call without a name", new(ChatRole.Assistant, [new FunctionCallContent("canary", "")]), "messages[2]" },
        { "a file the assistant attached", new(ChatRole.Assistant, [new HostedVectorStoreContent("canary")]), "messages[2].Contents[0]" },
        { "a hosted search", new(ChatRole.Assistant, [new TextContent("x"), new WebSearchToolCallContent("canary")]), "messages[2].Contents[1]" },
        { "a content nobody knows", new(ChatRole.User, [new OwnContent()]), "messages[2].Contents[0]" },
        { "a content without anything", new(ChatRole.Assistant, [new AIContent { RawRepresentation = "canary" }]), "messages[2].Contents[0]" },
        {
            "an approval that is asked for", new(ChatRole.Assistant, [new ToolApprovalRequestContent("canary", Call("canary"))]),
            "messages[2].Contents[0]"
        },
        {
            "an approval that was given", new(ChatRole.User, [new ToolApprovalResponseContent("canary", true, Call("canary"))]),
            "messages[2].Contents[0]"
        },
    };

    [Theory]
    [MemberData(nameof(Refused))]
    public async Task Message_ThatCannotBeSent_IsRefusedByItsPlaceAndNothingLeaves(string what, ChatMessage? message, string member)
    {
        Assert.NotEmpty(what);
        int before = fixture.Deployment.Requests.Count;
        ChatMessage[] messages = [User("6 * 7?"), new(ChatRole.Assistant, "Two calls.") { Contents = [Call("call_1"), Call("call_2")] }, message!];

        PrivatemodeRequestException whole = await Assert.ThrowsAsync<PrivatemodeRequestException>(
            () => fixture.Chat.GetResponseAsync(messages).WaitAsync(TestTime.Limit));
        PrivatemodeRequestException streamed = await Assert.ThrowsAsync<PrivatemodeRequestException>(
            () => fixture.Chat.GetStreamingResponseAsync(messages).ToChatResponseAsync().WaitAsync(TestTime.Limit));

        Assert.All([whole, streamed], exception =>
        {
            Assert.Equal(member, exception.Member);
            Assert.StartsWith(member, exception.Message, StringComparison.Ordinal);
            Assert.DoesNotContain("canary", exception.ToString(), StringComparison.Ordinal);
        });
        Assert.Equal(before, fixture.Deployment.Requests.Count);
    }

    [Fact]
    public async Task Text_OfAToolMessage_IsTheResultOfTheOnlyOpenCall()
    {
        ChatFixture.AssertJson(
            $"[{Asked},{Called},{Answered}]",
            await fixture.PostAsync(User("6 * 7?"), new(ChatRole.Assistant, [Call("call_1")]), new(ChatRole.Tool, "42")));
    }

    [Fact]
    public async Task Text_OfAToolMessageWithoutAnyCall_IsRefused()
    {
        PrivatemodeRequestException exception = await Assert.ThrowsAsync<PrivatemodeRequestException>(
            () => fixture.PostAsync(User("6 * 7?"), new(ChatRole.Tool, "42")));

        Assert.Equal("messages[1]", exception.Member);
    }

    [Fact]
    public async Task Text_OfAToolMessageAfterTheResult_IsRefused()
    {
        PrivatemodeRequestException exception = await Assert.ThrowsAsync<PrivatemodeRequestException>(() => fixture.PostAsync(
            User("6 * 7?"), new(ChatRole.Assistant, [Call("call_1")]), new(ChatRole.Tool, [Result("call_1")]), new(ChatRole.Tool, "43")));

        Assert.Equal("messages[3]", exception.Member);
    }

    /// <summary>Semantic Kernel keeps the text of a result beside the result.</summary>
    [Fact]
    public async Task Text_ThatIsTheResultAgain_IsSentOnce()
    {
        ChatFixture.AssertJson(
            $"[{Asked},{Called},{Answered}]",
            await fixture.PostAsync(
                User("6 * 7?"), new(ChatRole.Assistant, [Call("call_1")]), new(ChatRole.Tool, [new TextContent("42"), Result("call_1")])));
    }

    [Theory]
    [InlineData("user")]
    [InlineData("system")]
    [InlineData("developer")]
    public async Task Result_InAMessageOfAnotherRole_IsAToolMessageBehindItsCall(string role)
    {
        ChatFixture.AssertJson(
            $$"""[{{Asked}},{{Called}},{{Answered}},{"role":"{{role}}","content":"Go on."}]""",
            await fixture.PostAsync(
                User("6 * 7?"), new(ChatRole.Assistant, [Call("call_1")]),
                new(new ChatRole(role), [new TextContent("Go on."), Result("call_1")])));
        ChatFixture.AssertJson(
            $"[{Asked},{Called},{Answered}]",
            await fixture.PostAsync(
                User("6 * 7?"), new(ChatRole.Assistant, [Call("call_1")]), new(new ChatRole(role), [Result("call_1")])));
    }

    /// <summary>Clients that run tools themselves put all of it into one message of the assistant.</summary>
    [Fact]
    public async Task Result_InTheMessageOfItsCall_PartsIt()
    {
        ChatFixture.AssertJson(
            $$"""[{{Asked}},{{Called}},{{Answered}},{"role":"assistant","content":"It is 42."}]""",
            await fixture.PostAsync(
                User("6 * 7?"),
                new(ChatRole.Assistant, [Call("call_1"), Result("call_1"), new TextContent("It is 42."), new UsageContent(new UsageDetails())])));
        ChatFixture.AssertJson(
            $"[{Asked},{Called},{Answered}]",
            await fixture.PostAsync(User("6 * 7?"), new(ChatRole.Assistant, [Call("call_1"), Result("call_1")])));
    }

    [Fact]
    public async Task Result_OfAFunctionThatFailed_SaysSo()
    {
        FunctionResultContent failed = new("call_1", null) { Exception = new InvalidOperationException("canary") };

        string posted = await fixture.PostAsync(User("6 * 7?"), new(ChatRole.Assistant, [Call("call_1")]), new(ChatRole.Tool, [failed]));

        Assert.Contains("Error: the function failed.", posted, StringComparison.Ordinal);
        Assert.DoesNotContain("canary", posted, StringComparison.Ordinal);
    }

    /// <summary>A history of another client, or an older one of this.</summary>
    [Fact]
    public async Task Calls_WithOneIdOrNone_ArePairedWithTheirResultsInOrder()
    {
        ChatMessage[] messages =
        [
            User("6 * 7?"), new(ChatRole.Assistant, [Call("a"), Call("a"), Call("a_2"), Call(""), Call("")]),
            new(ChatRole.Tool, [Result("a", 1), Result("", 4), Result("a", 2), Result("a_2", 3), Result("", 5)]),
            new(ChatRole.Assistant, [Call("a")]), new(ChatRole.Tool, [Result("a", 6)]),
        ];

        string posted = await fixture.PostAsync(messages);

        string Call2(string id) => $$$"""{"id":"{{{id}}}","type":"function","function":{"name":"f","arguments":"{}"}}""";
        string Result2(string id, int result) => $$"""{"role":"tool","tool_call_id":"{{id}}","content":"{{result}}"}""";
        ChatFixture.AssertJson(
            $$"""
            [{{Asked}},{"role":"assistant","tool_calls":[{{Call2("a")}},{{Call2("a_3")}},{{Call2("a_2")}},{{Call2("call_1_1")}},{{Call2("call_1_2")}}]},
             {{Result2("a", 1)}},{{Result2("call_1_1", 4)}},{{Result2("a_3", 2)}},{{Result2("a_2", 3)}},{{Result2("call_1_2", 5)}},
             {"role":"assistant","tool_calls":[{{Call2("a")}}]},{{Result2("a", 6)}}]
            """,
            posted);

        // Always the same, or the prompt cache of the service would not find the conversation again.
        ChatFixture.AssertJson(posted, await fixture.PostAsync(messages));
    }

    /// <summary>An approval that a function invoker has dealt with stays in the history beside call and result.</summary>
    [Fact]
    public async Task Approval_OfACallThatWasHandled_IsLeftOut()
    {
        FunctionCallContent call = Call("call_1");
        call.InformationalOnly = true;
        ToolApprovalRequestContent request = new("r", call);

        ChatFixture.AssertJson(
            $"[{Asked},{Called},{Answered}]",
            await fixture.PostAsync(
                User("6 * 7?"), new(ChatRole.Assistant, [request]), new(ChatRole.User, [request.CreateResponse(approved: true)]),
                new(ChatRole.Assistant, [call]), new(ChatRole.Tool, [Result("call_1")])));
    }

    /// <summary>Each kind of content in each role is sent, refused, or left out as docs/chat.md says; a new kind has to be decided.</summary>
    [Fact]
    public async Task Contents_OfEveryKindInEveryRole_AreDecided()
    {
        Dictionary<Type, AIContent> kinds = Kinds().ToDictionary(content => content.GetType());
        Assert.Equal(
            typeof(AIContent).Assembly.GetExportedTypes()
                .Where(type => type.IsAssignableTo(typeof(AIContent)) && !type.IsAbstract && type.GetConstructors().Length > 0)
                .Select(type => type.Name).Order(),
            kinds.Keys.Select(type => type.Name).Order());
        string[] notSent = ["UsageContent", "ErrorContent"];

        foreach (AIContent content in kinds.Values)
        {
            foreach (string role in (string[])["user", "system", "developer", "assistant", "tool"])
            {
                ChatMessage[] messages = [User("before"), new(ChatRole.Assistant, [Call("call_1")]), new(new ChatRole(role), [content])];
                string name = content.GetType().Name;
                bool leftOut = role != "tool" && (notSent.Contains(name) || (name == "TextReasoningContent" && role != "assistant"));
                string? posted = await PostOrRefuseAsync(messages, name);

                Assert.True(
                    posted is null || leftOut == !posted.Contains("canary", StringComparison.Ordinal),
                    $"{name} in a message with the role {role}: {posted}");
            }
        }
    }

    private async Task<string?> PostOrRefuseAsync(ChatMessage[] messages, string kind)
    {
        try
        {
            return await fixture.PostAsync(messages);
        }
        catch (PrivatemodeRequestException exception)
        {
            Assert.Matches($"^(messages\\[2\\]|{kind}\\.)", exception.Member);
            Assert.DoesNotContain("canary", exception.ToString(), StringComparison.Ordinal);
            return null;
        }
    }

    private static AIContent[] Kinds() =>
    [
        new AIContent(), new TextContent("canary"), new TextReasoningContent("canary"), new ErrorContent("canary"),
        new DataContent(System.Text.Encoding.UTF8.GetBytes("canary"), "application/pdf") { Name = "canary.pdf" },
        new UriContent("data:image/png;base64,canary", "image/png"),
        new HostedFileContent("canary"), new HostedVectorStoreContent("canary"), new UsageContent(new UsageDetails()),
        Call("canary"), new FunctionResultContent("call_1", "canary"), new CodeInterpreterToolCallContent("canary"),
        new CodeInterpreterToolResultContent("canary"), new ImageGenerationToolCallContent("canary"), new ImageGenerationToolResultContent("canary"),
        new McpServerToolCallContent("canary", "canary", "canary"), new McpServerToolResultContent("canary"), new WebSearchToolCallContent("canary"),
        new WebSearchToolResultContent("canary"), new ToolCallContent("canary"), new ToolResultContent("canary"),
        new ToolApprovalRequestContent("canary", Call("canary")),
        new ToolApprovalResponseContent("canary", true, Call("canary")),
    ];

    private static ChatMessage User(string text) => new(ChatRole.User, text);

    private static FunctionCallContent Call(string id) => new(id, "f");

    private static FunctionResultContent Result(string id, int result = 42) => new(id, result);

    private static DataContent Image() => new(new byte[] { 1 }, "image/png") { Name = "canary" };

    private sealed class OwnContent : AIContent;
}
