using System.Security.Cryptography;
using Org.BouncyCastle.Crypto.Prng;

namespace Privatemode.AI.Testing.SecretService;

/// <summary>Supplies BouncyCastle with bytes that the caller drew from <see cref="RandomNumberGenerator"/>. Each byte is used once.</summary>
internal sealed class GivenBytes : IRandomGenerator
{
    private readonly byte[] _bytes;
    private int _given;

    public GivenBytes(ReadOnlySpan<byte> bytes) => _bytes = bytes.ToArray();

    public void AddSeedMaterial(byte[] seed)
    {
    }

    public void AddSeedMaterial(ReadOnlySpan<byte> seed)
    {
    }

    public void AddSeedMaterial(long seed)
    {
    }

    public void NextBytes(byte[] bytes) => NextBytes(bytes.AsSpan());

    public void NextBytes(byte[] bytes, int start, int len) => NextBytes(bytes.AsSpan(start, len));

    /// <exception cref="InvalidOperationException">More bytes are requested than the caller supplied.</exception>
    public void NextBytes(Span<byte> bytes)
    {
        if (bytes.Length > _bytes.Length - _given)
        {
            throw new InvalidOperationException("BouncyCastle requested more random bytes than were supplied.");
        }

        _bytes.AsSpan(_given, bytes.Length).CopyTo(bytes);
        _given += bytes.Length;
    }

    public void Clear() => CryptographicOperations.ZeroMemory(_bytes);
}
