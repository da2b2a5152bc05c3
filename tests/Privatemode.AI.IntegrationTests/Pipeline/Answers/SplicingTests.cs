using System.ClientModel;
using System.ClientModel.Primitives;
using Privatemode.AI.Testing;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.IntegrationTests.Pipeline.Answers;

/// <summary>What would give somebody on the way two answers to one exchange, or an answer under a false name.</summary>
public sealed class SplicingTests : DeploymentTest
{
    private const string Body = """{"model":"gpt-oss-120b","messages":[{"role":"user","content":"hi"}]}""";

    private readonly ApiKeyCredential _credential = new("test-api-key");

    [Theory]
    [InlineData(PipelinePosition.PerTry)]
    [InlineData(PipelinePosition.BeforeTransport)]
    public async Task Send_PolicyBelowSealingSendsTwice_TheSecondIsRefused(PipelinePosition position)
    {
        PrivatemodeWouldLeakException exception = await Assert.ThrowsAsync<PrivatemodeWouldLeakException>(() => CompleteAsync(new Twice(_ => { }), position));
        Assert.Equal("sent-twice", exception.ErrorType);
        Assert.Single(Deployment.Requests);
    }

    [Fact]
    public async Task Send_PolicyAboveSealingAsksAgainWithAnotherBody_SendsThatBody()
    {
        Twice twice = new(message => message.Request.Content = Content(Body.Replace("hi", "changed", StringComparison.Ordinal)));
        ClientResult result = await CompleteAsync(twice, PipelinePosition.PerCall);
        Assert.Contains("You said: changed", result.GetRawResponse().Content.ToString(), StringComparison.Ordinal);
        Assert.Equal(2, Deployment.Requests.Select(request => request.DecryptedBody).Distinct().Count());
    }

    [Fact]
    public async Task Send_PolicyDropsHeadersAndDoublesAnother_IsRefused()
    {
        Twice once = new(message =>
        {
            PipelineRequestHeaders headers = message.Request.Headers;
            _ = headers.Remove("Privatemode-NVIDIA-OCSP-Policy") && headers.Remove("Privatemode-NVIDIA-OCSP-Policy-MAC");
            headers.Add("Privatemode-Client", "SDK");
            headers.Add("Privatemode-Client", "SDK");
        });
        once.OnlyOnce = true;
        PrivatemodeWouldLeakException exception = await Assert.ThrowsAsync<PrivatemodeWouldLeakException>(
            () => CompleteAsync(once, PipelinePosition.PerTry));
        Assert.Equal("changed-header", exception.ErrorType);
        Assert.Empty(Deployment.Requests);
    }

    [Theory]
    [InlineData("key\n")]
    [InlineData("key\r\nX-Other: 1")]
    [InlineData("x\r\n\r\nGET /v1/models/smuggled HTTP/1.1\r\nHost: h")]
    [InlineData("ké")]
    [InlineData("k\0")]
    [InlineData("k y")]
    public async Task Send_CredentialUpdatedToMoreThanAKey_IsRefusedEverywhere(string key)
    {
        await using PrivatemodeClient client = Deployment.CreateClient(options => (options.ApiKey, options.Credential) = (null, _credential));
        _credential.Update(key);
        Exception?[] failures =
        [
            await Record.ExceptionAsync(() => client.ConnectAsync()).OrTimeout(),
            await Record.ExceptionAsync(() => client.OpenAI.GetOpenAIModelClient().GetModelsAsync()).OrTimeout(),
            await Record.ExceptionAsync(() => client.OpenAI.GetChatClient(ModelId).CompleteChatAsync("hi")).OrTimeout(),
        ];
        Assert.All(failures, failure => Assert.Equal("Credential", Assert.IsType<PrivatemodeConfigurationException>(failure).Setting));
        Assert.Empty(Deployment.AllRequests);
    }

    [Fact]
    public async Task Chat_EncryptedErrorQuotesNoSecretForId_IsNotSentAgain()
    {
        Assert.Null(await AskAsync());
        Deployment.Faults.Inject(Fault.EncryptedError(500, "tool crashed on input: no secret for ID"), times: 9);
        PrivatemodeServiceException exception = Assert.IsType<PrivatemodeServiceException>(await AskAsync());
        Assert.True(exception.IsServerMessageAuthenticated);
        Assert.Equal((2, 1), (Deployment.Requests.Count, Deployment.KeyExchangeCount));
    }

    [Theory]
    [InlineData(400)]
    [InlineData(500)]
    public async Task Chat_AnswerUnderAnErrorStatus_IsNoErrorText(int status)
    {
        _ = Deployment.Model.Reply("the whole answer");
        Deployment.Faults.Inject(Fault.ChangeStatus(status));
        PrivatemodeIntegrityException exception = Assert.IsType<PrivatemodeIntegrityException>(await AskAsync());
        Assert.Equal("relabelled-answer", exception.ErrorType);
        Assert.DoesNotContain("the whole answer", exception.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Embeddings_MessagesWithARemoteImage_AreRefused()
    {
        BinaryContent body = Content(
            """{"model":"qwen3-embedding-4b","messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"https://example.com/a"}}]}]}""");
        PrivatemodeWouldLeakException exception = await Assert.ThrowsAsync<PrivatemodeWouldLeakException>(
            () => Client.OpenAI.GetEmbeddingClient("qwen3-embedding-4b").GenerateEmbeddingsAsync(body).OrTimeout());
        Assert.Equal("remote-media", exception.ErrorType);
        Assert.Empty(Deployment.Requests);
    }

    private static BinaryContent Content(string body) => BinaryContent.Create(BinaryData.FromString(body));

    private async Task<ClientResult> CompleteAsync(PipelinePolicy policy, PipelinePosition position)
    {
        RequestOptions options = new();
        options.AddPolicy(policy, position);
        return await Client.OpenAI.GetChatClient(ModelId).CompleteChatAsync(Content(Body), options).OrTimeout();
    }

    /// <summary>A home-made retry: sends, changes something, sends again; or changes something and sends once.</summary>
    private sealed class Twice(Action<PipelineMessage> between) : PipelinePolicy
    {
        public bool OnlyOnce { get; set; }

        public override void Process(PipelineMessage message, IReadOnlyList<PipelinePolicy> pipeline, int currentIndex) => throw new NotSupportedException();

        public override async ValueTask ProcessAsync(PipelineMessage message, IReadOnlyList<PipelinePolicy> pipeline, int currentIndex)
        {
            if (!OnlyOnce)
            {
                await ProcessNextAsync(message, pipeline, currentIndex);
                message.Response?.Dispose();
            }

            between(message);
            await ProcessNextAsync(message, pipeline, currentIndex);
        }
    }
}
