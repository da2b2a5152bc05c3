using System.Security.Cryptography;

namespace Privatemode.AI.KeyExchange.Hpke;

// Reference: FIPS 203, ML-KEM-768: table 2 (parameters), table 3 (sizes), section 6 (internal algorithms), section 4.1 (G, H, J).
// Sizes in bytes: seed 64, encapsulation key 1184, ciphertext 1088, shared secret 32.
// The decapsulation key stays in parts (s-hat, encapsulation key, its hash, z); its 2400-byte form exists in the tests only.

/// <summary>ML-KEM-768, managed: sizes, key generation and decapsulation as pure functions.</summary>
internal static class MlKem768
{
    /// <summary>Rank of the module, k.</summary>
    public const int K = 3;

    /// <summary>Bits per coefficient of u in a ciphertext, d_u.</summary>
    public const int Du = 10;

    /// <summary>Bits per coefficient of v in a ciphertext, d_v.</summary>
    public const int Dv = 4;

    /// <summary>Length of d, z, ρ, σ, m, r and of a hash H, in bytes.</summary>
    public const int ValueSize = 32;

    /// <summary>Length of the key seed d ‖ z, in bytes.</summary>
    public const int SeedSize = 2 * ValueSize;

    /// <summary>Coefficients of s-hat, t-hat or y-hat.</summary>
    public const int VectorLength = K * MlKemField.N;

    /// <summary>Length of an encoded vector of K polynomials, in bytes.</summary>
    public const int EncodedVectorSize = K * MlKemEncoding.FullPolynomialSize;

    /// <summary>Length of the encapsulation key, in bytes.</summary>
    public const int EncapsulationKeySize = EncodedVectorSize + ValueSize;

    /// <summary>Length of a ciphertext, in bytes.</summary>
    public const int CiphertextSize = ((K * Du) + Dv) * MlKemField.N / 8;

    /// <summary>Length of the shared secret, in bytes.</summary>
    public const int SharedSecretSize = 32;

    private const int HashGSize = Sha3_512.HashSize;

    /// <summary>Algorithm 16, ML-KEM.KeyGen_internal, with the decapsulation key left in its parts.</summary>
    /// <param name="d">Seed of the K-PKE key pair, 32 bytes.</param>
    /// <param name="encapsulationKey">Receives ek, 1184 bytes.</param>
    /// <param name="encapsulationKeyHash">Receives H(ek), 32 bytes.</param>
    /// <param name="secretVector">Receives s-hat, 768 coefficients; secret.</param>
    public static void GenerateKey(
        ReadOnlySpan<byte> d, Span<byte> encapsulationKey, Span<byte> encapsulationKeyHash, Span<ushort> secretVector)
    {
        KPke.GenerateKey(d, encapsulationKey, secretVector); // steps 1 and 2
        Sha3_256.HashData(encapsulationKey, [], encapsulationKeyHash); // part of step 3
    }

    /// <summary>Algorithm 18, ML-KEM.Decaps_internal: a damaged ciphertext gives another secret (implicit rejection).</summary>
    /// <param name="secretVector">s-hat, 768 coefficients.</param>
    /// <param name="encapsulationKey">ek, 1184 bytes.</param>
    /// <param name="encapsulationKeyHash">H(ek), 32 bytes.</param>
    /// <param name="z">Implicit rejection value, 32 bytes.</param>
    /// <param name="ciphertext">c, 1088 bytes.</param>
    /// <param name="sharedSecret">Receives K, 32 bytes.</param>
    public static void Decapsulate(
        ReadOnlySpan<ushort> secretVector,
        ReadOnlySpan<byte> encapsulationKey,
        ReadOnlySpan<byte> encapsulationKeyHash,
        ReadOnlySpan<byte> z,
        ReadOnlySpan<byte> ciphertext,
        Span<byte> sharedSecret)
    {
        Span<byte> message = stackalloc byte[ValueSize]; // m'
        Span<byte> secretAndCoins = stackalloc byte[HashGSize]; // K' and r'
        Span<byte> rejectionSecret = stackalloc byte[SharedSecretSize]; // K-bar
        Span<byte> reencrypted = stackalloc byte[CiphertextSize]; // c'
        try
        {
            KPke.Decrypt(secretVector, ciphertext, message); // step 5
            Sha3_512.HashData(message, encapsulationKeyHash, secretAndCoins); // step 6, G
            Shake256.HashData(z, ciphertext, rejectionSecret); // step 7, J
            KPke.Encrypt(encapsulationKey, message, secretAndCoins[SharedSecretSize..], reencrypted); // step 8
            Select(MaskOfDifference(ciphertext, reencrypted), secretAndCoins, rejectionSecret, sharedSecret); // steps 9 to 12
        }
        finally
        {
            CryptographicOperations.ZeroMemory(message);
            CryptographicOperations.ZeroMemory(secretAndCoins);
            CryptographicOperations.ZeroMemory(rejectionSecret);
            CryptographicOperations.ZeroMemory(reencrypted);
        }
    }

    // 0xFF when the two differ anywhere, 0 when they are equal. Not FixedTimeEquals: its bool would have to be branched on.
    private static byte MaskOfDifference(ReadOnlySpan<byte> left, ReadOnlySpan<byte> right)
    {
        unchecked
        {
            uint difference = 0;
            for (int i = 0; i < CiphertextSize; i++)
            {
                difference |= (uint)(left[i] ^ right[i]);
            }

            return (byte)((int)(0 - difference) >> 31);
        }
    }

    private static void Select(byte mask, ReadOnlySpan<byte> whenClear, ReadOnlySpan<byte> whenSet, Span<byte> result)
    {
        unchecked
        {
            for (int i = 0; i < result.Length; i++)
            {
                result[i] = (byte)(whenClear[i] ^ (mask & (whenClear[i] ^ whenSet[i])));
            }
        }
    }
}
