using System.Security.Cryptography;
using NSec.Cryptography;

namespace Privatemode.AI.Encryption;

/// <summary>A key of libsodium's AES-256-GCM, through NSec. Safe for use by several threads.</summary>
/// <remarks>
/// An imported key takes 50 µs and four memory mappings of the process, of which Linux allows 65,530. Therefore one key serves all exchanges
/// of a secret, and the number of keys is limited. Disposing a key during a call is safe: its memory is released after the call.
/// </remarks>
internal sealed class SodiumAesGcmKey : IDisposable
{
    /// <summary>The maximum number of keys in a process; a client needs two for each session.</summary>
    internal const int MostKeys = 4096;

    // The first use loads the native library and runs the self-test of the algorithm.
    private static readonly Lazy<bool> Usable = new(() => IsUsable(() => Aes256Gcm.IsSupported && AeadAlgorithm.Aes256Gcm.KeySize == AesGcmKey.Size));
    private static int _count;

    private readonly Key _key;
    private int _disposed; // 0 or 1

    private SodiumAesGcmKey(Key key) => _key = key;

    ~SodiumAesGcmKey() => GiveBack();

    /// <summary>Whether libsodium is available and the processor has the instructions that its AES-256-GCM needs.</summary>
    public static bool IsSupported => Usable.Value;

    /// <summary>Imports a key; null if libsodium cannot hold another one at present.</summary>
    public static SodiumAesGcmKey? TryImport(ReadOnlySpan<byte> key)
    {
        if (!IsSupported)
        {
            return null;
        }

        if (Interlocked.Increment(ref _count) > MostKeys)
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

    /// <summary>Encrypts a value. The ciphertext, with its tag behind it, must not overlap with the plaintext.</summary>
    public void Encrypt(ReadOnlySpan<byte> iv, ReadOnlySpan<byte> additionalData, ReadOnlySpan<byte> plaintext, Span<byte> ciphertextAndTag) =>
        AeadAlgorithm.Aes256Gcm.Encrypt(_key, iv, additionalData, plaintext, ciphertextAndTag);

    /// <summary>Decrypts a value; false when it is not authentic, and then the plaintext is zero.</summary>
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

    /// <summary>Clears the key.</summary>
    public void Dispose()
    {
        GC.SuppressFinalize(this);
        GiveBack();
        _key.Dispose();
    }

    /// <summary>Returns whether libsodium can be used. Without its native library, the question itself throws.</summary>
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

    private void GiveBack()
    {
        if (Interlocked.Exchange(ref _disposed, 1) == 0)
        {
            _ = Interlocked.Decrement(ref _count);
        }
    }
}
