using System.Security.Cryptography;

namespace Privatemode.AI.Encryption;

/// <summary>An AES-256-GCM key that all exchanges of one inference secret share. Safe for use by several threads.</summary>
/// <remarks>The pinned copy and libsodium's are cleared on disposal; what a platform cipher copied is not ours to clear.</remarks>
internal sealed class AesGcmKey : IDisposable
{
    /// <summary>Length of the key, in bytes.</summary>
    public const int Size = 32;

    /// <summary>Length of the tag, in bytes.</summary>
    public const int TagSize = 16;

    /// <summary>The switch of <see cref="AppContext"/> that leaves all encryption to the platform.</summary>
    public const string PlatformOnlySwitch = "Privatemode.AI.PlatformAesGcmOnly";

    private readonly byte[] _bytes = GC.AllocateArray<byte>(Size, pinned: true);
    private volatile bool _disposed;

    /// <param name="key">32 bytes; copied, and cleared by the caller.</param>
    /// <param name="provider">Whose implementation to use.</param>
    public AesGcmKey(ReadOnlySpan<byte> key, AesGcmProvider provider = AesGcmProvider.Automatic)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(key.Length, Size);
        key.CopyTo(_bytes);

        // Asked for each key and before libsodium is: with the switch on, its native library is not even loaded.
        bool platformOnly = provider == AesGcmProvider.Platform || (AppContext.TryGetSwitch(PlatformOnlySwitch, out bool isOn) && isOn);
        Sodium = platformOnly ? null : SodiumAesGcmKey.TryImport(key);
    }

    /// <summary>The key for libsodium; null where the platform does everything.</summary>
    public SodiumAesGcmKey? Sodium { get; }

    /// <summary>The 32 secret bytes.</summary>
    /// <exception cref="ObjectDisposedException">The key was disposed, and the bytes are zero.</exception>
    public ReadOnlySpan<byte> Bytes
    {
        get
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            return _bytes;
        }
    }

    /// <summary>Creates a cipher of the platform. Its user has it alone: shared between threads, it encrypts wrongly on Linux.</summary>
    /// <exception cref="ObjectDisposedException">The key was disposed.</exception>
    public AesGcm CreatePlatformCipher()
    {
        AesGcm cipher = new(Bytes, TagSize);

        // Dispose marks the key before it clears it: while there is no mark, the whole key was copied.
        Interlocked.MemoryBarrier();
        if (_disposed)
        {
            cipher.Dispose();
            throw new ObjectDisposedException(nameof(AesGcmKey));
        }

        return cipher;
    }

    /// <summary>Clears the key; more than once does no harm.</summary>
    public void Dispose()
    {
        _disposed = true;
        Interlocked.MemoryBarrier();
        Sodium?.Dispose();
        CryptographicOperations.ZeroMemory(_bytes);
    }
}
