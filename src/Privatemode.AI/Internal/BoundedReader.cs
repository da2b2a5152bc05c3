using System.Buffers;

namespace Privatemode.AI.Internal;

/// <summary>Reads streams to their end, bounded in size.</summary>
internal static class BoundedReader
{
    /// <summary>False as soon as there are more than <paramref name="limit"/> bytes; the target has the first ones then, as many as the limit allows.</summary>
    /// <remarks>The stream is left open, but a synchronous read can only be cancelled by closing what it reads from.</remarks>
    public static async ValueTask<bool> TryReadAsync(
        Stream source, IBufferWriter<byte> target, int limit, bool async, CancellationToken cancellationToken)
    {
        using CancellationTokenRegistration closing = async
            ? default
            : cancellationToken.Register(static state => ((Stream)state!).Dispose(), source);
        int remaining = limit;
        while (true)
        {
            // At the limit there is only the end left to be found, for which the target need not grow.
            Memory<byte> free = remaining > 0 ? target.GetMemory() : new byte[1];
            int read = async ? await source.ReadAsync(free, cancellationToken).ConfigureAwait(false) : source.Read(free.Span);

            // A stream that was closed because the time was over may look like one that has ended.
            cancellationToken.ThrowIfCancellationRequested();
            target.Advance(Math.Min(read, remaining));
            if (read == 0 || read > remaining)
            {
                return read == 0;
            }

            remaining -= read;
        }
    }
}
