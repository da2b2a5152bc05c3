using Privatemode.AI.Internal;
using Privatemode.AI.Pipeline.Calls;

namespace Privatemode.AI.Pipeline.Transport;

/// <summary>Limits the running calls to the number of connections: a call is encrypted when it can be sent, not when it starts to wait.</summary>
/// <remarks>
/// A call that waited for a connection with its request already encrypted would be refused each time that the service forgets its secret meanwhile,
/// and would use up its sends (<see cref="SendBudget.MaxSends"/>) without ever being processed. The semaphore is never disposed: streams
/// release their slots after the client is disposed, and without a wait handle it holds no resources.
/// </remarks>
internal sealed class ConnectionSlots(int connections, SemaphoreSlim free, TimeSpan longestWait, TimeProvider time)
{
    /// <summary>Returns the slots for a handler; null if its number of connections is unlimited, as in the client's own handler, or unknown.</summary>
    public static ConnectionSlots? For(HttpMessageHandler? handler, TimeSpan longestWait, TimeProvider time) =>
        (HandlerChainCheck.From(handler).LastOrDefault() as SocketsHttpHandler)?.MaxConnectionsPerServer is { } limit and < int.MaxValue
            ? new ConnectionSlots(limit, new SemaphoreSlim(limit), longestWait, time)
            : null;

    /// <summary>Waits for a slot, which is free again when all its holders have disposed it.</summary>
    /// <exception cref="PrivatemodeServiceException">All connections were in use for too long.</exception>
    /// <exception cref="ObjectDisposedException">The client was disposed meanwhile.</exception>
    public async ValueTask<Slot> AcquireAsync(bool async, CancellationToken caller, CancellationToken closing)
    {
        if (free.Wait(0, caller))
        {
            return new Slot(free);
        }

        using CallDeadline deadline = new(longestWait, time, async, caller, closing);
        try
        {
            if (async)
            {
                await free.WaitAsync(deadline.Token).ConfigureAwait(false);
            }
            else
            {
                free.Wait(deadline.Token);
            }

            return new Slot(free);
        }
        catch (OperationCanceledException)
        {
            throw deadline.ToException(
                $"All {connections} connections that the message handler allows were in use for too long. Nothing was sent. " +
                "Raise MaxConnectionsPerServer, dispose of streams that are no longer read, or retry later.");
        }
    }

    /// <summary>The use of one connection: held by a call through all its immediate attempts, and by a stream until its end.</summary>
    internal sealed class Slot(SemaphoreSlim free) : IDisposable
    {
        private int _holders = 1;

        /// <summary>Adds a holder, which must dispose the slot as well.</summary>
        public Slot AddHolder()
        {
            _ = Interlocked.Increment(ref _holders);
            return this;
        }

        public void Dispose()
        {
            if (Interlocked.Decrement(ref _holders) == 0)
            {
                _ = free.Release();
            }
        }
    }
}
