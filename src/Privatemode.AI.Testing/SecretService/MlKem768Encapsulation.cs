using System.Security.Cryptography;
using Org.BouncyCastle.Crypto.Kems;
using Org.BouncyCastle.Crypto.Parameters;
using Org.BouncyCastle.Security;
using Privatemode.AI.KeyExchange.Hpke;

namespace Privatemode.AI.Testing.SecretService;

// Reference: FIPS 203, section 7.2 (ML-KEM.Encaps with its input check) and Algorithm 17 (ML-KEM.Encaps_internal).

/// <summary>The sender's half of ML-KEM-768. It uses BouncyCastle, because the platform does not accept randomness from the caller.</summary>
internal static class MlKem768Encapsulation
{
    /// <summary>Length of the randomness m, in bytes.</summary>
    public const int RandomSize = 32;

    /// <summary>Encapsulates with specified randomness. Besides callers that generate it, only known-answer tests call it.</summary>
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

        GivenBytes bytes = new(random);
        try
        {
            MLKemEncapsulator encapsulator = new(MLKemParameters.ml_kem_768);
            encapsulator.Init(new ParametersWithRandom(Import(encapsulationKey), new SecureRandom(bytes)));
            encapsulator.Encapsulate(ciphertext, sharedSecret);
        }
        finally
        {
            bytes.Clear();
        }
    }

    // BouncyCastle makes the type check and the modulus check of section 7.2 here.
    private static MLKemPublicKeyParameters Import(ReadOnlySpan<byte> encapsulationKey)
    {
        try
        {
            return MLKemPublicKeyParameters.FromEncoding(MLKemParameters.ml_kem_768, encapsulationKey.ToArray());
        }
        catch (ArgumentException exception)
        {
            throw new CryptographicException("The ML-KEM-768 encapsulation key is not valid.", exception);
        }
    }
}
