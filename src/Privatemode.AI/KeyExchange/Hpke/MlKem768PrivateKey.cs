using System.Security.Cryptography;

namespace Privatemode.AI.KeyExchange.Hpke;

/// <summary>An ML-KEM-768 decapsulation key, implemented by the platform or by BouncyCastle.</summary>
internal abstract class MlKem768PrivateKey : IDisposable
{
    /// <summary>The public half, 1184 bytes.</summary>
    public abstract ReadOnlySpan<byte> EncapsulationKey { get; }

    /// <summary>Creates the key of a seed (FIPS 203, Algorithm 16).</summary>
    /// <param name="seed">d ‖ z, 64 bytes; the caller clears it.</param>
    /// <param name="provider">The implementation to use.</param>
    /// <exception cref="PlatformNotSupportedException"><see cref="PrimitiveProvider.Platform"/> on a platform without ML-KEM.</exception>
    public static MlKem768PrivateKey FromSeed(ReadOnlySpan<byte> seed, PrimitiveProvider provider)
    {
        if (seed.Length != MlKem768.SeedSize)
        {
            throw new ArgumentException("An ML-KEM seed is 64 bytes.", nameof(seed));
        }

        bool usePlatform = provider == PrimitiveProvider.Platform || (provider == PrimitiveProvider.Automatic && MLKem.IsSupported);
        return usePlatform ? new PlatformMlKem768PrivateKey(seed) : new BouncyCastleMlKem768PrivateKey(seed);
    }

    /// <summary>Decapsulates a ciphertext. A damaged one results in another secret, not in an error (implicit rejection).</summary>
    /// <exception cref="CryptographicException">The ciphertext is not 1088 bytes.</exception>
    public void Decapsulate(ReadOnlySpan<byte> ciphertext, Span<byte> sharedSecret)
    {
        if (sharedSecret.Length != MlKem768.SharedSecretSize)
        {
            throw new ArgumentException("An ML-KEM shared secret is 32 bytes.", nameof(sharedSecret));
        }

        if (ciphertext.Length != MlKem768.CiphertextSize)
        {
            throw new CryptographicException("An ML-KEM-768 ciphertext is 1088 bytes.");
        }

        DecapsulateCore(ciphertext, sharedSecret);
    }

    /// <summary>Releases the key; it cannot be used afterwards.</summary>
    public abstract void Dispose();

    private protected abstract void DecapsulateCore(ReadOnlySpan<byte> ciphertext, Span<byte> sharedSecret);
}
