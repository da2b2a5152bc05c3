using System.Text.Json.Nodes;
using Microsoft.Extensions.AI;
using Privatemode.AI.Testing;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.EcosystemTests.ExtensionsAI;

/// <summary>The adapters of Microsoft.Extensions.AI.OpenAI over the encrypting OpenAI client, beside the library's own.</summary>
public sealed class OpenAIAdapterTests : ExtensionsAITest
{
    private static ChatOptions AllOptions => new()
    {
        Instructions = "Be brief.",
        Temperature = 0.5f,
        TopP = 0.9f,
        MaxOutputTokens = 100,
        Seed = 7,
        FrequencyPenalty = 0.1f,
        PresencePenalty = 0.2f,
        StopSequences = ["END"],
        Tools = [Weather],
        ToolMode = ChatToolMode.Auto,
        AllowMultipleToolCalls = true,
        ResponseFormat = ChatResponseFormat.ForJsonSchema<TypedAnswerTests.Day>(),
        Reasoning = new ReasoningOptions { Effort = ReasoningEffort.Low },

        // Without it, their adapter changes schemas nevertheless.
        AdditionalProperties = new() { ["strict"] = true },
    };

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Chat_SendsTheSameBodyAsTheLibrarysClient(bool isStreaming)
    {
        ChatMessage[] messages =
        [
            new(ChatRole.System, "You know the weather."), new(ChatRole.User, Question),
            new(ChatRole.Assistant, [new FunctionCallContent("call_1", ToolName, new Dictionary<string, object?> { ["city"] = "Bochum" })]),
            new(ChatRole.Tool, [new FunctionResultContent("call_1", "clear sky")]),
        ];
        using IChatClient theirs = Client.OpenAI.GetChatClient(ModelId).AsIChatClient();
        Deployment.Model.SetFallback(_ => ScriptedAnswer.Text(Answer));
        foreach (IChatClient chat in (IChatClient[])[Chat, theirs])
        {
            Assert.Equal(Answer, (await AskAsync(chat, messages, AllOptions, isStreaming)).Text);
        }

        AssertSameBodies(ChatBodies[0], ChatBodies[1]);
        Assert.All(Deployment.Requests, request => Assert.StartsWith("Privatemode.AI/", request.Headers["User-Agent"], StringComparison.Ordinal));
        AssertSentEncrypted("umbrella", "clear sky", "Be brief");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Chat_ToolLoopAndErrors_WorkToo(bool isStreaming)
    {
        ScriptCall();
        using IChatClient chat = Client.OpenAI.GetChatClient(ModelId).AsIChatClient().AsBuilder().UseFunctionInvocation().Build();
        Assert.Equal(Answer, (await AskAsync(chat, options: WithWeather, isStreaming: isStreaming)).Messages[^1].Text);
        Deployment.Faults.Inject(Fault.TamperEvent(isStreaming ? 2 : 0));
        await Assert.ThrowsAsync<PrivatemodeIntegrityException>(() => AskAsync(chat, "Say a few words to me", isStreaming: isStreaming));
    }

    [Fact]
    public async Task Embeddings_SendTheSameBody()
    {
        using IEmbeddingGenerator<string, Embedding<float>> theirs = Client.OpenAI.GetEmbeddingClient(EmbeddingModelId).AsIEmbeddingGenerator(8);
        Embedding<float> own = await Client.AsIEmbeddingGenerator(EmbeddingModelId, 8).GenerateAsync("umbrella").OrTimeout();
        Embedding<float> other = await theirs.GenerateAsync("umbrella").OrTimeout();
        Assert.Equal(own.Vector.ToArray(), other.Vector.ToArray());
        JsonObject[] bodies = [.. Deployment.Requests.Select(request => JsonNode.Parse(request.DecryptedBody!)!.AsObject())];
        AssertSameBodies(bodies[0], bodies[1]);
        AssertSentEncrypted("umbrella");
    }

    [Fact]
    public async Task Speech_IsEncrypted()
    {
        _ = Deployment.Model.ReplyWithTranscription("Guten Tag aus Bochum.");
        using ISpeechToTextClient theirs = Client.OpenAI.GetAudioClient(SpeechModelId).AsISpeechToTextClient();
        using MemoryStream audio = new(Recording.Wave(400, "hidden-words"));
        Assert.Equal("Guten Tag aus Bochum.", (await theirs.GetTextAsync(audio).OrTimeout()).Text);
        RecordedRequest request = Assert.Single(Deployment.Requests);
        Assert.True(request.DecryptedFields["file"].Span.IndexOf("hidden-words"u8) > 0);
        Assert.True(Deployment.GetReceivedBytes().AsSpan().IndexOf("hidden-words"u8) < 0);
    }

    // The service streams events of vLLM, which that adapter does not read: docs/endpoints.md. With OpenAI 2.15 it lacks a method that it calls.
    [Fact]
    public async Task StreamedSpeech_HasNoText()
    {
        _ = Deployment.Model.ReplyWithTranscription("Guten Tag aus Bochum.");
        using ISpeechToTextClient theirs = Client.OpenAI.GetAudioClient(SpeechModelId).AsISpeechToTextClient();
        using MemoryStream audio = new(Recording.Wave(400, "hidden-words"));
        string text = "";
        Exception? exception = await Record.ExceptionAsync(
            async () => text = (await theirs.GetStreamingTextAsync(audio).ToSpeechToTextResponseAsync().OrTimeout()).Text);
        Assert.True(exception is null or MissingMethodException, exception?.ToString());
        Assert.Equal("", text);
        Assert.True(Deployment.GetReceivedBytes().AsSpan().IndexOf("hidden-words"u8) < 0);
    }

    [Fact]
    public async Task OtherAdapters_AreRefusedBeforeAnythingIsSent()
    {
        using IImageGenerator images = Client.OpenAI.GetImageClient("image-model").AsIImageGenerator();
        await Assert.ThrowsAsync<PrivatemodeWouldLeakException>(() => images.GenerateImagesAsync(Question).OrTimeout());
        using ITextToSpeechClient voice = Client.OpenAI.GetAudioClient("voice-model").AsITextToSpeechClient();
        await Assert.ThrowsAsync<PrivatemodeWouldLeakException>(() => voice.GetAudioAsync(Question).OrTimeout());
        using IHostedFileClient files = Client.OpenAI.AsIHostedFileClient();
        using MemoryStream content = new("secret"u8.ToArray());
        await Assert.ThrowsAsync<PrivatemodeWouldLeakException>(() => files.UploadAsync(content, "text/plain", "secret.txt").OrTimeout());
        Assert.Empty(Deployment.AllRequests);
    }

    /// <summary>The salt of the prompt cache differs with each request, and the arguments of calls are texts in which white space may differ.</summary>
    private static void AssertSameBodies(JsonObject own, JsonObject other)
    {
        Assert.True(own.Remove("cache_salt") == other.Remove("cache_salt"));
        Assert.Equal(Sorted(own).ToJsonString(), Sorted(other).ToJsonString());
    }

    private static JsonNode Sorted(JsonNode node) => node switch
    {
        JsonObject members => new JsonObject(members.OrderBy(member => member.Key, StringComparer.Ordinal)
            .Select(member => KeyValuePair.Create(
                member.Key, member.Value is null ? null : Sorted(member.Key == "arguments" ? JsonNode.Parse((string)member.Value!)! : member.Value)))),
        JsonArray items => new JsonArray([.. items.Select(item => item is null ? null : Sorted(item))]),
        _ => node.DeepClone(),
    };
}
