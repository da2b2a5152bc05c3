using Privatemode.AI.Encryption;

namespace Privatemode.AI.Pipeline;

/// <summary>Reads a whole body into pooled memory, bounded in size.</summary>
internal static class BodyReader
{
    private const int FirstStep = 16 * 1024;

    /// <summary>The body, or null when it is longer than <paramref name="limit"/> bytes. Closes the stream.</summary>
    public static async ValueTask<PooledBytes?> ReadAsync(Stream body, int limit, bool async, CancellationToken cancellationToken)
    {
        PooledBytes bytes = new(FirstStep);
        try
        {
            // A synchronous read cannot be cancelled but by closing what it reads from.
            using CancellationTokenRegistration closing = async
                ? default
                : cancellationToken.Register(static state => ((Stream)state!).Dispose(), body);
            while (true)
            {
                Memory<byte> free = bytes.Free(FirstStep);
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
