using Microsoft.Extensions.AI;
using OpenAI.Embeddings;
using EmbeddingGenerationOptions = Microsoft.Extensions.AI.EmbeddingGenerationOptions;

namespace Privatemode.AI.Tests.Embeddings;

public sealed class EmbeddingGeneratorTests
{
    [Fact]
    public void GetService_KnowsMetadataClientAndItself()
    {
        using EmbeddingBench bench = EmbeddingBench.Numbers(dimensions: 8);
        EmbeddingGeneratorMetadata metadata = bench.Generator.GetService<EmbeddingGeneratorMetadata>()!;

        Assert.Equal(("privatemode", EmbeddingBench.Model, 8), (metadata.ProviderName, metadata.DefaultModelId, metadata.DefaultModelDimensions));
        Assert.Equal(new Uri("http://127.0.0.1:1"), metadata.ProviderUri);
        Assert.Same(bench.Client, bench.Generator.GetService<EmbeddingClient>());
        Assert.Same(bench.Generator, bench.Generator.GetService<IEmbeddingGenerator>());
        Assert.Null(bench.Generator.GetService<EmbeddingClient>("key"));
        Assert.Null(bench.Generator.GetService<string>());
        Assert.Throws<ArgumentNullException>(() => bench.Generator.GetService(null!));
    }

    [Fact]
    public async Task Dispose_DoesNothing()
    {
        using EmbeddingBench bench = EmbeddingBench.Numbers();
        bench.Generator.Dispose();

        Assert.Single(await bench.GenerateAsync(["1"]));
        await Assert.ThrowsAsync<ArgumentNullException>(() => bench.Generator.GenerateAsync(null!));
    }

    [Fact]
    public void Options_Cloned_KeepEverything()
    {
        TextEmbeddingOptions options = new()
        {
            ModelId = "m",
            Dimensions = 3,
            AdditionalProperties = new() { ["a"] = 1 },
            RawRepresentationFactory = _ => null,
            QueryInstruction = "task",
            MaxBatchSize = 1,
            MaxBatchBytes = 2,
            MaxDegreeOfParallelism = 3,
        };

        TextEmbeddingOptions clone = Assert.IsType<TextEmbeddingOptions>(((EmbeddingGenerationOptions)options).Clone());

        Assert.Equal(("m", 3, "task"), (clone.ModelId, clone.Dimensions, clone.QueryInstruction));
        Assert.Equal((1, 2, 3), (clone.MaxBatchSize, clone.MaxBatchBytes, clone.MaxDegreeOfParallelism));
        Assert.Same(options.RawRepresentationFactory, clone.RawRepresentationFactory);
        Assert.NotSame(options.AdditionalProperties, clone.AdditionalProperties);
        Assert.Equal(1, clone.AdditionalProperties!["a"]);
    }

    [Fact]
    public void Options_LessThanOne_AreRefused()
    {
        TextEmbeddingOptions options = new();

        Assert.Throws<ArgumentOutOfRangeException>(() => options.MaxBatchSize = 0);
        Assert.Throws<ArgumentOutOfRangeException>(() => options.MaxBatchBytes = 0);
        Assert.Throws<ArgumentOutOfRangeException>(() => options.MaxDegreeOfParallelism = -1);
        Assert.Equal((512, 512 * 1024, 4), (options.MaxBatchSize, options.MaxBatchBytes, options.MaxDegreeOfParallelism));
    }

    [Fact]
    public void AsIEmbeddingGenerator_WithoutModelOrLength_IsRefused()
    {
        using PrivatemodeClient client = new("key");

        Assert.Throws<ArgumentException>(() => client.AsIEmbeddingGenerator(""));
        Assert.Throws<ArgumentOutOfRangeException>("defaultModelDimensions", () => client.AsIEmbeddingGenerator("m", 0));
    }
}
