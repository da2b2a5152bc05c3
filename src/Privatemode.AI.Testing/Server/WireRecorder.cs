using System.Buffers;
using System.IO.Pipelines;
using Microsoft.AspNetCore.Connections;

namespace Privatemode.AI.Testing.Server;

/// <summary>Keeps every byte that arrives on any connection, below HTTP.</summary>
/// <param name="openTap">Called for each connection: returns the receiver of its bytes, in pieces and in order. Null to record them here.</param>
internal sealed class WireRecorder(Func<Action<ReadOnlySequence<byte>>>? openTap = null)
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
        connection.Transport = new TeeDuplex(connection.Transport, new TeeReader(connection.Transport.Input, openTap?.Invoke() ?? Append));
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

    private sealed class TeeDuplex(IDuplexPipe inner, PipeReader input) : IDuplexPipe
    {
        public PipeReader Input => input;

        public PipeWriter Output => inner.Output;
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
