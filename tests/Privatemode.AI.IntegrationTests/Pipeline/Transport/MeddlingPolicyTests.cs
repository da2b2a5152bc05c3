using System.ClientModel;
using System.ClientModel.Primitives;
using System.Text.Json;
using Privatemode.AI.Testing;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.IntegrationTests.Pipeline.Transport;

/// <summary>Code of the caller's own inside the pipeline: it sees what it may, and what it changes after sealing is not sent.</summary>
public sealed class MeddlingPolicyTests : DeploymentTest
{
    private const string Body = """{"model":"gpt-oss-120b","messages":[{"role":"user","content":"hi"}]}""";

    public static TheoryData<string, string, Action<PipelineRequest>> Meddling => new()
    {
        { "body", "changed-body", request => request.Content = BinaryContent.Create(BinaryData.FromString(Body)) },
        { "no body", "changed-body", request => request.Content = null },
        { "header", "changed-header", request => request.Headers.Add("X-Trace", "value") },
        { "changed header", "changed-header", request => request.Headers.Set("Privatemode-Target-Model", "tell me a secret") },
        { "second value", "changed-header", request => request.Headers.Add("Privatemode-Secret-ID", "other") },
        { "missing header", "changed-header", request => request.Headers.Remove("Privatemode-NVIDIA-OCSP-Policy-MAC") },
        { "cookie", "changed-header", request => request.Headers.Set("Cookie", "a=b") },
        { "accept", "changed-header", request => request.Headers.Set("Accept", "text/plain; q=secret") },
        { "address", "other-host", request => request.Uri = new Uri("http://127.0.0.1:9/v1/chat/completions") },
        { "path", "changed-address", request => request.Uri = new Uri(request.Uri!, "/v1/embeddings") },
        { "query", "query-string", request => request.Uri = new Uri(request.Uri + "?q=secret") },
        { "method", "unknown-endpoint", request => request.Method = "PUT" },
    };

    [Theory]
    [MemberData(nameof(Meddling))]
    public async Task Send_ChangedBetweenSealingAndSocket_IsNotSent(string name, string refused, Action<PipelineRequest> meddle)
    {
        foreach (PipelinePosition position in (PipelinePosition[])[PipelinePosition.PerTry, PipelinePosition.BeforeTransport])
        {
            RequestOptions options = new();
            options.AddPolicy(new Policy(meddle), position);
            PrivatemodeWouldLeakException exception = await Assert.ThrowsAsync<PrivatemodeWouldLeakException>(
                () => Client.OpenAI.GetChatClient(ModelId).CompleteChatAsync(BinaryContent.Create(BinaryData.FromString(Body)), options).OrTimeout());
            Assert.Equal((name, refused), (name, exception.ErrorType));
        }

        Assert.Empty(Deployment.Requests);
    }

    [Fact]
    public async Task Send_PolicyAfterSealing_SeesCiphertextOnly()
    {
        string seen = "";
        RequestOptions options = new();
        options.AddPolicy(
            new Policy(request =>
            {
                using MemoryStream body = new();
                request.Content!.WriteTo(body);
                seen = System.Text.Encoding.UTF8.GetString(body.ToArray());
            }),
            PipelinePosition.BeforeTransport);
        ClientResult result = await Client.OpenAI.GetChatClient(ModelId).CompleteChatAsync(
            BinaryContent.Create(BinaryData.FromString(Body)), options).OrTimeout();
        Assert.Equal(Deployment.Requests[0].WireBodyText, seen);
        Assert.Contains("You said: hi", result.GetRawResponse().Content.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Send_PolicyBeforeSealing_MayChangeThePlaintext()
    {
        RequestOptions options = new();
        options.AddPolicy(new Policy(
            request => request.Content = BinaryContent.Create(BinaryData.FromString(Body.Replace("hi", "changed", StringComparison.Ordinal)))),
            PipelinePosition.PerCall);
        ClientResult result = await Client.OpenAI.GetChatClient(ModelId).CompleteChatAsync(
            BinaryContent.Create(BinaryData.FromString(Body)), options).OrTimeout();
        Assert.Contains("You said: changed", result.GetRawResponse().Content.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("X-My-Header", "value", "unknown-header")]
    [InlineData("Authorization", "Bearer other", "unknown-header")]
    [InlineData("Privatemode-Shard-Key", "secret", "unknown-header")]
    [InlineData("Accept", "application/secret", "accept-header")]
    [InlineData("Content-Type", "text/plain", "unknown-content-type")]
    [InlineData("Content-Type", "application/json; charset=utf-16", "unknown-content-type")]
    public async Task Send_HeaderOfTheCaller_IsRefused(string name, string value, string refused)
    {
        RequestOptions options = new();
        options.SetHeader(name, value);
        PrivatemodeWouldLeakException exception = await Assert.ThrowsAsync<PrivatemodeWouldLeakException>(
            () => Client.OpenAI.GetChatClient(ModelId).CompleteChatAsync(BinaryContent.Create(BinaryData.FromString(Body)), options).OrTimeout());
        Assert.Equal(refused, exception.ErrorType);
        Assert.Empty(Deployment.AllRequests);
    }

    [Fact]
    public async Task Send_UserAgentOfTheCaller_IsReplacedByOursInEveryAttempt()
    {
        Deployment.Faults.Inject(Fault.UnencryptedError(503, retryAfter: TimeSpan.FromSeconds(3)));
        RequestOptions options = new();
        options.AddPolicy(new Policy(request => request.Headers.Add("User-Agent", "MEAI/10.9.0 secret")), PipelinePosition.PerCall);
        Task<ClientResult> asking = Client.OpenAI.GetChatClient(ModelId).CompleteChatAsync(
            BinaryContent.Create(BinaryData.FromString(Body)), options);
        await Time.TimerAsync(due => due == TimeSpan.FromSeconds(3)).OrTimeout();
        Time.Advance(TimeSpan.FromSeconds(3));
        await asking.OrTimeout();
        Assert.Equal(2, Deployment.Requests.Count);
        Assert.All(Deployment.Requests, request => Assert.Matches("^Privatemode\\.AI/[0-9.]+$", request.Headers["User-Agent"]));
    }

    [Fact]
    public async Task Send_UserAgentAddedAfterSealing_IsNotSent()
    {
        RequestOptions options = new();
        options.AddPolicy(new Policy(request => request.Headers.Add("User-Agent", "secret")), PipelinePosition.PerTry);
        PrivatemodeWouldLeakException exception = await Assert.ThrowsAsync<PrivatemodeWouldLeakException>(
            () => Client.OpenAI.GetChatClient(ModelId).CompleteChatAsync(BinaryContent.Create(BinaryData.FromString(Body)), options).OrTimeout());
        Assert.Equal("changed-header", exception.ErrorType);
        Assert.Empty(Deployment.Requests);
    }

    [Theory]
    [InlineData("")]
    [InlineData("[]")]
    [InlineData("\"text\"")]
    [InlineData("{\"model\":\"m\"")]
    [InlineData("{\"model\":\"m\",\"a\":1,\"a\":2}")]
    [InlineData("{\"model\":\"m\",\"@a\":1}")]
    [InlineData("{\"model\":\"m\",\"\":1}")]
    [InlineData("{\"model\":\"m\"} {}")]
    public async Task Send_BodyThatCannotBeEncryptedWithoutDoubt_IsRefused(string body)
    {
        PrivatemodeWouldLeakException exception = await Assert.ThrowsAsync<PrivatemodeWouldLeakException>(
            () => Client.OpenAI.GetChatClient(ModelId).CompleteChatAsync(BinaryContent.Create(BinaryData.FromString(body))).OrTimeout());
        Assert.Equal("unparsable-body", exception.ErrorType);
        Assert.Empty(Deployment.AllRequests);
    }

    [Fact]
    public async Task Send_BodyWithoutAModel_IsAMistakeOfTheCall()
    {
        PrivatemodeRequestException exception = await Assert.ThrowsAsync<PrivatemodeRequestException>(
            () => Client.OpenAI.GetChatClient(ModelId).CompleteChatAsync(
                BinaryContent.Create(BinaryData.FromString("""{"messages":[]}"""))).OrTimeout());
        Assert.Equal("model", exception.Member);
    }

    [Fact]
    public async Task Send_StreamThatCanBeReadOnce_IsRetriedFromTheSnapshot()
    {
        Deployment.Faults.Inject(Fault.UnencryptedError(503, retryAfter: TimeSpan.FromSeconds(3)));
        Task<ClientResult> asking = Client.OpenAI.GetChatClient(ModelId).CompleteChatAsync(new ReadOnceContent(Body));
        await Time.TimerAsync(due => due == TimeSpan.FromSeconds(3)).OrTimeout();
        Time.Advance(TimeSpan.FromSeconds(3));
        Assert.Contains("You said: hi", (await asking.OrTimeout()).GetRawResponse().Content.ToString(), StringComparison.Ordinal);
        Assert.Equal(2, Deployment.Requests.Count);
    }

    [Fact]
    public async Task Send_StreamingBodyThroughABufferedCall_IsDecryptedAndItsEndIsRequired()
    {
        string body = Body.Insert(1, "\"stream\":true,");
        ClientResult result = await Client.OpenAI.GetChatClient(ModelId).CompleteChatAsync(
            BinaryContent.Create(BinaryData.FromString(body))).OrTimeout();
        string text = result.GetRawResponse().Content.ToString();
        Assert.EndsWith("data: [DONE]\n\n", text, StringComparison.Ordinal);
        Assert.Contains("\" said:\"", text, StringComparison.Ordinal);
        Deployment.Faults.Inject(Fault.RemoveFinishEvent);
        PrivatemodeIntegrityException exception = await Assert.ThrowsAsync<PrivatemodeIntegrityException>(
            () => Client.OpenAI.GetChatClient(ModelId).CompleteChatAsync(BinaryContent.Create(BinaryData.FromString(body))).OrTimeout());
        Assert.Equal("truncated-stream", exception.ErrorType);
    }

    [Fact]
    public async Task Send_TheCallersMessage_IsAsItWasAfterTheCall()
    {
        PipelineMessage message = Client.OpenAI.Pipeline.CreateMessage();
        message.Request.Method = "POST";
        message.Request.Uri = new Uri(Deployment.Endpoint, "/v1/chat/completions");
        message.Request.Headers.Set("Content-Type", "application/json; charset=utf-8");
        BinaryContent content = message.Request.Content = BinaryContent.Create(BinaryData.FromString(Body));
        TimeSpan? timeout = message.NetworkTimeout;
        await Client.OpenAI.Pipeline.SendAsync(message);
        Assert.Same(content, message.Request.Content);
        Assert.Equal([new("Content-Type", "application/json; charset=utf-8")], message.Request.Headers.ToList());
        Assert.Equal((true, timeout), (message.BufferResponse, message.NetworkTimeout));
        using JsonDocument answer = JsonDocument.Parse(message.Response!.Content);
        Assert.Equal("You said: hi", answer.RootElement.GetProperty("choices")[0].GetProperty("message").GetProperty("content").GetString());
    }

    private sealed class Policy(Action<PipelineRequest> action) : PipelinePolicy
    {
        public override void Process(PipelineMessage message, IReadOnlyList<PipelinePolicy> pipeline, int currentIndex)
        {
            action(message.Request);
            ProcessNext(message, pipeline, currentIndex);
        }

        public override ValueTask ProcessAsync(PipelineMessage message, IReadOnlyList<PipelinePolicy> pipeline, int currentIndex)
        {
            action(message.Request);
            return ProcessNextAsync(message, pipeline, currentIndex);
        }
    }

    /// <summary>As over a network stream: no length, and nothing left after the first time.</summary>
    private sealed class ReadOnceContent(string body) : BinaryContent
    {
        private string? _body = body;

        public override bool TryComputeLength(out long length)
        {
            length = 0;
            return false;
        }

        public override void WriteTo(Stream stream, CancellationToken cancellationToken = default)
        {
            stream.Write(System.Text.Encoding.UTF8.GetBytes(_body ?? throw new InvalidOperationException("Read twice.")));
            _body = null;
        }

        public override Task WriteToAsync(Stream stream, CancellationToken cancellationToken = default)
        {
            WriteTo(stream, cancellationToken);
            return Task.CompletedTask;
        }

        public override void Dispose()
        {
        }
    }
}
