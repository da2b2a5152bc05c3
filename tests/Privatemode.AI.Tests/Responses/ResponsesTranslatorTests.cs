using System.Text;
using Microsoft.Extensions.Logging;
using Privatemode.AI.Diagnostics;
using Privatemode.AI.Encryption;
using Privatemode.AI.Pipeline.Requests;
using Privatemode.AI.Responses;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.Tests.Responses;

/// <summary>Reasoning that is sent back, images by URL, and who owns what.</summary>
public sealed class ResponsesTranslatorTests
{
    private const string Encrypted = """{"model":"m","input":[{"type":"reasoning","summary":[],"encrypted_content":"#"},{"role":"assistant","content":"a"}]}""";

    [Fact]
    public void Reasoning_OfTheSameCaller_IsDecrypted()
    {
        using ResponsesTranslator translator = Create(new ResponsesOptions());
        string blob = Encrypt(translator, new ResponsesCaller("key") { Name = "anna" });
        (string chat, int foreign) = Translate(
            translator, new ResponsesCaller("key") { Name = "anna" }, Encrypted.Replace("#", blob, StringComparison.Ordinal));
        Assert.Equal("""{"model":"m","messages":[{"role":"assistant","content":"a","reasoning":"thought"}]}""", chat);
        Assert.Equal(0, foreign);
    }

    [Theory]
    [InlineData("other", "anna")]
    [InlineData("key", "ben")]
    [InlineData("key", null)]
    public void Reasoning_OfAnotherCaller_IsLeftOut(string apiKey, string? name)
    {
        using ResponsesTranslator translator = Create(new ResponsesOptions());
        string blob = Encrypt(translator, new ResponsesCaller("key") { Name = "anna" });
        (string chat, int foreign) = Translate(translator, new ResponsesCaller(apiKey) { Name = name }, Encrypted.Replace("#", blob, StringComparison.Ordinal));
        Assert.Equal("""{"model":"m","messages":[{"role":"assistant","content":"a"}]}""", chat);
        Assert.Equal(1, foreign);
    }

    [Fact]
    public void Reasoning_OfAnotherClient_NeedsTheSameKey()
    {
        byte[] key = [.. Enumerable.Range(0, 32).Select(i => (byte)i)];
        using ResponsesTranslator one = Create(new ResponsesOptions { ReasoningKey = key });
        using ResponsesTranslator same = Create(new ResponsesOptions { ReasoningKey = key });
        using ResponsesTranslator other = Create(new ResponsesOptions());
        string request = Encrypted.Replace("#", Encrypt(one, new ResponsesCaller("key")), StringComparison.Ordinal);
        Assert.Equal(0, Translate(same, new ResponsesCaller("key"), request).Foreign);
        Assert.Equal(1, Translate(other, new ResponsesCaller("key"), request).Foreign);
    }

    /// <summary>A key is best cleared as soon as it is no longer needed. All zeros would be a key that others know.</summary>
    [Fact]
    public void ReasoningKey_ClearedByItsOwner_IsStillTheOneThatWasSet()
    {
        byte[] key = [.. Enumerable.Range(0, 32).Select(i => (byte)i)];
        using ResponsesTranslator one = Create(new ResponsesOptions { ReasoningKey = key.ToArray() });
        using ResponsesTranslator cleared = Create(new ResponsesOptions { ReasoningKey = key });
        key.AsSpan().Clear();
        string request = Encrypted.Replace("#", Encrypt(cleared, new ResponsesCaller("key")), StringComparison.Ordinal);
        Assert.Equal(0, Translate(one, new ResponsesCaller("key"), request).Foreign);
    }

    /// <summary>There are billions of orders.</summary>
    [Fact]
    public void ToolsLeftOut_InAnotherOrder_AreNotLoggedAgain()
    {
        using LogLines lines = new();
        using ILoggerFactory loggers = LoggerFactory.Create(logging => logging.AddProvider(lines));
        ClientEvents events = new(loggers, new Uri("https://service.test"));
        events.HostedToolsLeftOut("web_search, mcp, shell", "1");
        events.HostedToolsLeftOut("shell, web_search, mcp", "2");
        Assert.Single(lines.All);
        events.HostedToolsLeftOut("shell, mcp", "3");
        Assert.Equal(2, lines.All.Count);
    }

    [Fact]
    public void Call_HasWhatTheAnswerDependsOn()
    {
        using ResponsesTranslator translator = Create(new ResponsesOptions { HostedTools = HostedToolPolicy.LeaveOut });
        (PooledBytes body, CallTranslation translation) = translator.Translate(
            Bytes("""
                {"model":"m","input":"a","prompt_cache_key":"s","include":["message.output_text.logprobs"],"top_p":1,
                "tools":[{"type":"web_search"},{"type":"mcp"},{"type":"namespace","name":"n","tools":[{"type":"custom","name":"c"}]}]}
                """),
            new ResponsesCaller("key"));
        using (body)
        using (translation)
        {
            ResponsesCall call = Assert.IsType<ResponsesCall>(translation);
            Assert.Equal("s", call.CacheKey);
            Assert.Equal("web_search, mcp", call.LeftOutTools);
            Assert.True(call.WantsLogprobs);
            Assert.Null(call.EncryptReasoning);
            Assert.Equal(new ToolName(true, "n", "c"), call.Tools["n__c"]);
            Assert.Equal("1", Encoding.UTF8.GetString(call.Echo.Find("top_p")));
        }
    }

    [Fact]
    public void Body_IsTakenOver_AlsoWhenItIsRefused()
    {
        using ResponsesTranslator translator = Create(new ResponsesOptions());
        PooledBytes refused = Bytes("""{"model":"m","input":"a","store":true}""");
        Assert.Throws<PrivatemodeRequestException>(() => translator.Translate(refused, new ResponsesCaller("key")));
        Assert.Throws<ObjectDisposedException>(() => refused.Memory);
        PooledBytes accepted = Bytes("""{"model":"m","input":"a"}""");
        (PooledBytes body, CallTranslation translation) = translator.Translate(accepted, new ResponsesCaller("key"));
        Assert.Throws<ObjectDisposedException>(() => accepted.Memory);
        body.Dispose();
        translation.Dispose();
    }

    [Theory]
    [InlineData(RemoteMediaPolicy.Refuse, "https://example.com/a.png")]
    [InlineData(RemoteMediaPolicy.FetchByService, "http://example.com/a.png")]
    public async Task ImageByUrl_ThePolicyForMediaJudges(RemoteMediaPolicy policy, string url)
    {
        RequestTranslation translated = RequestTranslation.Of(
            $$"""{"model":"m","input":[{"role":"user","content":[{"type":"input_image","image_url":"{{url}}"}]}]}""");
        using JsonRequestBody body = new(Bytes(translated.Chat));
        PrivatemodeWouldLeakException refused = await Assert.ThrowsAsync<PrivatemodeWouldLeakException>(async () =>
            await new RemoteMediaResolver(policy, null).ResolveAsync(EndpointRules.ChatCompletions, body, async: true, CancellationToken.None));
        Assert.Equal("remote-media", refused.ErrorType);
    }

    private static ResponsesTranslator Create(ResponsesOptions options) =>
        new(options, TimeProvider.System, new ClientEvents(null, new Uri("https://service.test")));

    private static PooledBytes Bytes(string text) => PooledBytes.Copy(Encoding.UTF8.GetBytes(text));

    private static (string Chat, int Foreign) Translate(ResponsesTranslator translator, ResponsesCaller caller, string request)
    {
        (PooledBytes body, CallTranslation translation) = translator.Translate(Bytes(request), caller);
        using (body)
        using (translation)
        {
            return (Encoding.UTF8.GetString(body.Span), ((ResponsesCall)translation).ForeignReasoning);
        }
    }

    private static string Encrypt(ResponsesTranslator translator, ResponsesCaller caller)
    {
        (PooledBytes body, CallTranslation translation) = translator.Translate(
            Bytes("""{"model":"m","input":"a","include":["reasoning.encrypted_content"]}"""), caller);
        using (body)
        using (translation)
        {
            string blob = Encoding.ASCII.GetString(((ResponsesCall)translation).EncryptReasoning!("thought"u8));
            Assert.All(blob, character => Assert.True(char.IsAsciiLetterOrDigit(character) || character is '.' or '-' or '_'));
            return blob;
        }
    }
}
