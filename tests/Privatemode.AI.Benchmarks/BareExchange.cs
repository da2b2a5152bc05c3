using System.Security.Cryptography;

namespace Privatemode.AI.Benchmarks;

/// <summary>The bare calls a sealed value cannot do without: random IV, AES-GCM, hex. No framing, no checks.</summary>
internal static class BareExchange
{
    private const int TagSize = 16;

    /// <summary>Encrypts one value and writes its IV and ciphertext in hex, into buffers that exist already.</summary>
    public static void Encrypt(AesGcm aes, ReadOnlySpan<byte> additionalData, ReadOnlySpan<byte> plaintext, Span<byte> scratch, Span<byte> hex)
    {
        Span<byte> iv = stackalloc byte[12];
        RandomNumberGenerator.Fill(iv);
        aes.Encrypt(iv, plaintext, scratch[..plaintext.Length], scratch.Slice(plaintext.Length, TagSize), additionalData);
        _ = Convert.TryToHexStringLower(iv, hex, out int written);
        _ = Convert.TryToHexStringLower(scratch[..(plaintext.Length + TagSize)], hex[written..], out _);
    }

    /// <summary>Decrypts one value from hex, into buffers that exist already.</summary>
    public static void Decrypt(AesGcm aes, ReadOnlySpan<byte> additionalData, ReadOnlySpan<byte> ivHex, ReadOnlySpan<byte> hex, Span<byte> plaintext)
    {
        Span<byte> iv = stackalloc byte[12];
        Span<byte> tag = stackalloc byte[TagSize];
        int length = hex.Length / 2 - TagSize;
        _ = Convert.FromHexString(ivHex, iv, out _, out _);
        _ = Convert.FromHexString(hex[..(2 * length)], plaintext, out _, out _);
        _ = Convert.FromHexString(hex[(2 * length)..], tag, out _, out _);
        aes.Decrypt(iv, plaintext[..length], tag, plaintext[..length], additionalData);
    }
}
