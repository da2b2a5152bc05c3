namespace Privatemode.AI.Models;

/// <summary>The list of models as it was last read; one reading at a time, shared by all who wait.</summary>
/// <param name="download">Reads it.</param>
/// <param name="time">The clock.</param>
/// <param name="replaced">Told when a reading has replaced another, with both.</param>
internal sealed class ModelListCache(
    Func<Task<IReadOnlyList<PrivatemodeModel>>> download, TimeProvider time,
    Action<IReadOnlyList<PrivatemodeModel>, IReadOnlyList<PrivatemodeModel>> replaced)
{
    private readonly Lock _gate = new();
    private (IReadOnlyList<PrivatemodeModel> Models, DateTimeOffset At)? _kept;
    private Task<IReadOnlyList<PrivatemodeModel>>? _running;

    /// <summary>The last list, however old; empty when there is none.</summary>
    public IReadOnlyList<PrivatemodeModel> Last
    {
        get
        {
            lock (_gate)
            {
                return _kept?.Models ?? [];
            }
        }
    }

    /// <summary>A list younger than <paramref name="maxAge"/>.</summary>
    /// <param name="maxAge">Zero for one that is read from here on, or is being read already.</param>
    /// <param name="cancellationToken">Ends the wait, not the reading.</param>
    public Task<IReadOnlyList<PrivatemodeModel>> GetAsync(TimeSpan maxAge, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            // Of negative age when the clock was set back: then nothing is known about it.
            if (_kept is { } kept && time.GetUtcNow() - kept.At is var age && age >= TimeSpan.Zero && age < maxAge)
            {
                return Task.FromResult(kept.Models);
            }

            if (_running is null)
            {
                _running = Task.Run(ReadAsync, CancellationToken.None);

                // Looked at, also when everybody who waited has given up.
                _ = _running.ContinueWith(
                    static reading => reading.Exception, CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted, TaskScheduler.Default);
            }

            return _running.WaitAsync(cancellationToken);
        }
    }

    private async Task<IReadOnlyList<PrivatemodeModel>> ReadAsync()
    {
        IReadOnlyList<PrivatemodeModel>? before = null;
        IReadOnlyList<PrivatemodeModel>? now = null;
        try
        {
            now = await download().ConfigureAwait(false);
        }
        finally
        {
            lock (_gate)
            {
                _running = null;
                if (now is not null)
                {
                    before = _kept?.Models;
                    _kept = (now, time.GetUtcNow());
                }
            }
        }

        if (before is not null)
        {
            replaced(before, now);
        }

        return now;
    }
}
