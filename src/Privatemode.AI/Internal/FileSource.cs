using System.Buffers;

namespace Privatemode.AI.Internal;

/// <summary>A stream of the caller's that becomes a file of a form. Its first bytes are looked at before anything is sent.</summary>
/// <remarks>
/// The file is what the stream holds from where it stands. It is read straight into the one buffer that the pipeline seals where the target
/// is one, and copied in pieces, which are wiped, to any other. The stream is never disposed. One that can seek may be written more than once.
/// </remarks>
internal sealed class FileSource
{
    private const int HeadSize = 64;
    private const int PieceSize = 512 * 1024;

    private readonly Stream _stream;
    private readonly FileLimit _limit;
    private readonly byte[] _head;
    private readonly long _start;
    private bool _isSpent;

    private FileSource(Stream stream, FileLimit limit, byte[] head, long start)
    {
        (_stream, _limit, _head, _start) = (stream, limit, head, start);
        Length = stream.CanSeek ? stream.Length - start : null;
    }

    /// <summary>The first bytes, at most 64.</summary>
    public ReadOnlyMemory<byte> Head => _head;

    /// <summary>Size in bytes; null when only reading to the end would tell.</summary>
    public long? Length { get; }

    /// <summary>Reads the first bytes. A stream that can seek stands where it stood again.</summary>
    /// <exception cref="ArgumentException">The stream cannot be read.</exception>
    /// <exception cref="PrivatemodeRequestException">There is nothing in it, or more than the limit.</exception>
    public static async ValueTask<FileSource> OpenAsync(Stream stream, FileLimit limit, CancellationToken cancellationToken)
    {
        if (!stream.CanRead)
        {
            throw new ArgumentException("The stream cannot be read.", nameof(stream));
        }

        long start = stream.CanSeek ? stream.Position : 0;
        byte[] head = new byte[HeadSize];
        int read = await stream.ReadAtLeastAsync(head, HeadSize, throwOnEndOfStream: false, cancellationToken).ConfigureAwait(false);
        if (stream.CanSeek)
        {
            stream.Position = start;
        }

        if (read == 0)
        {
            throw new PrivatemodeRequestException(
                FileLimit.Member, "The file is empty, or its stream is at the end. Set Position to 0 after writing to the stream.");
        }

        FileSource source = new(stream, limit, head[..read], start);
        limit.Demand(source.Length ?? 0);
        return source;
    }

    /// <summary>Copies the file; with <c>async: false</c> the result is complete.</summary>
    /// <exception cref="PrivatemodeRequestException">It turns out to be larger than the limit.</exception>
    /// <exception cref="InvalidOperationException">It was copied before and cannot be read again.</exception>
    public async ValueTask CopyToAsync(Stream target, bool async, CancellationToken cancellationToken)
    {
        long copied = await RewindAsync(target, async, cancellationToken).ConfigureAwait(false);
        IBufferWriter<byte>? direct = target as IBufferWriter<byte>;
        byte[] piece = direct is null ? ArrayPool<byte>.Shared.Rent(PieceSize) : [];
        try
        {
            while (true)
            {
                Memory<byte> room = direct?.GetMemory() ?? piece;
                room = room[..Math.Min(room.Length, PieceSize)];
                int read = async ? await _stream.ReadAsync(room, cancellationToken).ConfigureAwait(false) : _stream.Read(room.Span);
                if (read == 0)
                {
                    return;
                }

                copied += read;
                _limit.Demand(copied);
                if (direct is null)
                {
                    await WriteAsync(target, room[..read], async, cancellationToken).ConfigureAwait(false);
                }
                else
                {
                    direct.Advance(read);
                }
            }
        }
        finally
        {
            if (direct is null)
            {
                ArrayPool<byte>.Shared.Return(piece, clearArray: true);
            }
        }
    }

    /// <summary>Puts the stream at the beginning of the file, or writes the bytes that were taken from it; how many those were.</summary>
    private async ValueTask<int> RewindAsync(Stream target, bool async, CancellationToken cancellationToken)
    {
        if (_stream.CanSeek)
        {
            _stream.Position = _start;
            return 0;
        }

        if (_isSpent)
        {
            throw new InvalidOperationException("The file was read before, and its stream cannot seek.");
        }

        _isSpent = true;
        await WriteAsync(target, _head, async, cancellationToken).ConfigureAwait(false);
        return _head.Length;
    }

    private static async ValueTask WriteAsync(Stream target, ReadOnlyMemory<byte> bytes, bool async, CancellationToken cancellationToken)
    {
        if (async)
        {
            await target.WriteAsync(bytes, cancellationToken).ConfigureAwait(false);
        }
        else
        {
            target.Write(bytes.Span);
        }
    }
}
