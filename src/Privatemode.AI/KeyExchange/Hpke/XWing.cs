using System.Security.Cryptography;

namespace Privatemode.AI.KeyExchange.Hpke;

// Reference: draft-connolly-cfrg-xwing-kem, section 5; it is MLKEM768-X25519 of draft-ietf-hpke-pq, KEM 0x647a.
// Sizes in bytes: private key (seed) 32, public key 1216, ciphertext (enc) 1120, shared secret 32.

/// <summary>X-Wing: ML-KEM-768 combined with X25519; secure as long as one of them is.</summary>
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

    /// <summary>Combiner, section 5.3: SHA3-256(ss_M ‖ ss_X ‖ ct_X ‖ pk_X ‖ label). The points are used as received, with bit 255.</summary>
    public static void Combine(
        ReadOnlySpan<byte> mlKemSecret,
        ReadOnlySpan<byte> x25519Secret,
        ReadOnlySpan<byte> x25519Ciphertext,
        ReadOnlySpan<byte> x25519PublicKey,
        Span<byte> sharedSecret)
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
            Sha3.Hash256(input, sharedSecret);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(input);
        }
    }
}

// Reference: draft-connolly-cfrg-xwing-kem, sections 5.2 (expandDecapsulationKey, GenerateKeyPair) and 5.5 (Decapsulate).

/// <summary>An X-Wing key pair. Not safe for use by several threads.</summary>
internal sealed class XWingPrivateKey : IDisposable
{
    private const int ExpandedSize = MlKem768.SeedSize + X25519.ScalarSize;

    private readonly MlKem768PrivateKey _mlKem;
    private readonly byte[] _x25519 = GC.AllocateArray<byte>(X25519.ScalarSize, pinned: true); // sk_X
    private readonly byte[] _publicKey = new byte[XWing.PublicKeySize];
    private bool _disposed;

    /// <param name="mlKem">sk_M; owned.</param>
    /// <param name="x25519">sk_X, 32 bytes; copied, and cleared by the caller.</param>
    public XWingPrivateKey(MlKem768PrivateKey mlKem, ReadOnlySpan<byte> x25519)
    {
        _mlKem = mlKem;
        x25519.CopyTo(_x25519);
        _mlKem.EncapsulationKey.CopyTo(_publicKey);
        X25519.ComputePublicKey(_x25519, _publicKey.AsSpan(MlKem768.EncapsulationKeySize));
    }

    /// <summary>pk_M ‖ pk_X, 1216 bytes.</summary>
    public ReadOnlySpan<byte> PublicKey => _publicKey;

    /// <summary>Creates a new key pair from the system's random number generator.</summary>
    public static XWingPrivateKey Generate()
    {
        Span<byte> seed = stackalloc byte[XWing.SeedSize];
        try
        {
            RandomNumberGenerator.Fill(seed);
            return FromSeed(seed);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(seed);
        }
    }

    /// <summary>Creates the key pair from a seed.</summary>
    /// <param name="seed">32 bytes; the caller clears it.</param>
    public static XWingPrivateKey FromSeed(ReadOnlySpan<byte> seed)
    {
        if (seed.Length != XWing.SeedSize)
        {
            throw new ArgumentException("An X-Wing seed is 32 bytes.", nameof(seed));
        }

        Span<byte> expanded = stackalloc byte[ExpandedSize];
        try
        {
            Sha3.FillShake256(seed, expanded);
            return new XWingPrivateKey(MlKem768PrivateKey.FromSeed(expanded[..MlKem768.SeedSize]), expanded[MlKem768.SeedSize..]); // d ‖ z, sk_X
        }
        finally
        {
            CryptographicOperations.ZeroMemory(expanded);
        }
    }

    /// <summary>Decapsulates a ciphertext. A damaged ML-KEM part results in another secret, never in an error.</summary>
    /// <exception cref="CryptographicException">
    /// The ciphertext is not 1120 bytes, or its X25519 part has a small order. The draft does not specify the latter; RFC 9180, section 7.1.4,
    /// requires it of DHKEM, and every known implementation refuses.
    /// </exception>
    public void Decapsulate(ReadOnlySpan<byte> ciphertext, Span<byte> sharedSecret)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        if (ciphertext.Length != XWing.CiphertextSize)
        {
            throw new CryptographicException("An X-Wing ciphertext is 1120 bytes.");
        }

        ReadOnlySpan<byte> x25519Ciphertext = ciphertext[MlKem768.CiphertextSize..];
        ReadOnlySpan<byte> x25519PublicKey = PublicKey[MlKem768.EncapsulationKeySize..];
        Span<byte> mlKemSecret = stackalloc byte[MlKem768.SharedSecretSize];
        Span<byte> x25519Secret = stackalloc byte[X25519.PointSize];
        try
        {
            _mlKem.Decapsulate(ciphertext[..MlKem768.CiphertextSize], mlKemSecret);
            if (!X25519.TryAgree(_x25519, x25519Ciphertext, x25519Secret))
            {
                throw new CryptographicException("The X25519 part of the X-Wing ciphertext has a small order.");
            }

            XWing.Combine(mlKemSecret, x25519Secret, x25519Ciphertext, x25519PublicKey, sharedSecret);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(mlKemSecret);
            CryptographicOperations.ZeroMemory(x25519Secret);
        }
    }

    public void Dispose()
    {
        _disposed = true;
        _mlKem.Dispose();
        CryptographicOperations.ZeroMemory(_x25519);
    }
}
