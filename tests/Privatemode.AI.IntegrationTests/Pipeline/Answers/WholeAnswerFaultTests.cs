using System.ClientModel;
using System.Net;
using System.Text;
using Microsoft.Extensions.AI;
using Privatemode.AI.Testing;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.IntegrationTests.Pipeline.Answers;

/// <summary>Whatever is done to a whole answer on its way, and what errors become.</summary>
public sealed class WholeAnswerFaultTests : DeploymentTest
{
    public static TheoryData<string, Fault, string> Attacks => new()
    {
        { "tampered", Fault.TamperEvent(0), "not-authentic" },
        { "reflected", Fault.ReflectRequest, "reflected" },
        { "in the clear", Fault.UnencryptedSuccess(), "unsealed-member" },
        { "in the clear and marked", Fault.UnencryptedSuccess(withHeader: true), "unsealed-answer" },
        { "member in the clear", Fault.UnencryptedEvent(0), "unsealed-member" },
        { "connection cut", Fault.CutConnection(100), "truncated-answer" },
    };

    [Theory]
    [MemberData(nameof(Attacks))]
    public async Task Chat_Attack_IsAnIntegrityException(string name, Fault fault, string failure)
    {
        Deployment.Faults.Inject(fault);
        PrivatemodeIntegrityException exception = Assert.IsType<PrivatemodeIntegrityException>(await AskAsync());
        Assert.Equal((name, failure), (name, exception.ErrorType));
        Assert.Single(Deployment.Requests);
    }

    [Theory]
    [MemberData(nameof(Attacks))]
    public async Task PlainClient_Attack_IsAnIntegrityException(string name, Fault fault, string failure)
    {
        Deployment.Faults.Inject(fault);
        Exception? exception = await TestTimeouts.OnOwnThread(() => Record.Exception(() => Client.OpenAI.GetChatClient(ModelId).CompleteChat("hi")));
        Assert.Equal((name, failure), (name, Assert.IsType<PrivatemodeIntegrityException>(exception).ErrorType));
    }

    [Fact]
    public async Task Embeddings_InTheClear_AreRefused()
    {
        Deployment.Faults.Inject(Fault.UnencryptedSuccess());
        PrivatemodeIntegrityException exception = await Assert.ThrowsAsync<PrivatemodeIntegrityException>(
            () => Client.OpenAI.GetEmbeddingClient("qwen3-embedding-4b").GenerateEmbeddingAsync("text").OrTimeout());
        Assert.Equal("unsealed-member", exception.ErrorType);
    }

    [Fact]
    public async Task Embeddings_Encrypted_AreDecrypted()
    {
        var result = await Client.OpenAI.GetEmbeddingClient("qwen3-embedding-4b").GenerateEmbeddingAsync("text").OrTimeout();
        Assert.Equal(256, result.Value.ToFloats().Length);
        Assert.Contains("\"text\"", Deployment.Requests[0].DecryptedBody, StringComparison.Ordinal);
        Assert.DoesNotContain("\"text\"", Deployment.Requests[0].WireBodyText, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Models_AreListedInTheClear()
    {
        var models = await Client.OpenAI.GetOpenAIModelClient().GetModelsAsync().OrTimeout();
        Assert.Equal(8, models.Value.Count);
        RecordedRequest request = Assert.Single(Deployment.AllRequests, request => request.PathAndQuery == "/v1/models");

        // Not even a list is asked of a deployment that has not proved itself.
        Assert.Equal(request, Deployment.AllRequests[^1]);
        Assert.Contains(Deployment.AllRequests, earlier => earlier.PathAndQuery == "/privatemode/v1/attest");
        Assert.Matches("^sdk_[0-9a-f-]{36}$", request.RequestId);
    }

    [Theory]
    [InlineData(400, ServiceFailureReason.ClientTooOld)]
    [InlineData(413, ServiceFailureReason.InvalidRequest)]
    [InlineData(403, ServiceFailureReason.Other)]
    [InlineData(404, ServiceFailureReason.Other)]
    [InlineData(426, ServiceFailureReason.ClientTooOld)]
    [InlineData(500, ServiceFailureReason.Other)]
    [InlineData(501, ServiceFailureReason.Other)]
    [InlineData(502, ServiceFailureReason.Unavailable)]
    [InlineData(504, ServiceFailureReason.Unavailable)]
    public async Task Chat_PlainError_IsReportedOnceAndUnauthenticated(int status, ServiceFailureReason reason)
    {
        Deployment.Faults.Inject(Fault.UnencryptedError(status, "what the gateway said"));
        PrivatemodeServiceException exception = Assert.IsType<PrivatemodeServiceException>(await AskAsync());
        Assert.Equal((reason, status), (exception.Reason, exception.Status));
        Assert.Equal("what the gateway said", exception.ServerMessage);
        Assert.False(exception.IsServerMessageAuthenticated);
        Assert.DoesNotContain("gateway said", exception.ToString(), StringComparison.Ordinal);
        Assert.Single(Deployment.Requests);
    }

    [Fact]
    public async Task Chat_EncryptedError_IsReportedAndAuthenticated()
    {
        Deployment.Model.ReplyWithError(400, "your prompt is too long: hi hi hi", "context_length_exceeded");
        PrivatemodeServiceException exception = Assert.IsType<PrivatemodeServiceException>(await AskAsync());
        Assert.Equal("your prompt is too long: hi hi hi", exception.ServerMessage);
        Assert.Equal("context_length_exceeded", exception.ErrorCode);
        Assert.True(exception.IsServerMessageAuthenticated);
        Assert.StartsWith("sdk_", exception.RequestId, StringComparison.Ordinal);
        Assert.DoesNotContain("hi hi hi", exception.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Stream_EncryptedError_IsReportedAndAuthenticated()
    {
        Deployment.Model.ReplyWithError(422, "no such parameter");
        (_, Exception? exception) = await StreamAsync();
        PrivatemodeServiceException service = Assert.IsType<PrivatemodeServiceException>(exception);
        Assert.Equal(("no such parameter", 422, true), (service.ServerMessage, service.Status, service.IsServerMessageAuthenticated));
    }

    [Fact]
    public async Task PlainClient_EncryptedError_IsTheClientsOwnExceptionWithTheDecryptedText()
    {
        Deployment.Model.ReplyWithError(400, "opened text", "the_code");
        ClientResultException exception = await Assert.ThrowsAsync<ClientResultException>(
            () => Client.OpenAI.GetChatClient(ModelId).CompleteChatAsync("hi").OrTimeout());
        Assert.Equal(400, exception.Status);
        Assert.Contains("opened text", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Chat_TamperedEncryptedError_IsAnIntegrityException()
    {
        Deployment.Model.SetFallback(_ => ScriptedAnswer.Error(400, "text"));
        Deployment.Faults.Inject(Fault.TamperEvent(0));
        Assert.Equal("not-authentic", Assert.IsType<PrivatemodeIntegrityException>(await AskAsync()).ErrorType);
    }

    [Fact]
    public async Task Chat_UnknownModel_SaysSo()
    {
        PrivatemodeServiceException exception = await Assert.ThrowsAsync<PrivatemodeModelUnavailableException>(
            () => Microsoft.Extensions.AI.ChatClientExtensions.GetResponseAsync(Client.AsIChatClient("kimi-k2.6"), "hi").OrTimeout());
        Assert.Equal(ServiceFailureReason.ModelUnavailable, exception.Reason);
        Assert.Equal("404", exception.ErrorCode);
    }

    [Fact]
    public async Task Chat_ModelServerRefusesTheModel_IsEncrypted()
    {
        PrivatemodeServiceException exception = await Assert.ThrowsAsync<PrivatemodeModelUnavailableException>(
            () => Microsoft.Extensions.AI.ChatClientExtensions.GetResponseAsync(Client.AsIChatClient("kimi-k2.6"), "hi").OrTimeout());
        Assert.True(exception.IsServerMessageAuthenticated);
        Assert.Contains("kimi-k2.6", exception.ServerMessage, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Embeddings_ModelServerMissesTheInput_SaysSoEncrypted()
    {
        ClientResultException exception = await Assert.ThrowsAsync<ClientResultException>(EmbedNothingAsync);
        Assert.Equal(400, exception.Status);
        Assert.Contains("Field required: input", exception.Message, StringComparison.Ordinal);

        // What is not sealed would go through altered.
        Deployment.Faults.Inject(Fault.TamperEvent(0));
        Assert.Equal("not-authentic", (await Assert.ThrowsAsync<PrivatemodeIntegrityException>(EmbedNothingAsync)).ErrorType);

        Task EmbedNothingAsync() => Client.OpenAI.GetEmbeddingClient("qwen3-embedding-4b").GenerateEmbeddingsAsync(
            BinaryContent.Create(BinaryData.FromString("""{"model":"qwen3-embedding-4b","dimensions":8}"""))).OrTimeout();
    }

    [Fact]
    public async Task Chat_KeyIsRejectedLater_IsAConfigurationException()
    {
        await AskAsync();
        Deployment.Faults.Inject(Fault.UnencryptedError(401, "key revoked"));
        Assert.Equal("ApiKey", Assert.IsType<PrivatemodeConfigurationException>(await AskAsync()).Setting);
    }

    [Theory]
    [InlineData(201)]
    [InlineData(202)]
    [InlineData(299)]
    public async Task AuthenticAnswer_WithAnotherSuccessStatus_IsTheAnswer(int status)
    {
        Deployment.Faults.Inject(Fault.ChangeStatus(status), times: 2);
        Assert.Equal("You said: hi", (await Chat.GetResponseAsync("hi").OrTimeout()).Text);
        using HttpClient http = new(Client.CreateHandler()) { BaseAddress = Deployment.Endpoint };
        using StringContent body = new(
            $$"""{"model":"{{ModelId}}","messages":[{"role":"user","content":"hi"}]}""", Encoding.UTF8, "application/json");
        using HttpResponseMessage response = await http.PostAsync("/v1/chat/completions", body).OrTimeout();

        // The OpenAI client, which may be above the handler, accepts no other.
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
    }

    [Fact]
    public async Task Chat_NewerFormat_SaysThatTheClientIsTooOld()
    {
        Deployment.Faults.Inject(Fault.NewerResponseFormat);
        AssertTooOld(await AskAsync(), "The service answers in a newer format.");
    }

    [Fact]
    public async Task Chat_RefusedBeforeDecryption_SaysThatTheClientIsTooOld()
    {
        // This is how third parties describe the answer of newer services to a body that is not in their format.
        Deployment.Faults.Inject(Fault.UnencryptedError(400, "request is not encrypted"));
        PrivatemodeServiceException exception = AssertTooOld(await AskAsync(), "refused the encrypted request without decrypting it");
        Assert.Equal((400, "request is not encrypted", false), (exception.Status, exception.ServerMessage, exception.IsServerMessageAuthenticated));
    }

    [Fact]
    public async Task Chat_RefusedAfterDecryption_IsAboutTheRequest()
    {
        Deployment.Faults.Inject(Fault.EncryptedError(400, "no such parameter"));
        Assert.Equal(ServiceFailureReason.InvalidRequest, Assert.IsType<PrivatemodeServiceException>(await AskAsync()).Reason);
    }

    private static PrivatemodeServiceException AssertTooOld(Exception? failure, string cause)
    {
        PrivatemodeServiceException exception = Assert.IsType<PrivatemodeServiceException>(failure);
        Assert.Equal(ServiceFailureReason.ClientTooOld, exception.Reason);
        Assert.All(
            [cause, "protocol v1.40.0", "Update this package", "Transport.UseDangerousUnverifiedLocalProxy", "docs/local-proxy.md"],
            text => Assert.Contains(text, exception.Message, StringComparison.Ordinal));
        return exception;
    }
}
