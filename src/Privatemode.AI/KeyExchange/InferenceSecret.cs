using System.Security.Cryptography;
using System.Text;
using Privatemode.AI.Encryption;

namespace Privatemode.AI.KeyExchange;

/// <summary>The secret shared with the inference service: 32 bytes that are zeroed when the last reference is released.</summary>
/// <remarks>
/// Thread-safe. It is created with one reference, which belongs to its owner and which <see cref="Dispose"/> releases.
/// Other users take a reference with <see cref="TryAddReference"/>, read <see cref="Key"/> only while they hold it, and release it
/// with <see cref="Release"/>. The pinned bytes and libsodium's copy are cleared with the last reference; copies in registers and inside
/// the platform's ciphers cannot be.
/// </remarks>
internal sealed class InferenceSecret : IDisposable
{
    /// <summary>Length of the secret, in bytes: the key of AES-256-GCM.</summary>
    public const int Size = AesGcmKey.Size;

    private readonly AesGcmKey _key;
    private readonly byte[] _idUtf8;
    private readonly Lock _gate = new();
    private int _references = 1;
    private bool _isOwned = true;

    /// <param name="key">The secret, 32 bytes; copied, and cleared by the caller.</param>
    /// <param name="publicKeyHash">SHA-256 of the public key of the exchange, 32 bytes.</param>
    /// <param name="expiresAt">The time from which it must not be used for new requests.</param>
    internal InferenceSecret(ReadOnlySpan<byte> key, ReadOnlySpan<byte> publicKeyHash, DateTimeOffset obtainedAt, DateTimeOffset expiresAt)
    {
        if (key.Length != Size || publicKeyHash.Length != SHA256.HashSizeInBytes)
        {
            throw new ArgumentException("The secret and the hash are 32 bytes each.");
        }

        _key = AesGcmKey.Import(key);
        Id = Convert.ToBase64String(publicKeyHash);
        _idUtf8 = Encoding.ASCII.GetBytes(Id);
        ObtainedAt = obtainedAt;
        ExpiresAt = expiresAt;
    }

    /// <summary>The name of the secret on the wire: base64 of SHA-256 of the public key. Not secret.</summary>
    public string Id { get; }

    /// <summary><see cref="Id"/> as bytes.</summary>
    public ReadOnlyMemory<byte> IdUtf8 => _idUtf8;

    public DateTimeOffset ObtainedAt { get; }

    /// <summary>The time from which the secret must not be used for new requests. A running stream can continue.</summary>
    public DateTimeOffset ExpiresAt { get; }

    /// <summary>The 32 secret bytes. Use them only while you hold a reference, and never copy them into a string.</summary>
    /// <exception cref="ObjectDisposedException">The last reference was released, and the bytes are zero.</exception>
    public ReadOnlySpan<byte> Key => _key.Bytes;

    /// <summary>The key of AES-256-GCM, imported once for all exchanges under this secret. Use it only while you hold a reference.</summary>
    public AesGcmKey EncryptionKey => _key;

    /// <summary>Whether a reference is held in addition to the owner's.</summary>
    public bool IsInUse
    {
        get
        {
            lock (_gate)
            {
                return _references > (_isOwned ? 1 : 0);
            }
        }
    }

    /// <summary>Takes a reference. Returns false if the secret has already been cleared.</summary>
    public bool TryAddReference()
    {
        lock (_gate)
        {
            _references += _references > 0 ? 1 : 0;
            return _references > 0;
        }
    }

    /// <summary>Releases a reference taken with <see cref="TryAddReference"/>.</summary>
    /// <exception cref="InvalidOperationException">More references were released than taken.</exception>
    public void Release()
    {
        lock (_gate)
        {
            if (_references == 0)
            {
                throw new InvalidOperationException("A reference to the inference secret was released twice.");
            }

            if (--_references == 0)
            {
                _key.Dispose();
            }
        }
    }

    /// <summary>Releases the owner's reference. Further calls have no effect.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            if (_isOwned)
            {
                _isOwned = false;
                Release();
            }
        }
    }

    /// <summary>Returns the ID, so that no secret can appear in a log.</summary>
    public override string ToString() => Id;
}
