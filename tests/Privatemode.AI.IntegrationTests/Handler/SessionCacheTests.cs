using System.Text.Json;
using Privatemode.AI.Testing;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.IntegrationTests.Handler;

/// <summary>Sessions that callers name for the prompt cache: which salts they get, and that their names do not travel.</summary>
public sealed class SessionCacheTests : HandlerTest
{
    private const string Session = "session-of-anna";

    protected override void Configure(PrivatemodeOptions options) => options.PromptCache.Scope = PromptCacheScope.PerSession();

    [Theory]
    [InlineData(ChatPath)]
    [InlineData(MessagesPath)]
    public async Task Option_RequestsOfOneSession_HaveOneSaltAndShardKey(string path)
    {
        await SendAsync(path, Session);
        await SendAsync(path, Session);
        await SendAsync(path, "session-of-ben");
        await SendAsync(path, Session, caller: "ben");
        await SendAsync(path, null);
        await SendAsync(path, null);
        string[] salts = [.. Deployment.Requests.Select(SaltOf)];
        Assert.Equal(salts[0], salts[1]);
        Assert.Equal(5, salts.Distinct().Count());
        Assert.Equal(Deployment.Requests[0].Headers["Privatemode-Shard-Key"], Deployment.Requests[1].Headers["Privatemode-Shard-Key"]);
        Assert.Equal([true, true, true, true, false, false], Deployment.Requests.Select(request => request.Headers.ContainsKey("Privatemode-Shard-Key")));
        AssertNoNames();
    }

    [Fact]
    public async Task Response_KeyOfTheBody_ComesAfterTheOptionAndIsNotSent()
    {
        await SendAsync("/v1/responses", Session, body: ResponseBody("session-of-ben"));
        await SendAsync("/v1/responses", null, body: ResponseBody("session-of-ben"));
        await SendAsync("/v1/responses", Session, body: ResponseBody(null));
        await SendAsync(ChatPath, Session);
        string[] salts = [.. Deployment.Requests.Select(SaltOf)];
        Assert.NotEqual(salts[0], salts[1]);
        Assert.Equal(salts[0], salts[2]);
        Assert.Equal(salts[0], salts[3]);
        Assert.All(Deployment.Requests, request => Assert.Equal(ChatPath, request.PathAndQuery));
        Assert.Equal(["model", "messages", "cache_salt"], Names(Deployment.Requests[0]));
        AssertNoNames();
    }

    // The body may be that of a user, who must not choose the session of another one.
    [Fact]
    public async Task Chat_KeyOfTheBody_ComesAfterTheOptionAndIsNotSent()
    {
        string body = $$"""{"model":"{{ModelId}}","messages":[{"role":"user","content":"hi"}],"prompt_cache_key":"session-of-ben"}""";
        await SendAsync(ChatPath, Session, body: body);
        await SendAsync(ChatPath, null, body: body);
        await SendAsync(ChatPath, Session);
        string[] salts = [.. Deployment.Requests.Select(SaltOf)];
        Assert.Equal(salts[0], salts[2]);
        Assert.NotEqual(salts[0], salts[1]);
        AssertNoNames();
    }

    [Fact]
    public async Task Session_WhereNothingIsShared_IsIgnored()
    {
        await using PrivatemodeClient client = Deployment.CreateClient();
        using HttpClient http = NewHttp(client);
        await SendAsync(ChatPath, Session, http: http);
        await SendAsync("/v1/responses", null, body: ResponseBody(Session), http: http);
        Assert.Equal(2, Deployment.Requests.Select(SaltOf).Distinct().Count());
        Assert.All(Deployment.Requests, request => Assert.DoesNotContain("Privatemode-Shard-Key", request.Headers.Keys));
        AssertNoNames();
    }

    [Fact]
    public async Task Session_TooLong_IsRefusedBeforeAnythingIsSent()
    {
        PrivatemodeRequestException refused = await Assert.ThrowsAsync<PrivatemodeRequestException>(
            () => SendAsync("/v1/responses", null, body: ResponseBody(new string('x', 1025))));
        Assert.Equal("prompt_cache_key", refused.Member);
        Assert.Empty(Deployment.Requests);
    }

    private static string ResponseBody(string? session) =>
        $$"""{"model":"{{ModelId}}","input":"hi"{{(session is null ? "" : $",\"prompt_cache_key\":\"{session}\"")}}}""";

    private static string SaltOf(RecordedRequest request)
    {
        using JsonDocument body = JsonDocument.Parse(request.DecryptedBody!);
        return body.RootElement.GetProperty("cache_salt").GetString()!;
    }

    private static string[] Names(RecordedRequest request)
    {
        using JsonDocument body = JsonDocument.Parse(request.DecryptedBody!);
        return [.. body.RootElement.EnumerateObject().Select(member => member.Name)];
    }

    private async Task SendAsync(string path, string? session, string? caller = null, string? body = null, HttpClient? http = null)
    {
        using HttpRequestMessage request = Post(path, body ?? (path == MessagesPath ? MessageBody() : ChatBody()));
        request.Options.Set(PrivatemodeRequestOptions.PromptCacheKey, session);
        request.Options.Set(PrivatemodeRequestOptions.Caller, caller);
        using HttpResponseMessage response = await (http ?? Http).SendAsync(request).OrTimeout();
        Assert.True(response.IsSuccessStatusCode);
    }

    private void AssertNoNames() => Assert.All(Deployment.AllRequests, request =>
    {
        string all = string.Join('\n', [.. request.Headers.Values, request.WireBodyText, request.DecryptedBody]);
        Assert.DoesNotContain("session-of", all, StringComparison.Ordinal);
        Assert.DoesNotContain("prompt_cache_key", all, StringComparison.Ordinal);
    });
}
