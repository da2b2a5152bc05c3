using System.Security.Cryptography;
using NSec.Cryptography;

namespace Privatemode.AI.Encryption;

/// <summary>An AES-256-GCM key that all exchanges of one inference secret share. Thread-safe.</summary>
/// <remarks>The pinned copy and libsodium's copy are cleared on disposal. A copy inside a platform cipher cannot be cleared.</remarks>
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

    private AesGcmKey(ReadOnlySpan<byte> key, SodiumAesGcmKey? sodium)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(key.Length, Size);
        key.CopyTo(_bytes);
        Sodium = sodium;
    }

    /// <summary>The key for libsodium; null if the platform does everything.</summary>
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

    /// <summary>Imports a key for libsodium if that can be used, otherwise for the platform alone.</summary>
    /// <param name="key">32 bytes. They are copied; the caller clears its own.</param>
    public static AesGcmKey Import(ReadOnlySpan<byte> key) =>
        // Read for each key, and before libsodium is used: if the switch is on, the native library is not loaded.
        AppContext.TryGetSwitch(PlatformOnlySwitch, out bool isOn) && isOn ? ImportForPlatform(key) : new(key, SodiumAesGcmKey.TryImport(key));

    /// <summary>Imports a key for the platform alone.</summary>
    public static AesGcmKey ImportForPlatform(ReadOnlySpan<byte> key) => new(key, sodium: null);

    /// <summary>Creates a cipher of the platform. It must not be shared between threads: on Linux, the ciphertext would be wrong.</summary>
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

/// <summary>A key of libsodium's AES-256-GCM, through NSec. Thread-safe.</summary>
/// <remarks>
/// An imported key takes 50 µs and four memory mappings of the process, of which Linux allows 65,530. Therefore one key serves all exchanges
/// of a secret, and the number of keys is limited. Disposing a key during a call is safe: its memory is released after the call.
/// </remarks>
internal sealed class SodiumAesGcmKey : IDisposable
{
    /// <summary>The maximum number of keys in a process; a client needs two for each session.</summary>
    internal const int MaxKeys = 4096;

    // The first use loads the native library and runs the self-test of the algorithm.
    private static readonly Lazy<bool> Usable = new(() => IsUsable(() => Aes256Gcm.IsSupported && AeadAlgorithm.Aes256Gcm.KeySize == AesGcmKey.Size));
    private static int _count;

    private readonly Key _key;
    private int _disposed; // 0 or 1

    private SodiumAesGcmKey(Key key) => _key = key;

    ~SodiumAesGcmKey() => Release();

    /// <summary>Whether libsodium is available and the processor has the instructions that its AES-256-GCM needs.</summary>
    public static bool IsSupported => Usable.Value;

    /// <summary>Imports a key; null if libsodium is not available or cannot hold another key at present.</summary>
    public static SodiumAesGcmKey? TryImport(ReadOnlySpan<byte> key)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(key.Length, AesGcmKey.Size);
        if (!IsSupported)
        {
            return null;
        }

        if (Interlocked.Increment(ref _count) > MaxKeys)
        {
            _ = Interlocked.Decrement(ref _count);
            return null;
        }

        SodiumAesGcmKey? imported = null;
        try
        {
            imported = new SodiumAesGcmKey(Key.Import(AeadAlgorithm.Aes256Gcm, key, KeyBlobFormat.RawSymmetricKey));
        }
        catch (Exception exception) when (exception is OutOfMemoryException or InvalidOperationException or CryptographicException)
        {
            // The managed heap is not exhausted: the process has no memory mappings left. The platform does not need one.
        }
        finally
        {
            if (imported is null)
            {
                _ = Interlocked.Decrement(ref _count);
            }
        }

        return imported;
    }

    /// <summary>Encrypts a value. The ciphertext, followed by its tag, must not overlap with the plaintext.</summary>
    public void Encrypt(ReadOnlySpan<byte> iv, ReadOnlySpan<byte> additionalData, ReadOnlySpan<byte> plaintext, Span<byte> ciphertextAndTag) =>
        AeadAlgorithm.Aes256Gcm.Encrypt(_key, iv, additionalData, plaintext, ciphertextAndTag);

    /// <summary>Decrypts a value; false if it is not authentic, and then the plaintext is zero.</summary>
    public bool TryDecrypt(ReadOnlySpan<byte> iv, ReadOnlySpan<byte> additionalData, ReadOnlySpan<byte> ciphertextAndTag, Span<byte> plaintext)
    {
        bool isAuthentic = AeadAlgorithm.Aes256Gcm.Decrypt(_key, iv, additionalData, ciphertextAndTag, plaintext);
        if (!isAuthentic)
        {
            // libsodium has already written the unauthenticated plaintext there.
            plaintext.Clear();
        }

        return isAuthentic;
    }

    public void Dispose()
    {
        GC.SuppressFinalize(this);
        Release();
        _key.Dispose();
    }

    /// <summary>Returns whether libsodium can be used. Without its native library, the check itself throws.</summary>
    internal static bool IsUsable(Func<bool> isSupported)
    {
        try
        {
            return isSupported();
        }
        catch (Exception exception)
            when (exception is TypeLoadException or BadImageFormatException or TypeInitializationException or NotSupportedException
                or InvalidOperationException or CryptographicException)
        {
            return false;
        }
    }

    private void Release()
    {
        if (Interlocked.Exchange(ref _disposed, 1) == 0)
        {
            _ = Interlocked.Decrement(ref _count);
        }
    }
}
