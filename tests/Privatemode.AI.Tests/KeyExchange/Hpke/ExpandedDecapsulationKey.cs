using System.Security.Cryptography;
using Privatemode.AI.KeyExchange.Hpke;

namespace Privatemode.AI.Tests.KeyExchange.Hpke;

/// <summary>The 2400-byte decapsulation key of FIPS 203 (s-hat, ek, H(ek), z), which the library neither reads nor writes.</summary>
internal sealed class ExpandedDecapsulationKey
{
    public const int Size = 2400;

    private readonly ushort[] _secretVector = new ushort[MlKem768.VectorLength];
    private readonly byte[] _encapsulationKey;
    private readonly byte[] _hash;
    private readonly byte[] _z;

    /// <summary>Section 7.3: type check and hash check.</summary>
    /// <exception cref="CryptographicException">A check failed.</exception>
    public ExpandedDecapsulationKey(byte[] encoded)
    {
        if (encoded.Length != Size)
        {
            throw new CryptographicException("A decapsulation key is 2400 bytes.");
        }

        for (int i = 0; i < MlKem768.K; i++)
        {
            MlKemEncoding.Decode(
                encoded.AsSpan(i * MlKemEncoding.FullPolynomialSize, MlKemEncoding.FullPolynomialSize),
                _secretVector.AsSpan(i * MlKemField.N, MlKemField.N));
        }

        ReadOnlySpan<byte> rest = encoded.AsSpan(MlKem768.EncodedVectorSize);
        _encapsulationKey = rest[..MlKem768.EncapsulationKeySize].ToArray();
        _hash = rest.Slice(MlKem768.EncapsulationKeySize, 32).ToArray();
        _z = rest[(MlKem768.EncapsulationKeySize + 32)..].ToArray();
        byte[] hash = new byte[32];
        Sha3_256.HashData(_encapsulationKey, [], hash);
        if (!hash.AsSpan().SequenceEqual(_hash))
        {
            throw new CryptographicException("The hash in the decapsulation key is not that of its encapsulation key.");
        }
    }

    public byte[] Decapsulate(byte[] ciphertext)
    {
        if (ciphertext.Length != MlKem768.CiphertextSize)
        {
            throw new CryptographicException("A ciphertext is 1088 bytes.");
        }

        byte[] sharedSecret = new byte[MlKem768.SharedSecretSize];
        MlKem768.Decapsulate(_secretVector, _encapsulationKey, _hash, _z, ciphertext, sharedSecret);
        return sharedSecret;
    }

    public static byte[] Encode(ManagedMlKem768PrivateKey key)
    {
        byte[] encoded = new byte[Size];
        for (int i = 0; i < MlKem768.K; i++)
        {
            MlKemEncoding.Encode(
                key.SecretVector.Slice(i * MlKemField.N, MlKemField.N),
                encoded.AsSpan(i * MlKemEncoding.FullPolynomialSize, MlKemEncoding.FullPolynomialSize));
        }

        Span<byte> rest = encoded.AsSpan(MlKem768.EncodedVectorSize);
        key.EncapsulationKey.CopyTo(rest);
        Sha3_256.HashData(key.EncapsulationKey, [], rest.Slice(MlKem768.EncapsulationKeySize, 32));
        key.ImplicitRejectionValue.CopyTo(rest[(MlKem768.EncapsulationKeySize + 32)..]);
        return encoded;
    }
}
