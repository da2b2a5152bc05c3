using System.Threading.RateLimiting;
using Privatemode.AI.Internal;

namespace Privatemode.AI.Pipeline.Calls;

/// <summary>Asks the application's own rate limiter before an attempt, to stay below the service's limit.</summary>
internal static class RateLimitGate
{
    /// <summary>Acquires a permit for one attempt.</summary>
    /// <param name="closing">Canceled when the client is disposed.</param>
    /// <exception cref="PrivatemodeServiceException">The limiter refused. Nothing was sent.</exception>
    public static async ValueTask<RateLimitPermit> AcquireAsync(
        RateLimiter limiter, string requestId, bool async, CancellationToken caller, CancellationToken closing)
    {
        using CallDeadline deadline = new(Timeout.InfiniteTimeSpan, TimeProvider.System, async, caller, closing);
        try
        {
            return new(await AcquireAsync(limiter, requestId, async, deadline.Token).ConfigureAwait(false));
        }
        catch (OperationCanceledException) when (deadline.IsOver)
        {
            throw deadline.ToCancellation()!;
        }
    }

    private static async ValueTask<RateLimitLease> AcquireAsync(RateLimiter limiter, string requestId, bool async, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        RateLimitLease lease = await UserCallback.InvokeAsync(
            token => async ? limiter.AcquireAsync(1, token) : WaitAsync(limiter, token), cancellationToken).ConfigureAwait(false);
        if (lease.IsAcquired)
        {
            return lease;
        }

        using (lease)
        {
            throw new PrivatemodeServiceException(
                ServiceFailureReason.RateLimited, "The rate limiter of this application allows no further request now. Wait, then retry.")
            {
                RetryAfter = lease.TryGetMetadata(MetadataName.RetryAfter, out TimeSpan wait) ? wait : null,
                RequestId = requestId,
                WasNotSent = true,
            };
        }
    }

    /// <summary>Acquires a permit for a synchronous caller: immediately if possible; otherwise, the thread blocks while it waits in the queue.</summary>
    private static ValueTask<RateLimitLease> WaitAsync(RateLimiter limiter, CancellationToken cancellationToken)
    {
        RateLimitLease now = limiter.AttemptAcquire(1);
        if (now.IsAcquired)
        {
            return new(now);
        }

        now.Dispose();

        // The limiter alone decides between permit and cancellation: ending the wait here could lose a permit that was just granted.
        return SyncOrAsync.WaitAsync(limiter.AcquireAsync(1, cancellationToken).AsTask(), async: false, CancellationToken.None);
    }
}

/// <summary>A permit of the application's rate limiter. It is also released if the answer is dropped without being disposed.</summary>
internal sealed class RateLimitPermit(IDisposable lease) : IDisposable
{
    private int _isReturned;

    // Not on the finalizer's thread, which is shared, and on which an exception would end the process.
    ~RateLimitPermit() => _ = ThreadPool.UnsafeQueueUserWorkItem(static permit => permit.ReturnDropped(), this, preferLocal: false);

    public void Dispose()
    {
        GC.SuppressFinalize(this);
        if (Interlocked.Exchange(ref _isReturned, 1) == 0)
        {
            lease.Dispose();
        }
    }

    private void ReturnDropped()
    {
        try
        {
            Dispose();
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            // No caller waits for the result.
        }
    }
}
