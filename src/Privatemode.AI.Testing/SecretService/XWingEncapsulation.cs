using System.Security.Cryptography;
using Privatemode.AI.KeyExchange.Hpke;

namespace Privatemode.AI.Testing.SecretService;

// Reference: draft-connolly-cfrg-xwing-kem, section 5.4 (EncapsulateDerand).

/// <summary>The sender's half of X-Wing.</summary>
internal static class XWingEncapsulation
{
    /// <summary>Length of the randomness eseed, in bytes: m of ML-KEM, then the ephemeral scalar of X25519.</summary>
    public const int RandomSize = MlKem768Encapsulation.RandomSize + X25519.ScalarSize;

    /// <summary>Encapsulates with specified randomness. Besides callers that generate it, only known-answer tests call it.</summary>
    /// <exception cref="CryptographicException">The public key is not a valid one of 1216 bytes.</exception>
    internal static void Encapsulate(
        ReadOnlySpan<byte> publicKey, ReadOnlySpan<byte> random, Span<byte> ciphertext, Span<byte> sharedSecret)
    {
        if (publicKey.Length != XWing.PublicKeySize)
        {
            throw new CryptographicException("An X-Wing public key is 1216 bytes.");
        }

        if (random.Length != RandomSize || ciphertext.Length != XWing.CiphertextSize)
        {
            throw new ArgumentException("X-Wing takes 64 random bytes and gives 1120 bytes.");
        }

        ReadOnlySpan<byte> scalar = random[MlKem768Encapsulation.RandomSize..];
        ReadOnlySpan<byte> x25519PublicKey = publicKey[MlKem768.EncapsulationKeySize..];
        Span<byte> x25519Ciphertext = ciphertext[MlKem768.CiphertextSize..];
        Span<byte> mlKemSecret = stackalloc byte[MlKem768.SharedSecretSize];
        Span<byte> x25519Secret = stackalloc byte[X25519.PointSize];
        try
        {
            MlKem768Encapsulation.Encapsulate(
                publicKey[..MlKem768.EncapsulationKeySize],
                random[..MlKem768Encapsulation.RandomSize],
                ciphertext[..MlKem768.CiphertextSize],
                mlKemSecret);
            X25519.ComputePublicKey(scalar, x25519Ciphertext);
            if (!X25519.TryAgree(scalar, x25519PublicKey, x25519Secret))
            {
                throw new CryptographicException("The X25519 part of the X-Wing public key has a small order.");
            }

            XWing.Combine(mlKemSecret, x25519Secret, x25519Ciphertext, x25519PublicKey, sharedSecret);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(mlKemSecret);
            CryptographicOperations.ZeroMemory(x25519Secret);
        }
    }
}
