using System.Security.Cryptography;
using Org.BouncyCastle.Crypto.Kems;
using Org.BouncyCastle.Crypto.Parameters;

namespace Privatemode.AI.Tests.KeyExchange.Hpke;

/// <summary>The 2400-byte decapsulation key of FIPS 203 (s-hat, ek, H(ek), z) with each provider; the library only knows seeds.</summary>
internal static class ExpandedDecapsulationKey
{
    /// <summary>Decapsulates after the checks of section 7.3: lengths and the hash of the encapsulation key.</summary>
    public static byte[] Decapsulate(byte[] key, byte[] ciphertext, string provider)
    {
        byte[] sharedSecret = new byte[32];
        if (provider == "Platform")
        {
            using MLKem platform = MLKem.ImportDecapsulationKey(MLKemAlgorithm.MLKem768, key);
            platform.Decapsulate(ciphertext, sharedSecret);
            return sharedSecret;
        }

        MLKemDecapsulator decapsulator = new(MLKemParameters.ml_kem_768);
        decapsulator.Init(MLKemPrivateKeyParameters.FromEncoding(MLKemParameters.ml_kem_768, key));
        decapsulator.Decapsulate(ciphertext, sharedSecret);
        return sharedSecret;
    }

    /// <summary>The expanded key of a seed.</summary>
    public static byte[] FromSeed(byte[] seed, string provider)
    {
        if (provider != "Platform")
        {
            return MLKemPrivateKeyParameters.FromSeed(MLKemParameters.ml_kem_768, seed).GetEncoded();
        }

        using MLKem platform = MLKem.ImportPrivateSeed(MLKemAlgorithm.MLKem768, seed);
        return platform.ExportDecapsulationKey();
    }
}
