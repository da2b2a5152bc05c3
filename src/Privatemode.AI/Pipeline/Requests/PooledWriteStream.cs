using System.Buffers;
using Privatemode.AI.Encryption;

namespace Privatemode.AI.Pipeline.Requests;

/// <summary>Collects a request body in pooled memory; refuses more than the service takes.</summary>
/// <remarks>Who can write into a buffer of ours need not fill one of his own first.</remarks>
internal sealed class PooledWriteStream(PooledBytes target, int limit) : Stream, IBufferWriter<byte>
{
    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => target.Length;

    public override long Position
    {
        get => target.Length;
        set => throw new NotSupportedException();
    }

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        Demand((long)target.Length + buffer.Length, limit);
        target.Append(buffer);
    }

    /// <summary>Room for at least one byte, or as many as asked for.</summary>
    public Memory<byte> GetMemory(int sizeHint = 0) => target.Free(Math.Max(sizeHint, 1));

    public Span<byte> GetSpan(int sizeHint = 0) => GetMemory(sizeHint).Span;

    public void Advance(int count)
    {
        target.Commit(count);
        Demand(target.Length, limit);
    }

    /// <exception cref="PrivatemodeRequestException">The length is more than the limit.</exception>
    public static void Demand(long length, int limit)
    {
        if (length > limit)
        {
            throw new PrivatemodeRequestException(
                "body", $"The request is larger than {limit} bytes, the most the service takes. Send less at once.");
        }
    }

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        Write(buffer.Span);
        return default;
    }

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken)
    {
        Write(buffer.AsSpan(offset, count));
        return Task.CompletedTask;
    }

    public override void Flush()
    {
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();
}
