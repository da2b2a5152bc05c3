using System.Globalization;
using System.Net;
using Microsoft.Extensions.AI;
using Privatemode.AI.Embeddings;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.Tests.Embeddings;

public sealed class EmbeddingBatchTests
{
    [Fact]
    public void Split_ByCountAndBytes_KeepsTheOrder()
    {
        Assert.Equal("ab|cd|e", Split(new TextEmbeddingOptions { MaxBatchSize = 2 }, "a", "b", "c", "d", "e"));
        Assert.Equal("aaa|bbc|ddddd|ee", Split(new TextEmbeddingOptions { MaxBatchBytes = 3 }, "aaa", "bb", "c", "ddddd", "ee"));
        Assert.Equal("ää|ö", Split(new TextEmbeddingOptions { MaxBatchBytes = 4 }, "ä", "ä", "ö"));
        Assert.Equal("|", Split(new TextEmbeddingOptions { MaxBatchSize = 1 }, "", ""));
        Assert.Empty(EmbeddingBatches.Split([], new TextEmbeddingOptions()));
    }

    [Fact]
    public void Split_CountsTheInstructionToo() =>
        Assert.Equal(2, EmbeddingBatches.Split(["a", "b"], new TextEmbeddingOptions { MaxBatchBytes = 30, QueryInstruction = "task" }).Count());

    [Fact]
    public void Split_OneTextIsNull_IsAnArgumentException() =>
        Assert.Throws<ArgumentException>(() => EmbeddingBatches.Split(["a", null!], new TextEmbeddingOptions()).ToList());

    [Fact]
    public async Task NoTexts_AreAnsweredWithoutACall()
    {
        using EmbeddingBench bench = EmbeddingBench.Numbers();

        Assert.Empty(await bench.GenerateAsync([]));
        Assert.Empty(bench.Handler.Bodies);
    }

    [Fact]
    public async Task ManyTexts_GoInSeveralRequests_AndComeBackInOrder()
    {
        using EmbeddingBench bench = EmbeddingBench.Numbers();
        string[] texts = [.. Enumerable.Range(0, 100).Select(i => i.ToString(CultureInfo.InvariantCulture))];

        GeneratedEmbeddings<Embedding<float>> embeddings = await bench.GenerateAsync(texts, new TextEmbeddingOptions { MaxBatchSize = 7 });

        Assert.Equal(Enumerable.Range(0, 100).Select(i => (float)i), embeddings.Select(embedding => embedding.Vector.Span[0]));
        Assert.Equal(15, bench.Handler.Bodies.Count);
        Assert.Equal((100L, 115L), (embeddings.Usage!.InputTokenCount, embeddings.Usage.TotalTokenCount));
    }

    [Fact]
    public async Task Requests_NeverMoreAtOnceThanAllowed()
    {
        const int Allowed = 3;
        int running = 0;
        int most = 0;
        TaskCompletionSource full = new();
        using EmbeddingBench bench = new(async (body, _) =>
        {
            int now = Interlocked.Increment(ref running);
            InterlockedMax(ref most, now);
            if (now == Allowed)
            {
                full.TrySetResult();
            }

            // All the places are taken once; nobody leaves before.
            await full.Task;
            Interlocked.Decrement(ref running);
            return EmbeddingBench.Counting(body);
        });

        await bench.GenerateAsync(
            [.. Enumerable.Range(0, 12).Select(i => i.ToString(CultureInfo.InvariantCulture))],
            new TextEmbeddingOptions { MaxBatchSize = 1, MaxDegreeOfParallelism = Allowed });

        Assert.Equal(Allowed, most);
    }

    [Fact]
    public async Task FirstFailure_CancelsTheOthers_AndIsTheOneThrown()
    {
        TaskCompletionSource waiting = new();
        int cancelled = 0;
        using EmbeddingBench bench = new(async (body, token) =>
        {
            if (EmbeddingBench.Texts(body)[0] == "1")
            {
                await waiting.Task;
                return WaitingHandler.Json("""{"error":{"message":"canary"}}""", HttpStatusCode.BadRequest);
            }

            waiting.TrySetResult();
            TaskCompletionSource never = new();
            await using CancellationTokenRegistration registration = token.Register(() =>
            {
                Interlocked.Increment(ref cancelled);
                never.TrySetCanceled(token);
            });
            await never.Task;
            return EmbeddingBench.Counting(body);
        });

        PrivatemodeServiceException exception = await Assert.ThrowsAsync<PrivatemodeServiceException>(() => bench.GenerateAsync(
            ["0", "1", "2", "3", "4", "5"], new TextEmbeddingOptions { MaxBatchSize = 1, MaxDegreeOfParallelism = 2 }));

        Assert.Equal(ServiceFailureReason.InvalidRequest, exception.Reason);
        Assert.Equal(1, cancelled);
        Assert.Equal(2, bench.Handler.Bodies.Count);
    }

    [Fact]
    public async Task Cancellation_OfTheCaller_IsACancellation()
    {
        using CancellationTokenSource cancel = new();
        using EmbeddingBench bench = new(async (_, token) =>
        {
            await cancel.CancelAsync();
            token.ThrowIfCancellationRequested();
            throw new InvalidOperationException("not reached");
        });

        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => bench.Generator.GenerateAsync(["1", "2"], new TextEmbeddingOptions { MaxBatchSize = 1 }, cancel.Token).OrTimeout());
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => bench.Generator.GenerateAsync([], null, cancel.Token).OrTimeout());
    }

    [Fact]
    public async Task Answers_OfDifferentLengths_AreRefused()
    {
        using EmbeddingBench bench = new((body, _) => Task.FromResult(WaitingHandler.Json(
            EmbeddingBench.Answer(EmbeddingBench.Item(0, EmbeddingBench.Texts(body)[0] == "1" ? "[1]" : "[1,2]")))));

        await Assert.ThrowsAsync<PrivatemodeServiceException>(
            () => bench.GenerateAsync(["1", "2"], new TextEmbeddingOptions { MaxBatchSize = 1 }));
    }

    private static string Split(TextEmbeddingOptions options, params string[] texts) =>
        string.Join('|', EmbeddingBatches.Split(texts, options).Select(batch => string.Concat(batch)));

    private static void InterlockedMax(ref int target, int value)
    {
        for (int seen = target; value > seen; seen = target)
        {
            _ = Interlocked.CompareExchange(ref target, value, seen);
        }
    }
}
