using System.Security.Cryptography;
using Org.BouncyCastle.Crypto.Prng;

namespace Privatemode.AI.Testing.SecretService;

/// <summary>Gives BouncyCastle the bytes that the caller drew from <see cref="RandomNumberGenerator"/>, once.</summary>
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

    /// <exception cref="InvalidOperationException">More bytes are asked for than were given.</exception>
    public void NextBytes(Span<byte> bytes)
    {
        if (bytes.Length > _bytes.Length - _given)
        {
            throw new InvalidOperationException("More random bytes are needed than were given.");
        }

        _bytes.AsSpan(_given, bytes.Length).CopyTo(bytes);
        _given += bytes.Length;
    }

    public void Clear() => CryptographicOperations.ZeroMemory(_bytes);
}
