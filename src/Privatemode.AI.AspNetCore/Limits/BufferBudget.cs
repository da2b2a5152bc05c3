using Microsoft.Extensions.Options;
using Privatemode.AI.AspNetCore.Status;

namespace Privatemode.AI.AspNetCore.Limits;

/// <summary>Bounds the bodies of all requests in flight.</summary>
internal sealed class BufferBudget(IOptions<PrivatemodeProxyOptions> options, TimeProvider time, ProxyTelemetry telemetry)
{
    /// <summary>How long a request waits for room. Others give theirs back as soon as they were sent.</summary>
    private static readonly TimeSpan MaxWait = TimeSpan.FromSeconds(5);

    private readonly long _limit = options.Value.MaxBufferedBytes;
    private readonly LinkedList<(long Bytes, TaskCompletionSource Granted)> _waiting = new();
    private readonly Lock _gate = new();
    private long _inUse;

    public long InUse
    {
        get
        {
            lock (_gate)
            {
                return _inUse;
            }
        }
    }

    /// <summary>Waits a few seconds for room.</summary>
    /// <param name="bytes">How many bytes more.</param>
    /// <param name="cancellationToken">Cancels the wait.</param>
    /// <returns><see langword="false"/> if there is not enough room.</returns>
    public async ValueTask<bool> TakeAsync(long bytes, CancellationToken cancellationToken)
    {
        LinkedListNode<(long Bytes, TaskCompletionSource Granted)> node;
        lock (_gate)
        {
            if (_waiting.Count == 0 && bytes <= _limit - _inUse)
            {
                Use(bytes);
                return true;
            }

            node = _waiting.AddLast((bytes, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)));
        }

        try
        {
            await node.Value.Granted.Task.WaitAsync(MaxWait, time, cancellationToken).ConfigureAwait(false);
            return true;
        }
        catch (Exception exception) when (exception is TimeoutException or OperationCanceledException)
        {
            bool isLate = Withdraw(node);
            if (exception is TimeoutException)
            {
                telemetry.Rejected("buffer");
                return isLate;
            }

            if (isLate)
            {
                Return(bytes);
            }

            throw;
        }
    }

    /// <summary>Gives room back.</summary>
    public void Return(long bytes)
    {
        lock (_gate)
        {
            Use(-bytes);
            Admit();
        }
    }

    /// <returns>Whether the room was given at the last moment.</returns>
    private bool Withdraw(LinkedListNode<(long Bytes, TaskCompletionSource Granted)> node)
    {
        lock (_gate)
        {
            if (node.List is null)
            {
                return true;
            }

            _waiting.Remove(node);

            // One who waited for much no longer stands before others who need little.
            Admit();
            return false;
        }
    }

    private void Admit()
    {
        while (_waiting.First is { } first && first.Value.Bytes <= _limit - _inUse)
        {
            _waiting.RemoveFirst();
            Use(first.Value.Bytes);
            first.Value.Granted.SetResult();
        }
    }

    private void Use(long bytes)
    {
        _inUse += bytes;
        telemetry.Buffered(bytes);
    }
}
