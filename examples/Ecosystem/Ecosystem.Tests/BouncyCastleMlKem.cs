using Org.BouncyCastle.Crypto.Kems;
using Org.BouncyCastle.Crypto.Parameters;

namespace Ecosystem.Tests;

/// <summary>ML-KEM-768 as BouncyCastle computes it.</summary>
internal static class BouncyCastleMlKem
{
    public static byte[] EncapsulationKey(byte[] seed) => Key(seed).GetPublicKeyEncoded();

    public static (byte[] Ciphertext, byte[] Secret) Encapsulate(byte[] encapsulationKey)
    {
        MLKemEncapsulator encapsulator = new(MLKemParameters.ml_kem_768);
        encapsulator.Init(MLKemPublicKeyParameters.FromEncoding(MLKemParameters.ml_kem_768, encapsulationKey));
        byte[] ciphertext = new byte[encapsulator.EncapsulationLength];
        byte[] secret = new byte[encapsulator.SecretLength];
        encapsulator.Encapsulate(ciphertext, 0, ciphertext.Length, secret, 0, secret.Length);
        return (ciphertext, secret);
    }

    public static byte[] Decapsulate(byte[] seed, byte[] ciphertext)
    {
        MLKemDecapsulator decapsulator = new(MLKemParameters.ml_kem_768);
        decapsulator.Init(Key(seed));
        byte[] secret = new byte[decapsulator.SecretLength];
        decapsulator.Decapsulate(ciphertext, 0, ciphertext.Length, secret, 0, secret.Length);
        return secret;
    }

    private static MLKemPrivateKeyParameters Key(byte[] seed) => MLKemPrivateKeyParameters.FromSeed(MLKemParameters.ml_kem_768, seed);
}
