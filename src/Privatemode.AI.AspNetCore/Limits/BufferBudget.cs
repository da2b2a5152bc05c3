using Microsoft.Extensions.Options;
using Privatemode.AI.AspNetCore.Status;

namespace Privatemode.AI.AspNetCore.Limits;

/// <summary>Limits the memory for the bodies of all requests in progress, and for those of one caller key.</summary>
internal sealed class BufferBudget(IOptions<PrivatemodeProxyOptions> options, TimeProvider time, ProxyTelemetry telemetry)
{
    /// <summary>The maximum time that a request waits for memory. Other requests release theirs when they are answered.</summary>
    private static readonly TimeSpan MaxWait = TimeSpan.FromSeconds(5);

    private readonly long _limit = options.Value.MaxBufferedBytes;

    /// <summary>The maximum number of bytes for one caller key: half of the memory, or what one request of the largest size needs if that is more.</summary>
    private readonly long _share = Math.Max(options.Value.MaxBufferedBytes / 2, 2 * ProxyOptionsValidator.LargestBody(options.Value));
    private readonly Dictionary<string, long> _callers = new(StringComparer.Ordinal);
    private readonly LinkedList<Waiter> _waiting = new();
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

    /// <summary>Reserves memory, and waits for it for a few seconds.</summary>
    /// <param name="bytes">The number of bytes to reserve.</param>
    /// <param name="caller">The digest of the caller's key; empty if callers have none.</param>
    /// <param name="cancellationToken">A token that cancels the wait.</param>
    /// <returns><see langword="false"/> if there is not enough memory.</returns>
    public async ValueTask<bool> TakeAsync(long bytes, string caller, CancellationToken cancellationToken)
    {
        LinkedListNode<Waiter> node;
        lock (_gate)
        {
            if (_waiting.Count == 0 && bytes <= _limit - _inUse && IsWithinShare(bytes, caller))
            {
                Use(bytes, caller);
                return true;
            }

            node = _waiting.AddLast(new Waiter(bytes, caller));
            Admit(); // those before it may only wait for their own share
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
                Return(bytes, caller);
            }

            throw;
        }
    }

    /// <summary>Releases memory.</summary>
    public void Return(long bytes, string caller)
    {
        lock (_gate)
        {
            Use(-bytes, caller);
            Admit();
        }
    }

    /// <returns>Whether the memory was reserved at the last moment.</returns>
    private bool Withdraw(LinkedListNode<Waiter> node)
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
        for (LinkedListNode<Waiter>? node = _waiting.First, next; node is not null && node.Value.Bytes <= _limit - _inUse; node = next)
        {
            next = node.Next;
            if (IsWithinShare(node.Value.Bytes, node.Value.Caller))
            {
                _waiting.Remove(node);
                Use(node.Value.Bytes, node.Value.Caller);
                node.Value.Granted.SetResult();
            }
        }
    }

    private bool IsWithinShare(long bytes, string caller) =>
        caller.Length == 0 || bytes <= _share - _callers.GetValueOrDefault(caller);

    private void Use(long bytes, string caller)
    {
        _inUse += bytes;
        telemetry.Buffered(bytes);
        if (caller.Length > 0)
        {
            _callers[caller] = _callers.GetValueOrDefault(caller) + bytes;
            if (_callers[caller] == 0)
            {
                _ = _callers.Remove(caller);
            }
        }
    }

    private sealed record Waiter(long Bytes, string Caller)
    {
        public TaskCompletionSource Granted { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
