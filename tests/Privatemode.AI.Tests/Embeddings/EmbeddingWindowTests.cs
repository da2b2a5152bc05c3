using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using Microsoft.Extensions.AI;
using Privatemode.AI.Tests.Fakes;
using OpenAIOptions = OpenAI.Embeddings.EmbeddingGenerationOptions;

namespace Privatemode.AI.Tests.Embeddings;

/// <summary>Embeddings that come batch by batch.</summary>
public sealed class EmbeddingWindowTests
{
    private static readonly TextEmbeddingOptions OneByOne = new() { MaxBatchSize = 1, MaxDegreeOfParallelism = 3 };

    [Fact]
    public async Task Batches_ComeInOrder_WhateverTheOrderOfTheAnswers()
    {
        TaskCompletionSource second = new();
        using EmbeddingBench bench = new(async (body, _) =>
        {
            await (EmbeddingBench.Texts(body)[0] == "0" ? second.Task : Task.CompletedTask);
            second.TrySetResult();
            return EmbeddingBench.Counting(body);
        });

        List<GeneratedEmbeddings<Embedding<float>>> batches = await bench.Generator.GenerateInBatchesAsync(
            Numbers(20), new TextEmbeddingOptions { MaxBatchSize = 3, MaxDegreeOfParallelism = 3 }).ToListAsync().AsTask().OrTimeout();

        Assert.Equal([3, 3, 3, 3, 3, 3, 2], batches.Select(batch => batch.Count));
        Assert.Equal(Enumerable.Range(0, 20).Select(i => (float)i), batches.SelectMany(batch => batch).Select(one => one.Vector.Span[0]));
        Assert.Equal((20L, 27L), (batches.Sum(batch => batch.Usage!.InputTokenCount), batches.Sum(batch => batch.Usage!.TotalTokenCount)));
        Assert.Equal(7, bench.Handler.Bodies.Count);
    }

    [Fact]
    public async Task Query_GetsItsInstructionOnce()
    {
        TextEmbeddingOptions options = new() { QueryInstruction = "task", MaxBatchBytes = 40 };
        using EmbeddingBench bench = new((_, _) => Task.FromResult(WaitingHandler.Json(EmbeddingBench.Answer(EmbeddingBench.Item(0, "[1]")))));

        await foreach (GeneratedEmbeddings<Embedding<float>> batch in bench.Generator.GenerateInBatchesAsync(["one", "two"], options))
        {
            Assert.Single(batch);
        }

        Assert.Equal(["Instruct: task\nQuery: one", "Instruct: task\nQuery: two"], bench.Handler.Bodies.SelectMany(EmbeddingBench.Texts).Order());
    }

    [Fact]
    public async Task NoTexts_AreAnsweredWithoutACall()
    {
        using EmbeddingBench bench = EmbeddingBench.Numbers();
        Assert.Empty(await bench.Generator.GenerateInBatchesAsync([]).ToListAsync());
        Assert.Empty(bench.Handler.Bodies);
    }

    [Fact]
    public async Task OneBatchFails_EverythingBeforeItHasComeAndNothingIsBegunAfterwards()
    {
        TaskCompletionSource failed = new();
        using EmbeddingBench bench = new(async (body, _) =>
        {
            string text = EmbeddingBench.Texts(body)[0];
            if (text == "4")
            {
                failed.TrySetResult();
                return WaitingHandler.Json("""{"error":{"message":"canary"}}""", HttpStatusCode.BadRequest);
            }

            // The fourth answer comes after the failure of the fifth, and is not lost for it.
            await (text == "3" ? failed.Task : Task.CompletedTask);
            return EmbeddingBench.Counting(body);
        });
        List<float> came = [];

        PrivatemodeServiceException exception = await Assert.ThrowsAsync<PrivatemodeServiceException>(
            () => CollectAsync(bench.Generator.GenerateInBatchesAsync(Numbers(100), OneByOne), came).OrTimeout());

        Assert.Equal(ServiceFailureReason.InvalidRequest, exception.Reason);
        Assert.Equal([0, 1, 2, 3], came);
        Assert.InRange(bench.Handler.Bodies.Count, 5, 7);
    }

    [Fact]
    public async Task SlowReader_NoMoreIsBegunOrReadThanFitsTheWindow()
    {
        int read = 0;
        using EmbeddingBench bench = EmbeddingBench.Numbers();
        await using IAsyncEnumerator<GeneratedEmbeddings<Embedding<float>>> batches =
            bench.Generator.GenerateInBatchesAsync(Numbers(1000).Select(text => Count(text, ref read)), OneByOne).GetAsyncEnumerator();

        for (int i = 1; i <= 10; i++)
        {
            Assert.True(await batches.MoveNextAsync().AsTask().OrTimeout());

            // The window, and the text that did not fit its last batch.
            Assert.Equal(i + 3, read);
            Assert.InRange(bench.Handler.Bodies.Count, i, i + 2);
        }
    }

    [Fact]
    public async Task LoopLeftEarly_CancelsWhatIsUnderWay()
    {
        ConcurrentBag<string> cancelled = [];
        using CountdownEvent begun = new(2);
        TaskCompletionSource othersBegun = new(TaskCreationOptions.RunContinuationsAsynchronously);
        TaskCompletionSource othersCancelled = new(TaskCreationOptions.RunContinuationsAsynchronously);
        using EmbeddingBench bench = new(async (body, token) =>
        {
            string text = EmbeddingBench.Texts(body)[0];
            if (text == "0")
            {
                await othersBegun.Task;
                return EmbeddingBench.Counting(body);
            }

            if (begun.Signal())
            {
                othersBegun.SetResult();
            }

            await EndOf(token);
            cancelled.Add(text);
            if (cancelled.Count == 2)
            {
                othersCancelled.TrySetResult();
            }

            throw new OperationCanceledException(token);
        });

        Assert.Single(await bench.Generator.GenerateInBatchesAsync(Numbers(100), OneByOne).FirstAsync().AsTask().OrTimeout());

        await othersCancelled.Task.OrTimeout();
        Assert.Equal(["1", "2"], cancelled.Order());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task CancellationOfTheCaller_IsHisCancellation(bool byEnumerable)
    {
        using CancellationTokenSource cancel = new();
        using EmbeddingBench bench = new(async (_, token) =>
        {
            // The second to cancel does not wait until the token of its own request is cancelled too.
            await cancel.CancelAsync();
            await EndOf(token);
            throw new OperationCanceledException(token);
        });
        IAsyncEnumerable<GeneratedEmbeddings<Embedding<float>>> batches = byEnumerable
            ? bench.Generator.GenerateInBatchesAsync(Numbers(9), OneByOne)
            : bench.Generator.GenerateInBatchesAsync(Numbers(9), OneByOne, cancel.Token);

        OperationCanceledException exception = await Assert.ThrowsAnyAsync<OperationCanceledException>(
            async () => await CollectAsync(batches, [], byEnumerable ? cancel.Token : default).OrTimeout());

        Assert.True(exception.CancellationToken.IsCancellationRequested);
    }

    [Fact]
    public async Task TextThatIsNull_IsRefusedInItsTurn()
    {
        using EmbeddingBench bench = EmbeddingBench.Numbers();
        List<float> came = [];

        await Assert.ThrowsAsync<ArgumentException>(
            () => CollectAsync(bench.Generator.GenerateInBatchesAsync(["0", "1", null!, "3"], OneByOne), came).OrTimeout());

        Assert.Equal([0, 1], came);
        Assert.Throws<ArgumentNullException>("values", () => { _ = bench.Generator.GenerateInBatchesAsync(null!); });
        Assert.Throws<ArgumentNullException>("generator", () => { _ = ((IEmbeddingGenerator<string, Embedding<float>>)null!).GenerateInBatchesAsync([]); });
    }

    [Fact]
    public async Task BatchesOfDifferentLengths_AreRefused()
    {
        using EmbeddingBench bench = new((body, _) => Task.FromResult(WaitingHandler.Json(
            EmbeddingBench.Answer(EmbeddingBench.Item(0, EmbeddingBench.Texts(body)[0] == "1" ? "[1]" : "[1,2]")))));
        List<float> came = [];

        await Assert.ThrowsAsync<PrivatemodeServiceException>(
            () => CollectAsync(bench.Generator.GenerateInBatchesAsync(Numbers(9), OneByOne), came).OrTimeout());

        Assert.Single(came);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Factory_ThatGivesTheSameObjectToTwoBatches_IsRefused(bool isShared)
    {
        using EmbeddingBench bench = EmbeddingBench.Numbers();
        OpenAIOptions shared = new();
        TextEmbeddingOptions options = new() { MaxBatchSize = 1, RawRepresentationFactory = _ => isShared ? shared : new OpenAIOptions() };
        List<float> came = [];

        Exception? failure = await Record.ExceptionAsync(
            () => CollectAsync(bench.Generator.GenerateInBatchesAsync(Numbers(5), options), came)).OrTimeout();

        Assert.Equal(isShared ? typeof(PrivatemodeRequestException) : null, failure?.GetType());
        Assert.Equal(isShared ? 1 : 5, came.Count);
    }

    private static async Task EndOf(CancellationToken token)
    {
        TaskCompletionSource end = new(TaskCreationOptions.RunContinuationsAsynchronously);
        await using CancellationTokenRegistration registration = token.Register(end.SetResult);
        await end.Task;
    }

    private static string[] Numbers(int count) => [.. Enumerable.Range(0, count).Select(i => i.ToString(CultureInfo.InvariantCulture))];

    private static string Count(string text, ref int counter)
    {
        counter++;
        return text;
    }

    private static async Task CollectAsync(
        IAsyncEnumerable<GeneratedEmbeddings<Embedding<float>>> batches, List<float> came, CancellationToken cancellationToken = default)
    {
        await foreach (GeneratedEmbeddings<Embedding<float>> batch in batches.WithCancellation(cancellationToken))
        {
            came.AddRange(batch.Select(one => one.Vector.Span[0]));
        }
    }
}
