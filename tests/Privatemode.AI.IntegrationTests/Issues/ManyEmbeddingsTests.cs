using System.Globalization;
using Microsoft.Extensions.AI;
using Privatemode.AI.Testing;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.IntegrationTests.Issues;

/// <summary>Whoever embeds two thousand texts wants to see how far it is, and to keep what came when a request fails.</summary>
public sealed class ManyEmbeddingsTests : DeploymentTest
{
    private static readonly string[] Texts = [.. Enumerable.Range(0, 2000).Select(i => $"text {i.ToString(CultureInfo.InvariantCulture)}")];

    private IEmbeddingGenerator<string, Embedding<float>> Generator => Client.AsIEmbeddingGenerator("qwen3-embedding-4b");

    [Fact]
    public async Task TwoThousandTexts_OneRequestFails_WhatCameBeforeIsKeptAndTheRestGoesOn()
    {
        TextEmbeddingOptions options = new() { MaxBatchSize = 100, MaxDegreeOfParallelism = 1, Dimensions = 4 };
        List<Embedding<float>> came = [];
        List<int> progress = [];

        await Assert.ThrowsAsync<PrivatemodeServiceException>(() => EmbedAsync().OrTimeout());
        Assert.Equal(200, came.Count);
        await EmbedAsync().OrTimeout();

        Assert.Equal(Enumerable.Range(1, 20).Select(i => i * 100), progress);
        GeneratedEmbeddings<Embedding<float>> all = await Generator.GenerateAsync(Texts, options).OrTimeout();
        Assert.Equal(all.Select(one => one.Vector.Span[0]), came.Select(one => one.Vector.Span[0]));

        async Task EmbedAsync()
        {
            await foreach (GeneratedEmbeddings<Embedding<float>> batch in Generator.GenerateInBatchesAsync(Texts.Skip(came.Count), options))
            {
                came.AddRange(batch);
                progress.Add(came.Count);
                if (progress.Count == 2)
                {
                    Deployment.Faults.Inject(Fault.EncryptedError(500, "out of memory"));
                }
            }
        }
    }
}
