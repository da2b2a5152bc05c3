using Microsoft.Extensions.AI;
using Microsoft.Extensions.DependencyInjection;
using Privatemode.AI.Testing;
using Privatemode.AI.Tests.Chat;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.Tests.Issues;

/// <summary>A wrong model ID was answered with the IDs of all models, but neither with the wrong one nor with the one that was meant. One with a space was
/// reported as a leak.</summary>
public sealed class WrongModelIdTests(ChatFixture fixture) : IClassFixture<ChatFixture>
{
    private const string Key = "0b5cbb0e-1f0a-4c0e-9a53-0c6b0a4f8f7d";

    [Theory]
    [InlineData("gpt-oss-120B", "gpt-oss-120b")]
    [InlineData("gpt-oss120b", "gpt-oss-120b")]
    [InlineData("openai/gpt-oss_120b", "gpt-oss-120b")]
    [InlineData("gtp-oss-120b", "gpt-oss-120b")]
    [InlineData("gpt-4o", null)]
    [InlineData("qwen3-embedding-4", null)]
    public async Task UnknownModel_IsNamed_WithTheOneThatIsProbablyMeant(string wrong, string? meant)
    {
        foreach (bool streamed in (bool[])[false, true])
        {
            PrivatemodeModelUnavailableException exception = await FailAsync(wrong, streamed);

            Assert.StartsWith(
                $"The service answered with status 404: it does not offer the model '{wrong}' for this endpoint. Check the model ID. " +
                    $"{(meant is null ? "" : $"Did you mean {meant}? ")}Models for the task 'generate': ",
                exception.Message, StringComparison.Ordinal);
            Assert.Contains(ChatFixture.Model, exception.AvailableModelIds);
            Assert.DoesNotContain("qwen3-embedding-4b", exception.AvailableModelIds);
            Assert.DoesNotContain("whisper-large-v3", exception.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task ModelOfAnotherTask_IsNamed_WithTheModelsOfTheTask()
    {
        PrivatemodeModelUnavailableException exception = await FailAsync("qwen3-embedding-4b", streamed: false);

        Assert.StartsWith(
            "The service answered with status 404: the model 'qwen3-embedding-4b' does not support this task. Choose another model. Models for the task " +
                "'generate': ",
            exception.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("Did you mean", exception.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(" gpt-oss-120b", "contains white space")]
    [InlineData("gpt-oss-120b\n", "contains white space")]
    [InlineData("gpt oss", "contains white space")]
    [InlineData("gpt-oss-120b\u200b", "characters that are not allowed")]
    [InlineData("gpt-oss:120b", "characters that are not allowed")]
    [InlineData("\ud800", "characters that are not allowed")]
    [InlineData("mödel", "characters that are not allowed")]
    [InlineData(Key, "looks like an API key")]
    [InlineData("sk-ant-0123456789", "looks like an API key")]
    public async Task UnusableModel_IsAMistakeOfTheCall_AndNotALeak(string model, string fault)
    {
        int before = fixture.Deployment.Requests.Count;
        Assert.All(
            (Func<object>[])
            [
                () => fixture.Client.AsIChatClient(model),
                () => fixture.Client.AsIEmbeddingGenerator(model),
                () => fixture.Client.AsISpeechToTextClient(model),
                () => fixture.Client.GetTextCompletionClient(model),
                () => new ServiceCollection().AddPrivatemodeChatClient(model),
                () => new ServiceCollection().AddKeyedPrivatemodeEmbeddingGenerator("key", model),
                () => new ServiceCollection().AddPrivatemodeSpeechToTextClient(model),
            ],
            create => AssertRefused("modelId", Assert.Throws<PrivatemodeRequestException>(create), model, fault));

        AssertRefused("ChatOptions.ModelId", await Assert.ThrowsAsync<PrivatemodeRequestException>(
            () => fixture.Chat.GetResponseAsync("hi", new() { ModelId = model })), model, fault);
        AssertRefused("EmbeddingGenerationOptions.ModelId", await Assert.ThrowsAsync<PrivatemodeRequestException>(
            () => fixture.Client.AsIEmbeddingGenerator("qwen3-embedding-4b").GenerateAsync(["hi"], new() { ModelId = model })), model, fault);
        AssertRefused("SpeechToTextOptions.ModelId", await Assert.ThrowsAsync<PrivatemodeRequestException>(
            () => fixture.Client.AsISpeechToTextClient("whisper-large-v3").GetTextAsync(new MemoryStream(Recording.Wave()), new() { ModelId = model })),
            model, fault);
        AssertRefused("TextCompletionRequest.ModelId", await Assert.ThrowsAsync<PrivatemodeRequestException>(
            () => fixture.Client.GetTextCompletionClient(ChatFixture.Model).CompleteAsync(new("hi") { ModelId = model })), model, fault);
        Assert.Equal(before, fixture.Deployment.Requests.Count);
    }

    [Fact]
    public void TooLongModel_IsAMistakeOfTheCall() => AssertRefused(
        "modelId", Assert.Throws<PrivatemodeRequestException>(() => fixture.Client.AsIChatClient(new string('m', 129))), new string('m', 129), "is too long");

    [Fact]
    public async Task ApiKeyAsTheModelOfTheOpenAIClient_IsNotInTheMessage()
    {
        fixture.Deployment.Faults.Inject(Fault.UnencryptedError(404, "The model does not exist."));
        PrivatemodeServiceException? failure = null;
        using HttpClient http = new(fixture.Client.CreateHandler()) { BaseAddress = fixture.Deployment.Endpoint };
        using HttpRequestMessage request = new(HttpMethod.Post, "/v1/chat/completions")
        {
            Content = new StringContent($$"""{"model":"{{Key}}","messages":[{"role":"user","content":"hi"}]}""", null, "application/json"),
        };
        using HttpResponseMessage response = await http.SendAsync(request).OrTimeout();
        _ = request.Options.TryGetValue(new HttpRequestOptionsKey<PrivatemodeException>("Privatemode.AI.ServiceError"), out PrivatemodeException? error);
        failure = Assert.IsType<PrivatemodeServiceException>(error);

        Assert.Equal("The service answered with status 404: it does not offer this model for this endpoint. Check the model ID.", failure.Message);
    }

    private async Task<PrivatemodeModelUnavailableException> FailAsync(string model, bool streamed)
    {
        IChatClient chat = fixture.Client.AsIChatClient(model);
        return await Assert.ThrowsAsync<PrivatemodeModelUnavailableException>(
            () => (streamed ? chat.GetStreamingResponseAsync("hi").ToChatResponseAsync() : chat.GetResponseAsync("hi")).OrTimeout());
    }

    private static void AssertRefused(string member, PrivatemodeRequestException exception, string model, string fault)
    {
        Assert.Equal(member, exception.Member);
        Assert.Contains(fault, exception.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(model, exception.ToString(), StringComparison.Ordinal);
    }
}
