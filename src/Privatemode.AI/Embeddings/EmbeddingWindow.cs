using Microsoft.Extensions.AI;

namespace Privatemode.AI.Embeddings;

/// <summary>The batches of one call that are under way: a few at a time, handed out in their order.</summary>
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
        PrivatemodeEmbeddingOptions settings = EmbeddingOptionsMapper.Settings(options);
        _generator = generator;
        _options = EmbeddingOptionsMapper.ForSeveralCalls(options);
        _batches = EmbeddingBatches.Split(values, settings).GetEnumerator();
        _most = settings.MaxParallelism;
        _caller = caller;
        _stop = CancellationTokenSource.CreateLinkedTokenSource(caller);
    }

    /// <summary>The next batch, or what made it fail; null at the end.</summary>
    public async ValueTask<GeneratedEmbeddings<Embedding<float>>?> NextAsync()
    {
        _caller.ThrowIfCancellationRequested();

        // After a failure nothing more is begun; what was begun before it is still handed out.
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

    /// <summary>Cancels what is still under way and waits for its end, so that nothing of it goes on unobserved.</summary>
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
            // A text that is null, or a source of texts that fails: the batches before it come first.
            _isEnded = true;
            _underWay.Enqueue(Task.FromException<GeneratedEmbeddings<Embedding<float>>>(exception));
        }
    }
}
