using System.Buffers;
using Privatemode.AI.Encryption;
using Privatemode.AI.Responses;

namespace Privatemode.AI;

/// <summary>Numbers the events of a streamed response if a server writes its own events between those of the library.</summary>
/// <remarks>
/// <para>Clients of the Responses API time out if they receive no event for some minutes, and comments do not extend the time. A server that waits for this
/// library, which verifies the deployment first, can send events to its clients with <see cref="TryWriteKeepAlive"/>.</para>
/// <para>Create one instance for each request, and set it as <see cref="PrivatemodeRequestOptions.Progress"/>. All events of the response then have the same
/// ID, and sequence numbers without gaps. This class is thread-safe.</para>
/// </remarks>
public sealed class ResponseProgress
{
    private readonly Lock _gate = new();
    private long _next;
    private bool _isCreated;
    private bool _isPending;
    private bool _isUnread;
    private bool _isEnded;

    /// <summary>Initializes a new instance of the <see cref="ResponseProgress"/> class.</summary>
    /// <param name="model">The model ID that the events contain, usually the one that the caller requested.</param>
    /// <param name="time">The clock for the time and the ID of the response.</param>
    /// <exception cref="ArgumentNullException">An argument is <see langword="null"/>.</exception>
    public ResponseProgress(string model, TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(time);
        DateTimeOffset now = time.GetUtcNow();
        Head = new ResponseHead(Guid.CreateVersion7(now).ToString("N"), now.ToUnixTimeSeconds(), model);
    }

    /// <summary>The progress of a response whose server writes no events of its own.</summary>
    internal ResponseProgress(ResponseHead head) => Head = head;

    /// <summary>The values of the response that are known from its beginning.</summary>
    internal ResponseHead Head { get; }

    /// <summary>Writes keep-alive events: <c>response.in_progress</c>, and <c>response.created</c> before the first one.</summary>
    /// <param name="target">The writer that receives the events, in the format of server-sent events.</param>
    /// <returns><see langword="true"/> if events were written; <see langword="false"/> if <see cref="MarkWritten"/> was not called for events that the library
    /// returned, or if the response has ended.</returns>
    /// <remarks>Call this method only before the library returns a stream, or while a read of that stream is waiting.</remarks>
    /// <exception cref="ArgumentNullException"><paramref name="target"/> is <see langword="null"/>.</exception>
    public bool TryWriteKeepAlive(IBufferWriter<byte> target)
    {
        ArgumentNullException.ThrowIfNull(target);
        lock (_gate)
        {
            if (_isPending || _isEnded)
            {
                return false;
            }

            using PooledBytes events = new(2048);
            Create(events);
            ResponseWriter.WriteProgress(events, "response.in_progress"u8, _next++, Head, echo: null);
            target.Write(events.Span);
            return true;
        }
    }

    /// <summary>Records that all bytes that were read from the library's stream so far were written to the client.</summary>
    /// <remarks>Call this method after each write and before the next read, even if the read returned only a part of an event.</remarks>
    public void MarkWritten()
    {
        lock (_gate)
        {
            // A read may return only some of the numbered events; the others are still pending.
            _isPending = _isUnread;
        }
    }

    /// <summary>Writes <c>response.failed</c> for a failure that the library's stream did not report, such as a failed verification. If the response has no
    /// event yet, <c>response.created</c> is written before it.</summary>
    /// <param name="failure">The exception of the call.</param>
    /// <param name="target">The writer that receives the events, in the format of server-sent events.</param>
    /// <returns><see langword="true"/> if the event was written; <see langword="false"/> if the response has ended.</returns>
    /// <exception cref="ArgumentNullException">An argument is <see langword="null"/>.</exception>
    public bool TryWriteFailure(Exception failure, IBufferWriter<byte> target)
    {
        ArgumentNullException.ThrowIfNull(failure);
        ArgumentNullException.ThrowIfNull(target);
        lock (_gate)
        {
            if (_isEnded)
            {
                return false;
            }

            using PooledBytes events = new(2048);
            Create(events);
            int start = events.Length;
            ResponseWriter.BeginEvent(events, "response.failed"u8, _next++);
            ResponseWriter.WriteFailed(events, Head, echo: null, failure, output: null);
            ResponseWriter.EndEvent(events, start);
            target.Write(events.Span);
            _isEnded = true;
            return true;
        }
    }

    /// <summary>Requests to write events of the library.</summary>
    /// <param name="isFirst">Whether the response has no event yet.</param>
    /// <returns>False if the response has ended.</returns>
    internal bool TryContinue(out bool isFirst)
    {
        lock (_gate)
        {
            isFirst = !_isCreated && !_isEnded;
            _isPending |= isFirst;
            _isUnread |= isFirst;
            _isCreated |= isFirst;
            return !_isEnded;
        }
    }

    /// <summary>The number of the next event of the library.</summary>
    internal long TakeNumber()
    {
        lock (_gate)
        {
            _isPending = true;
            _isUnread = true;
            return _next++;
        }
    }

    /// <summary>Records that all events of the library were read.</summary>
    internal void AllRead()
    {
        lock (_gate)
        {
            _isUnread = false;
        }
    }

    /// <summary>Records that no event follows the last one.</summary>
    internal void End()
    {
        lock (_gate)
        {
            _isEnded = true;
        }
    }

    private void Create(PooledBytes events)
    {
        if (!_isCreated)
        {
            _isCreated = true;
            ResponseWriter.WriteProgress(events, "response.created"u8, _next++, Head, echo: null);
        }
    }
}
