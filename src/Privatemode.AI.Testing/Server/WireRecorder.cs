using System.Buffers;
using System.IO.Pipelines;
using Microsoft.AspNetCore.Connections;

namespace Privatemode.AI.Testing.Server;

/// <summary>Records every byte that arrives on any connection, below HTTP, and passes the bytes that are sent to a callback.</summary>
/// <param name="openTap">Called for each connection: returns a function that receives its bytes in order. Null to record the bytes here.</param>
/// <param name="sent">A callback that receives the bytes that are sent, or null.</param>
internal sealed class WireRecorder(Func<Action<ReadOnlySequence<byte>>>? openTap = null, Action<ReadOnlySpan<byte>>? sent = null)
{
    private readonly Lock _gate = new();
    private readonly ArrayBufferWriter<byte> _received = new();

    public byte[] Copy()
    {
        lock (_gate)
        {
            return _received.WrittenSpan.ToArray();
        }
    }

    /// <summary>Returns the connection middleware that records.</summary>
    public ConnectionDelegate Tee(ConnectionDelegate next) => async connection =>
    {
        connection.Transport = new TeeDuplex(
            new TeeReader(connection.Transport.Input, openTap?.Invoke() ?? Append),
            sent is null ? connection.Transport.Output : new TeeWriter(connection.Transport.Output, sent));
        await next(connection).ConfigureAwait(false);
    };

    private void Append(ReadOnlySequence<byte> bytes)
    {
        lock (_gate)
        {
            foreach (ReadOnlyMemory<byte> segment in bytes)
            {
                _received.Write(segment.Span);
            }
        }
    }

    private sealed class TeeDuplex(PipeReader input, PipeWriter output) : IDuplexPipe
    {
        public PipeReader Input => input;

        public PipeWriter Output => output;
    }

    /// <summary>Passes the bytes to the callback as they are written. Bytes of <see cref="PipeWriter.WriteAsync"/> pass <see cref="Advance"/> too.</summary>
    private sealed class TeeWriter(PipeWriter inner, Action<ReadOnlySpan<byte>> sent) : PipeWriter
    {
        private Memory<byte> _next;

        public override bool CanGetUnflushedBytes => inner.CanGetUnflushedBytes;

        public override long UnflushedBytes => inner.UnflushedBytes;

        public override void Advance(int bytes)
        {
            sent(_next.Span[..bytes]);
            _next = _next[bytes..];
            inner.Advance(bytes);
        }

        public override Memory<byte> GetMemory(int sizeHint = 0) => _next = inner.GetMemory(sizeHint);

        public override Span<byte> GetSpan(int sizeHint = 0) => GetMemory(sizeHint).Span;

        public override void CancelPendingFlush() => inner.CancelPendingFlush();

        public override void Complete(Exception? exception = null) => inner.Complete(exception);

        public override ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default) => inner.FlushAsync(cancellationToken);
    }

    /// <summary>Records bytes when they are consumed, so that each byte is recorded once, regardless of how often it is examined.</summary>
    private sealed class TeeReader(PipeReader inner, Action<ReadOnlySequence<byte>> received) : PipeReader
    {
        private ReadOnlySequence<byte> _last;

        public override void AdvanceTo(SequencePosition consumed) => AdvanceTo(consumed, consumed);

        public override void AdvanceTo(SequencePosition consumed, SequencePosition examined)
        {
            received(_last.Slice(_last.Start, consumed));
            _last = default;
            inner.AdvanceTo(consumed, examined);
        }

        public override void CancelPendingRead() => inner.CancelPendingRead();

        public override void Complete(Exception? exception = null) => inner.Complete(exception);

        public override async ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default)
        {
            ReadResult result = await inner.ReadAsync(cancellationToken).ConfigureAwait(false);
            _last = result.Buffer;
            return result;
        }

        public override bool TryRead(out ReadResult result)
        {
            bool read = inner.TryRead(out result);
            _last = read ? result.Buffer : _last;
            return read;
        }
    }
}
