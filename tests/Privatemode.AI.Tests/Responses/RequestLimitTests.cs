using System.Text;

namespace Privatemode.AI.Tests.Responses;

/// <summary>How much a request for a response may have, and what a response repeats of it.</summary>
public sealed class RequestLimitTests
{
    [Fact]
    public void Items_20000_AreTheMost()
    {
        string Request(int count) => $$"""{"model":"m","input":[{{List(count, "{\"role\":\"user\",\"content\":\"a\"}")}}]}""";
        Assert.EndsWith("]}", RequestTranslation.Of(Request(20_000)).Chat, StringComparison.Ordinal);
        AssertRefused("input", Request(20_001));
    }

    [Fact]
    public void Parts_10000_AreTheMost()
    {
        string Request(int count) =>
            $$"""{"model":"m","input":[{"role":"user","content":[{{List(count, "{\"type\":\"input_text\",\"text\":\"a\"}")}}]}]}""";
        _ = RequestTranslation.Of(Request(10_000));
        AssertRefused("input[0].content", Request(10_001));
    }

    [Fact]
    public void Parts_OfAnOutput_AreLimitedToo() => AssertRefused(
        "input[1].output",
        $$"""
        {"model":"m","input":[{"type":"function_call","call_id":"c","name":"f","arguments":"{}"},
        {"type":"function_call_output","call_id":"c","output":[{{List(10_001, "{\"type\":\"input_text\",\"text\":\"a\"}")}}]}]}
        """);

    [Fact]
    public void Tools_1024_AreTheMost()
    {
        string Request(int count) => $$"""{"model":"m","input":"a","tools":[{{Tools(count)}}]}""";
        Assert.Equal(1024, RequestTranslation.Of(Request(1024)).Facts.Tools.Count);
        AssertRefused("tools", Request(1025));
    }

    [Fact]
    public void Tools_OfNamespaces_CountOneByOne() => AssertRefused(
        "tools", $$"""{"model":"m","input":"a","tools":[{"type":"namespace","name":"n","tools":[{{Tools(1024)}}]},{"type":"function","name":"f"}]}""");

    [Fact]
    public void Tools_HostedOnes_CountToo() => Assert.Equal("tools", Assert.Throws<PrivatemodeRequestException>(() => RequestTranslation.Of(
        $$"""{"model":"m","input":"a","tools":[{{List(1025, "{\"type\":\"web_search\"}")}}]}""", leavesOutHosted: true)).Member);

    [Fact]
    public void AllowedTools_1024_AreTheMost()
    {
        string Request(int count) => $$$"""
            {"model":"m","input":"a","tools":[{"type":"function","name":"f"}],
            "tool_choice":{"type":"allowed_tools","mode":"auto","tools":[{{{List(count, "{\"type\":\"function\",\"name\":\"f\"}")}}}]}}
            """;
        _ = RequestTranslation.Of(Request(1024));
        AssertRefused("tool_choice.tools", Request(1025));
    }

    [Theory]
    [InlineData("tools[0].name", """{"model":"m","input":"a","tools":[{"type":"function","name":"#"}]}""", 256)]
    [InlineData("tools[0].name", """{"model":"m","input":"a","tools":[{"type":"namespace","name":"#","tools":[]}]}""", 256)]
    [InlineData("input[0].name", """{"model":"m","input":[{"type":"function_call","call_id":"c","name":"#","arguments":"{}"}]}""", 1024)]
    [InlineData("input[0].namespace", """{"model":"m","input":[{"type":"function_call","call_id":"c","name":"f","namespace":"#","arguments":"{}"}]}""", 256)]
    [InlineData("input[0].call_id", """{"model":"m","input":[{"type":"function_call","call_id":"#","name":"f","arguments":"{}"}]}""", 1024)]
    public void Names_OfTheirLength_AreTheLongest(string member, string request, int longest)
    {
        _ = RequestTranslation.Of(request.Replace("#", new string('x', longest), StringComparison.Ordinal));
        _ = RequestTranslation.Of(request.Replace("#", string.Concat(Enumerable.Repeat("\\u0078", longest)), StringComparison.Ordinal));
        AssertRefused(member, request.Replace("#", new string('x', longest + 1), StringComparison.Ordinal));
        AssertRefused(member, request.Replace("#", new string('é', (longest / 2) + 1), StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("""{"model":"m","input":"a","client_metadata":#}""", 1, 256)]
    [InlineData("""{"model":"m","input":"a","text":{"format":{"type":"json_schema","name":"n","schema":{"a":#}}}}""", 4, 256)]
    [InlineData("""{"model":"m","input":"a","tools":[{"type":"function","name":"f","parameters":{"a":#}}]}""", 4, 255)] // one deeper in the chat
    public void Depth_IsLimited(string request, int before, int deepest)
    {
        string Nested(int depth) => request.Replace("#", new string('[', depth - before) + new string(']', depth - before), StringComparison.Ordinal);
        _ = RequestTranslation.Of(Nested(deepest));
        Assert.Equal("unparsable-body", Assert.Throws<PrivatemodeWouldLeakException>(() => RequestTranslation.Of(Nested(deepest + 1))).ErrorType);
    }

    [Fact]
    public void Members_1000_AreTheMost()
    {
        string Request(int nulls) => $$"""{"model":"m","input":"a"{{string.Concat(Enumerable.Range(0, nulls).Select(i => $",\"a{i}\":null"))}} }""";
        _ = RequestTranslation.Of(Request(998));
        AssertRefused("body", Request(999));
    }

    /// <summary>A single item of almost two million members that are null took half a second, half of it for the search for equal names.</summary>
    [Theory]
    [InlineData("""{"model":"m","input":[{"role":"user","content":"a"#}]}""", 2)]
    [InlineData("""{"model":"m","input":"a","tools":[{"type":"function","name":"f","parameters":{"a":1#}}]}""", 1)]
    [InlineData("""{"model":"m","input":"a","client_metadata":{"a":{},"b":[{"a":1}]#}}""", 2)]
    public void MembersOfAnObject_10000_AreTheMost(string request, int others)
    {
        string With(int nulls) => request.Replace("#", string.Concat(Enumerable.Range(0, nulls).Select(i => $",\"a{i}\":null")), StringComparison.Ordinal);
        _ = RequestTranslation.Of(With(10_000 - others));
        AssertRefused("body", With(10_001 - others));
    }

    [Fact]
    public void ArgumentsOfAllCalls_AMillionTokens_AreTheMost()
    {
        string Request(int last)
        {
            string Arguments(int count) => $"{{\\\"a\\\":[{List(count - 5, "0")}]}}";
            IEnumerable<string> calls = new[] { 400_000, 400_000, last }.Select((count, i) =>
                $$"""{"type":"function_call","call_id":"c{{i}}","name":"f","arguments":"{{Arguments(count)}}"}""");
            return $$"""{"model":"m","input":[{{string.Join(',', calls)}}]}""";
        }

        _ = RequestTranslation.Of(Request(200_000));
        AssertRefused("input", Request(200_001));
    }

    /// <summary>A body can become several times as long: what a namespace says of itself is said of each of its tools.</summary>
    [Fact]
    public void Chat_LongerThanARequest_IsRefused() => AssertRefused(
        "body",
        $$"""
        {"model":"m","input":"a","tools":[{"type":"namespace","name":"n","description":"{{new string('d', 10_000_000)}}","tools":[{{Tools(14)}}]}]}
        """);

    [Fact]
    public void TextFile_ThatWouldBeLongerThanARequest_IsRefusedBeforeItIsEscaped()
    {
        string file = Convert.ToBase64String(Encoding.ASCII.GetBytes(new string('\e', 23_000_000)));
        string request = $$"""{"model":"m","input":[{"role":"user","content":[{"type":"input_file","file_data":"{{file}}"}]}]}""";
        long before = GC.GetAllocatedBytesForCurrentThread();
        AssertRefused("body", request);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 250_000_000);
    }

    [Fact]
    public void Tokens_FourMillion_AreTheMost()
    {
        // Nine are not in the list: its brackets, the braces, three names and two values.
        string Request(int count) => $$"""{"model":"m","input":"a","client_metadata":[{{List(count, "0")}}]}""";
        _ = RequestTranslation.Of(Request(3_999_991));
        AssertRefused("body", Request(3_999_992));
    }

    [Theory]
    [InlineData("""{"model":"m","input":"a\ud800"}""")]
    [InlineData("""{"model":"m","input":"a","user":"\udc00"}""")]
    [InlineData("""{"model":"m","input":[{"type":"custom_tool_call","call_id":"c","name":"f","input":"\ud800"}]}""")]
    [InlineData("""{"model":"m","input":"a","\ud800":1}""")]
    public void LoneSurrogates_AreRefusedAsInChats(string request) => AssertRefused("body", request);

    [Fact]
    public void InvalidUtf8_InAMemberThatIsDropped_IsRefused()
    {
        byte[] request = Encoding.Latin1.GetBytes("""{"model":"m","input":"a","user":"é"}""");
        Assert.Equal("unparsable-body", Assert.Throws<PrivatemodeWouldLeakException>(() => RequestTranslation.Of(request)).ErrorType);
    }

    [Fact]
    public void Metadata_OfItsLengths_IsTaken()
    {
        string name = string.Concat(Enumerable.Repeat("\\u00e9", 64));
        string pairs = string.Join(',', Enumerable.Range(0, 15).Select(i => $"\"{i}\":\"{new string('é', 512)}\"").Append($"\"{name}\":\"\\\"\\n\""));
        Assert.Equal(["metadata"], RequestTranslation.Of($$$"""{"model":"m","input":"a","metadata":{{{{pairs}}}}}""").Echo.Keys);
        AssertRefused("metadata", $$$"""{"model":"m","input":"a","metadata":{"a":"{{{new string('é', 513)}}}"}}""");
    }

    [Fact]
    public void Echo_HasWhatWasWritten()
    {
        const string Request = """
            {"model":"m","input":"a","metadata":{"a" : "b"},"temperature":1.0,"top_p":0.50,"max_output_tokens":7,"parallel_tool_calls":true,
            "tool_choice":"auto","text":{"verbosity":"low"},"top_logprobs":0,"reasoning":{ "effort":"low" },"instructions":"x","user":"u"}
            """;
        IReadOnlyDictionary<string, string> echo = RequestTranslation.Of(Request).Echo;
        Assert.Equal(
            ["{\"a\" : \"b\"}", "1.0", "0.50", "7", "true", "\"auto\"", "{\"verbosity\":\"low\"}", "0", "{ \"effort\":\"low\" }"], echo.Values);
    }

    [Fact]
    public void Echo_LongerThan64KiB_LeavesOutWhatDoesNotFit()
    {
        string text = """{"format":{"type":"json_schema","name":"n","schema":{"description":"#"}}}"""
            .Replace("#", new string('x', 65_500), StringComparison.Ordinal);
        string request = $$"""{"model":"m","input":"a","text":{{text}},"metadata":{"a":"b"},"top_p":1}""";
        IReadOnlyDictionary<string, string> echo = RequestTranslation.Of(request).Echo;
        Assert.Equal(["metadata", "top_p"], echo.Keys);
    }

    private static string List(int count, string item) => string.Join(',', Enumerable.Repeat(item, count));

    private static string Tools(int count) => string.Join(',', Enumerable.Range(0, count).Select(i => $"{{\"type\":\"function\",\"name\":\"f{i}\"}}"));

    private static void AssertRefused(string member, string request) =>
        Assert.Equal(member, Assert.Throws<PrivatemodeRequestException>(() => RequestTranslation.Of(request)).Member);
}
