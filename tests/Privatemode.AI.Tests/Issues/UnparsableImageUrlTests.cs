using System.Text;
using System.Text.Json;
using Privatemode.AI.Encryption;
using Privatemode.AI.Internal;
using Privatemode.AI.Pipeline.Requests;
using Privatemode.AI.Testing;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.Tests.Issues;

/// <summary>The service answers an image URL that it cannot parse with an error in the clear that quotes the URL.</summary>
public sealed class UnparsableImageUrlTests
{
    private const string ChatPath = "/v1/chat/completions";
    private const string MessagesPath = "/v1/messages";

    public static TheoryData<string> Unparsable =>
    [
        "https://x/%zz",
        "https://x/%4",
        "https://[::1/a",
        "https://[::g]/a",
        "https://[::ffff:1.2.3.04]/a",
        "https://[[::1]/a",
        "https://[::1]x/a",
        "https://x:y/a",
        "https://x:80:80/a",
        "https://x/\u007f",
        "https://x/a\nb",
        "https://x/a#%zz",
        "https://x y/a",
        "https://x%20y/a",
        "https://us\"er@x/a",
        "https://us%zer@x/a",
        "https:///a",
        "http://x/a",
        " data:image/png;base64,AAAA",
        "data:image/png;base64,AA\r\nAA",
        "data:image/png;base64,AA\u007fAA",
        "data:image/svg+xml,<svg fill='#fff' width='100%'/>",
        "data:/image%zz",
        "",
    ];

    public static TheoryData<string> Parsable =>
    [
        "https://x/a%20b?c=%zz&d=e#f%20",
        "https://us-er:p%41ss@x.example:443/a",
        "https://[2606:2800:220:1:248:1893:25c8:1946]:443/a",
        "https://bücher.example/ä",
        "HTTPS://x?a",
        "data:image/png;base64,AA+/AA==",
        "DATA:image/svg+xml,<svg fill='%23fff'/>#a",
    ];

    [Theory]
    [MemberData(nameof(Unparsable))]
    public async Task Chat_UrlTheServiceCannotParse_IsRefusedBeforeSending(string url)
    {
        PrivatemodeWouldLeakException exception = await RefusedAsync(
            ChatPath, $$$"""[{"role":"system","content":"hi"},{"role":"user","content":[{"type":"text","text":"hi"},{{{ImagePart(url)}}}]}]""");
        Assert.Contains("messages[1].content[1]", exception.Message, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Unparsable))]
    public async Task Messages_UrlTheServiceCannotParse_IsRefusedBeforeSending(string url)
    {
        PrivatemodeWouldLeakException exception = await RefusedAsync(
            MessagesPath, $$$"""[{"role":"user","content":[{"type":"text","text":"hi"},{{{ImageBlock(url)}}}]}]""");
        Assert.Contains("messages[0].content[1]", exception.Message, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Unparsable))]
    public async Task Messages_UrlInAToolResult_IsRefusedBeforeSending(string url)
    {
        string result = $$"""{"type":"tool_result","tool_use_id":"t","content":[{"type":"text","text":"hi"},{{ImageBlock(url)}}]}""";
        PrivatemodeWouldLeakException exception = await RefusedAsync(
            MessagesPath, $$$"""[{"role":"user","content":[{{{result}}}]}]""");
        Assert.Contains("messages[0].content[0].content[1]", exception.Message, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Parsable))]
    public void Resolve_UrlTheServiceCanParse_Passes(string url)
    {
        RemoteMediaResolver passing = new(RemoteMediaPolicy.FetchByService, null);
        Resolve(passing, EndpointRules.ChatCompletions, $$$"""[{"role":"user","content":[{{{ImagePart(url)}}}]}]""");
        Resolve(passing, EndpointRules.Messages, $$$"""[{"role":"user","content":[{{{ImageBlock(url)}}}]}]""");
    }

    [Theory]
    [InlineData(RemoteMediaPolicy.Refuse)]
    [InlineData(RemoteMediaPolicy.FetchLocally)]
    [InlineData(RemoteMediaPolicy.FetchByService)]
    public void Resolve_ImageTheServiceWouldQuote_IsRefusedUnderEveryPolicy(RemoteMediaPolicy policy)
    {
        foreach (string url in (string[])["data:image/png;base64,AA\r\nAA", "data:image/svg+xml,<svg fill='#fff' width='100%'/>"])
        {
            PrivatemodeWouldLeakException exception = Assert.Throws<PrivatemodeWouldLeakException>(
                () => Resolve(
                    new RemoteMediaResolver(policy, null), EndpointRules.ChatCompletions, $$$"""[{"role":"user","content":[{{{ImagePart(url)}}}]}]"""));
            Assert.Contains("messages[0].content[0]", exception.Message, StringComparison.Ordinal);
            Assert.DoesNotContain("AA", exception.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Resolve_SeveralMessages_NamesTheOne()
    {
        string deep = """{"role":"assistant","content":null,"tool_calls":[{"function":{"name":"f","arguments":"{}"}},[[]]]}""";
        string body = $$$"""[{{{deep}}},{"content":[{"a":[{"b":{}}]},{{{ImagePart("https://x/a")}}}]},{"content":[[],{{{ImagePart("https://x/%")}}}]}]""";
        PrivatemodeWouldLeakException exception = Assert.Throws<PrivatemodeWouldLeakException>(
            () => Resolve(new RemoteMediaResolver(RemoteMediaPolicy.FetchByService, null), EndpointRules.ChatCompletions, body));
        Assert.Contains("messages[2].content[1]", exception.Message, StringComparison.Ordinal);
    }

    /// <summary>Other content that has a member of the same name.</summary>
    [Theory]
    [InlineData("""{"type":"tool_use","id":"t","name":"find","input":{"filter":{"source":"wikipedia"}}}""")]
    [InlineData("""{"type":"tool_use","id":"t","name":"find","input":{"filter":{"source":{"url":"http://intranet/a"}}}}""")]
    [InlineData("""{"type":"tool_use","id":"t","name":"find","input":{"content":{"filter":{"source":{"url":"http://intranet/a"}}}}}""")]
    [InlineData("""{"type":"text","text":"hi","citations":[{"type":"web","source":"https://x/%"}]}""")]
    [InlineData("""{"type":"search_result","source":"https://x/%","title":"t","content":[{"type":"text","text":"hi"}]}""")]
    [InlineData("""{"type":"tool_result","tool_use_id":"t","content":[{"type":"search_result","source":"wiki","title":"t","content":[]}]}""")]
    [InlineData("""{"type":"image","source":{"type":"base64","media_type":"image/png","data":"AAAA"}}""")]
    public void Resolve_SourceThatIsNoImage_Passes(string block)
    {
        foreach (RemoteMediaPolicy policy in Enum.GetValues<RemoteMediaPolicy>())
        {
            Resolve(new RemoteMediaResolver(policy, null), EndpointRules.Messages, $$"""[{"role":"assistant","content":[{{block}}]}]""");
        }
    }

    [Theory]
    [InlineData("""[{"source":{"url":"https://x/%"},"content":[[]],"type":"image"}]""", "messages[0].content[0] ")]
    [InlineData("""[{"a":{"content":[1]},"content":[{"content":{},"source":{"url":"https://x/%"}}]}]""", "messages[0].content[0].content[0] ")]
    [InlineData("""[{"c\u006fntent":[{"s\u006furce":{"url":"https://x/%"}}]}]""", "messages[0].content[0].content[0] ")]
    public void Resolve_ImageBesideOtherMembers_IsFound(string content, string place)
    {
        PrivatemodeWouldLeakException exception = Assert.Throws<PrivatemodeWouldLeakException>(() => Resolve(
            new RemoteMediaResolver(RemoteMediaPolicy.FetchByService, null), EndpointRules.Messages, $$"""[{"role":"user","content":{{content}}}]"""));
        Assert.StartsWith(place, exception.Message, StringComparison.Ordinal);
    }

    private static string ImagePart(string url) => $$$"""{"type":"image_url","image_url":{"url":{{{Quoted(url)}}}}}""";

    private static string ImageBlock(string url) => $$$"""{"type":"image","source":{"type":"url","url":{{{Quoted(url)}}}}}""";

    private static string Quoted(string text) => $"\"{JsonEncodedText.Encode(text)}\"";

    private static void Resolve(RemoteMediaResolver resolver, EndpointRule rule, string messages)
    {
        using JsonRequestBody body = new(PooledBytes.Copy(Encoding.UTF8.GetBytes($$"""{"messages":{{messages}}}""")));
        resolver.ResolveAsync(rule, body, async: false, CancellationToken.None).Completed();
    }

    private static async Task<PrivatemodeWouldLeakException> RefusedAsync(string path, string messages)
    {
        await using PrivatemodeTestDeployment deployment = await PrivatemodeTestDeployment.StartAsync();
        await using PrivatemodeClient client = deployment.CreateClient(options => options.Media.Remote = RemoteMediaPolicy.FetchByService);
        using HttpClient http = new(client.CreateHandler()) { BaseAddress = deployment.Endpoint };
        using StringContent body = new($$"""{"model":"gemma-3-27b","max_tokens":9,"messages":{{messages}}}""", Encoding.UTF8, "application/json");
        PrivatemodeWouldLeakException exception = await Assert.ThrowsAsync<PrivatemodeWouldLeakException>(async () =>
        {
            using HttpResponseMessage answer = await http.PostAsync(new Uri(path, UriKind.Relative), body).OrTimeout();
            Assert.Fail($"The service answered: {await answer.Content.ReadAsStringAsync()}");
        });
        Assert.Equal("remote-media", exception.ErrorType);
        Assert.Empty(deployment.Requests);
        return exception;
    }
}
