using System.Diagnostics;
using System.Text;
using System.Text.Json;
using Privatemode.AI.IntegrationTests.Canary;
using Privatemode.AI.Testing;

namespace Privatemode.AI.IntegrationTests.Handler;

/// <summary>Every endpoint through the handler: the answer arrives, and of what was said nothing is seen on the wire.</summary>
public sealed class HandlerEndpointTests : HandlerTest
{
    private readonly Activity _activity = Sentinel.StartActivity();

    [Theory]
    [InlineData(ChatPath, false)]
    [InlineData(ChatPath, true)]
    [InlineData("/v1/completions", false)]
    [InlineData("/v1/completions", true)]
    [InlineData(MessagesPath, false)]
    [InlineData(MessagesPath, true)]
    public async Task Generation_Sentinel_IsAnsweredAndNeverSeen(string path, bool stream)
    {
        Deployment.Model.SetFallback(_ => ScriptedAnswer.Text($"{Sentinel.Text} answer"));
        string body = path switch
        {
            ChatPath => ChatBody(Sentinel.Text, stream),
            MessagesPath => MessageBody(Sentinel.Text, stream),
            _ => $$"""{"model":"{{ModelId}}","prompt":"{{Sentinel.Text}}","stream":{{(stream ? "true" : "false")}}}""",
        };
        using HttpRequestMessage request = Dressed(Post(path, body));
        (HttpResponseMessage? response, string text, Exception? failure) = await ReadAsync(request);
        Assert.Null(failure);
        Assert.Contains(Sentinel.Text, text, StringComparison.Ordinal);
        Assert.Equal(stream ? "text/event-stream" : "application/json", response!.Content.Headers.ContentType!.ToString());
        Assert.Contains(Sentinel.Text, Deployment.Requests[0].DecryptedBody, StringComparison.Ordinal);
        AssertNothingSeen();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Messages_ToolUse_ArrivesWhole(bool stream)
    {
        Deployment.Model.ReplyWithToolCall("get_weather", $$"""{"city":"{{Sentinel.Text}}"}""");
        using HttpRequestMessage request = Dressed(Post(MessagesPath, MessageBody(Sentinel.Text, stream)));
        (_, string text, Exception? failure) = await ReadAsync(request);
        Assert.Null(failure);
        Assert.Contains("tool_use", text, StringComparison.Ordinal);
        Assert.Contains("get_weather", text, StringComparison.Ordinal);
        Assert.Equal(stream, text.Contains("event: message_stop\n", StringComparison.Ordinal));
        Assert.Equal(stream, text.Contains("input_json_delta", StringComparison.Ordinal));
        AssertNothingSeen();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Messages_BetaFlagOfAnthropicsLibraries_IsDropped(bool stream)
    {
        Deployment.Model.SetFallback(_ => ScriptedAnswer.Text("answer"));
        using HttpRequestMessage request = Post(MessagesPath + "?beta=true", MessageBody("hi", stream));
        (HttpResponseMessage? response, string text, Exception? failure) = await ReadAsync(request);
        Assert.Null(failure);
        Assert.True(response!.IsSuccessStatusCode);
        Assert.Contains("answer", text, StringComparison.Ordinal);
        Assert.Equal(MessagesPath, Deployment.Requests.Single().PathAndQuery);
    }

    [Fact]
    public async Task Messages_ToolResultComesBack_IsEncrypted()
    {
        string body = $$"""
            {"model":"{{ModelId}}","max_tokens":64,"messages":[{"role":"user","content":"weather?"},
            {"role":"assistant","content":[{"type":"tool_use","id":"t1","name":"get_weather","input":{"city":"{{Sentinel.Text}}"} }]},
            {"role":"user","content":[{"type":"tool_result","tool_use_id":"t1","content":"{{Sentinel.Text}} result"}]}]}
            """;
        using HttpRequestMessage request = Dressed(Post(MessagesPath, body));
        (_, _, Exception? failure) = await ReadAsync(request);
        Assert.Null(failure);
        Assert.Contains($"{Sentinel.Text} result", Deployment.Requests[0].DecryptedBody, StringComparison.Ordinal);
        AssertNothingSeen();
    }

    [Fact]
    public async Task Embeddings_Sentinel_IsAnsweredAndNeverSeen()
    {
        using HttpRequestMessage request = Dressed(Post("/v1/embeddings", $$"""{"model":"qwen3-embedding-4b","input":["{{Sentinel.Text}}"]}"""));
        (_, string text, Exception? failure) = await ReadAsync(request);
        Assert.Null(failure);
        using JsonDocument answer = JsonDocument.Parse(text);
        Assert.Equal(1, answer.RootElement.GetProperty("data").GetArrayLength());
        AssertNothingSeen();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Transcription_Sentinel_IsAnsweredAndNeverSeen(bool stream)
    {
        Deployment.Model.ReplyWithTranscription($"{Sentinel.Text} said");
        using HttpRequestMessage request = Dressed(new HttpRequestMessage(HttpMethod.Post, TranscriptionPath)
        {
            Content = Form(Sentinel.Bytes, ("model", "whisper-large-v3"), ("prompt", Sentinel.Text), ("stream", stream ? "true" : "false")),
        });
        (_, string text, Exception? failure) = await ReadAsync(request);
        Assert.Null(failure);
        Assert.Contains(Sentinel.Text, text, StringComparison.Ordinal);
        Assert.Equal(Sentinel.Bytes, Deployment.Requests[0].DecryptedFields["file"].ToArray());
        AssertNothingSeen();
    }

    [Fact]
    public async Task Partition_Sentinel_IsAnsweredAndNeverSeen()
    {
        Deployment.Model.ReplyWithDocument(new ScriptedDocumentElement("Title", Sentinel.Text));
        using HttpRequestMessage request = Dressed(new HttpRequestMessage(HttpMethod.Post, PartitionPath)
        {
            Content = Form(Sentinel.Bytes, ("strategy", Sentinel.Text)),
        });
        (_, string text, Exception? failure) = await ReadAsync(request);
        Assert.Null(failure);
        Assert.StartsWith("[", text, StringComparison.Ordinal);
        Assert.Contains(Sentinel.Text, text, StringComparison.Ordinal);
        AssertNothingSeen();
    }

    [Fact]
    public async Task Models_AreListedAndSaidNotToBeAuthenticated()
    {
        using HttpRequestMessage request = Dressed(new HttpRequestMessage(HttpMethod.Get, "/v1/models"));
        (HttpResponseMessage? response, string text, Exception? failure) = await ReadAsync(request);
        Assert.Null(failure);
        Assert.Contains(ModelId, text, StringComparison.Ordinal);
        Assert.Equal(["false"], response!.Headers.GetValues(PrivatemodeHttpMessageHandler.AuthenticatedHeaderName));
        Assert.Null(response.GetPrivatemodeReceipt());
        AssertNothingSeen();
    }

    [Fact]
    public async Task Errors_Sentinel_IsEncryptedBothWays()
    {
        Deployment.Model.ReplyWithError(422, $"I do not like {Sentinel.Text}");
        using HttpRequestMessage request = Dressed(Post(ChatPath, ChatBody(Sentinel.Text)));
        (HttpResponseMessage? response, string text, Exception? failure) = await ReadAsync(request);
        Assert.Null(failure);
        Assert.Equal(422, (int)response!.StatusCode);
        Assert.Contains(Sentinel.Text, text, StringComparison.Ordinal);
        AssertNothingSeen();
    }

    /// <summary>With everything on it that libraries put on their requests, a sentinel in each.</summary>
    private static HttpRequestMessage Dressed(HttpRequestMessage request)
    {
        foreach (string name in (string[])
            ["x-api-key", "api-key", "anthropic-version", "anthropic-beta", "OpenAI-Beta", "OpenAI-Organization", "X-Stainless-Lang", "Accept",
                "User-Agent", "traceparent", "baggage", "Idempotency-Key", "Accept-Language"])
        {
            Assert.True(request.Headers.TryAddWithoutValidation(name, Sentinel.Text), name);
        }

        request.Headers.Authorization = new("Bearer", Sentinel.Text);
        return request;
    }

    private void AssertNothingSeen()
    {
        Assert.Same(_activity, Activity.Current);
        Assert.Empty(Sentinel.FoundIn(Deployment.GetReceivedBytes()));
        Assert.All(Deployment.AllRequests, request => Assert.Empty(Sentinel.FoundIn(request.WireResponseText)));
        foreach (RecordedRequest request in Deployment.Requests)
        {
            Assert.Equal($"Bearer {Deployment.ApiKey}", request.Headers["Authorization"]);
            Assert.All(request.Headers.Keys, name => Assert.True(
                name.StartsWith("Privatemode-", StringComparison.Ordinal)
                || name is "Accept" or "Authorization" or "Content-Length" or "Content-Type" or "Host" or "User-Agent", name));
            Assert.DoesNotContain("recording", Encoding.UTF8.GetString(request.WireBody.Span), StringComparison.Ordinal);
        }
    }
}
