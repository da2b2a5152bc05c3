using Microsoft.Extensions.AI;
using Microsoft.Extensions.DependencyInjection;
using OpenAI.Chat;
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

    /// <summary>Requests of the OpenAI client and of the message handler pass no adapter that checks the model ID.</summary>
    [Theory]
    [InlineData(Key)]
    [InlineData("0b5cbb0e1f0a4c0e9a530c6b0a4f8f7d")]
    [InlineData("sk-ant-0123456789")]
    public async Task ApiKeyAsTheModelOfARequest_IsNotSent(string key)
    {
        int before = fixture.Deployment.AllRequests.Count;
        using HttpClient http = new(fixture.Client.CreateHandler()) { BaseAddress = fixture.Deployment.Endpoint };
        const string Messages = """
            "messages":[{"role":"user","content":"hi"}]
            """;
        const string Input = "\"input\":\"hi\"";
        foreach ((string path, string rest) in ((string, string)[])
            [("chat/completions", Messages), ("messages", $"{Messages},\"max_tokens\":9"), ("responses", Input), ("embeddings", Input),
             ("completions", "\"prompt\":\"hi\"")])
        {
            using StringContent content = new($$"""{"model":"{{key}}",{{rest}}}""", null, "application/json");
            AssertRefused("model", await FailAsync(http, $"/v1/{path}", content), key, "looks like an API key");
        }

        using MultipartFormDataContent form = new() { { new StringContent(key), "model" }, { new ByteArrayContent(Recording.Wave()), "file", "a.wav" } };
        AssertRefused("model", await FailAsync(http, "/v1/audio/transcriptions", form), key, "looks like an API key");
        AssertRefused(
            "model",
            await Assert.ThrowsAsync<PrivatemodeRequestException>(
                () => fixture.Client.OpenAI.GetChatClient(key).CompleteChatAsync([new UserChatMessage("hi")]).OrTimeout()),
            key,
            "looks like an API key");
        Assert.Equal(before, fixture.Deployment.AllRequests.Count);
    }

    private static Task<PrivatemodeRequestException> FailAsync(HttpClient http, string path, HttpContent content) =>
        Assert.ThrowsAsync<PrivatemodeRequestException>(() => http.PostAsync(path, content).OrTimeout());

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
