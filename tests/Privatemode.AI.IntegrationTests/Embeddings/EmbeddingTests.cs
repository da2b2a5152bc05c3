using System.Globalization;
using Microsoft.Extensions.AI;
using Privatemode.AI.Testing;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.IntegrationTests.Embeddings;

/// <summary>Embeddings, from the public door to the enclave and back.</summary>
public sealed class EmbeddingTests : DeploymentTest
{
    private const string EmbeddingModel = "qwen3-embedding-4b";

    private IEmbeddingGenerator<string, Embedding<float>> Generator => Client.AsIEmbeddingGenerator(EmbeddingModel);

    [Fact]
    public async Task Embeddings_OfTexts_AreEncryptedBothWays()
    {
        GeneratedEmbeddings<Embedding<float>> embeddings = await Generator.GenerateAsync(["secret one", "secret two", "secret one"]).OrTimeout();

        Assert.Equal([256, 256, 256], embeddings.Select(embedding => embedding.Vector.Length));
        Assert.Equal(embeddings[0].Vector.ToArray(), embeddings[2].Vector.ToArray());
        Assert.NotEqual(embeddings[0].Vector.ToArray(), embeddings[1].Vector.ToArray());
        RecordedRequest request = Assert.Single(Deployment.Requests);
        Assert.Contains("secret one", request.DecryptedBody, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", request.WireBodyText, StringComparison.Ordinal);
        Assert.True(embeddings.Usage!.InputTokenCount > 0);
    }

    [Fact]
    public async Task Embeddings_Receipts_AreOfEveryRequest()
    {
        GeneratedEmbeddings<Embedding<float>> embeddings = await Generator.GenerateAsync(
            ["a", "b", "c"], new TextEmbeddingOptions { MaxBatchSize = 2 }).OrTimeout();

        IReadOnlyList<EncryptionReceipt> receipts = embeddings.GetPrivatemodeReceipts();
        Assert.Equal(2, receipts.Count);
        Assert.Equal(receipts[0], embeddings.GetPrivatemodeReceipt());
        Assert.Equal(receipts[1], embeddings[2].GetPrivatemodeReceipt());
        Assert.Equal(
            Deployment.Requests.Select(request => request.RequestId).Order(StringComparer.Ordinal),
            receipts.Select(receipt => receipt.RequestId).Order(StringComparer.Ordinal));
        Assert.Equal(["model"], receipts[0].ClearMembers);
        Assert.Contains("input", receipts[0].EncryptedMembers);
    }

    [Fact]
    public async Task Embeddings_Thousand_ComeInOrder()
    {
        string[] texts = [.. Enumerable.Range(0, 1000).Select(i => $"text {i.ToString(CultureInfo.InvariantCulture)}")];

        GeneratedEmbeddings<Embedding<float>> many = await Generator.GenerateAsync(
            texts, new TextEmbeddingOptions { MaxBatchSize = 90, Dimensions = 4 }).OrTimeout();

        Assert.Equal(12, Deployment.Requests.Count);
        Embedding<float> one = await Generator.GenerateAsync("text 777", new EmbeddingGenerationOptions { Dimensions = 4 }).OrTimeout();
        Assert.Equal(one.Vector.ToArray(), many[777].Vector.ToArray());
    }

    [Fact]
    public async Task Embeddings_QueryAndExtraMembers_AreEncrypted()
    {
        await Generator.GenerateAsync(["the query"], new TextEmbeddingOptions
        {
            QueryInstruction = "the task",
            Dimensions = 32,
            AdditionalProperties = new() { ["extra_member"] = "the extra" },
        }).OrTimeout();

        RecordedRequest request = Assert.Single(Deployment.Requests);
        Assert.Contains("Instruct: the task\\nQuery: the query", request.DecryptedBody, StringComparison.Ordinal);
        Assert.Contains("\"extra_member\":\"the extra\"", request.DecryptedBody, StringComparison.Ordinal);
        Assert.DoesNotContain("the ", request.WireBodyText, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Embeddings_PlainErrorThatMayPass_IsTriedAgainEncryptedAnew()
    {
        Deployment.Faults.Inject(Fault.UnencryptedError(503));
        Task<GeneratedEmbeddings<Embedding<float>>> call = Generator.GenerateAsync(["text"]);
        TimeSpan pause = await Time.TimerAsync(wait => wait < TimeSpan.FromSeconds(2)).OrTimeout();
        Time.Advance(pause);

        Assert.Single(await call.OrTimeout());
        Assert.Equal(2, Deployment.Requests.Count);
        Assert.NotEqual(Deployment.Requests[0].WireBodyText, Deployment.Requests[1].WireBodyText);
    }

    [Fact]
    public async Task Embeddings_Attacked_AreIntegrityExceptions()
    {
        foreach (Fault fault in (Fault[])
            [Fault.TamperEvent(0), Fault.ReflectRequest, Fault.UnencryptedSuccess(), Fault.UnencryptedEvent(0), Fault.CutConnection(40)])
        {
            Deployment.Faults.Inject(fault);
            await Assert.ThrowsAsync<PrivatemodeIntegrityException>(() => Generator.GenerateAsync(["text"]).OrTimeout());
        }
    }

    [Fact]
    public async Task Embeddings_EncryptedError_IsAServiceException()
    {
        Deployment.Faults.Inject(Fault.EncryptedError(400, "too long: text"));
        PrivatemodeServiceException exception = await Assert.ThrowsAsync<PrivatemodeServiceException>(() => Generator.GenerateAsync(["text"]).OrTimeout());

        Assert.Equal((ServiceFailureReason.InvalidRequest, "too long: text", true), (exception.Reason, exception.ServerMessage,
            exception.IsServerMessageAuthenticated));
        Assert.DoesNotContain("too long", exception.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Embeddings_RejectedKey_IsAConfigurationException()
    {
        Deployment.Faults.Inject(Fault.UnencryptedError(401));
        Assert.Equal("ApiKey", (await Assert.ThrowsAsync<PrivatemodeConfigurationException>(() => Generator.GenerateAsync(["text"]).OrTimeout())).Setting);
    }

    [Fact]
    public async Task Embeddings_WithdrawnModel_NamesWhatThereIs()
    {
        PrivatemodeModelUnavailableException exception = await Assert.ThrowsAsync<PrivatemodeModelUnavailableException>(
            () => Generator.GenerateAsync(["text"], new EmbeddingGenerationOptions { ModelId = "multilingual-e5-large" }).OrTimeout());

        Assert.Contains(EmbeddingModel, exception.AvailableModelIds);
    }

    [Fact]
    public async Task Embeddings_ModelThatIsContent_DoesNotLeave()
    {
        await Assert.ThrowsAsync<PrivatemodeRequestException>(
            () => Generator.GenerateAsync(["text"], new EmbeddingGenerationOptions { ModelId = "a model with spaces" }).OrTimeout());
        Assert.Empty(Deployment.Requests);
    }
}
