using System.Buffers;

namespace Privatemode.AI.Internal;

/// <summary>Reads streams to their end, up to a maximum size.</summary>
internal static class BoundedReader
{
    /// <summary>Returns false if there are more than <paramref name="limit"/> bytes; the target then contains only the first ones.</summary>
    /// <remarks>The stream is not closed, but a synchronous read can only be canceled by closing the underlying connection.</remarks>
    public static async ValueTask<bool> TryReadAsync(
        Stream source, IBufferWriter<byte> target, int limit, bool async, CancellationToken cancellationToken)
    {
        using CancellationTokenRegistration closing = async
            ? default
            : cancellationToken.Register(static state => ((Stream)state!).Dispose(), source);
        int remaining = limit;
        while (true)
        {
            // At the limit, only the end is expected, so the target need not grow.
            Memory<byte> free = remaining > 0 ? target.GetMemory() : new byte[1];
            int read = async ? await source.ReadAsync(free, cancellationToken).ConfigureAwait(false) : source.Read(free.Span);

            // A stream that was closed because of a timeout may look like one that has ended.
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
