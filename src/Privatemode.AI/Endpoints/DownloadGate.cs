namespace Privatemode.AI.Endpoints;

/// <summary>Lets one caller at a time download, and tells those who waited when that failed. Several files may share a gate; nobody holds two.</summary>
internal sealed class DownloadGate : IDisposable
{
    private readonly SemaphoreSlim _turn = new(1);
    private (string Key, long At, PrivatemodeServiceException Exception)? _failure;

    /// <summary>A moment of the system's clock: all clients of the process share a gate, whatever clock each was given.</summary>
    public static long Now => TimeProvider.System.GetTimestamp();

    public async ValueTask EnterAsync(bool async, CancellationToken cancellationToken)
    {
        if (async)
        {
            await _turn.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        else
        {
            _turn.Wait(cancellationToken);
        }
    }

    public void Leave() => _turn.Release();

    public void Dispose() => _turn.Dispose();

    /// <summary>Remembers a failure. For who is inside.</summary>
    public void Fail(string key, PrivatemodeServiceException exception) => _failure = (key, Now, exception);

    /// <summary>The same failure once more, if the last download of this file failed after that moment; null otherwise. For who is inside.</summary>
    public PrivatemodeServiceException? FailureSince(long moment, string key) =>
        _failure is { } failure && failure.Key == key && failure.At >= moment
            ? new PrivatemodeServiceException(failure.Exception.Reason, failure.Exception.Message, failure.Exception)
            {
                Status = failure.Exception.Status,
                RetryAfter = failure.Exception.RetryAfter,
            }
            : null;
}
