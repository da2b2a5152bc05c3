using System.Text.Json;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.DependencyInjection;
using Privatemode.AI.Testing;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.EcosystemTests.ExtensionsAI;

/// <summary>Embedding generators with the middleware of Microsoft.Extensions.AI.</summary>
public sealed class MiddlewareEmbeddingTests : ExtensionsAITest
{
    private IEmbeddingGenerator<string, Embedding<float>> Generator => Client.AsIEmbeddingGenerator(EmbeddingModelId);

    [Fact]
    public async Task Extensions_OfTheAbstraction_Work()
    {
        Assert.Equal(4, (await Generator.GenerateVectorAsync("one", new EmbeddingGenerationOptions { Dimensions = 4 }).OrTimeout()).Length);
        Embedding<float> embedding = await Generator.GenerateAsync("two").OrTimeout();
        Assert.Equal(EmbeddingModelId, embedding.ModelId);
        Assert.NotNull(embedding.GetPrivatemodeReceipt());
        (string Value, Embedding<float> Embedding)[] zipped = await Generator.GenerateAndZipAsync(["three", "four"]).OrTimeout();
        Assert.Equal(["three", "four"], zipped.Select(item => item.Value));
        Assert.Equal(4, (int?)Bodies()[0].GetProperty("dimensions").GetInt32());
        AssertSentEncrypted("three", "four");
    }

    [Fact]
    public async Task Cache_SendsOnlyTheTextsItDoesNotHave()
    {
        using IEmbeddingGenerator<string, Embedding<float>> generator = Generator.AsBuilder().UseDistributedCache(CreateCache()).Build();
        GeneratedEmbeddings<Embedding<float>> first = await generator.GenerateAsync(["a", "b"]).OrTimeout();
        GeneratedEmbeddings<Embedding<float>> second = await generator.GenerateAsync(["b", "c", "a"]).OrTimeout();
        Assert.Equal(["""["a","b"]""", """["c"]"""], Bodies().Select(body => body.GetProperty("input").GetRawText()));
        Assert.Equal(first[1].Vector.ToArray(), second[0].Vector.ToArray());
        Assert.Equal(first[0].Vector.ToArray(), second[2].Vector.ToArray());

        // Each vector has the receipt of the request that brought it.
        Assert.Equal(
            [Deployment.Requests[0].RequestId, Deployment.Requests[1].RequestId, Deployment.Requests[0].RequestId],
            second.Select(embedding => embedding.GetPrivatemodeReceipt()?.RequestId));
        Assert.Equal(first[0].GetPrivatemodeReceipt(), second[2].GetPrivatemodeReceipt());
    }

    [Theory]
    [InlineData("error")]
    [InlineData("tampered")]
    [InlineData("clear")]
    public async Task FailedCall_IsNeverCached(string failure)
    {
        using IEmbeddingGenerator<string, Embedding<float>> generator = Generator.AsBuilder().UseDistributedCache(CreateCache()).Build();
        Deployment.Faults.Inject(failure switch
        {
            "error" => Fault.EncryptedError(400, "too long"),
            "tampered" => Fault.TamperEvent(0),
            _ => Fault.UnencryptedSuccess(),
        });
        await Assert.ThrowsAnyAsync<PrivatemodeException>(() => generator.GenerateAsync(["a"]).OrTimeout());
        _ = await generator.GenerateAsync(["a"]).OrTimeout();
        _ = await generator.GenerateAsync(["a"]).OrTimeout();
        Assert.Equal(2, Deployment.Requests.Count);
    }

    [Fact]
    public async Task ConfigureOptions_WithOptionsOfTheLibrary_ReachTheRequest()
    {
        TextEmbeddingOptions options = new() { QueryInstruction = "Find the city.", MaxBatchSize = 1, MaxDegreeOfParallelism = 1 };
        await using ServiceProvider provider = BuildProvider(
            services => services.AddPrivatemodeEmbeddingGenerator(EmbeddingModelId).ConfigureOptions(own => own.Dimensions = 6).UseOpenTelemetry());
        IEmbeddingGenerator<string, Embedding<float>> generator = provider.GetRequiredService<IEmbeddingGenerator<string, Embedding<float>>>();
        GeneratedEmbeddings<Embedding<float>> embeddings = await generator.GenerateAsync(["one", "two"], options).OrTimeout();
        Assert.All(embeddings, embedding => Assert.Equal(6, embedding.Dimensions));
        Assert.Equal(2, Bodies().Count);
        Assert.Contains("Find the city.", Bodies()[0].GetProperty("input").GetRawText(), StringComparison.Ordinal);
        Assert.Null(options.Dimensions);
    }

    [Fact]
    public async Task Dimensions_ThatTheServerDoesNotGive_AreAnErrorAndNotAVector()
    {
        _ = Deployment.Model.ReplyWithEmbeddings([1f, 0f, 0f]);
        using IEmbeddingGenerator<string, Embedding<float>> generator = Generator.AsBuilder().UseDistributedCache(CreateCache()).UseOpenTelemetry().Build();
        await Assert.ThrowsAsync<PrivatemodeServiceException>(
            () => generator.GenerateAsync(["a"], new EmbeddingGenerationOptions { Dimensions = 8 }).OrTimeout());
    }

    [Fact]
    public async Task SemanticRouting_EncryptsTheQuestionForTheRouterToo()
    {
        Deployment.Model.SetEmbedding("code", 1f, 0f);
        Deployment.Model.SetEmbedding("weather", 0f, 1f);
        Deployment.Model.SetEmbedding(Question, 0.1f, 0.9f);
        IChatClient coder = Client.AsIChatClient(ModelId);
        Dictionary<IChatClient, IReadOnlyList<string>> routes = new()
        {
            [coder] = ["code"],
            [Client.AsIChatClient("gemma-3-27b")] = ["weather"],
        };
        using SemanticRoutingChatClient chat = new(Generator, routes, coder);
        Assert.Equal("gemma-3-27b", (await AskAsync(chat)).ModelId);
        AssertSentEncrypted("umbrella");
    }

    private List<JsonElement> Bodies() => [.. Deployment.Requests.Where(request => request.PathAndQuery == "/v1/embeddings").Select(request =>
    {
        using JsonDocument document = JsonDocument.Parse(request.DecryptedBody!);
        return document.RootElement.Clone();
    })];
}
