using System.Runtime.CompilerServices;
using System.Runtime.ExceptionServices;
using System.Text;
using Privatemode.AI.Internal;

namespace Privatemode.AI.Encryption.EventStream;

/// <summary>A stream of decrypted events over the network stream of an answer.</summary>
/// <remarks>
/// Returns each event as soon as it is complete and verified. Events decrypted before a failure are returned first, then the failure is thrown, on this and
/// every further read. One reader at a time; it may be disposed while a read is waiting.
/// </remarks>
/// <param name="network">The network stream; disposed with this one.</param>
/// <param name="reader">Decrypts the events; disposed with this stream.</param>
/// <param name="owned">The cipher and the secret, or null. They are disposed when the answer ends or fails, and at the latest with this stream.</param>
internal sealed class DecryptingEventStream(Stream network, EventReader reader, IDisposable? owned) : ReadOnlyStream
{
    private const int Idle = 0;
    private const int Reading = 1;
    private const int DisposedWhileReading = 2;
    private const int Disposed = 3;
    private const int BreakingOff = 4; // for a moment, by another thread

    private const int MaxRetained = 64 * 1024;

    private readonly byte[] _buffer = new byte[8 * 1024];
    private ExceptionDispatchInfo? _failure;
    private PooledBytes? _lastEvents;
    private bool _keepsLastEvents;
    private int _returned; // bytes of the output of the reader
    private int _state;
    private int _isReleased;

    // A stream that is not disposed must not leave plaintext in pooled buffers.
    ~DecryptingEventStream() => reader?.Dispose();

    /// <summary>The events that the last read returned; empty before the first read, and if they are long. Do not use this while the stream is being
    /// read.</summary>
    public string LastEvents => Encoding.UTF8.GetString(Volatile.Read(ref _state) == Idle ? Returned : _lastEvents is { } kept ? kept.Span : default);

    public override bool CanRead => Volatile.Read(ref _state) is not (DisposedWhileReading or Disposed);

    /// <summary>Ends the stream with a failure unless it has ended, and releases its resources. No effect while it is being read: the network stream ends that
    /// read.</summary>
    public void BreakOff(PrivatemodeException failure)
    {
        if (Interlocked.CompareExchange(ref _state, BreakingOff, Idle) != Idle)
        {
            return;
        }

        try
        {
            if (!reader.IsEnded)
            {
                reader.Fail(failure);
            }

            network.Dispose();
            ReleaseOwned();
        }
        finally
        {
            Volatile.Write(ref _state, Idle);
        }
    }

    /// <summary>Keeps the last returned events when the stream is disposed, until <see cref="ForgetLastEvents"/>, to find out which event could not be
    /// read.</summary>
    public void KeepLastEvents() => Volatile.Write(ref _keepsLastEvents, true);

    /// <summary>Wipes the events that were kept, because they are plaintext, and keeps none from now on.</summary>
    public void ForgetLastEvents()
    {
        Volatile.Write(ref _keepsLastEvents, false);
        Interlocked.MemoryBarrier();
        Interlocked.Exchange(ref _lastEvents, null)?.Dispose();
    }

    public override int Read(Span<byte> buffer)
    {
        BeginRead();
        try
        {
            int count;
            while (!TryReturn(buffer, out count))
            {
                ReadNetworkAsync(async: false, CancellationToken.None).Completed();
            }

            return count;
        }
        finally
        {
            EndRead();
        }
    }

    // Pooled, as the next one below, because both run for each read of a stream.
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        BeginRead();
        try
        {
            int count;
            while (!TryReturn(buffer.Span, out count))
            {
                await ReadNetworkAsync(async: true, cancellationToken).ConfigureAwait(false);
            }

            return count;
        }
        finally
        {
            EndRead();
        }
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing && TryDispose())
        {
            network.Dispose();
        }

        base.Dispose(disposing);
    }

    public override async ValueTask DisposeAsync()
    {
        if (TryDispose())
        {
            await network.DisposeAsync().ConfigureAwait(false);
        }

        await base.DisposeAsync().ConfigureAwait(false);
        GC.SuppressFinalize(this);
    }

    private bool TryReturn(Span<byte> buffer, out int count)
    {
        ReadOnlySpan<byte> ready = reader.Output.Span[_returned..];
        count = Math.Min(ready.Length, buffer.Length);
        if (!ready.IsEmpty || buffer.IsEmpty)
        {
            ready[..count].CopyTo(buffer);
            _returned += count;
            if (_returned == reader.Output.Length)
            {
                reader.Translator?.AllRead();
            }

            return true;
        }

        reader.Output.Clear();
        _returned = 0;
        if (reader.Failure is not null || reader.IsEnded)
        {
            // Nothing more is decrypted. Some callers do not dispose a stream that they have read to its end.
            ReleaseOwned();
        }

        if (reader.Failure is { } failure)
        {
            // Captured once: an exception captured each time would accumulate the stack traces of all earlier reads.
            _failure ??= ExceptionDispatchInfo.Capture(failure);
            _failure.Throw();
        }

        return reader.IsEnded;
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask ReadNetworkAsync(bool async, CancellationToken cancellationToken)
    {
        int read = 0;
        try
        {
            read = async ? await network.ReadAsync(_buffer, cancellationToken).ConfigureAwait(false) : network.Read(_buffer);
        }
        catch (PrivatemodeException failure)
        {
            // A timeout, or an exception of a handler of the application. The stream stays failed.
            reader.Fail(failure);
        }
        catch (IOException)
        {
            // A lost connection and a missing end are treated alike: the answer is incomplete.
        }

        // Closing the network stream ends a waiting read; how that read ended says nothing about the answer.
        ObjectDisposedException.ThrowIf(Volatile.Read(ref _state) != Reading, this);
        if (read == 0)
        {
            reader.Complete();
        }
        else
        {
            reader.Push(_buffer.AsSpan(0, read));
        }
    }

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
            throw new InvalidOperationException("Another read of this stream has not ended yet. Use one reader at a time.");
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

    /// <summary>Marks the stream as disposed, and returns whether this is the first time. A waiting read itself releases the buffers that it uses.</summary>
    private bool TryDispose()
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
                    // The permit is the application's. Even if it throws, the connection is released.
                    network.Dispose();
                    throw;
                }

                return true;
            }

            int seen = Interlocked.CompareExchange(ref _state, DisposedWhileReading, Reading);
            if (seen is not (Idle or BreakingOff))
            {
                return seen == Reading;
            }

            // The read ended between the two checks, or another thread is ending the stream.
        }
    }

    private ReadOnlySpan<byte> Returned => reader.Output.Length <= MaxRetained ? reader.Output.Span : default;

    private void Release()
    {
        if (Volatile.Read(ref _keepsLastEvents) && !Returned.IsEmpty)
        {
            Volatile.Write(ref _lastEvents, PooledBytes.Copy(Returned));
            Interlocked.MemoryBarrier();
            if (!Volatile.Read(ref _keepsLastEvents))
            {
                // A waiting read released the stream after the other thread had forgotten them.
                ForgetLastEvents();
            }
        }

        reader.Dispose();
        ReleaseOwned();
    }

    private void ReleaseOwned()
    {
        if (Interlocked.Exchange(ref _isReleased, 1) == 0)
        {
            owned?.Dispose();
        }
    }
}
