using System.Buffers;
using System.IO.Pipelines;
using Microsoft.AspNetCore.Connections;

namespace Privatemode.AI.Testing.Server;

/// <summary>Keeps every byte that arrives on any connection, below HTTP, and shows those that are sent.</summary>
/// <param name="openTap">Called for each connection: returns the receiver of its bytes, in pieces and in order. Null to record them here.</param>
/// <param name="sent">Gets the bytes that are sent. Null if nothing looks at them.</param>
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

    /// <summary>Connection middleware.</summary>
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

    /// <summary>Shows the bytes as they are written. What <see cref="PipeWriter.WriteAsync"/> writes passes <see cref="Advance"/> too.</summary>
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

    /// <summary>Records bytes when they are consumed, so that each is recorded once however often it is looked at.</summary>
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
