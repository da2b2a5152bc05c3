using Microsoft.Extensions.AI;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.IntegrationTests.Models;

/// <summary>The list of models, and what becomes of calls to models that are gone.</summary>
public sealed class ModelTests : DeploymentTest
{
    private static readonly string[] Others = ["qwen3-embedding-4b", "whisper-large-v3", "glm-5.3", "glm-5.3-flash", "deepseek-ocr-2", "voxtral-mini-3b"];

    private int Readings => Deployment.AllRequests.Count(request => request.PathAndQuery == "/v1/models");

    [Fact]
    public async Task List_NamesModelsWithTasksAndAliases()
    {
        Deployment.AddModel("openai/gpt-oss-120b", "generate", "tool_calling");

        IReadOnlyList<ModelInfo> models = await Client.Models.ListAsync().OrTimeout();

        Assert.Equal(["gpt-oss-120b", "gemma-3-27b", .. Others, "openai/gpt-oss-120b"], models.Select(model => model.Id));
        Assert.Equal(["openai/gpt-oss-120b"], models[0].Aliases);
        Assert.True(models[0] is { SupportsChat: true, SupportsTools: true, OwnedBy: "privatemode" });
        Assert.True(models[0] is { SupportsVision: false, SupportsEmbeddings: false, SupportsTranscription: false });
        Assert.True(models[1].SupportsVision);
        Assert.True(models[2].SupportsEmbeddings);
        Assert.True(models.Single(model => model.Id == "deepseek-ocr-2") is { SupportsChat: true, SupportsVision: true, SupportsTools: false });
        Assert.True(models.Single(model => model.Id == "voxtral-mini-3b") is { SupportsTranscription: true, SupportsChat: false });

        // Not even a list is asked of a deployment that has not proved itself.
        Assert.Contains(Deployment.AllRequests, earlier => earlier.PathAndQuery == "/privatemode/v1/attest");
    }

    [Fact]
    public async Task List_IsReadAnewAfterTenMinutes_AndTellsWhatChanged()
    {
        List<string> told = [];
        Client.Models.Changed += (_, change) => told.AddRange([.. change.Added.Select(model => $"+{model}"), .. change.Removed.Select(model => $"-{model}")]);
        await Client.Models.ListAsync().OrTimeout();
        Deployment.AddModel("kimi-k2.6", "generate");
        Assert.True(Deployment.RemoveModel("gemma-3-27b"));
        Assert.False(Deployment.RemoveModel("gemma-3-27b"));

        Assert.NotNull(await Client.Models.FindAsync("gemma-3-27b").OrTimeout());
        Time.Advance(TimeSpan.FromMinutes(10));
        Assert.Null(await Client.Models.FindAsync("gemma-3-27b").OrTimeout());

        Assert.True((await Client.Models.FindAsync("kimi-k2.6").OrTimeout())!.SupportsChat);
        Assert.Equal(["+kimi-k2.6", "-gemma-3-27b"], told);
        Assert.Equal(2, Readings);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Chat_WithAModelThatIsGone_NamesWhatThereIs(bool streamed)
    {
        Deployment.RemoveModel(ModelId);
        Exception? failure = streamed ? (await StreamAsync()).Failure : await AskAsync();

        PrivatemodeModelUnavailableException exception = Assert.IsType<PrivatemodeModelUnavailableException>(failure);
        Assert.Equal(["gemma-3-27b", "glm-5.3", "glm-5.3-flash", "deepseek-ocr-2"], exception.AvailableModelIds);
        Assert.Equal((ServiceFailureReason.ModelUnavailable, 404, "404"), (exception.Reason, exception.Status, exception.ErrorCode));
        Assert.True(exception.IsServerMessageAuthenticated);
        Assert.NotNull(exception.RequestId);
        Assert.EndsWith(
            "Models for the task 'generate': gemma-3-27b, glm-5.3, glm-5.3-flash, deepseek-ocr-2.", exception.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Speech_WithAModelThatIsGone_NamesWhatThereIs(bool streamed)
    {
        Deployment.RemoveModel("whisper-large-v3");
        ISpeechToTextClient speech = Client.AsISpeechToTextClient("whisper-large-v3");
        using MemoryStream audio = new(Recording.Wave());

        PrivatemodeModelUnavailableException exception = await Assert.ThrowsAsync<PrivatemodeModelUnavailableException>(async () =>
        {
            _ = streamed ? await speech.GetStreamingTextAsync(audio).ToSpeechToTextResponseAsync().OrTimeout() : await speech.GetTextAsync(audio).OrTimeout();
        });

        Assert.Equal(["voxtral-mini-3b"], exception.AvailableModelIds);
    }

    [Fact]
    public async Task Chat_WithAModelThatIsGone_AsksForTheListOnceAMinuteOnly()
    {
        Deployment.RemoveModel(ModelId);
        for (int i = 0; i < 5; i++)
        {
            Assert.IsType<PrivatemodeModelUnavailableException>(await AskAsync());
        }

        Assert.Equal(1, Readings);
    }

    [Fact]
    public async Task List_WithARejectedKey_IsAConfigurationException()
    {
        await using PrivatemodeClient client = Deployment.CreateClient(options => options.ApiKey = "wrong");
        await Assert.ThrowsAsync<PrivatemodeConfigurationException>(() => client.Models.ListAsync().OrTimeout());
    }
}
