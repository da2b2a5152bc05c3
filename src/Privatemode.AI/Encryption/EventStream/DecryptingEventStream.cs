using System.Runtime.ExceptionServices;

namespace Privatemode.AI.Encryption.EventStream;

/// <summary>A read-only stream of opened events over a network stream of sealed ones.</summary>
/// <remarks>
/// Hands out each event as soon as it is whole and verified. Events opened before a failure are handed out first, then the
/// failure is thrown, on this and every further read. One reader at a time; it may be disposed while a read is waiting.
/// </remarks>
internal sealed class DecryptingEventStream : Stream
{
    private const int Idle = 0;
    private const int Reading = 1;
    private const int DisposedWhileReading = 2;
    private const int Disposed = 3;
    private const int BreakingOff = 4; // for a moment, by another thread

    private const int MostKept = 64 * 1024;

    private readonly Stream _sealed;
    private readonly IEventReader _reader;
    private IDisposable? _owned;
    private readonly byte[] _buffer = new byte[16 * 1024];
    private ExceptionDispatchInfo? _failure;
    private byte[] _lastEvents = [];
    private int _handedOut;
    private int _state;

    /// <param name="sealedEvents">The network stream; disposed with this one.</param>
    /// <param name="reader">Decrypts the events; disposed with this stream.</param>
    /// <param name="owned">Cipher and secret, if there are any: disposed at the end or at a failure, or else with this stream.</param>
    public DecryptingEventStream(Stream sealedEvents, IEventReader reader, IDisposable? owned)
    {
        _sealed = sealedEvents;
        _reader = reader;
        _owned = owned;
    }

    // A stream that nobody disposes must not leave plaintext in buffers that somebody else will rent.
    ~DecryptingEventStream() => _reader?.Dispose();

    /// <summary>Whether the events handed out last are kept when the stream is disposed of, to find what could not be read.</summary>
    public bool KeepsLastEvents { get; set; }

    /// <summary>The events handed out last; empty when there are none, or when they are long. Not while the stream is being read.</summary>
    public byte[] LastEvents => Volatile.Read(ref _state) == Idle ? CopyLastEvents() : _lastEvents;

    public override bool CanRead => Volatile.Read(ref _state) is not (DisposedWhileReading or Disposed);

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <summary>Breaks the stream unless it has ended, and gives back what it holds. Does nothing while it is being read: the network stream ends that
    /// read.</summary>
    public void BreakOff(PrivatemodeException failure)
    {
        if (Interlocked.CompareExchange(ref _state, BreakingOff, Idle) != Idle)
        {
            return;
        }

        try
        {
            if (!_reader.IsEnded)
            {
                _reader.Fail(failure);
            }

            _sealed.Dispose();
            ReleaseOwned();
        }
        finally
        {
            Volatile.Write(ref _state, Idle);
        }
    }

    public override int Read(byte[] buffer, int offset, int count)
    {
        ValidateBufferArguments(buffer, offset, count);
        return Read(buffer.AsSpan(offset, count));
    }

    public override int Read(Span<byte> buffer)
    {
        BeginRead();
        try
        {
            int count;
            while (!TryHandOut(buffer, out count))
            {
                int read;
                try
                {
                    read = _sealed.Read(_buffer);
                }
                catch (PrivatemodeException failure)
                {
                    // A timeout, or what a handler of the application threw. The stream stays failed.
                    _reader.Fail(failure);
                    read = 0;
                }
                catch (IOException)
                {
                    // A broken connection and a missing end are the same to us: the answer is not whole.
                    read = 0;
                }

                DemandOpen();
                TakeIn(read);
            }

            return count;
        }
        finally
        {
            EndRead();
        }
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken)
    {
        ValidateBufferArguments(buffer, offset, count);
        return ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        BeginRead();
        try
        {
            int count;
            while (!TryHandOut(buffer.Span, out count))
            {
                int read;
                try
                {
                    read = await _sealed.ReadAsync(_buffer, cancellationToken).ConfigureAwait(false);
                }
                catch (PrivatemodeException failure)
                {
                    // A timeout, or what a handler of the application threw. The stream stays failed.
                    _reader.Fail(failure);
                    read = 0;
                }
                catch (IOException)
                {
                    // See Read.
                    read = 0;
                }

                DemandOpen();
                TakeIn(read);
            }

            return count;
        }
        finally
        {
            EndRead();
        }
    }

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing && LeaveForGood())
        {
            _sealed.Dispose();
        }

        base.Dispose(disposing);
    }

    public override async ValueTask DisposeAsync()
    {
        if (LeaveForGood())
        {
            await _sealed.DisposeAsync().ConfigureAwait(false);
        }

        await base.DisposeAsync().ConfigureAwait(false);
        GC.SuppressFinalize(this);
    }

    private bool TryHandOut(Span<byte> buffer, out int count)
    {
        ReadOnlySpan<byte> ready = _reader.Output.Span[_handedOut..];
        count = Math.Min(ready.Length, buffer.Length);
        if (!ready.IsEmpty || buffer.IsEmpty)
        {
            ready[..count].CopyTo(buffer);
            _handedOut += count;
            return true;
        }

        _reader.Output.Clear();
        _handedOut = 0;
        if (_reader.Failure is not null || _reader.IsEnded)
        {
            // Nothing will be opened any more. Not everybody disposes a stream he has read to its end.
            ReleaseOwned();
        }

        if (_reader.Failure is { } failure)
        {
            // Captured once: an exception captured anew each time would drag along the stack traces of all reads before.
            _failure ??= ExceptionDispatchInfo.Capture(failure);
            _failure.Throw();
        }

        return _reader.IsEnded;
    }

    private void TakeIn(int read)
    {
        if (read == 0)
        {
            _reader.Complete();
        }
        else
        {
            _reader.Push(_buffer.AsSpan(0, read));
        }
    }

    /// <summary>Closing the network stream ends a waiting read somehow; whatever it says then is no verdict about the answer.</summary>
    private void DemandOpen() => ObjectDisposedException.ThrowIf(Volatile.Read(ref _state) != Reading, this);

    private void BeginRead()
    {
        SpinWait wait = default;
        int state;
        while ((state = Interlocked.CompareExchange(ref _state, Reading, Idle)) == BreakingOff)
        {
            wait.SpinOnce();
        }

        ObjectDisposedException.ThrowIf(state is Disposed or DisposedWhileReading, this);
        if (state == Reading)
        {
            throw new InvalidOperationException("The stream is being read already; one reader at a time.");
        }
    }

    private void EndRead()
    {
        if (Interlocked.CompareExchange(ref _state, Idle, Reading) == DisposedWhileReading)
        {
            Volatile.Write(ref _state, Disposed);
            Release();
        }
    }

    /// <summary>Marks the stream as disposed; true the first time. Buffers a waiting read still uses are left to that read.</summary>
    private bool LeaveForGood()
    {
        while (true)
        {
            if (Interlocked.CompareExchange(ref _state, Disposed, Idle) == Idle)
            {
                try
                {
                    Release();
                }
                catch
                {
                    // A permit is the application's. Whatever it throws, the connection is given back.
                    _sealed.Dispose();
                    throw;
                }

                return true;
            }

            int seen = Interlocked.CompareExchange(ref _state, DisposedWhileReading, Reading);
            if (seen is not (Idle or BreakingOff))
            {
                return seen == Reading;
            }

            // The read ended between the two looks, or the stream is being broken off.
        }
    }

    private byte[] CopyLastEvents() => _reader.Output.Length <= MostKept ? _reader.Output.Span.ToArray() : [];

    private void Release()
    {
        if (KeepsLastEvents)
        {
            _lastEvents = CopyLastEvents();
        }

        _reader.Dispose();
        ReleaseOwned();
    }

    private void ReleaseOwned() => Interlocked.Exchange(ref _owned, null)?.Dispose();
}
