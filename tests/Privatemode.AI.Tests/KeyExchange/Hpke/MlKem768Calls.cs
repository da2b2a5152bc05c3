using Privatemode.AI.KeyExchange.Hpke;
using Privatemode.AI.Testing.SecretService;

namespace Privatemode.AI.Tests.KeyExchange.Hpke;

/// <summary>ML-KEM-768 with arrays instead of spans.</summary>
internal static class MlKem768Calls
{
    public static MlKem768PrivateKey Key(byte[] seed, string provider = PrimitiveProvidersAttribute.BouncyCastle) => provider switch
    {
        PrimitiveProvidersAttribute.Automatic => MlKem768PrivateKey.FromSeed(seed),
        PrimitiveProvidersAttribute.Platform => new PlatformMlKem768PrivateKey(seed),
        PrimitiveProvidersAttribute.BouncyCastle => new BouncyCastleMlKem768PrivateKey(seed),
        _ => throw new ArgumentOutOfRangeException(nameof(provider)),
    };

    public static byte[] Decapsulate(this MlKem768PrivateKey key, byte[] ciphertext)
    {
        byte[] sharedSecret = new byte[MlKem768.SharedSecretSize];
        key.Decapsulate(ciphertext, sharedSecret);
        return sharedSecret;
    }

    public static (byte[] Ciphertext, byte[] SharedSecret) Encapsulate(byte[] encapsulationKey, byte[] random)
    {
        byte[] ciphertext = new byte[MlKem768.CiphertextSize];
        byte[] sharedSecret = new byte[MlKem768.SharedSecretSize];
        MlKem768Encapsulation.Encapsulate(encapsulationKey, random, ciphertext, sharedSecret);
        return (ciphertext, sharedSecret);
    }
}
