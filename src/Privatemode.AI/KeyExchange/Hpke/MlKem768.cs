using System.Security.Cryptography;
using Org.BouncyCastle.Crypto.Kems;
using Org.BouncyCastle.Crypto.Parameters;

namespace Privatemode.AI.KeyExchange.Hpke;

// Reference: FIPS 203, table 3.

/// <summary>Sizes of ML-KEM-768, in bytes.</summary>
internal static class MlKem768
{
    /// <summary>Length of the key seed d ‖ z.</summary>
    public const int SeedSize = 64;

    public const int EncapsulationKeySize = 1184;

    public const int CiphertextSize = 1088;

    public const int SharedSecretSize = 32;
}

/// <summary>An ML-KEM-768 decapsulation key, implemented by the platform or by BouncyCastle.</summary>
internal abstract class MlKem768PrivateKey : IDisposable
{
    private protected MlKem768PrivateKey(ReadOnlySpan<byte> seed)
    {
        if (seed.Length != MlKem768.SeedSize)
        {
            throw new ArgumentException("An ML-KEM seed is 64 bytes.", nameof(seed));
        }
    }

    /// <summary>The public key, 1184 bytes.</summary>
    public abstract ReadOnlySpan<byte> EncapsulationKey { get; }

    /// <summary>Creates the key from a seed (FIPS 203, Algorithm 16), with the platform's implementation if it supports ML-KEM, otherwise with
    /// BouncyCastle's.</summary>
    /// <param name="seed">d ‖ z, 64 bytes; the caller clears it.</param>
    public static MlKem768PrivateKey FromSeed(ReadOnlySpan<byte> seed) =>
        MLKem.IsSupported ? new PlatformMlKem768PrivateKey(seed) : new BouncyCastleMlKem768PrivateKey(seed);

    /// <summary>Decapsulates a ciphertext. A damaged ciphertext results in another secret, not in an error (implicit rejection).</summary>
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

    public abstract void Dispose();

    private protected abstract void DecapsulateCore(ReadOnlySpan<byte> ciphertext, Span<byte> sharedSecret);
}

/// <summary>The platform's ML-KEM-768 key: OpenSSL from 3.5, Windows from the end of 2025, nowhere on macOS.</summary>
internal sealed class PlatformMlKem768PrivateKey : MlKem768PrivateKey
{
    private readonly MLKem _key;
    private readonly byte[] _encapsulationKey;

    /// <exception cref="PlatformNotSupportedException">The platform has no ML-KEM.</exception>
    internal PlatformMlKem768PrivateKey(ReadOnlySpan<byte> seed)
        : base(seed)
    {
        _key = MLKem.ImportPrivateSeed(MLKemAlgorithm.MLKem768, seed);
        _encapsulationKey = _key.ExportEncapsulationKey();
    }

    public override ReadOnlySpan<byte> EncapsulationKey => _encapsulationKey;

    public override void Dispose() => _key.Dispose();

    private protected override void DecapsulateCore(ReadOnlySpan<byte> ciphertext, Span<byte> sharedSecret) =>
        _key.Decapsulate(ciphertext, sharedSecret);
}

/// <summary>BouncyCastle's ML-KEM-768 key, for platforms without ML-KEM.</summary>
/// <remarks>
/// BouncyCastle copies the seed and the expanded key into arrays that cannot be cleared. <see cref="Dispose"/> drops the only reference to
/// them; they stay in memory until the garbage collector reuses it.
/// </remarks>
internal sealed class BouncyCastleMlKem768PrivateKey : MlKem768PrivateKey
{
    private readonly byte[] _encapsulationKey;
    private MLKemPrivateKeyParameters? _key;

    internal BouncyCastleMlKem768PrivateKey(ReadOnlySpan<byte> seed)
        : base(seed)
    {
        byte[] copy = GC.AllocateArray<byte>(MlKem768.SeedSize, pinned: true);
        try
        {
            seed.CopyTo(copy);
            _key = MLKemPrivateKeyParameters.FromSeed(MLKemParameters.ml_kem_768, copy);
            _encapsulationKey = _key.GetPublicKeyEncoded();
        }
        finally
        {
            CryptographicOperations.ZeroMemory(copy);
        }
    }

    public override ReadOnlySpan<byte> EncapsulationKey => _encapsulationKey;

    public override void Dispose() => _key = null;

    private protected override void DecapsulateCore(ReadOnlySpan<byte> ciphertext, Span<byte> sharedSecret)
    {
        ObjectDisposedException.ThrowIf(_key is null, this);
        MLKemDecapsulator decapsulator = new(MLKemParameters.ml_kem_768);
        decapsulator.Init(_key);
        decapsulator.Decapsulate(ciphertext, sharedSecret);
    }
}
