using System.ClientModel;
using System.ClientModel.Primitives;
using System.Text;
using System.Text.Json;
using Privatemode.AI.Encryption;
using Privatemode.AI.Pipeline.Requests;
using Privatemode.AI.Testing;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.Tests.Pipeline.Requests;

/// <summary>The last look at a call before it is handed to the transport, whatever happened to the very bytes that were encrypted.</summary>
public sealed class OutboundCheckTests : IAsyncLifetime
{
    private const string Body = """{"model":"gpt-oss-120b","messages":[{"role":"user","content":"hi"}]}""";

    private PrivatemodeTestDeployment _deployment = null!;
    private PrivatemodeClient _client = null!;

    public async Task InitializeAsync()
    {
        _deployment = await PrivatemodeTestDeployment.StartAsync();
        _client = _deployment.CreateClient();
    }

    public async Task DisposeAsync()
    {
        await _client.DisposeAsync();
        await _deployment.DisposeAsync();
    }

    [Fact]
    public async Task Send_EncryptedBytesOverwrittenWithPlaintext_AreNotSent()
    {
        PrivatemodeWouldLeakException exception = await RefusedAsync(content =>
        {
            BufferedBody body = Assert.IsType<BufferedBody>(content.Body);
            body.Content.Span.Fill((byte)' ');
            Encoding.UTF8.GetBytes(Body, body.Content.Span);
        });
        Assert.Equal("unsealed-body", exception.ErrorType);
        Assert.Empty(_deployment.Requests);
    }

    /// <summary>A long body is encrypted in place, so another attempt needs its plaintext back.</summary>
    [Fact]
    public async Task Send_LongBodyWhoseSecretWasLost_IsSentAgainWithTheSameText()
    {
        string body = Body.Replace("hi", new string('x', 300_000), StringComparison.Ordinal);
        _deployment.Faults.Inject(Fault.UnknownSecret);
        _deployment.Faults.Inject(Fault.UnencryptedError(503));
        await _client.OpenAI.GetChatClient("gpt-oss-120b").CompleteChatAsync(BinaryContent.Create(BinaryData.FromString(body))).OrTimeout();
        Assert.Equal(3, _deployment.Requests.Count);
        using JsonDocument sent = JsonDocument.Parse(_deployment.Requests[^1].DecryptedBody!);
        Assert.Equal(300_000, sent.RootElement.GetProperty("messages")[0].GetProperty("content").GetString()!.Length);
    }

    [Fact]
    public async Task Send_AttemptAlreadyHandedToTheTransport_IsRefusedBeforeItsHeadIsWritten()
    {
        PrivatemodeWouldLeakException exception = await RefusedAsync(content => Assert.True(content.TryMarkSent()));
        Assert.Equal("sent-twice", exception.ErrorType);
        Assert.Empty(_deployment.Requests);
    }

    /// <summary>The service has no such endpoint: a body that was not translated is that of another program.</summary>
    [Fact]
    public void Send_RequestForAResponseThatWasNotTranslated_IsRefused()
    {
        Uri service = new("https://api.privatemode.ai");
        EncryptedCall call = new() { Rule = EndpointRules.Responses, RequestId = "sdk_0" };
        using CallAttempt attempt = new(call, null, null, null, []);
        using HttpRequestMessage request = new(HttpMethod.Post, new Uri(service, "/v1/responses"));
        PrivatemodeWouldLeakException exception =
            Assert.Throws<PrivatemodeWouldLeakException>(() => OutboundCheck.ThrowIfWouldLeak(request, attempt, null, service));
        Assert.Equal("untranslated-body", exception.ErrorType);
    }

    private Task<PrivatemodeWouldLeakException> RefusedAsync(Action<EncryptedContent> meddle)
    {
        RequestOptions options = new();
        options.AddPolicy(new Before(meddle), PipelinePosition.BeforeTransport);
        return Assert.ThrowsAsync<PrivatemodeWouldLeakException>(
            () => _client.OpenAI.GetChatClient("gpt-oss-120b").CompleteChatAsync(BinaryContent.Create(BinaryData.FromString(Body)), options).OrTimeout());
    }

    /// <summary>Has the encrypted body in its hands between the check's own work and the transport.</summary>
    private sealed class Before(Action<EncryptedContent> meddle) : PipelinePolicy
    {
        public override void Process(PipelineMessage message, IReadOnlyList<PipelinePolicy> pipeline, int currentIndex)
        {
            meddle(Assert.IsType<EncryptedContent>(message.Request.Content));
            ProcessNext(message, pipeline, currentIndex);
        }

        public override ValueTask ProcessAsync(PipelineMessage message, IReadOnlyList<PipelinePolicy> pipeline, int currentIndex)
        {
            meddle(Assert.IsType<EncryptedContent>(message.Request.Content));
            return ProcessNextAsync(message, pipeline, currentIndex);
        }
    }
}
