using System.Text;
using System.Threading.Channels;

namespace Privatemode.AI.Tests.Fakes;

/// <summary>A network stream that delivers what the test hands it, when the test hands it; a read with nothing there waits.</summary>
internal sealed class ScriptedStream : Stream
{
    private readonly Channel<Func<byte[]>> _steps = Channel.CreateUnbounded<Func<byte[]>>();
    private readonly SemaphoreSlim _waits = new(0);
    private byte[] _rest = [];
    private int _disposals;

    /// <summary>How many reads were begun.</summary>
    public int Reads { get; private set; }

    public int Disposals => Volatile.Read(ref _disposals);

    /// <summary>What a waiting read does when the stream is disposed; null to leave it waiting.</summary>
    public Func<byte[]>? OnDisposal { get; set; } = static () => throw new ObjectDisposedException("network");

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    public void Deliver(string text) => Step(() => Encoding.UTF8.GetBytes(text));

    public void Fail(Exception exception) => Step(() => throw exception);

    public void End() => Step(() => []);

    /// <summary>Completes when one more read has found nothing and waits.</summary>
    public Task WaitsAsync() => _waits.WaitAsync().OrTimeout();

    public override int Read(Span<byte> buffer)
    {
        byte[] bytes = new byte[buffer.Length];
        int read = ReadAsync(bytes, CancellationToken.None).AsTask().OrTimeout().GetAwaiter().GetResult();
        bytes.AsSpan(0, read).CopyTo(buffer);
        return read;
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        Reads++;
        if (_rest.Length == 0)
        {
            if (!_steps.Reader.TryRead(out Func<byte[]>? step))
            {
                _ = _waits.Release();
                step = await _steps.Reader.ReadAsync(cancellationToken);
            }

            _rest = step();
        }

        int count = Math.Min(_rest.Length, buffer.Length);
        _rest.AsMemory(0, count).CopyTo(buffer);
        _rest = _rest[count..];
        return count;
    }

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        _ = Interlocked.Increment(ref _disposals);
        if (OnDisposal is { } reaction)
        {
            Step(reaction);
        }

        base.Dispose(disposing);
    }

    private void Step(Func<byte[]> step) => _ = _steps.Writer.TryWrite(step);
}
