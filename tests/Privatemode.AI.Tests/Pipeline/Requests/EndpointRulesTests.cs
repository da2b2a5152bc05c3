using Privatemode.AI.Pipeline.Requests;

namespace Privatemode.AI.Tests.Pipeline.Requests;

public sealed class EndpointRulesTests
{
    private static readonly Uri Service = new("https://api.privatemode.ai");

    [Theory]
    [InlineData("POST", "/v1/chat/completions", true)]
    [InlineData("POST", "/v1/completions", true)]
    [InlineData("POST", "/v1/embeddings", true)]
    [InlineData("POST", "/v1/audio/transcriptions", true)]
    [InlineData("POST", "/v1/messages", true)]
    [InlineData("POST", "/unstructured/general/v0/general", true)]
    [InlineData("GET", "/v1/models", false)]
    [InlineData("GET", "/v1/models/gpt-oss-120b", false)]
    [InlineData("GET", "/v1/models/openai/gpt-oss-120b", false)]
    [InlineData("GET", "/v1/models/openai%2Fgpt-oss-120b", false)]
    [InlineData("GET", "/v1/models/openai%2fgpt-oss-120b", false)]
    public void Match_KnownEndpoint_HasItsRule(string method, string path, bool isSealed)
    {
        EndpointRule rule = EndpointRules.Match(method, new Uri(Service, path), Service);
        Assert.Equal((path, isSealed), (rule.Path, rule.IsEncrypted));
    }

    [Theory]
    [InlineData("GET", "/v1/chat/completions", "unknown-endpoint")]
    [InlineData("POST", "/v1/chat/completions/", "unknown-endpoint")]
    [InlineData("POST", "/v1/Chat/completions", "unknown-endpoint")]
    [InlineData("POST", "/v1//chat/completions", "unknown-endpoint")]
    [InlineData("POST", "/v1/images/generations", "unknown-endpoint")]
    [InlineData("GET", "/v1/responses", "nothing-stored")]
    [InlineData("GET", "/v1/responses/resp_1", "nothing-stored")]
    [InlineData("DELETE", "/v1/responses/resp_1", "nothing-stored")]
    [InlineData("POST", "/v1/responses/resp_1/cancel", "nothing-stored")]
    [InlineData("POST", "/v1/responses/compact", "nothing-stored")]
    [InlineData("POST", "/v1/conversations", "nothing-stored")]
    [InlineData("GET", "/v1/conversations/conv_1/items", "nothing-stored")]
    [InlineData("POST", "/v1/responsesx", "unknown-endpoint")]
    [InlineData("POST", "/v1/Responses", "unknown-endpoint")]
    [InlineData("POST", "/v1/responses?x", "query-string")]
    [InlineData("GET", "/v1/audio/transcriptions", "unknown-endpoint")]
    [InlineData("POST", "/v1/audio/translations", "removed-endpoint")]
    [InlineData("POST", "/v1/models", "unknown-endpoint")]
    [InlineData("DELETE", "/v1/models/gpt-oss-120b", "unknown-endpoint")]
    [InlineData("GET", "/v1/models/", "unknown-endpoint")]
    [InlineData("GET", "/v1/models/a%20b", "unknown-endpoint")]
    [InlineData("GET", "/v1/models/..%2Fchat", "unknown-endpoint")]
    [InlineData("GET", "/v1/models/a%2F.", "unknown-endpoint")]
    [InlineData("GET", "/v1/models/a%252Fb", "unknown-endpoint")]
    [InlineData("GET", "/v1/models/a?after=x", "query-string")]
    [InlineData("POST", "/v1/chat/completions?api-version=1", "query-string")]
    [InlineData("POST", "/", "unknown-endpoint")]
    [InlineData("POST", "/privatemode/v1/secret", "unknown-endpoint")]
    public void Match_AnythingElse_IsRefused(string method, string path, string refused) =>
        Assert.Equal(refused, Refused(method, new Uri(Service + path[1..])));

    [Fact]
    public void Match_Responses_AreChatsUnderAnotherName()
    {
        EndpointRule rule = EndpointRules.Match("POST", new Uri(Service, "/v1/responses"), Service);
        Assert.Same(EndpointRules.ChatCompletions, rule.SentAs);
        Assert.Equal(EndpointRules.ChatCompletions, rule with { Path = "/v1/chat/completions", SentAs = null });
    }

    [Theory]
    [InlineData("http://api.privatemode.ai/v1/chat/completions")]
    [InlineData("https://api.privatemode.ai:8443/v1/chat/completions")]
    [InlineData("https://api.privatemode.ai.example/v1/chat/completions")]
    [InlineData("https://user:secret@api.privatemode.ai/v1/chat/completions")]
    public void Match_AnotherAddress_IsRefused(string address) => Assert.Equal("other-host", Refused("POST", new Uri(address)));

    private static string Refused(string method, Uri uri) =>
        Assert.Throws<PrivatemodeWouldLeakException>(() => EndpointRules.Match(method, uri, Service)).ErrorType;
}
