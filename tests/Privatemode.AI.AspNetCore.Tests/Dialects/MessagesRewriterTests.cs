using System.Buffers;
using System.Text;
using Privatemode.AI.AspNetCore.Dialects;

namespace Privatemode.AI.AspNetCore.Tests.Dialects;

/// <summary>What becomes of an Anthropic request, member by member and block by block.</summary>
public sealed class MessagesRewriterTests
{
    private const string Hi = """[{"role":"user","content":"hi"}]""";

    [Theory]
    [InlineData("""{"model":"claude-x","max_tokens":9,"messages":M}""", """{"model":"gpt-oss-120b","max_tokens":9,"messages":M}""")]
    [InlineData("""{"max_tokens":32000,"messages":M,"stream":true,"model":"m"}""",
        """{"max_tokens":32000,"messages":M,"stream":true,"model":"gpt-oss-120b"}""")]
    [InlineData("metadata", """{"user_id":"user_1_account_2_session_3"}""", "")]
    [InlineData("thinking", """{"type":"adaptive"}""", "")]
    [InlineData("thinking", """{"type":"enabled","budget_tokens":4095}""", "")]
    [InlineData("thinking", """{"type":"disabled"}""", ""","output_config":{"effort":"low"}""")]
    [InlineData("context_management", """{"edits":[{"type":"clear_thinking_20251015","keep":"all"}]}""", "")]
    [InlineData("output_config", """{"effort":"high","task_budget":{"total":9}}""", ""","output_config":{"effort":"high"}""")]
    [InlineData("output_config", """{"effort":"max"}""", ""","output_config":{"effort":"high"}""")]
    [InlineData("output_config", """{"effort":"minimal"}""", ""","output_config":{"effort":"low"}""")]
    [InlineData("output_config", """{"effort":"medium"}""", ""","output_config":{"effort":"medium"}""")]
    [InlineData("output_config", """{"effort":"enormous"}""", "")]
    [InlineData("output_config", "{}", "")]
    [InlineData("output_config", """{"format":{"type":"json_schema","schema":{"$schema":"s","type":"object"}}}""",
        ""","output_config":{"format":{"type":"json_schema","schema":{"type":"object"}}}""")]
    [InlineData("output_format", """{"type":"json_schema","schema":{"type":"object"}}""",
        ""","output_config":{"format":{"type":"json_schema","schema":{"type":"object"}}}""")]
    [InlineData("cache_control", """{"type":"ephemeral"}""", "")]
    [InlineData("temperature", "0.25", ""","temperature":0.25""")]
    [InlineData("top_p", "1e-1", ""","top_p":1e-1""")]
    [InlineData("top_k", "5", ""","top_k":5""")]
    [InlineData("stop_sequences", """["a","\u00e4"]""", ""","stop_sequences":["a","\u00e4"]""")]
    [InlineData("stream", "true", ""","stream":true""")]
    [InlineData("temperature", "null", "")]
    [InlineData("service_tier", "\"auto\"", "")]
    [InlineData("inference_geo", "\"eu\"", "")]
    [InlineData("speed", "\"fast\"", "")]
    [InlineData("betas", "[\"b\"]", "")]
    [InlineData("diagnostics", "{}", "")]
    [InlineData("user_profile_id", "\"u\"", "")]
    [InlineData("mcp_servers", "[]", "")]
    [InlineData("container", "null", "")]
    [InlineData("cache_salt", "\"0123456789abcdef0123456789abcdef\"", ""","cache_salt":"0123456789abcdef0123456789abcdef" """)]
    [InlineData("chat_template_kwargs", """{"a":1}""", ""","chat_template_kwargs":{"a":1}""")]
    [InlineData("something_new", """{"secret":1}""", "")]
    public void Edit_TopLevelMember_IsCopiedTranslatedOrLeftOut(string member, string value, string? written = null)
    {
        (string body, string expected) = written is null
            ? (member.Replace("M", Hi, StringComparison.Ordinal), value.Replace("M", Hi, StringComparison.Ordinal))
            : (Request($",\"{member}\":{value}"), Request(written.Trim()));
        Assert.Equal(expected, Edit(body));
    }

    [Theory]
    [InlineData("gemma-4-31b", """{"type":"disabled"}""", "high", ""","chat_template_kwargs":{"enable_thinking":false},"output_config":{"effort":"high"}""")]
    [InlineData("kimi-k2.6", """{"type":"disabled"}""", null, ""","chat_template_kwargs":{"thinking":false}""")]
    [InlineData("glm-5.3", """{"type":"disabled"}""", "max", ""","output_config":{"effort":"low"}""")]
    [InlineData("glm-5.3-flash", """{"type":"adaptive"}""", "medium", ""","output_config":{"effort":"high"}""")]
    [InlineData("glm-5.3-flash", """{"type":"adaptive"}""", "xhigh", ""","output_config":{"effort":"max"}""")]
    [InlineData("glm-5.3", """{"type":"adaptive"}""", "low", ""","output_config":{"effort":"low"}""")]
    [InlineData("openai/gpt-oss-120b", """{"type":"adaptive"}""", "xhigh", ""","output_config":{"effort":"high"}""")]
    [InlineData("a-new-model", """{"type":"adaptive"}""", "max", ""","output_config":{"effort":"high"}""")]
    public void Edit_ThinkingAndEffort_AreInTheWordsOfTheModel(string model, string thinking, string? effort, string written)
    {
        string body = Request($",\"thinking\":{thinking}" + (effort is null ? "" : $$""","output_config":{"effort":"{{effort}}"}"""));
        Assert.Equal(Request(written).Replace("gpt-oss-120b", model, StringComparison.Ordinal), Edit(body, new MessagesSettings(model)));
    }

    [Fact]
    public void Edit_CallersTemplateArguments_WinOverThinking() => Assert.Equal(
        Request(""","chat_template_kwargs":{"thinking":true}""").Replace("gpt-oss-120b", "kimi-k2.6", StringComparison.Ordinal),
        Edit(Request(""","chat_template_kwargs":{"thinking":true},"thinking":{"type":"disabled"}"""), new MessagesSettings("kimi-k2.6")));

    [Theory]
    [InlineData("""{"model":"m","messages":[]}""", "max_tokens")]
    [InlineData("""{"model":"m","max_tokens":0,"messages":[]}""", "max_tokens")]
    [InlineData("""{"model":"m","max_tokens":"many","messages":[]}""", "max_tokens")]
    [InlineData("""{"model":"m","max_tokens":1}""", "messages")]
    [InlineData("""{"model":"m","max_tokens":1,"messages":{}}""", "messages")]
    [InlineData("""{"model":"m","model":"n","max_tokens":1,"messages":[]}""", "body")]
    [InlineData("""["model"]""", "body")]
    [InlineData("""{"model":"m",}""", "body")]
    [InlineData("", "body")]
    public void Edit_BodyThatIsNoRequest_IsRefusedWithTheNameOfTheMember(string body, string member) => Assert.Equal(member, Refusal(body).Member);

    [Theory]
    [InlineData("mcp_servers", """[{"type":"url","url":"https://example.org"}]""", "mcp_servers")]
    [InlineData("container", "\"c\"", "container")]
    [InlineData("stream", "\"yes\"", "stream")]
    [InlineData("output_config", "[]", "output_config")]
    [InlineData("output_config", """{"effort":7}""", "output_config.effort")]
    [InlineData("output_config", """{"format":{"type":"grammar"}}""", "output_config.format.type")]
    [InlineData("output_config", """{"format":{"type":"json_schema"}}""", "output_config.format.schema")]
    [InlineData("output_config", """{"format":{"type":"json_schema","schema":{}}},"output_format":{"type":"json_schema","schema":{}}""", "output_format")]
    [InlineData("chat_template_kwargs", "1", "chat_template_kwargs")]
    [InlineData("thinking", "true", "thinking")]
    [InlineData("system", "7", "system")]
    [InlineData("system", """[{"type":"image"}]""", "system[0]")]
    [InlineData("tools", "{}", "tools")]
    public void Edit_MemberThatCannotBeSent_IsRefusedWithItsName(string member, string value, string named)
    {
        PrivatemodeRequestException refusal = Refusal(Request($",\"{member}\":{value}"));
        Assert.Equal(named, refusal.Member);
        Assert.Contains($"'{named.Split('[')[0]}", refusal.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("\"Be brief.\"", """[{"type":"text","text":"Be brief."}]""")]
    [InlineData("""[{"type":"text","text":"a","cache_control":{"type":"ephemeral"}},{"type":"text","text":""}]""", """[{"type":"text","text":"a"}]""")]
    [InlineData("""[{"type":"text","text":"x-anthropic-billing-header: cc_version=2; cch=1;"},{"type":"text","text":"a"}]""",
        """[{"type":"text","text":"a"}]""")]
    [InlineData("""[{"type":"text","text":"a"},{"text":"\u0078-anthropic-billing-header: b","type":"text"}]""", """[{"type":"text","text":"a"}]""")]
    [InlineData(""" "x-anthropic-billing-header: cc_version=2\nx-anthropic-billing-header: b\nBe brief." """, """[{"type":"text","text":"Be brief."}]""")]
    [InlineData("""[{"type":"text","text":"Say x-anthropic-billing-header."}]""", """[{"type":"text","text":"Say x-anthropic-billing-header."}]""")]
    [InlineData(
        """[{"type":"text","text":"x-anthropic-billing-header: b"},{"type":"text","text":"a\n"},{"type":"text","text":""},{"type":"text","text":"\u0062"}]""",
        """[{"type":"text","text":"a\n\n\n\u0062"}]""")]
    [InlineData("\"\"", null)]
    [InlineData("[]", null)]
    [InlineData("null", null)]
    [InlineData("""[{"type":"text","text":"x-anthropic-billing-header: b"}]""", null)]
    public void Edit_System_IsOneTextWithoutTheBillingHeader(string system, string? written) => Assert.Equal(
        $$"""{"model":"gpt-oss-120b",{{(written is null ? "" : $"\"system\":{written},")}}"max_tokens":9,"messages":{{Hi}}}""",
        Edit($$"""{"model":"m","system":{{system.Trim()}},"max_tokens":9,"messages":{{Hi}}}"""));

    [Theory]
    [InlineData("""{"role":"user","content":"hi"},{"role":"system","content":"S"}""", """{"role":"user","content":"hi"}""")]
    [InlineData("""{"content":[{"type":"text","text":"S","cache_control":{}}],"role":"system"},{"role":"user","content":"hi"}""",
        """{"role":"user","content":"hi"}""")]
    [InlineData("""{"role":"user","content":"hi"},{"role":"system","content":"S"},{"role":"user","content":[{"type":"text","text":"you"}]}""",
        """{"role":"user","content":[{"type":"text","text":"hi"},{"type":"text","text":"you"}]}""")]
    [InlineData("""{"role":"user","content":"a"},{"role":"user","content":"b"},{"role":"system","content":"S"},{"role":"assistant","content":"c"}""",
        """{"role":"user","content":"a"},{"role":"user","content":"b"},{"role":"assistant","content":"c"}""")]
    public void Edit_SystemMessage_IsFoldedIntoSystemAndItsNeighboursAreJoined(string messages, string written)
    {
        Assert.Equal(
            $$"""{"model":"gpt-oss-120b","max_tokens":9,"system":[{"type":"text","text":"S"}],"messages":[{{written}}]}""",
            Edit($$"""{"model":"m","max_tokens":9,"messages":[{{messages}}]}""", out MessagesEdit edit));
        Assert.Equal((1, 0), (edit.Folded, edit.FoldedLate));
    }

    /// <summary>The model server puts the texts of <c>system</c> together without anything between them.</summary>
    [Fact]
    public void Edit_SystemMessages_FollowSystemInTheirOrderWhereverItIs()
    {
        const string Kept = """{"role":"user","content":"u"},{"role":"assistant","content":"a"}""";
        const string Messages = $$"""[{"role":"system","content":"2"},{{Kept}},{"role":"system","content":"3"}]""";
        Assert.Equal(
            $$"""{"model":"gpt-oss-120b","max_tokens":9,"messages":[{{Kept}}]""" +
            ""","system":[{"type":"text","text":"1\n\n2\n\n3"}]}""",
            Edit($$"""{"model":"m","max_tokens":9,"messages":{{Messages}},"system":"1"}""", out MessagesEdit edit));
        Assert.Equal((2, 1), (edit.Folded, edit.FoldedLate));
    }

    [Theory]
    [InlineData("""{"type":"text","text":"a\u0042\n","citations":[],"cache_control":{}}""", """{"type":"text","text":"a\u0042\n"}""")]
    [InlineData("""{"type":"image","source":{"type":"base64","media_type":"image/png","data":"AA==","x":1},"cache_control":{}}""",
        """{"type":"image","source":{"type":"base64","media_type":"image/png","data":"AA=="}}""")]
    [InlineData("""{"source":{"url":"https://example.org/a.png","type":"url"},"type":"image"}""",
        """{"type":"image","source":{"type":"url","url":"https://example.org/a.png"}}""")]
    [InlineData("""{"type":"tool_use","id":"t","name":"Bash","input":{"a": [1]},"caller":{"type":"direct"}}""",
        """{"type":"tool_use","id":"t","name":"Bash","input":{"a": [1]}}""")]
    [InlineData("""{"type":"tool_use","id":"t","name":"Bash"}""", """{"type":"tool_use","id":"t","name":"Bash","input":{}}""")]
    [InlineData("""{"tool_use_id":"t","type":"tool_result","content":"done","is_error":false,"cache_control":{}}""",
        """{"type":"tool_result","tool_use_id":"t","content":"done"}""")]
    [InlineData("""{"type":"tool_result","tool_use_id":"t"}""", """{"type":"tool_result","tool_use_id":"t","content":""}""")]
    [InlineData("""{"type":"tool_result","tool_use_id":"t","content":"no such file","is_error":true}""",
        """{"type":"tool_result","tool_use_id":"t","content":"Error: no such file"}""")]
    [InlineData("""{"type":"tool_result","tool_use_id":"t","content":"Error: x","is_error":true}""",
        """{"type":"tool_result","tool_use_id":"t","content":"Error: x"}""")]
    [InlineData("""{"type":"tool_result","tool_use_id":"t","content":"<tool_use_error>x","is_error":true}""",
        """{"type":"tool_result","tool_use_id":"t","content":"<tool_use_error>x"}""")]
    [InlineData("""{"type":"tool_result","tool_use_id":"t","is_error":true}""",
        """{"type":"tool_result","tool_use_id":"t","content":"Error: the tool failed and returned no text."}""")]
    [InlineData("""{"type":"tool_result","tool_use_id":"t","is_error":true,"content":[{"type":"text","text":"a"},{"type":"text","text":"b"}]}""",
        """{"type":"tool_result","tool_use_id":"t","content":[{"type":"text","text":"Error: a"},{"type":"text","text":"b"}]}""")]
    [InlineData("""{"type":"tool_result","tool_use_id":"t","content":[{"type":"tool_reference","tool_name":"x","y":""" +
        """1},{"type":"document","source":{"type":"text","media_type":"text/plain","data":"d"},"title":"T"}]}""",
        """{"type":"tool_result","tool_use_id":"t","content":[{"type":"tool_reference","tool_name":"x"},{"type":"text","text":"T\n\nd"}]}""")]
    [InlineData("""{"type":"tool_result","tool_use_id":"t","content":[{"type":"search_result","source":"https://example.org","title":"T","content":""" +
        """[{"type":"text","text":"one"},{"type":"text","text":"two"}],"citations":{"enabled":true}}]}""",
        """{"type":"tool_result","tool_use_id":"t","content":[{"type":"text","text":"T\n\nhttps://example.org\n\none\n\ntwo"}]}""")]
    [InlineData("""{"type":"thinking","thinking":"hm","signature":"s"}""", """{"type":"thinking","thinking":"hm"}""")]
    [InlineData("""{"type":"text","text":"a"},{"type":"redacted_thinking","data":"x"}""", """{"type":"text","text":"a"}""")]
    [InlineData("""{"type":"document","source":{"type":"text","media_type":"text/plain","data":"d"}}""", """{"type":"text","text":"d"}""")]
    public void Edit_Block_HasOnlyWhatTheModelServerReads(string block, string written) =>
        Assert.Equal(WithMessages($$"""{"role":"user","content":[{{written}}]}"""), Edit(WithMessages($$"""{"role":"user","content":[{{block}}]}""")));

    [Theory]
    [InlineData("""{"type":"image","source":{"type":"file","file_id":"f"}}""", "messages[0].content[0].source.type")]
    [InlineData("""{"type":"document","source":{"type":"base64","media_type":"application/pdf","data":"AA=="}}""", "messages[0].content[0].source.type")]
    [InlineData("""{"type":"document","source":{"type":"url","url":"https://example.org"}}""", "messages[0].content[0].source.type")]
    [InlineData("""{"type":"server_tool_use","id":"i","name":"web_search","input":{}}""", "messages[0].content[0].type")]
    [InlineData("""{"type":"web_search_tool_result","tool_use_id":"i","content":[]}""", "messages[0].content[0].type")]
    [InlineData("""{"type":"mcp_tool_use","id":"i"}""", "messages[0].content[0].type")]
    [InlineData("""{"type":"container_upload","file_id":"i"}""", "messages[0].content[0].type")]
    [InlineData("""{"type":"tool_result","tool_use_id":"t","content":[{"type":"thinking","thinking":"x"}]}""", "messages[0].content[0].content[0].type")]
    [InlineData("""{"type":"tool_result","tool_use_id":"t","content":7}""", "messages[0].content[0].content")]
    [InlineData("""{"type":"tool_result","tool_use_id":"t","is_error":"no"}""", "messages[0].content[0].is_error")]
    [InlineData("""{"type":"tool_use","id":"t","name":"n","input":[]}""", "messages[0].content[0].input")]
    [InlineData("""{"type":"text"}""", "messages[0].content[0].text")]
    [InlineData("\"text\"", "messages[0].content[0]")]
    public void Edit_BlockThatCannotBeSent_IsRefusedWithItsPlace(string block, string member) =>
        Assert.Equal(member, Refusal(WithMessages($$"""{"role":"user","content":[{{block}}]}""")).Member);

    [Fact]
    public void Edit_BlockOfTheServiceOfAnthropic_IsNamedAndOneThatCouldBeContentIsNot()
    {
        Assert.Contains("mcp_tool_use", Refusal(WithMessages("""{"role":"user","content":[{"type":"mcp_tool_use"}]}""")).Message, StringComparison.Ordinal);
        PrivatemodeRequestException refusal = Refusal(WithMessages("""{"role":"user","content":[{"type":"secret_of_the_caller"}]}"""));
        Assert.DoesNotContain("secret", refusal.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"role":"ctx","content":"a"},{"role":"msg","content":"b"}""", """{"role":"user","content":"a"},{"role":"user","content":"b"}""")]
    [InlineData("""{"role":"user","content":"a"},{"role":"assistant","content":[{"type":"redacted_thinking","data":"x"}]},{"role":"assistant","content":"b"}""",
        """{"role":"user","content":"a"},{"role":"assistant","content":"b"}""")]
    [InlineData("""{"role":"user","content":[]},{"role":"user","content":"","id":"x"}""", """{"role":"user","content":""}""")]
    public void Edit_Messages_HaveKnownRolesAndContent(string messages, string written) => Assert.Equal(WithMessages(written), Edit(WithMessages(messages)));

    [Theory]
    [InlineData("""{"role":"tool","content":"a"}""", "messages[0].role")]
    [InlineData("""{"content":"a"}""", "messages[0].role")]
    [InlineData("""{"role":"user"}""", "messages[0].content")]
    [InlineData("7", "messages[0]")]
    public void Edit_InvalidMessage_IsRefusedWithItsIndex(string message, string member) => Assert.Equal(member, Refusal(WithMessages(message)).Member);

    [Theory]
    [InlineData("""[{"name":"n","description":"d","input_schema":{"type":"object"},"type":"custom","cache_control":{},"strict":true""" +
        ""","eager_input_streaming":true,"defer_loading":true,"allowed_callers":[],"input_examples":[]}]""",
        ""","tools":[{"name":"n","description":"d","input_schema":{"type":"object"}}]""")]
    [InlineData("""[{"input_schema":{},"name":"n"}],"tool_choice":{"type":"any","disable_parallel_tool_use":true}""",
        ""","tools":[{"name":"n","input_schema":{"type":"object"}}],"tool_choice":{"type":"any"}""")]
    [InlineData("""[{"input_schema":{},"name":"n"}],"tool_choice":{"name":"n","type":"tool"}""",
        ""","tools":[{"name":"n","input_schema":{"type":"object"}}],"tool_choice":{"type":"tool","name":"n"}""")]
    [InlineData("""[],"tool_choice":{"type":"auto"}""", "")]
    [InlineData("""null,"tool_choice":{"type":"none"}""", "")]
    public void Edit_Tools_AreWhatTheClientRuns(string tools, string written) => Assert.Equal(Request(written), Edit(Request($",\"tools\":{tools}")));

    [Theory]
    [InlineData("web_search_20250305", "web_search")]
    [InlineData("web_fetch_20250910", "web_fetch")]
    [InlineData("code_execution_20250825", "code_execution")]
    [InlineData("computer_20250124", "computer")]
    [InlineData("bash_20250124", "bash")]
    [InlineData("text_editor_20250728", "text_editor")]
    [InlineData("memory_20250818", "memory")]
    [InlineData("tool_search_tool_regex_20251119", "tool_search")]
    [InlineData("mcp_toolset", "mcp_toolset")]
    [InlineData("advisor_20260301", "advisor")]
    [InlineData("secret_of_the_caller", "other")]
    public void Edit_HostedTool_IsRefusedOrLeftOutByName(string type, string word)
    {
        string body = Request($$""","tools":[{"type":"{{type}}","name":"x"}],"tool_choice":{"type":"auto"}""");
        PrivatemodeRequestException refusal = Refusal(body);
        Assert.Equal("tools[0].type", refusal.Member);
        Assert.Equal(word != "other", refusal.Message.Contains(word, StringComparison.Ordinal));
        Assert.DoesNotContain("secret", refusal.ToString(), StringComparison.Ordinal);
        Assert.Equal(Request(""), Edit(body, out MessagesEdit edit, new MessagesSettings("gpt-oss-120b") { LeavesOutHostedTools = true }));
        Assert.Equal([word], edit.LeftOut);
    }

    [Theory]
    [InlineData("""[{"name":"n","input_schema":{}}],"tool_choice":{"type":"tool","name":"other"}""", "tool_choice.name")]
    [InlineData("""[{"name":"n","input_schema":{}}],"tool_choice":{"type":"required"}""", "tool_choice.type")]
    [InlineData("""[{"name":"n","input_schema":{}}],"tool_choice":"auto" """, "tool_choice")]
    [InlineData("""[{"input_schema":{}}]""", "tools[0].name")]
    [InlineData("""[{"name":"n"}]""", "tools[0].input_schema")]
    [InlineData("""[{"name":"n","input_schema":{},"description":7}]""", "tools[0].description")]
    [InlineData("[7]", "tools[0]")]
    public void Edit_ToolThatCannotBeSent_IsRefusedWithItsPlace(string tools, string member) =>
        Assert.Equal(member, Refusal(Request($",\"tools\":{tools.Trim()}")).Member);

    [Fact]
    public void Edit_CacheSalt_IsDroppedIfTheProxySaysSo() => Assert.Equal(
        Request(""), Edit(Request(",\"cache_salt\":\"x\""), new MessagesSettings("gpt-oss-120b") { IgnoresCacheSalt = true }));

    [Fact]
    public void Edit_CountOfTokens_NeedsNoLimit() => Assert.Equal(
        $$"""{"model":"gpt-oss-120b","messages":{{Hi}}}""",
        Edit($$"""{"model":"m","messages":{{Hi}},"tools":[]}""", new MessagesSettings("gpt-oss-120b") { CountsTokens = true }));

    [Fact]
    public void Edit_UnknownMembers_AreCounted()
    {
        _ = Edit(Request(""","metadata":{},"one":1,"two":2"""), out MessagesEdit edit);
        Assert.Equal(2, edit.Unknown);
    }

    [Fact]
    public void Edit_HalfOfASurrogatePair_IsLeftToTheModelServer()
    {
        string body = WithMessages("""{"role":"user","content":[{"type":"text","text":"\ud83d"}]}""");
        Assert.Equal(body, Edit(body));
    }

    [Fact]
    public void Edit_ManyValues_AreRefusedBeforeTheyTakeMemory()
    {
        string body = WithMessages(string.Join(',', Enumerable.Repeat("0", 1_000_000)));
        Assert.Equal("body", Refusal(body).Member);
    }

    private static string Request(string members) => $$"""{"model":"gpt-oss-120b","max_tokens":9,"messages":{{Hi}}{{members}}}""";

    private static string WithMessages(string messages) => $$"""{"model":"gpt-oss-120b","max_tokens":9,"messages":[{{messages}}]}""";

    [Theory]
    [InlineData("""{"model":"m","max_tokens":9,"messages":[],"\ud800":1}""")]
    [InlineData("""{"model":"m","max_tokens":9,"messages":[],"chat_template_kwargs":{"\ud800":1}}""")]
    [InlineData("""{"model":"m","max_tokens":9,"messages":[],"tools":[{"name":"t","input_schema":{"properties":{"\ud800":{}}}}]}""")]
    public void Edit_NameThatIsNoText_IsRefused(string body) => Assert.Equal("body", Refusal(body).Member);

    private static string Edit(string body, MessagesSettings? settings = null) => Edit(body, out _, settings);

    private static string Edit(string body, out MessagesEdit edit, MessagesSettings? settings = null)
    {
        ArrayBufferWriter<byte> output = new();
        edit = MessagesRewriter.Edit(Encoding.UTF8.GetBytes(body), settings ?? new MessagesSettings("gpt-oss-120b"), output);
        ArrayBufferWriter<byte> again = new();
        _ = MessagesRewriter.Edit(output.WrittenMemory, settings ?? new MessagesSettings("gpt-oss-120b"), again);
        Assert.Equal(Encoding.UTF8.GetString(output.WrittenSpan), Encoding.UTF8.GetString(again.WrittenSpan));
        return Encoding.UTF8.GetString(output.WrittenSpan);
    }

    private static PrivatemodeRequestException Refusal(string body) => Assert.Throws<PrivatemodeRequestException>(() => Edit(body));
}
