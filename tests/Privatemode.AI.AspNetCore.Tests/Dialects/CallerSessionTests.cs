using Privatemode.AI.AspNetCore.Dialects;

namespace Privatemode.AI.AspNetCore.Tests.Dialects;

/// <summary>Which requests share cached prompts.</summary>
public sealed class CallerSessionTests
{
    [Theory]
    [InlineData("x-claude-code-session-id")]
    [InlineData("session-id")]
    [InlineData("X-Session-Id")]
    public void KeyOf_HeaderOfAnAssistant_IsItsSession(string header)
    {
        EditTesting edits = new() { Options = { SessionPromptCache = true }, Caller = new(1, "d1") };
        edits.Headers[header] = "s1";
        Assert.Equal("d1:s1", CallerSession.KeyOf(edits.Context, bodyKey: null));
        Assert.Equal("d1:b1", CallerSession.KeyOf(edits.Context, "b1"));
        edits.Caller = new(2, "d2");
        Assert.Equal("d2:s1", CallerSession.KeyOf(edits.Context, bodyKey: null));
    }

    [Fact]
    public void KeyOf_WithoutTheOption_IsThatOfTheBody()
    {
        EditTesting edits = new() { Headers = { ["x-session-id"] = "s1" }, Caller = new(0, "d") };
        Assert.Equal("d:b1", CallerSession.KeyOf(edits.Context, "b1"));
        Assert.Null(CallerSession.KeyOf(edits.Context, bodyKey: null));
    }

    [Theory]
    [InlineData("")]
    [InlineData("a\tb")]
    [InlineData("ä")]
    [InlineData(null)]
    public void KeyOf_SessionThatIsNotPrintable_IsNone(string? session)
    {
        EditTesting edits = new() { Options = { SessionPromptCache = true } };
        edits.Headers["x-session-id"] = session;
        Assert.Null(CallerSession.KeyOf(edits.Context, session));
    }

    [Theory]
    [InlineData(256, true)]
    [InlineData(257, false)]
    public void KeyOf_LongSession_IsNone(int length, bool isSession)
    {
        EditTesting edits = new() { Options = { SessionPromptCache = true } };
        Assert.Equal(isSession, CallerSession.KeyOf(edits.Context, new string('a', length)) is not null);
    }

    [Fact]
    public void KeyOf_HeaderThatComesTwice_IsNone()
    {
        EditTesting edits = new() { Options = { SessionPromptCache = true } };
        edits.Headers["x-session-id"] = new(["a", "b"]);
        Assert.Null(CallerSession.KeyOf(edits.Context, bodyKey: null));
    }

    [Fact]
    public void Edits_OfAllApis_FindTheSession()
    {
        EditTesting edits = new() { Options = { SessionPromptCache = true }, Caller = new(0, "d") };
        edits.Headers["X-Claude-Code-Session-Id"] = "s";
        _ = edits.Run(MessagesRewriter.Edit, """{"model":"glm-5.3","max_tokens":1,"messages":[]}""", out EditResult messages);
        _ = edits.RunOnce(ChatEdit.Edit, """{"model":"glm-5.3","prompt_cache_key":"k"}""", out EditResult chat);
        _ = edits.RunOnce(ResponsesEdit.Edit, """{"model":"glm-5.3","prompt_cache_key":"k"}""", out EditResult responses);
        Assert.Equal(("d:s", "d:k", "d:k"), (messages.CacheKey, chat.CacheKey, responses.CacheKey));
    }
}
