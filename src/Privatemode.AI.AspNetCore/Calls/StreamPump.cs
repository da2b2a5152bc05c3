using System.Buffers;
using System.IO.Pipelines;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Privatemode.AI.AspNetCore.Errors;
using Privatemode.AI.AspNetCore.Internal;

namespace Privatemode.AI.AspNetCore.Calls;

/// <summary>The stream to one caller: the events of the answer as they arrive, and keep-alive frames while none arrive.</summary>
/// <remarks>
/// The request itself and the <see cref="KeepAliveClock"/> write to the same response. Each access to the response requires one flag: the request waits for it,
/// the clock only tries to get it. Nothing is read from the answer until the caller has received what was written.
/// </remarks>
internal sealed class StreamPump : IAsyncDisposable
{
    private const int SegmentSize = 2048;

    /// <summary>The time in which the last event can be sent before the connection is reset.</summary>
    private static readonly TimeSpan AbortDelay = TimeSpan.FromMilliseconds(100);

    private readonly ProxyCall _call;
    private readonly HttpResponse _response;
    private readonly KeepAliveClock _clock;
    private readonly Action<ProxyCall> _setHead;
    private readonly Action _keptAlive;
    private readonly ResponseProgress? _progress;
    private readonly SemaphoreSlim _writing = new(1, 1);
    private long _lastWrite;
    private bool _isCommitted;
    private bool _isAtBoundary = true;
    private bool _isEnded;
    private byte _lastByte;

    /// <param name="call">The request. Its body has been read.</param>
    /// <param name="clock">The clock that keeps the stream alive from now on.</param>
    /// <param name="setHead">A callback that sets the status and the headers of the answer.</param>
    /// <param name="keptAlive">A callback that counts keep-alive frames.</param>
    public StreamPump(ProxyCall call, KeepAliveClock clock, Action<ProxyCall> setHead, Action keptAlive)
    {
        _call = call;
        _response = call.Context.Response;
        _clock = clock;
        _setHead = setHead;
        _keptAlive = keptAlive;
        _progress = call.Progress;
        _lastWrite = clock.Time.GetTimestamp();
        clock.Add(this);
    }

    /// <summary>Copies the answer to its end.</summary>
    /// <exception cref="OperationCanceledException">The caller has disconnected.</exception>
    public async Task CopyAsync(Stream answer, UsageScan usage)
    {
        byte[] segment = ArrayPool<byte>.Shared.Rent(SegmentSize);
        try
        {
            while (await answer.ReadAsync(segment, _call.Stopped).ConfigureAwait(false) is > 0 and int count)
            {
                await WriteAsync(segment.AsMemory(0, count)).ConfigureAwait(false);
                usage.Add(segment.AsSpan(0, count));
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(segment, clearArray: true);
        }

        await _writing.WaitAsync(_call.Aborted).ConfigureAwait(false);
        try
        {
            Commit();
            _isEnded = true;
        }
        finally
        {
            _ = _writing.Release();
        }
    }

    /// <summary>Ends a stream that has begun with an error event, if possible, and a connection reset. A normal end would look like a complete
    /// answer.</summary>
    /// <param name="error">The error to report.</param>
    /// <param name="cause">The exception to report in a stream of the Responses API.</param>
    /// <param name="isWanted">Whether the caller expects an event even if nothing was sent yet.</param>
    /// <returns>False if nothing was sent: the answer can then still have an error status.</returns>
    public async ValueTask<bool> TryFailAsync(ProxyError error, Exception cause, bool isWanted)
    {
        await _writing.WaitAsync(_call.Aborted).ConfigureAwait(false);
        try
        {
            _isEnded = true;
            if (!_isCommitted && !isWanted)
            {
                return false;
            }

            Commit();

            // Within an event there is no room for another one.
            if (_isAtBoundary)
            {
                WriteFailure(error, cause);
                _ = await _response.BodyWriter.FlushAsync(_call.Aborted).ConfigureAwait(false);
            }
        }
        finally
        {
            _ = _writing.Release();
        }

        // Aborting directly after a flush can lose the event.
        await Task.Delay(AbortDelay, _clock.Time, _call.Aborted).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _call.Context.Abort();
        return true;
    }

    /// <summary>Called by the clock: writes a frame if the stream has been silent for too long and no one else writes. Never waits.</summary>
    public void KeepAlive()
    {
        if (!IsSilent() || !_writing.Wait(0))
        {
            return;
        }

        ValueTask<FlushResult> flush = default;
        bool isFlushing = false;
        try
        {
            if (_isEnded || !_isAtBoundary || !IsSilent() || !TryWriteFrame())
            {
                return;
            }

            // Asked once: it may end at any moment, and exactly one of the two below gives the flag back.
            flush = _response.BodyWriter.FlushAsync(_call.Aborted);
            isFlushing = !flush.IsCompleted;
        }
        catch (Exception)
        {
            // The connection has gone. The request finds out by itself.
            return;
        }
        finally
        {
            if (!isFlushing)
            {
                _ = _writing.Release();
            }
        }

        if (isFlushing)
        {
            _ = ReleaseAfterAsync(flush);
        }
    }

    public async ValueTask DisposeAsync()
    {
        _clock.Remove(this);

        // A frame of the clock may be on its way. It ends with the connection at the latest.
        await _writing.WaitAsync(CancellationToken.None).ConfigureAwait(false);
        _isEnded = true;
        _ = _writing.Release();
    }

    private bool IsSilent() => _clock.Time.GetElapsedTime(Volatile.Read(ref _lastWrite)) >= _clock.Interval;

    /// <param name="bytes">The bytes that were read. They can end in the middle of an event.</param>
    private async ValueTask WriteAsync(ReadOnlyMemory<byte> bytes)
    {
        await _writing.WaitAsync(_call.Aborted).ConfigureAwait(false);
        try
        {
            Commit();
            Write(bytes.Span);
            byte before = bytes.Length > 1 ? bytes.Span[^2] : _lastByte;
            _lastByte = bytes.Span[^1];
            _isAtBoundary = _lastByte == '\n' && before == '\n';
            FlushResult flush = await _response.BodyWriter.FlushAsync(_call.Aborted).ConfigureAwait(false);
            Volatile.Write(ref _lastWrite, _clock.Time.GetTimestamp());
            if (flush.IsCompleted)
            {
                throw new OperationCanceledException(_call.Aborted);
            }

            _progress?.MarkWritten();
        }
        finally
        {
            _ = _writing.Release();
        }
    }

    private bool TryWriteFrame()
    {
        // The frame first: there may be none, and then the answer can still have another status.
        using PooledBuffer frame = new(0);
        if (!KeepAliveFrames.TryWrite(_call.Dialect, _progress, frame))
        {
            return false;
        }

        Commit();
        Write(frame.Span);
        Volatile.Write(ref _lastWrite, _clock.Time.GetTimestamp());
        _keptAlive();
        return true;
    }

    private void Commit()
    {
        if (_isCommitted)
        {
            return;
        }

        _isCommitted = true;
        _setHead(_call);
        _response.ContentType = "text/event-stream";
        _response.Headers["X-Accel-Buffering"] = "no";
        _call.Context.Features.Get<IHttpResponseBodyFeature>()?.DisableBuffering();
        _call.Record.FirstByte = _clock.Time.GetTimestamp();
    }

    private void Write(ReadOnlySpan<byte> bytes)
    {
        _response.BodyWriter.Write(bytes);
        _call.Record.AnswerBytes += bytes.Length;
    }

    private void WriteFailure(ProxyError error, Exception cause)
    {
        using PooledBuffer failure = new(0);
        if (_progress is { } progress)
        {
            // Writes nothing if the library has told the failure already, as it does for failures of a stream.
            _ = progress.TryWriteFailure(cause, failure);
        }
        else
        {
            ErrorBody.WriteEvent(error, _call.Dialect, _call.RequestId, failure);
        }

        Write(failure.Span);
    }

    private async Task ReleaseAfterAsync(ValueTask<FlushResult> flush)
    {
        try
        {
            _ = await flush.ConfigureAwait(false);
        }
        catch (Exception)
        {
            // As above: the request finds out by itself.
        }
        finally
        {
            _ = _writing.Release();
        }
    }
}
