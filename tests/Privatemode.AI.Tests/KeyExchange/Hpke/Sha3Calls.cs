using Privatemode.AI.KeyExchange.Hpke;

namespace Privatemode.AI.Tests.KeyExchange.Hpke;

/// <summary>SHA-3 of one provider, with arrays instead of spans.</summary>
internal static class Sha3Calls
{
    public static byte[] Hash256(byte[] data, string provider)
    {
        byte[] hash = new byte[Sha3.HashSize];
        Action<byte[], byte[]> fill = provider switch
        {
            PrimitiveProvidersAttribute.Automatic => (input, output) => Sha3.Hash256(input, output),
            PrimitiveProvidersAttribute.Platform => (input, output) => Sha3.Platform.Hash256(input, output),
            PrimitiveProvidersAttribute.BouncyCastle => (input, output) => Sha3.Portable.Hash256(input, output),
            _ => throw new ArgumentOutOfRangeException(nameof(provider)),
        };
        fill(data, hash);
        return hash;
    }

    public static byte[] Shake256(byte[] data, int length, string provider)
    {
        byte[] filled = new byte[length];
        Action<byte[], byte[]> fill = provider switch
        {
            PrimitiveProvidersAttribute.Automatic => (input, output) => Sha3.FillShake256(input, output),
            PrimitiveProvidersAttribute.Platform => (input, output) => Sha3.Platform.FillShake256(input, output),
            PrimitiveProvidersAttribute.BouncyCastle => (input, output) => Sha3.Portable.FillShake256(input, output),
            _ => throw new ArgumentOutOfRangeException(nameof(provider)),
        };
        fill(data, filled);
        return filled;
    }
}
