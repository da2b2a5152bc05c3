using System.Security.Cryptography;
using NSec.Cryptography;

namespace Privatemode.AI.Encryption;

/// <summary>A key of libsodium's AES-256-GCM, through NSec. Safe for use by several threads.</summary>
/// <remarks>
/// An imported key takes 50 µs and four memory mappings of the process, of which Linux allows 65,530: so one key serves all exchanges of a
/// secret, and the number of keys is limited. Disposing a key during a call is safe: its memory goes after the call.
/// </remarks>
internal sealed class SodiumAesGcmKey : IDisposable
{
    /// <summary>The most keys of a process at one time; a client needs two for each session.</summary>
    internal const int MostKeys = 4096;

    // Asking loads the native library, and the algorithm tests itself.
    private static readonly Lazy<bool> Usable = new(() => IsUsable(() => Aes256Gcm.IsSupported && AeadAlgorithm.Aes256Gcm.KeySize == AesGcmKey.Size));
    private static int _count;

    private readonly Key _key;
    private int _disposed; // 0 or 1

    private SodiumAesGcmKey(Key key) => _key = key;

    ~SodiumAesGcmKey() => GiveBack();

    /// <summary>Whether libsodium is there and the processor has the instructions that its AES-256-GCM needs.</summary>
    public static bool IsSupported => Usable.Value;

    /// <summary>Imports a key; null if libsodium cannot take it now.</summary>
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
            // Not the managed heap: the process has no more memory mappings. The platform needs none.
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
            // libsodium has written there what the damaged ciphertext decrypts to.
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

    /// <summary>Asks whether libsodium can be used; without its native library, that throws.</summary>
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
