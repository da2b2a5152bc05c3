using Privatemode.AI.Encryption;

namespace Privatemode.AI.Internal;

/// <summary>Reads a whole body into pooled memory, bounded in size.</summary>
internal static class BodyReader
{
    /// <summary>The body, or null when it is longer than <paramref name="limit"/> bytes. Closes the stream.</summary>
    public static async ValueTask<PooledPieces?> ReadAsync(Stream body, int limit, bool async, CancellationToken cancellationToken)
    {
        PooledPieces bytes = new();
        try
        {
            // A synchronous read cannot be cancelled but by closing what it reads from.
            using CancellationTokenRegistration closing = async
                ? default
                : cancellationToken.Register(static state => ((Stream)state!).Dispose(), body);
            while (true)
            {
                Memory<byte> free = bytes.Free();
                int read = async
                    ? await body.ReadAsync(free, cancellationToken).ConfigureAwait(false)
                    : body.Read(free.Span);
                if (read == 0)
                {
                    cancellationToken.ThrowIfCancellationRequested();
                    return bytes;
                }

                bytes.Commit(read);
                if (bytes.Length > limit)
                {
                    bytes.Dispose();
                    return null;
                }
            }
        }
        catch
        {
            bytes.Dispose();
            throw;
        }
        finally
        {
            if (async)
            {
                await body.DisposeAsync().ConfigureAwait(false);
            }
            else
            {
                body.Dispose();
            }
        }
    }
}
