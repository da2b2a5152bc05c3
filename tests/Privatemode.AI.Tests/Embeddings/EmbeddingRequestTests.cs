using System.Text.Json;
using Microsoft.Extensions.AI;
using Privatemode.AI.Tests.Chat;
using OpenAIOptions = OpenAI.Embeddings.EmbeddingGenerationOptions;

namespace Privatemode.AI.Tests.Embeddings;

public sealed class EmbeddingRequestTests
{
    [Fact]
    public async Task Request_WithoutOptions_AsksForBase64OfTheTextsAsTheyAre()
    {
        ChatFixture.AssertJson(
            """{"input":["1","2"],"model":"qwen3-embedding-4b","encoding_format":"base64"}""", await PostAsync(null, texts: ["1", "2"]));
    }

    [Fact]
    public async Task Request_DefaultDimensions_AreAskedForUnlessTheCallSaysOthers()
    {
        Assert.Equal(2, (await ParseAsync(null, dimensions: 2)).GetProperty("dimensions").GetInt32());
        Assert.Equal(2, (await ParseAsync(new EmbeddingGenerationOptions { Dimensions = 2 }, dimensions: 1024)).GetProperty("dimensions").GetInt32());
    }

    [Fact]
    public async Task Request_TypedOptionsAndExtraMembers_ArePosted()
    {
        string body = await PostAsync(new TextEmbeddingOptions
        {
            ModelId = "other",
            Dimensions = 2,
            AdditionalProperties = new() { ["truncate_prompt_tokens"] = 100, ["user"] = "me", ["nested"] = new Dictionary<string, object?> { ["a"] = null } },
        });

        ChatFixture.AssertJson(
            """
            {"input":["1"],"model":"other","encoding_format":"base64","dimensions":2,"truncate_prompt_tokens":100,"user":"me","nested":{"a":null}}
            """, body);
    }

    [Theory]
    [InlineData("input")]
    [InlineData("model")]
    [InlineData("encoding_format")]
    [InlineData("dimensions")]
    [InlineData("not a name")]
    [InlineData("")]
    public async Task ExtraMember_OfAReservedName_IsRefusedBeforeAnythingIsSent(string name)
    {
        using EmbeddingBench bench = EmbeddingBench.Numbers();

        PrivatemodeRequestException exception = await Assert.ThrowsAsync<PrivatemodeRequestException>(
            () => bench.GenerateAsync(["1"], new EmbeddingGenerationOptions { AdditionalProperties = new() { [name] = "canary" } }));

        Assert.Equal("EmbeddingGenerationOptions.AdditionalProperties", exception.Member);
        Assert.DoesNotContain("canary", exception.ToString(), StringComparison.Ordinal);
        Assert.Empty(bench.Handler.Bodies);
    }

    [Fact]
    public async Task ExtraMember_NotOfAJsonKind_IsRefused()
    {
        using EmbeddingBench bench = EmbeddingBench.Numbers();

        await Assert.ThrowsAsync<PrivatemodeRequestException>(
            () => bench.GenerateAsync(["1"], new EmbeddingGenerationOptions { AdditionalProperties = new() { ["extra"] = new object() } }));
    }

    [Fact]
    public async Task ExtraMember_AlsoSetByTheFactory_IsRefused()
    {
        foreach (string name in (string[])["user", "extra"])
        {
            using EmbeddingBench bench = EmbeddingBench.Numbers();
            EmbeddingGenerationOptions options = new()
            {
                RawRepresentationFactory = _ =>
                {
                    OpenAIOptions raw = new() { EndUserId = "me" };
                    raw.Patch.Set("$.extra"u8, 1);
                    return raw;
                },
                AdditionalProperties = new() { [name] = "x" },
            };

            await Assert.ThrowsAsync<PrivatemodeRequestException>(() => bench.GenerateAsync(["1"], options));
            Assert.Empty(bench.Handler.Bodies);
        }
    }

    [Fact]
    public async Task Factory_IsTheBase_OfEveryRequest()
    {
        using EmbeddingBench bench = EmbeddingBench.Numbers();
        TextEmbeddingOptions options = new()
        {
            MaxBatchSize = 1,
            MaxDegreeOfParallelism = 1,
            Dimensions = 7,
            RawRepresentationFactory = generator =>
            {
                Assert.Same(bench.Generator, generator);
                return new OpenAIOptions { Dimensions = 2, EndUserId = "me" };
            },
        };

        await bench.GenerateAsync(["1", "2"], options);

        Assert.Equal(2, bench.Handler.Bodies.Count);
        ChatFixture.AssertJson(
            """{"input":["2"],"model":"qwen3-embedding-4b","encoding_format":"base64","dimensions":2,"user":"me"}""", bench.Handler.Bodies[1]);
    }

    [Fact]
    public async Task Factory_ThatGivesObjectsThatCallThemselvesEqual_IsTakenAtTheirIdentity()
    {
        using EmbeddingBench bench = EmbeddingBench.Numbers();
        await bench.GenerateAsync(["1", "2"], new TextEmbeddingOptions { MaxBatchSize = 1, RawRepresentationFactory = _ => new EqualOptions() });
        Assert.Equal(2, bench.Handler.Bodies.Count);
    }

    [Fact]
    public async Task Factory_ThatGivesTheSameObjectToTwoRequests_IsRefusedBeforeAnythingIsSent()
    {
        using EmbeddingBench bench = EmbeddingBench.Numbers();
        OpenAIOptions shared = new();

        PrivatemodeRequestException exception = await Assert.ThrowsAsync<PrivatemodeRequestException>(() => bench.GenerateAsync(
            ["1", "2"], new TextEmbeddingOptions { MaxBatchSize = 1, RawRepresentationFactory = _ => shared }));

        Assert.Equal("EmbeddingGenerationOptions.RawRepresentationFactory", exception.Member);
        Assert.Empty(bench.Handler.Bodies);
    }

    [Fact]
    public async Task Query_IsSentWithItsInstruction_AndADocumentWithoutOne()
    {
        using EmbeddingBench bench = new((body, _) => Task.FromResult(Fakes.WaitingHandler.Json(EmbeddingBench.Answer(EmbeddingBench.Item(0, "[1]")))));

        await bench.GenerateAsync(["What is X-Wing?"], new TextEmbeddingOptions { QueryInstruction = "Find an answer" });
        await bench.GenerateAsync(["What is X-Wing?"], new TextEmbeddingOptions());

        Assert.Equal(["Instruct: Find an answer\nQuery: What is X-Wing?"], EmbeddingBench.Texts(bench.Handler.Bodies[0]));
        Assert.Equal(["What is X-Wing?"], EmbeddingBench.Texts(bench.Handler.Bodies[1]));
    }

    private static async Task<JsonElement> ParseAsync(EmbeddingGenerationOptions? options, int? dimensions) =>
        JsonElement.Parse(await PostAsync(options, dimensions, ["1"]));

    private static async Task<string> PostAsync(EmbeddingGenerationOptions? options, int? dimensions = null, params string[] texts)
    {
        using EmbeddingBench bench = EmbeddingBench.Numbers(dimensions);
        await bench.GenerateAsync(texts.Length == 0 ? ["1"] : texts, options);
        return Assert.Single(bench.Handler.Bodies);
    }

    private sealed class EqualOptions : OpenAIOptions
    {
        public override bool Equals(object? obj) => obj is EqualOptions;

        public override int GetHashCode() => 0;
    }
}
