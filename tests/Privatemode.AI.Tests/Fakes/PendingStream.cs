namespace Privatemode.AI.Tests.Fakes;

/// <summary>A stream whose asynchronous calls wait until the test lets them go on.</summary>
internal sealed class PendingStream : MemoryStream
{
    private readonly TaskCompletionSource _gate = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public PendingStream()
    {
    }

    public PendingStream(byte[] content)
        : base(content)
    {
    }

    public void Continue() => _gate.SetResult();

    /// <summary>Begins a call where <see cref="BusyContext"/> is the caller's; it must end without that context.</summary>
    public async Task AssertEndsWithoutTheContextAsync(Func<Task> call)
    {
        BusyContext context = new();
        Task begun = await TestTimeouts.OnOwnThread(() =>
        {
            SynchronizationContext.SetSynchronizationContext(context);
            return call();
        });
        Assert.False(begun.IsCompleted);
        Continue();
        await TestTimeouts.UntilAsync(() => begun.IsCompleted || context.Posts > 0);
        Assert.Equal(0, context.Posts);
        await begun;
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        await _gate.Task.ConfigureAwait(false);
        return Read(buffer.Span);
    }

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        await _gate.Task.ConfigureAwait(false);
        Write(buffer.Span);
    }

    public override async ValueTask DisposeAsync()
    {
        await _gate.Task.ConfigureAwait(false);
        await base.DisposeAsync().ConfigureAwait(false);
    }
}
