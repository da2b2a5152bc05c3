using Microsoft.Extensions.AI;
using Privatemode.AI.Testing;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.IntegrationTests.Issues;

/// <summary>A test of a search needs vectors it knows.</summary>
public sealed class ScriptedEmbeddingTests : DeploymentTest
{
    private const string EmbeddingModel = "qwen3-embedding-4b";

    private IEmbeddingGenerator<string, Embedding<float>> Generator => Client.AsIEmbeddingGenerator(EmbeddingModel);

    [Fact]
    public async Task Embeddings_SetForAText_AreSentWhereverTheTextIs()
    {
        Deployment.Model.SetEmbedding("cat", 1, 0, 0);
        Deployment.Model.SetEmbedding("kitten", 0.9f, 0.1f, 0);

        GeneratedEmbeddings<Embedding<float>> first = await Generator.GenerateAsync(["cat", "dog"]).OrTimeout();
        GeneratedEmbeddings<Embedding<float>> second = await Generator.GenerateAsync(["kitten", "cat"]).OrTimeout();

        Assert.Equal([1, 0, 0], first[0].Vector.ToArray());
        Assert.Equal(3, first[1].Vector.Length);
        Assert.Equal([0.9f, 0.1f, 0], second[0].Vector.ToArray());
        Assert.Equal([1, 0, 0], second[1].Vector.ToArray());
    }

    [Fact]
    public async Task Embeddings_Scripted_ComeInOrderWithTheirUsageAndLeaveTheChatItsAnswers()
    {
        Deployment.Model.SetEmbedding("b", 7, 7);
        Deployment.Model.ReplyWithEmbeddings([1, 2], [3, 4]).WithUsage(new() { InputTokenCount = 17 }).Then.ReplyWithEmbeddings([5, 6]).Then.Reply("chat");
        Assert.Equal(3, Deployment.Model.PendingCount);

        Assert.Equal("chat", (await Chat.GetResponseAsync("hi").OrTimeout()).Text);
        GeneratedEmbeddings<Embedding<float>> first = await Generator.GenerateAsync(["a", "b"]).OrTimeout();
        Embedding<float> second = await Generator.GenerateAsync("c").OrTimeout();

        Assert.Equal([[1, 2], [3, 4]], first.Select(embedding => embedding.Vector.ToArray()));
        Assert.Equal((17, 17), (first.Usage!.InputTokenCount, first.Usage.TotalTokenCount));
        Assert.Equal([5, 6], second.Vector.ToArray());
        Assert.Equal(0, Deployment.Model.PendingCount);
        Embedding<float> third = await Generator.GenerateAsync("b").OrTimeout();
        Assert.Equal([7, 7], third.Vector.ToArray());
    }

    [Fact]
    public async Task Embeddings_ScriptOfAnotherLength_IsToldInTheAnswer()
    {
        Deployment.Model.ReplyWithEmbeddings([1f, 2f]);

        PrivatemodeServiceException exception = await Assert.ThrowsAsync<PrivatemodeServiceException>(() => Generator.GenerateAsync(["a", "b"]).OrTimeout());

        Assert.Equal(500, exception.Status);
        Assert.StartsWith("The script has 1 vectors, but the request has 2 inputs.", exception.ServerMessage, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Embeddings_WrittenByHand_AreSentAsTheyStand()
    {
        Deployment.Model.ReplyWithEmbeddings().WithRawJson(
            """{"object":"list","created":1,"model":"m","data":[{"object":"embedding","index":0,"embedding":"AACAPwAAAEA="}]}""");

        Embedding<float> embedding = await Generator.GenerateAsync("a").OrTimeout();
        Assert.Equal([1, 2], embedding.Vector.ToArray());
    }

    [Fact]
    public void Script_ThatCannotBe_IsRefusedWhereItIsGiven()
    {
        Assert.Throws<ArgumentNullException>("vectors", () => Deployment.Model.ReplyWithEmbeddings(null!));
        Assert.Throws<ArgumentNullException>("vectors", () => ScriptedAnswer.Embeddings([1], null!));
        Assert.Throws<ArgumentNullException>("input", () => Deployment.Model.SetEmbedding(null!, 1));
        Deployment.Model.SetEmbedding("a", 1);
        Deployment.Model.SetEmbedding("a", 1, 2);
        Assert.Throws<ArgumentException>("vector", () => Deployment.Model.SetEmbedding("b", 1));
        Assert.Throws<ArgumentNullException>("vector", () => Deployment.Model.SetEmbedding("a", null!));
    }
}
