using Microsoft.Extensions.AI;

namespace Privatemode.AI.Tests.Embeddings;

public sealed class EmbeddingAnswerTests
{
    private static readonly float[] Vector = [1.5f, -2f, 0.25f];

    public static TheoryData<string, string> Unusable => new()
    {
        { "too few", EmbeddingBench.Answer(EmbeddingBench.Item(0, "[1]")) },
        { "too many", EmbeddingBench.Answer(EmbeddingBench.Item(0, "[1]"), EmbeddingBench.Item(1, "[1]"), EmbeddingBench.Item(2, "[1]")) },
        { "duplicate", EmbeddingBench.Answer(EmbeddingBench.Item(1, "[1]"), EmbeddingBench.Item(1, "[1]")) },
        { "no index", EmbeddingBench.Answer(EmbeddingBench.Item(null, "[1]"), EmbeddingBench.Item(null, "[1]")) },
        { "beyond", EmbeddingBench.Answer(EmbeddingBench.Item(0, "[1]"), EmbeddingBench.Item(2, "[1]")) },
        { "negative", EmbeddingBench.Answer(EmbeddingBench.Item(0, "[1]"), EmbeddingBench.Item(-1, "[1]")) },
        { "other length", EmbeddingBench.Answer(EmbeddingBench.Item(0, "[1]"), EmbeddingBench.Item(1, "[1,2]")) },
        { "empty", EmbeddingBench.Answer(EmbeddingBench.Item(0, "[]"), EmbeddingBench.Item(1, "[]")) },
        { "no base64", EmbeddingBench.Answer(EmbeddingBench.Item(0, "\"canary!\""), EmbeddingBench.Item(1, "\"canary!\"")) },
        { "no floats", EmbeddingBench.Answer(EmbeddingBench.Item(0, "\"AAAA\""), EmbeddingBench.Item(1, "\"AAAA\"")) },
        { "text", EmbeddingBench.Answer(EmbeddingBench.Item(0, "[\"canary\"]"), EmbeddingBench.Item(1, "[\"canary\"]")) },
        { "other kind", """{"object":"list","data":"canary"}""" },
        { "no JSON", "canary" },
    };

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Embeddings_OfBothEncodings_AreRead(bool isBase64)
    {
        string vector = isBase64 ? EmbeddingBench.Base64(Vector) : "[1.5,-2,0.25]";
        using EmbeddingBench bench = EmbeddingBench.Of(EmbeddingBench.Answer(EmbeddingBench.Item(0, vector)));

        GeneratedEmbeddings<Embedding<float>> embeddings = await bench.GenerateAsync(["text"]);

        Embedding<float> only = Assert.Single(embeddings);
        Assert.Equal(Vector, only.Vector.ToArray());
        Assert.Equal("answered", only.ModelId);
        Assert.Equal((1L, 2L), (embeddings.Usage!.InputTokenCount, embeddings.Usage.TotalTokenCount));
    }

    [Fact]
    public async Task Embeddings_OutOfOrder_ArePutInOrder()
    {
        using EmbeddingBench bench = EmbeddingBench.Of(
            EmbeddingBench.Answer(EmbeddingBench.Item(2, "[2]"), EmbeddingBench.Item(0, "[0]"), EmbeddingBench.Item(1, "[1]")));

        GeneratedEmbeddings<Embedding<float>> embeddings = await bench.GenerateAsync(["a", "b", "c"]);

        Assert.Equal([0f, 1f, 2f], embeddings.Select(embedding => embedding.Vector.Span[0]));
    }

    [Theory]
    [MemberData(nameof(Unusable))]
    public async Task Embeddings_ThatDoNotFitTheTexts_AreRefused(string what, string answer)
    {
        using EmbeddingBench bench = EmbeddingBench.Of(answer);

        PrivatemodeServiceException exception = await Assert.ThrowsAsync<PrivatemodeServiceException>(() => bench.GenerateAsync(["a", "b"]));

        Assert.Equal((what, ServiceFailureReason.Other), (what, exception.Reason));
        Assert.DoesNotContain("canary", exception.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(3, true)]
    [InlineData(2, false)]
    [InlineData(4, false)]
    public async Task Dimensions_AskedFor_MustBeAnswered(int dimensions, bool fits)
    {
        using EmbeddingBench bench = EmbeddingBench.Of(EmbeddingBench.Answer(EmbeddingBench.Item(0, EmbeddingBench.Base64(Vector))));

        Exception? exception = await Record.ExceptionAsync(
            () => bench.GenerateAsync(["text"], new EmbeddingGenerationOptions { Dimensions = dimensions }));

        Assert.Equal(fits, exception is null);
        Assert.True(fits || exception is PrivatemodeServiceException);
    }

    [Fact]
    public async Task Usage_NotReported_IsNull()
    {
        using EmbeddingBench bench = EmbeddingBench.Of("""{"object":"list","model":"m","data":[{"object":"embedding","index":0,"embedding":[1]}]}""");

        Assert.Null((await bench.GenerateAsync(["text"])).Usage);
    }

    [Fact]
    public void Receipts_OfSeveralRequests_AreOneOfEach()
    {
        GeneratedEmbeddings<Embedding<float>> embeddings = [With("1"), With("1"), With("2"), new(new float[1]), With(null)];

        Assert.Equal(["1", "2"], embeddings.GetPrivatemodeReceipts().Select(receipt => receipt.RequestId));
        Assert.Equal("1", embeddings.GetPrivatemodeReceipt()!.RequestId);
        Assert.Equal("2", embeddings[2].GetPrivatemodeReceipt()!.RequestId);
        Assert.Null(embeddings[3].GetPrivatemodeReceipt());
        Assert.Null(new GeneratedEmbeddings<Embedding<float>>().GetPrivatemodeReceipt());
        Assert.Empty(new GeneratedEmbeddings<Embedding<float>>().GetPrivatemodeReceipts());

        static Embedding<float> With(string? id) => new(new float[1])
        {
            AdditionalProperties = new() { [EncryptionReceipt.PropertyName] = id is null ? "no receipt" : Receipt(id).ToJson() },
        };

        static EncryptionReceipt Receipt(string id) => new()
        {
            SecretId = "s",
            ManifestSha256 = "m",
            VerifiedAt = DateTimeOffset.UnixEpoch,
            RequestId = id,
            EncryptedMembers = ["input"],
            ClearMembers = ["model"],
        };
    }
}
