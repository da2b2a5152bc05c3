using System.Buffers;
using System.ClientModel;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Privatemode.AI.Internal;

/// <summary>A form (multipart/form-data) with one file at its end, as plaintext for the pipeline, which encrypts it.</summary>
/// <remarks>Reference: RFC 7578. The file is not held in memory here.</remarks>
internal sealed class FormContent : BinaryContent
{
    private const int BoundaryLength = 60;

    private readonly FileSource _source;
    private readonly byte[] _before;
    private readonly byte[] _behind;

    /// <param name="fields">The fields before the file.</param>
    /// <param name="name">The name of the field that contains the file.</param>
    /// <param name="fileName">See <see cref="FileNames"/>.</param>
    /// <param name="fileType">The media type of the file.</param>
    /// <param name="source">The file.</param>
    public FormContent(IEnumerable<FormField> fields, string name, string fileName, string fileType, FileSource source)
    {
        _source = source;
        string boundary = RandomNumberGenerator.GetHexString(BoundaryLength, lowercase: true);
        (_before, _behind) = Around(boundary, fields, name, fileName, fileType);
        ContentType = $"multipart/form-data; boundary={boundary}";
        MediaType = ContentType;
    }

    public string ContentType { get; }

    /// <summary>Returns the number of bytes of such a form without the file.</summary>
    public static int OverheadOf(IEnumerable<FormField> fields, string name, string fileName, string fileType)
    {
        (byte[] before, byte[] behind) = Around(new string('0', BoundaryLength), fields, name, fileName, fileType);
        return before.Length + behind.Length;
    }

    public override bool TryComputeLength(out long length)
    {
        length = _before.Length + _behind.Length + (_source.Length ?? 0);
        return _source.Length is not null;
    }

    public override async Task WriteToAsync(Stream stream, CancellationToken cancellationToken = default)
    {
        await stream.WriteAsync(_before, cancellationToken).ConfigureAwait(false);
        await _source.CopyToAsync(stream, async: true, cancellationToken).ConfigureAwait(false);
        await stream.WriteAsync(_behind, cancellationToken).ConfigureAwait(false);
    }

    public override void WriteTo(Stream stream, CancellationToken cancellationToken = default)
    {
        stream.Write(_before);
        _source.CopyToAsync(stream, async: false, cancellationToken).Completed();
        stream.Write(_behind);
    }

    public override void Dispose()
    {
        // The stream belongs to the caller.
    }

    private static (byte[] Before, byte[] Behind) Around(
        string boundary, IEnumerable<FormField> fields, string name, string fileName, string fileType)
    {
        StringBuilder before = new();
        foreach (FormField field in fields)
        {
            _ = before.Append(CultureInfo.InvariantCulture, $"--{boundary}\r\nContent-Disposition: form-data; name=\"{field.Name}\"\r\n\r\n{field.Value}\r\n");
        }

        _ = before.Append(
            CultureInfo.InvariantCulture,
            $"--{boundary}\r\nContent-Disposition: form-data; name=\"{name}\"; filename=\"{fileName}\"\r\nContent-Type: {fileType}\r\n\r\n");
        return (Encoding.UTF8.GetBytes(before.ToString()), Encoding.UTF8.GetBytes($"\r\n--{boundary}--\r\n"));
    }
}

/// <summary>A field of a form.</summary>
/// <param name="Name">Its name: letters, digits, <c>_</c>, <c>[</c> and <c>]</c>, nothing that would need quoting.</param>
/// <param name="Value">Its value, any text.</param>
internal readonly record struct FormField(string Name, string Value);

/// <summary>A stream of the caller that becomes a file of a form. Its first bytes are checked before anything is sent.</summary>
/// <remarks>
/// The file is the content of the stream from its current position. It is read directly into the buffer that the pipeline encrypts, if the target
/// is one, and otherwise copied in pieces, which are wiped. The stream is never disposed. A seekable stream can be copied more than once.
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

    /// <summary>The size in bytes; null if only reading to the end would show it.</summary>
    public long? Length { get; }

    /// <summary>Reads the first bytes. A seekable stream is then set back to its position.</summary>
    /// <exception cref="ArgumentException">The stream cannot be read.</exception>
    /// <exception cref="PrivatemodeRequestException">The file is empty, or larger than the limit.</exception>
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
        limit.ThrowIfExceeded(source.Length ?? 0);
        return source;
    }

    /// <summary>Copies the file; with <c>async: false</c>, the result is complete.</summary>
    /// <exception cref="PrivatemodeRequestException">The file is larger than the limit.</exception>
    /// <exception cref="InvalidOperationException">The stream is not seekable and was copied before.</exception>
    public async ValueTask CopyToAsync(Stream target, bool async, CancellationToken cancellationToken)
    {
        long copied = await RewindAsync(target, async, cancellationToken).ConfigureAwait(false);
        IBufferWriter<byte>? direct = target as IBufferWriter<byte>;
        byte[] piece = direct is null ? ArrayPool<byte>.Shared.Rent(PieceSize) : [];
        try
        {
            while (true)
            {
                Memory<byte> buffer = direct?.GetMemory() ?? piece;
                buffer = buffer[..Math.Min(buffer.Length, PieceSize)];
                int read = async ? await _stream.ReadAsync(buffer, cancellationToken).ConfigureAwait(false) : _stream.Read(buffer.Span);
                if (read == 0)
                {
                    return;
                }

                copied += read;
                _limit.ThrowIfExceeded(copied);
                if (direct is null)
                {
                    await WriteAsync(target, buffer[..read], async, cancellationToken).ConfigureAwait(false);
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

    /// <summary>Sets the stream to the beginning of the file or, if it is not seekable, writes the first bytes, which were read already. Returns the number of
    /// bytes written.</summary>
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

/// <summary>The maximum file size of an endpoint.</summary>
/// <param name="Bytes">The maximum size in bytes.</param>
/// <param name="Advice">What to do with a larger file, as a sentence.</param>
internal sealed record FileLimit(int Bytes, string Advice)
{
    /// <summary>The member that exceptions about the file name.</summary>
    public const string Member = "file";

    /// <exception cref="PrivatemodeRequestException">The length exceeds the limit.</exception>
    public void ThrowIfExceeded(long length)
    {
        if (length > Bytes)
        {
            throw new PrivatemodeRequestException(Member, $"The file is larger than {Bytes} bytes, the maximum that the service accepts. {Advice}");
        }
    }
}

/// <summary>Creates the file names in forms.</summary>
internal static class FileNames
{
    private const int MaxNameLength = 200;

    /// <summary>Returns the last segment of a path without characters that would need quoting, or null if nothing remains.</summary>
    /// <remarks>If it is too long, its beginning is cut, because the service determines the type by the extension.</remarks>
    public static string? Clean(string? path)
    {
        if (path is null)
        {
            return null;
        }

        string name = path[(path.LastIndexOfAny(['/', '\\']) + 1)..].Trim();
        StringBuilder clean = new(name.Length);
        foreach (Rune rune in name.EnumerateRunes())
        {
            _ = Rune.IsControl(rune) || rune.Value is '"' or '\u2028' or '\u2029' ? clean.Append('_') : clean.Append(rune);
        }

        if (clean.Length > MaxNameLength)
        {
            _ = clean.Remove(0, clean.Length - MaxNameLength);
            _ = char.IsLowSurrogate(clean[0]) ? clean.Remove(0, 1) : clean;
        }

        return clean.Length > 0 ? clean.ToString() : null;
    }
}
