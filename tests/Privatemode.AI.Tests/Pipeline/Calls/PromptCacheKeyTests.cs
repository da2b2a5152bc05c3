using System.ClientModel;
using System.Text.Json;
using Microsoft.Extensions.AI;
using OpenAI.Chat;
using Privatemode.AI.Testing;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.Tests.Pipeline.Calls;

/// <summary>The session that callers name in the body: it decides about the salt, and is not sent.</summary>
public sealed class PromptCacheKeyTests : IAsyncLifetime
{
    private PrivatemodeTestDeployment _deployment = null!;

    public async Task InitializeAsync() => _deployment = await PrivatemodeTestDeployment.StartAsync();

    public async Task DisposeAsync() => await _deployment.DisposeAsync();

    [Fact]
    public async Task PerSession_KeyInAdditionalProperties_ChatsOfOneSessionShareASalt()
    {
        await using PrivatemodeClient client = NewClient(PromptCacheScope.PerSession());
        IChatClient chat = client.AsIChatClient("gpt-oss-120b");
        foreach (string? session in (string?[])["session-1", "session-1", "session-2", null, null])
        {
            ChatOptions options = new();
            if (session is not null)
            {
                options.AdditionalProperties = new() { ["prompt_cache_key"] = session };
            }

            _ = await chat.GetResponseAsync("hi", options).OrTimeout();
        }

        AssertSalts();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task PerSession_KeyInTheBody_OpenAIChatsOfOneSessionShareASalt(bool async)
    {
        await using PrivatemodeClient client = NewClient(PromptCacheScope.PerSession());
        foreach (string session in (string[])["\"session-1\"", "\"session-1\"", "\"session-2\"", "null", "\"\""])
        {
            await SendAsync(client, $$"""{ "model":"gpt-oss-120b" , "prompt_cache_key" : {{session}} , "messages":[{"role":"user","content":"hi"}]}""", async);
        }

        AssertSalts();
    }

    [Fact]
    public async Task None_KeyInTheBody_IsNotSentAndSharesNothing()
    {
        await using PrivatemodeClient client = NewClient(PromptCacheScope.None);
        foreach (string session in (string[])["session-1", "session-1"])
        {
            await SendAsync(client, $$"""{"prompt_cache_key":"{{session}}","model":"gpt-oss-120b","messages":[{"role":"user","content":"hi"}]}""");
        }

        Assert.Equal(2, _deployment.Requests.Select(SaltOf).Distinct().Count());
        AssertNoNames();
    }

    [Theory]
    [InlineData("""{"prompt_cache_key":"session-1","model":"gpt-oss-120b","messages":[{"role":"user","content":"hi"}]}""")]
    [InlineData("""  {  "model":"gpt-oss-120b","messages":[{"role":"user","content":"hi"}] , "prompt_cache_key" : "session-1"  }  """)]
    [InlineData("""{"model":"gpt-oss-120b","prompt\u005fcache_key":"sess\u0069on-1","messages":[{"role":"user","content":"hi"}]}""")]
    [InlineData("""{"model":"gpt-oss-120b","messages":[{"role":"user","content":"hi"}],"cache_salt":null,"prompt_cache_key":"session-1"}""")]
    public async Task PerSession_KeyAnywhereInTheBody_OtherMembersStay(string body)
    {
        await using PrivatemodeClient client = NewClient(PromptCacheScope.PerSession());
        await SendAsync(client, body);
        await SendAsync(client, """{"model":"gpt-oss-120b","prompt_cache_key":"session-1","messages":[{"role":"user","content":"hi"}]}""");
        Assert.Single(_deployment.Requests.Select(SaltOf).Distinct());
        using JsonDocument sent = JsonDocument.Parse(_deployment.Requests[0].DecryptedBody!);
        Assert.Equal(["cache_salt", "messages", "model"], sent.RootElement.EnumerateObject().Select(member => member.Name).Order());
        AssertNoNames();
    }

    [Theory]
    [InlineData("7")]
    [InlineData("[\"session-1\"]")]
    [InlineData(null)]
    public async Task KeyIsNoStringOrTooLong_IsRefusedBeforeAnythingIsSent(string? value)
    {
        await using PrivatemodeClient client = NewClient(PromptCacheScope.PerSession());
        value ??= $"\"{new string('x', 1025)}\"";
        PrivatemodeRequestException refused = await Assert.ThrowsAsync<PrivatemodeRequestException>(() => SendAsync(
            client, $$"""{"model":"gpt-oss-120b","prompt_cache_key":{{value}},"messages":[{"role":"user","content":"hi"}]}"""));
        Assert.Equal("prompt_cache_key", refused.Member);
        Assert.Empty(_deployment.Requests);
    }

    private static async Task SendAsync(PrivatemodeClient client, string body, bool async = true)
    {
        ChatClient chat = client.OpenAI.GetChatClient("gpt-oss-120b");
        using BinaryContent content = BinaryContent.Create(BinaryData.FromString(body));
        _ = async ? await chat.CompleteChatAsync(content).OrTimeout() : await TestTimeouts.OnOwnThread(() => chat.CompleteChat(content));
    }

    private static string SaltOf(RecordedRequest request)
    {
        using JsonDocument body = JsonDocument.Parse(request.DecryptedBody!);
        return body.RootElement.GetProperty("cache_salt").GetString()!;
    }

    private PrivatemodeClient NewClient(PromptCacheScope scope) => _deployment.CreateClient(options => options.PromptCache.Scope = scope);

    /// <summary>The first two requests are of one session, the third of another one, the last two of none.</summary>
    private void AssertSalts()
    {
        string[] salts = [.. _deployment.Requests.Select(SaltOf)];
        Assert.Equal(salts[0], salts[1]);
        Assert.Equal(4, salts.Distinct().Count());
        Assert.Equal([true, true, true, false, false], _deployment.Requests.Select(request => request.Headers.ContainsKey("Privatemode-Shard-Key")));
        AssertNoNames();
    }

    private void AssertNoNames() => Assert.All(_deployment.Requests, request =>
    {
        Assert.DoesNotContain("session-", request.DecryptedBody, StringComparison.Ordinal);
        Assert.DoesNotContain("prompt_cache_key", request.DecryptedBody, StringComparison.Ordinal);
    });
}
