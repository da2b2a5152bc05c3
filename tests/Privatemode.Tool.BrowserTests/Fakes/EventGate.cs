namespace Privatemode.Tool.BrowserTests.Fakes;

/// <summary>Holds the streams of the model at one event, so that a test can look at the page while an answer is under way.</summary>
internal sealed class EventGate
{
    private readonly TaskCompletionSource _open = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _canceled = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>The first event that is held; by default, none is.</summary>
    public int HoldAt { get; set; } = int.MaxValue;

    /// <summary>Completes when the connection of a held stream was closed by the client.</summary>
    public Task Canceled => _canceled.Task;

    public void Open() => _open.TrySetResult();

    public async ValueTask BeforeEventAsync(int index, CancellationToken stop)
    {
        if (index < HoldAt || _open.Task.IsCompleted)
        {
            return;
        }

        try
        {
            await _open.Task.WaitAsync(stop);
        }
        catch (OperationCanceledException)
        {
            _ = _canceled.TrySetResult();
            throw;
        }
    }
}
