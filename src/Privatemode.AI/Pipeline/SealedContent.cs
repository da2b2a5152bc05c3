using System.ClientModel;
using Privatemode.AI.Encryption;

namespace Privatemode.AI.Pipeline;

/// <summary>A sealed request body, straight from its pooled buffer to the socket.</summary>
/// <remarks>
/// A server may answer before it has read the whole body; the transport then still writes while the call is being cleaned up.
/// The buffer goes back to the pool only when the last write is over: otherwise the next user's bytes would go out on this socket.
/// </remarks>
internal sealed class SealedContent : BinaryContent
{
    private readonly PooledBytes _wire;
    private int _users = 1;
    private int _disposed;

    public SealedContent(SealedBody body)
    {
        _wire = body.Content;
        MediaType = body.ContentType;
    }

    /// <summary>The bytes that will leave.</summary>
    public ReadOnlySpan<byte> Wire => _wire.Span;

    public override bool TryComputeLength(out long length)
    {
        length = _wire.Length;
        return true;
    }

    public override async Task WriteToAsync(Stream stream, CancellationToken cancellationToken = default)
    {
        Enter();
        try
        {
            await stream.WriteAsync(_wire.Memory, cancellationToken).ConfigureAwait(false);
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
            stream.Write(_wire.Span);
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
            _wire.Dispose();
        }
    }
}
