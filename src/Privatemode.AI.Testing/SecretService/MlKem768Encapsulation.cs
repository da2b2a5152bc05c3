using System.Security.Cryptography;
using Privatemode.AI.KeyExchange.Hpke;

namespace Privatemode.AI.Testing.SecretService;

// Reference: FIPS 203, section 7.2 (ML-KEM.Encaps with its input check) and Algorithm 17 (ML-KEM.Encaps_internal).

/// <summary>The sender's half of ML-KEM-768.</summary>
internal static class MlKem768Encapsulation
{
    /// <summary>Length of the randomness m, in bytes.</summary>
    public const int RandomSize = MlKem768.ValueSize;

    /// <summary>Encapsulates with given randomness: apart from a caller that draws it, only for known-answer tests.</summary>
    /// <param name="encapsulationKey">ek; anything but a valid key of 1184 bytes is refused.</param>
    /// <param name="random">m, 32 bytes.</param>
    /// <param name="ciphertext">Receives c, 1088 bytes.</param>
    /// <param name="sharedSecret">Receives K, 32 bytes.</param>
    /// <exception cref="CryptographicException">The key has the wrong length, or a coefficient that is not below q.</exception>
    internal static void Encapsulate(
        ReadOnlySpan<byte> encapsulationKey, ReadOnlySpan<byte> random, Span<byte> ciphertext, Span<byte> sharedSecret)
    {
        if (random.Length != RandomSize || ciphertext.Length != MlKem768.CiphertextSize || sharedSecret.Length != MlKem768.SharedSecretSize)
        {
            throw new ArgumentException("ML-KEM-768 takes 32 random bytes and gives 1088 and 32 bytes.");
        }

        CheckKey(encapsulationKey);
        Span<byte> keyHash = stackalloc byte[Sha3_256.HashSize];
        Span<byte> secretAndCoins = stackalloc byte[Sha3_512.HashSize];
        try
        {
            Sha3_256.HashData(encapsulationKey, [], keyHash);
            Sha3_512.HashData(random, keyHash, secretAndCoins); // step 1, G(m ‖ H(ek))
            KPke.Encrypt(encapsulationKey, random, secretAndCoins[MlKem768.SharedSecretSize..], ciphertext); // step 2
            secretAndCoins[..MlKem768.SharedSecretSize].CopyTo(sharedSecret);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(secretAndCoins);
        }
    }

    // Type check and modulus check of section 7.2: the vector must come out of decoding and encoding unchanged.
    private static void CheckKey(ReadOnlySpan<byte> encapsulationKey)
    {
        if (encapsulationKey.Length != MlKem768.EncapsulationKeySize)
        {
            throw new CryptographicException("An ML-KEM-768 encapsulation key is 1184 bytes.");
        }

        Span<ushort> polynomial = stackalloc ushort[MlKemField.N];
        Span<byte> encodedAgain = stackalloc byte[MlKemEncoding.FullPolynomialSize];
        for (int i = 0; i < MlKem768.K; i++)
        {
            ReadOnlySpan<byte> encoded = encapsulationKey.Slice(i * MlKemEncoding.FullPolynomialSize, MlKemEncoding.FullPolynomialSize);
            MlKemEncoding.Decode(encoded, polynomial);
            MlKemEncoding.Encode(polynomial, encodedAgain);
            if (!encoded.SequenceEqual(encodedAgain))
            {
                throw new CryptographicException("The ML-KEM-768 encapsulation key has a coefficient that is not below q.");
            }
        }
    }
}
