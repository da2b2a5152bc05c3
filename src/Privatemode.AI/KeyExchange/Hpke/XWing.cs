using System.Security.Cryptography;

namespace Privatemode.AI.KeyExchange.Hpke;

// Reference: draft-connolly-cfrg-xwing-kem, section 5; it is MLKEM768-X25519 of draft-ietf-hpke-pq, KEM 0x647a.
// Sizes in bytes: private key (seed) 32, public key 1216, ciphertext (enc) 1120, shared secret 32.

/// <summary>X-Wing: ML-KEM-768 and X25519 together; secure while one of them is.</summary>
internal static class XWing
{
    /// <summary>Length of the private key, which is a seed, in bytes.</summary>
    public const int SeedSize = 32;

    /// <summary>Length of the public key pk_M ‖ pk_X, in bytes.</summary>
    public const int PublicKeySize = MlKem768.EncapsulationKeySize + X25519.PointSize;

    /// <summary>Length of the ciphertext ct_M ‖ ct_X, in bytes.</summary>
    public const int CiphertextSize = MlKem768.CiphertextSize + X25519.PointSize;

    /// <summary>Length of the shared secret, in bytes.</summary>
    public const int SharedSecretSize = Sha3.HashSize;

    // XWingLabel: \./ above /^\
    private static ReadOnlySpan<byte> Label => @"\.//^\"u8;

    /// <summary>Combiner, section 5.3: SHA3-256(ss_M ‖ ss_X ‖ ct_X ‖ pk_X ‖ label). The points go in as received, with bit 255.</summary>
    public static void Combine(
        ReadOnlySpan<byte> mlKemSecret,
        ReadOnlySpan<byte> x25519Secret,
        ReadOnlySpan<byte> x25519Ciphertext,
        ReadOnlySpan<byte> x25519PublicKey,
        Span<byte> sharedSecret,
        PrimitiveProvider provider)
    {
        Span<byte> input = stackalloc byte[MlKem768.SharedSecretSize + (3 * X25519.PointSize) + Label.Length];
        try
        {
            mlKemSecret.CopyTo(input);
            Span<byte> rest = input[MlKem768.SharedSecretSize..];
            x25519Secret.CopyTo(rest);
            x25519Ciphertext.CopyTo(rest[X25519.PointSize..]);
            x25519PublicKey.CopyTo(rest[(2 * X25519.PointSize)..]);
            Label.CopyTo(rest[(3 * X25519.PointSize)..]);
            Sha3.Hash256(input, sharedSecret, provider);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(input);
        }
    }
}
