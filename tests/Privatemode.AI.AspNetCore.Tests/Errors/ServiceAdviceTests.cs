using System.Net;
using System.Text.Json;
using Microsoft.Extensions.AI;
using Privatemode.AI.AspNetCore.Tests.Hosting;
using Privatemode.AI.Testing;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.AspNetCore.Tests.Errors;

/// <summary>Callers of the proxy get the advice of the adapters' exceptions, and what the service said.</summary>
public sealed class ServiceAdviceTests : ProxyTest
{
    [Theory]
    [InlineData(400, "request is not encrypted", "client_too_old")]
    [InlineData(400, "The client version is too old", "client_too_old")]
    [InlineData(404, "no such page", "service_error")]
    [InlineData(415, "unknown format", "client_too_old")]
    [InlineData(426, "upgrade", "client_too_old")]
    public async Task UnencryptedError_AboutTheProtocolOrTheAddress_HasTheAdviceOfTheAdapters(int status, string words, string code)
    {
        Deployment.Faults.Inject(Fault.UnencryptedError(status, words), times: 2);
        PrivatemodeServiceException exception = await AskAsync();
        (HttpStatusCode answered, JsonElement error) = await PostAsync();

        Assert.Equal(HttpStatusCode.BadGateway, answered);
        Assert.Equal(code, error.GetProperty("code").GetString());
        Assert.Equal($"{exception.Message} Unauthenticated answer of the service: {words}", error.GetProperty("message").GetString());
    }

    [Fact]
    public async Task UnencryptedError_ThatNamesTheModel_SaysThatTheModelIsNotOffered()
    {
        Deployment.Faults.Inject(Fault.UnencryptedError(404, "The model does not exist."), times: 2);
        PrivatemodeServiceException exception = await AskAsync();
        (HttpStatusCode answered, JsonElement error) = await PostAsync();

        Assert.Equal(ServiceFailureReason.ModelUnavailable, exception.Reason);
        Assert.Equal(HttpStatusCode.NotFound, answered);
        Assert.Equal("model_not_found", error.GetProperty("code").GetString());
        Assert.Equal("Unauthenticated answer of the service: The model does not exist.", error.GetProperty("message").GetString());
    }

    private async Task<PrivatemodeServiceException> AskAsync()
    {
        await using PrivatemodeClient client = Deployment.CreateClient();
        return await Assert.ThrowsAnyAsync<PrivatemodeServiceException>(() => client.AsIChatClient(ModelId).GetResponseAsync("hi").OrTimeout());
    }

    private async Task<(HttpStatusCode Status, JsonElement Error)> PostAsync()
    {
        using HttpResponseMessage answer = await Http.PostAsync(ChatPath, Json(ChatBody())).OrTimeout();
        using JsonDocument document = JsonDocument.Parse(await answer.Content.ReadAsStringAsync());
        return (answer.StatusCode, document.RootElement.GetProperty("error").Clone());
    }
}
