using Privatemode.AI.AspNetCore.Dialects;

namespace Privatemode.AI.AspNetCore.Tests.Dialects;

/// <summary>What becomes of chats, completions, embeddings and requests for responses.</summary>
public sealed class ChatEditTests
{
    private const string Start = """{"model":"gpt-oss-120b","messages":[{"role":"user","content":"hi"}]""";

    [Theory]
    [InlineData("\"user\":\"u\"")]
    [InlineData("\"safety_identifier\":\"u\"")]
    [InlineData("\"metadata\":{\"a\":\"b\"}")]
    [InlineData("\"store\":true")]
    [InlineData("\"service_tier\":\"flex\"")]
    [InlineData("\"prompt_cache_key\":\"k\"")]
    [InlineData("\"prompt_cache_retention\":\"24h\"")]
    [InlineData("\"verbosity\":\"low\"")]
    [InlineData("\"prediction\":{\"type\":\"content\",\"content\":\"x\"}")]
    [InlineData("\"tools\":[ ],\"tool_choice\":\"required\",\"parallel_tool_calls\":true")]
    [InlineData("\"tool_choice\":\"auto\"")]
    [InlineData("\"tool_choice\":\"none\"")]
    public void Edit_MemberWithoutUse_IsLeftOut(string member)
    {
        Assert.Equal(Start + "}", new EditTesting().Run(ChatEdit.Edit, $"{Start},{member}}}"));
        Assert.Equal(Start + ",\"n\": 1}", new EditTesting().Run(ChatEdit.Edit, $"{Start}, {member} ,\"n\": 1 }}"));
        Assert.Equal("{" + Start[1..] + "}", new EditTesting().Run(ChatEdit.Edit, $"{{{member},{Start[1..]}}}"));
    }

    [Theory]
    [InlineData(16_384, true)]
    [InlineData(16_385, false)]
    public void Edit_DeveloperMessages_AreRefusedAboveTheLimit(int count, bool isAccepted)
    {
        string roles = string.Join(',', Enumerable.Repeat("""{"role":"developer","content":"x"}""", count));
        string body = $$"""{"model":"gpt-oss-120b","messages":[{{roles}}]}""";

        Exception? exception = Record.Exception(() => new EditTesting().Run(ChatEdit.Edit, body));

        Assert.Equal(isAccepted, exception is null);
        Assert.True(isAccepted || exception is PrivatemodeRequestException);
    }

    [Theory]
    [InlineData("\"tools\":[{\"type\":\"function\"}],\"tool_choice\":\"auto\",\"parallel_tool_calls\":false")]
    [InlineData("\"tool_choice\":\"required\"")]
    [InlineData("\"tool_choice\":{\"type\":\"function\",\"function\":{\"name\":\"f\"}}")]
    [InlineData("\"cache_salt\":\"0123456789abcdef0123456789abcdef\"")]
    [InlineData("\"max_tokens\" : 8192 , \"stream_options\":{\"include_usage\":true}")]
    [InlineData("\"chat_template_kwargs\":{\"a\":1},\"guided_json\":{},\"top_k\":1e1")]
    [InlineData("\"functions\":null,\"audio\":null,\"modalities\":[\"text\"]")]
    public void Edit_MemberOfTheModelServer_StaysByteForByte(string member)
    {
        string body = $" {Start} ,\n {member}\t}}\n";
        Assert.Same(body, new EditTesting().Run(ChatEdit.Edit, body, out EditResult result));
        Assert.False(result.IsChanged);
    }

    [Fact]
    public void Edit_Roles_AreThoseThatTemplatesKnow() => Assert.Equal(
        """{"model":"gpt-oss-120b","messages":[{"role": "system" ,"content":"developer"},{"content":{"role":"developer"},"role":"system"},{"role":"user"}]}""",
        new EditTesting().Run(
            ChatEdit.Edit,
            """{"model":"gpt-oss-120b","messages":[{"role": "developer" ,"content":"developer"},""" +
            """{"content":{"role":"developer"},"role":"d\u0065veloper"},{"role":"user"}]}"""));

    [Theory]
    [InlineData("\"web_search_options\":{}", "web_search_options")]
    [InlineData("\"functions\":[]", "functions")]
    [InlineData("\"function_call\":\"auto\"", "function_call")]
    [InlineData("\"modalities\":[\"text\",\"audio\"]", "modalities")]
    [InlineData("\"audio\":{}", "audio")]
    [InlineData("\"stream\":1", "stream")]
    [InlineData("\"model\":\"m\"", "body")]
    [InlineData("\"\\u006dodel\":\"m\"", "body")]
    [InlineData("\"a\\ud800\":1", "body")]
    [InlineData("\"a\":", "body")]
    public void Edit_MemberThatCannotBeSent_IsRefusedWithItsName(string member, string named) =>
        Assert.Equal(named, EditTesting.Refusal(ChatEdit.Edit, $"{Start},{member}}}").Member);

    [Fact]
    public void Edit_EmbeddingsAsAStream_AreRefused()
    {
        Assert.Equal("stream", EditTesting.Refusal(ChatEdit.Edit, """{"model":"m","input":"a","stream":true}""").Member);
        Assert.Contains("\"input\"", new EditTesting().Run(ChatEdit.Edit, """{"model":"m","input":"a","stream":false}"""), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("""{"model":null}""")]
    [InlineData("""{"model":7}""")]
    [InlineData("""{"model":""}""")]
    [InlineData("""{"model":"a b"}""")]
    [InlineData("""{"model":"a/../b"}""")]
    [InlineData("""{"model":"\ud800"}""")]
    public void Edit_WithoutAModel_IsRefused(string body)
    {
        Assert.Equal("model", EditTesting.Refusal(ChatEdit.Edit, body).Member);
        Assert.Equal("model", EditTesting.Refusal(ResponsesEdit.Edit, body).Member);
        Assert.Equal("model", EditTesting.Refusal(MessagesRewriter.Edit, body).Member);
    }

    [Theory]
    [InlineData("[]")]
    [InlineData("\"model\"")]
    [InlineData("")]
    [InlineData("{} {}")]
    [InlineData("{\"model\":\"m\"")]
    public void Edit_BodyThatIsNoObject_IsRefused(string body)
    {
        Assert.Equal("body", EditTesting.Refusal(ChatEdit.Edit, body).Member);
        Assert.Equal("body", EditTesting.Refusal(ResponsesEdit.Edit, body).Member);
        Assert.Equal("body", EditTesting.Refusal(MessagesRewriter.Edit, body).Member);
    }

    [Fact]
    public void Edit_Alias_IsReplacedAndNothingElse()
    {
        string edited = new EditTesting().Run(ChatEdit.Edit, """{ "messages":[ ],"model" : "gpt-4o", "stream":true}""", out EditResult result);
        Assert.Equal("""{"messages":[ ],"model" : "gpt-oss-120b","stream":true}""", edited);
        Assert.Equal(("gpt-4o", "gpt-oss-120b", true), (result.RequestedModel, result.Model, result.IsStream));
    }

    [Fact]
    public void Edit_Embeddings_GetAModelForEmbeddings() => Assert.Equal(
        """{"model":"qwen3-embedding-4b","input":["a"]}""",
        new EditTesting().Run(ChatEdit.Edit, """{"model":"text-embedding-3-small","input":["a"],"user":"u"}"""));

    [Theory]
    [InlineData(false, true)]
    [InlineData(true, false)]
    public void Edit_CacheSaltOfTheCaller_StaysUnlessTheProxySaysSo(bool isIgnored, bool stays)
    {
        EditTesting edits = new() { Options = { IgnoreCallerCacheSalt = isIgnored } };
        Assert.Equal(stays, edits.Run(ChatEdit.Edit, Start + ",\"cache_salt\":\"s\"}").Contains("cache_salt", StringComparison.Ordinal));
        Assert.Equal(
            stays,
            edits.Run(ResponsesEdit.Edit, """{"model":"glm-5.3","input":"x","cache_salt":"s"}""").Contains("cache_salt", StringComparison.Ordinal));
    }

    [Fact]
    public void Edit_MoreMembersThanABodyHas_IsRefused() => Assert.Equal(
        "body", EditTesting.Refusal(ChatEdit.Edit, $"{{\"model\":\"m\"{string.Concat(Enumerable.Range(0, 4096).Select(i => $",\"a{i}\":0"))}}}").Member);

    [Fact]
    public void EditResponses_ModelAndCacheKey_AreReplacedAndNothingElse()
    {
        EditTesting edits = new() { Caller = new(0, "d1") };
        string edited = edits.RunOnce(
            ResponsesEdit.Edit,
            """{"model":"gpt-5.1-codex","input":"x","user":"u","prompt_cache_key":"a\"b","client_metadata":{"p":"/home"},"stream":true}""",
            out EditResult result);
        Assert.Equal(
            """{"model":"gpt-oss-120b","input":"x","user":"u","prompt_cache_key":"d1:a\u0022b","client_metadata":{"p":"/home"},"stream":true}""", edited);
        Assert.Equal((true, "d1:a\"b"), (result.IsStream, result.CacheKey));
    }

    [Theory]
    [InlineData("\"\"")]
    [InlineData("\"\\u00e4\"")]
    [InlineData("\"\\ud800\"")]
    public void EditResponses_CacheKeyThatIsNoSession_IsLeftOut(string key) => Assert.Equal(
        """{"model":"glm-5.3","input":"x"}""", new EditTesting().Run(ResponsesEdit.Edit, $$"""{"model":"glm-5.3","input":"x","prompt_cache_key":{{key}}}"""));
}
