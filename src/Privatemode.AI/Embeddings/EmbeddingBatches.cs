using System.Text;
using Microsoft.Extensions.AI;

namespace Privatemode.AI.Embeddings;

/// <summary>Splits the texts of a call into requests, in their order.</summary>
internal static class EmbeddingBatches
{
    /// <summary>Splits texts into batches. The sequence is read only up to the first text that does not fit into the current batch.</summary>
    /// <returns>The unchanged texts. Their size is that of the form that <see cref="Forms"/> returns.</returns>
    /// <exception cref="ArgumentException">A text is null; thrown after the batches before it.</exception>
    public static IEnumerable<List<string>> Split(IEnumerable<string> values, TextEmbeddingOptions options)
    {
        long added = options.QueryInstruction is { } instruction ? Encoding.UTF8.GetByteCount(TextEmbeddingOptions.FormatQuery(instruction, "")) : 0;
        List<string> batch = [];
        long bytes = 0;
        foreach (string? value in values)
        {
            long length = value is null ? 0 : added + Encoding.UTF8.GetByteCount(value);
            if (batch.Count > 0 && (value is null || batch.Count >= options.MaxBatchSize || bytes + length > options.MaxBatchBytes))
            {
                yield return batch;
                batch = [];
                bytes = 0;
            }

            batch.Add(value ?? throw new ArgumentException("A text to embed is null.", nameof(values)));
            bytes += length;
        }

        if (batch.Count > 0)
        {
            yield return batch;
        }
    }

    /// <summary>Returns the texts of a batch in the form in which they are sent.</summary>
    public static List<string> Forms(List<string> batch, string? instruction) =>
        instruction is null ? batch : batch.ConvertAll(text => TextEmbeddingOptions.FormatQuery(instruction, text));
}

/// <summary>Runs the batches of one call, a few at a time, and returns them in order.</summary>
internal sealed class EmbeddingWindow : IAsyncDisposable
{
    private readonly IEmbeddingGenerator<string, Embedding<float>> _generator;
    private readonly EmbeddingGenerationOptions? _options;
    private readonly IEnumerator<List<string>> _batches;
    private readonly int _most;
    private readonly CancellationToken _caller;
    private readonly CancellationTokenSource _stop;
    private readonly Queue<Task<GeneratedEmbeddings<Embedding<float>>>> _underWay = new();
    private bool _isEnded;

    public EmbeddingWindow(
        IEmbeddingGenerator<string, Embedding<float>> generator, IEnumerable<string> values, EmbeddingGenerationOptions? options, CancellationToken caller)
    {
        TextEmbeddingOptions settings = EmbeddingOptionsMapper.Settings(options);
        _generator = generator;
        _options = EmbeddingOptionsMapper.ForSeveralCalls(options);
        _batches = EmbeddingBatches.Split(values, settings).GetEnumerator();
        _most = settings.MaxDegreeOfParallelism;
        _caller = caller;
        _stop = CancellationTokenSource.CreateLinkedTokenSource(caller);
    }

    /// <summary>Returns the next batch, or null at the end. If the batch failed, its exception is thrown.</summary>
    public async ValueTask<GeneratedEmbeddings<Embedding<float>>?> NextAsync()
    {
        _caller.ThrowIfCancellationRequested();

        // After a failure, no batch is started; those that were started before it are still returned.
        while (!_isEnded && _underWay.Count < _most && !_underWay.Any(task => task.IsCompleted && !task.IsCompletedSuccessfully))
        {
            Begin();
        }

        if (!_underWay.TryDequeue(out Task<GeneratedEmbeddings<Embedding<float>>>? next))
        {
            return null;
        }

        try
        {
            return await next.ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (_caller.IsCancellationRequested)
        {
            throw new OperationCanceledException(_caller);
        }
    }

    /// <summary>Cancels the running batches and waits until they end.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        await ((Task)Task.WhenAll(_underWay)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _batches.Dispose();
        _stop.Dispose();
    }

    private void Begin()
    {
        try
        {
            _isEnded = !_batches.MoveNext();
            if (!_isEnded)
            {
                _underWay.Enqueue(_generator.GenerateAsync(_batches.Current, _options, _stop.Token));
            }
        }
        catch (Exception exception)
        {
            // A null text, or an exception of the source of the texts: the batches before it are returned first.
            _isEnded = true;
            _underWay.Enqueue(Task.FromException<GeneratedEmbeddings<Embedding<float>>>(exception));
        }
    }
}
