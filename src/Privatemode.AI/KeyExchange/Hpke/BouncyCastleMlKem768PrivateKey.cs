using System.Security.Cryptography;
using Org.BouncyCastle.Crypto.Kems;
using Org.BouncyCastle.Crypto.Parameters;

namespace Privatemode.AI.KeyExchange.Hpke;

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
