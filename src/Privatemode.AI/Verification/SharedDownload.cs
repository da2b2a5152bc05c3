using Privatemode.AI.Internal;

namespace Privatemode.AI.Verification;

/// <summary>A download that is under way, and those who wait for it.</summary>
/// <remarks>
/// Whoever works on it may be slow for reasons of his own: another proxy, another handler. So those who wait have patience for so long only;
/// then one of them, and after as long again one more, downloads as well. The first to end does so for all.
/// </remarks>
internal sealed class SharedDownload
{
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(15);

    private readonly TaskCompletionSource<DownloadEnd> _end = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _helpers;
    private int _working = 1;

    /// <summary>Waits for the end; null when the one who waits has become one who downloads, and has to <see cref="Leave"/>.</summary>
    public async ValueTask<DownloadEnd?> WaitAsync(TimeProvider time, bool async, CancellationToken cancellationToken)
    {
        while (true)
        {
            int helpers = Volatile.Read(ref _helpers);
            using CallTimeout patience = new(Patience, time, async);
            using CancellationTokenSource either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, cancellationToken);
            try
            {
                return await SyncOrAsync.WaitAsync(_end.Task, async, either.Token).ConfigureAwait(false);
            }
            catch (OperationCanceledException)
            {
                cancellationToken.ThrowIfCancellationRequested();
            }

            // All who wait lose patience at about the same time. One is enough.
            if (Interlocked.CompareExchange(ref _helpers, helpers + 1, helpers) == helpers)
            {
                _ = Interlocked.Increment(ref _working);
                return null;
            }
        }
    }

    /// <summary>For who downloads: no longer. True when nobody does any more.</summary>
    public bool Leave() => Interlocked.Decrement(ref _working) == 0;

    /// <summary>Tells those who wait.</summary>
    public void End(DownloadEnd end) => _end.TrySetResult(end);
}
