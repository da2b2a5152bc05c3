using System.Security.Cryptography;

namespace Privatemode.AI.Encryption;

/// <summary>An AES-256-GCM key that all exchanges of one inference secret share. Safe for use by several threads.</summary>
/// <remarks>The pinned copy and libsodium's are cleared on disposal. A copy inside a platform cipher cannot be cleared.</remarks>
internal sealed class AesGcmKey : IDisposable
{
    /// <summary>Length of the key, in bytes.</summary>
    public const int Size = 32;

    /// <summary>Length of the tag, in bytes.</summary>
    public const int TagSize = 16;

    /// <summary>The <see cref="AppContext"/> switch that leaves all AES-256-GCM to the platform.</summary>
    public const string PlatformOnlySwitch = "Privatemode.AI.PlatformAesGcmOnly";

    private readonly byte[] _bytes = GC.AllocateArray<byte>(Size, pinned: true);
    private volatile bool _disposed;

    /// <param name="key">32 bytes. They are copied; the caller clears its own.</param>
    /// <param name="provider">The implementation to use.</param>
    public AesGcmKey(ReadOnlySpan<byte> key, AesGcmProvider provider = AesGcmProvider.Automatic)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(key.Length, Size);
        key.CopyTo(_bytes);

        // Read for each key, and before libsodium is used: if the switch is on, the native library is not loaded.
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

    /// <summary>Creates a cipher of the platform. It must not be shared between threads: on Linux it would encrypt wrongly.</summary>
    /// <exception cref="ObjectDisposedException">The key was disposed.</exception>
    public AesGcm CreatePlatformCipher()
    {
        AesGcm cipher = new(Bytes, TagSize);

        // Dispose sets the flag before it clears the key: if the flag is not set, the whole key was copied.
        Interlocked.MemoryBarrier();
        if (_disposed)
        {
            cipher.Dispose();
            throw new ObjectDisposedException(nameof(AesGcmKey));
        }

        return cipher;
    }

    /// <summary>Clears the key. It can be called more than once.</summary>
    public void Dispose()
    {
        _disposed = true;
        Interlocked.MemoryBarrier();
        Sodium?.Dispose();
        CryptographicOperations.ZeroMemory(_bytes);
    }
}
