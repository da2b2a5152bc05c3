namespace Privatemode.AI.Encryption;

/// <summary>The one buffer of a call whose values are sealed where they lie: plaintext before, ciphertext while an attempt is sent.</summary>
/// <remarks>
/// An answer may come while the transport still writes the request. What it writes is handed out in small pieces, each made under a lock
/// and only while the buffer holds the ciphertext of that very attempt: plaintext that was put back for the next attempt can never
/// leave through the writer of the one before.
/// </remarks>
internal sealed class SealableBytes(PooledBytes bytes) : IDisposable
{
    private readonly Lock _gate = new();
    private InPlaceSeal? _seal;
    private int _users = 1;
    private bool _disposed;

    /// <summary>All bytes. Those in sealed ranges are ciphertext from the first attempt on.</summary>
    public Span<byte> Span => bytes.Span;

    /// <summary>Seals ranges in their order, under the values of <paramref name="cipher"/> from now on. Whatever was sealed before is void.</summary>
    public InPlaceSeal Seal(ExchangeCipher cipher, ReadOnlySpan<ValueRange> ranges)
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            TakeBack();
            return _seal = cipher.SealInPlace(bytes.Span, ranges);
        }
    }

    /// <summary>Whether the buffer holds what this seal made.</summary>
    public bool IsSealedBy(InPlaceSeal seal)
    {
        lock (_gate)
        {
            return ReferenceEquals(_seal, seal) && _users > 0;
        }
    }

    /// <summary>Writes the hex of a part of a sealed range.</summary>
    /// <exception cref="ObjectDisposedException">The buffer no longer holds what this seal made.</exception>
    public void WriteHex(InPlaceSeal seal, ValueRange part, Span<byte> hex)
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(!ReferenceEquals(_seal, seal) || !seal.Covers(part.Start, part.Length), this);
            _ = SealedValue.WriteHex(bytes.Span.Slice(part.Start, part.Length), hex);
        }
    }

    /// <summary>Puts the plaintext back and wipes the key it was sealed with: the next attempt may be a minute away, or never come.</summary>
    public void Unseal()
    {
        lock (_gate)
        {
            TakeBack();
        }
    }

    /// <summary>Keeps the buffer while somebody writes; ends with <see cref="Leave"/>.</summary>
    public void Enter()
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_users == 0, this);
            _users++;
        }
    }

    public void Leave()
    {
        lock (_gate)
        {
            if (--_users == 0)
            {
                _seal?.Dispose();
                _seal = null;
                bytes.Dispose();
            }
        }
    }

    public void Dispose()
    {
        lock (_gate)
        {
            if (_disposed)
            {
                return;
            }

            _disposed = true;
        }

        Leave();
    }

    private void TakeBack()
    {
        if (_seal is { } seal)
        {
            // First void, then plaintext.
            _seal = null;
            try
            {
                seal.TakeBack(bytes.Span);
            }
            finally
            {
                seal.Dispose();
            }
        }
    }
}
