using System.ClientModel;
using Privatemode.AI.Encryption;

namespace Privatemode.AI.Pipeline.Requests;

/// <summary>A sealed request body, straight from its pooled buffers to the socket.</summary>
/// <remarks>
/// A server may answer before it has read the whole body; the transport then still writes while the call is being cleaned up.
/// The buffer goes back to the pool only when the last write is over: otherwise the next user's bytes would go out on this socket.
/// </remarks>
internal sealed class SealedContent : BinaryContent
{
    private int _users = 1;
    private int _disposed;
    private int _sent;
    private int _writesToTheWire;

    public SealedContent(SealedBody body)
    {
        Body = body;
        MediaType = body.ContentType;
    }

    /// <summary>What will leave.</summary>
    public SealedBody Body { get; }

    /// <summary>Notes that the next write goes to the network; false when that had been noted before.</summary>
    public bool TryMarkSent() => Interlocked.Exchange(ref _sent, 1) == 0;

    /// <summary>What sending the same exchange again is answered with: two answers to one exchange can be spliced on the way.</summary>
    public static PrivatemodeWouldLeakException SentTwice() => new(
        "sent-twice", "Something below the encryption sends the same request again. Leave retries to this library.");

    public override bool TryComputeLength(out long length)
    {
        length = Body.Length;
        return true;
    }

    public override async Task WriteToAsync(Stream stream, CancellationToken cancellationToken = default)
    {
        Enter();
        try
        {
            CountWrite();
            await Body.WriteToAsync(stream, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            Leave();
        }
    }

    public override void WriteTo(Stream stream, CancellationToken cancellationToken = default)
    {
        Enter();
        try
        {
            CountWrite();
            Body.WriteTo(stream);
        }
        finally
        {
            Leave();
        }
    }

    public override void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, 1) == 0)
        {
            Leave();
        }
    }

    /// <summary>Logging reads the content before it is sent; after that it is written once.</summary>
    private void CountWrite()
    {
        if (Volatile.Read(ref _sent) == 1 && Interlocked.Increment(ref _writesToTheWire) > 1)
        {
            throw SentTwice();
        }
    }

    private void Enter()
    {
        int users;
        do
        {
            users = Volatile.Read(ref _users);
            ObjectDisposedException.ThrowIf(users == 0, this);
        }
        while (Interlocked.CompareExchange(ref _users, users + 1, users) != users);
    }

    private void Leave()
    {
        if (Interlocked.Decrement(ref _users) == 0)
        {
            Body.Dispose();
        }
    }
}
