using Privatemode.AI.KeyExchange.Hpke;
using Privatemode.AI.Testing.SecretService;

namespace Privatemode.AI.Tests.KeyExchange.Hpke;

/// <summary>X-Wing and HPKE with arrays instead of spans, and HPKE's DeriveKeyPair, which the protocol does not use.</summary>
internal static class XWingCalls
{
    public static XWingPrivateKey Key(byte[] seed, string provider = PrimitiveProvidersAttribute.Automatic)
    {
        if (provider == PrimitiveProvidersAttribute.Automatic)
        {
            return XWingPrivateKey.FromSeed(seed);
        }

        byte[] expanded = Sha3Calls.Shake256(seed, MlKem768.SeedSize + X25519.ScalarSize, provider);
        return new XWingPrivateKey(MlKem768Calls.Key(expanded[..MlKem768.SeedSize], provider), expanded.AsSpan(MlKem768.SeedSize));
    }

    public static byte[] Decapsulate(this XWingPrivateKey key, byte[] ciphertext)
    {
        byte[] sharedSecret = new byte[XWing.SharedSecretSize];
        key.Decapsulate(ciphertext, sharedSecret);
        return sharedSecret;
    }

    public static (byte[] Ciphertext, byte[] SharedSecret) Encapsulate(byte[] publicKey, byte[] random)
    {
        byte[] ciphertext = new byte[XWing.CiphertextSize];
        byte[] sharedSecret = new byte[XWing.SharedSecretSize];
        XWingEncapsulation.Encapsulate(publicKey, random, ciphertext, sharedSecret);
        return (ciphertext, sharedSecret);
    }

    public static byte[] Export(this HpkeExportContext context, byte[] exporterContext, int length)
    {
        byte[] output = new byte[length];
        context.Export(exporterContext, output);
        return output;
    }

    /// <summary>DeriveKeyPair of draft-ietf-hpke-pq for KEM 0x647a: the seed from input keying material.</summary>
    public static byte[] DeriveSeed(byte[] inputKeyingMaterial) => LabeledDerive(
        [.. "KEM"u8, HpkeSuite.KemId >> 8, HpkeSuite.KemId & 0xFF], inputKeyingMaterial, "DeriveKeyPair"u8, [], XWing.SeedSize);

    /// <summary>LabeledDerive of a one-stage KDF (draft-ietf-hpke-hpke, section 4.2), SHAKE256.</summary>
    public static byte[] LabeledDerive(
        ReadOnlySpan<byte> suiteId, ReadOnlySpan<byte> keyingMaterial, ReadOnlySpan<byte> label, ReadOnlySpan<byte> context, int length)
    {
        byte[] labeled =
        [
            .. keyingMaterial, .. "HPKE-v1"u8, .. suiteId, .. LengthPrefixed(label), (byte)(length >> 8), (byte)length, .. context,
        ];
        return Sha3Calls.Shake256(labeled, length, PrimitiveProvidersAttribute.BouncyCastle);
    }

    public static byte[] LengthPrefixed(ReadOnlySpan<byte> value) => [(byte)(value.Length >> 8), (byte)value.Length, .. value];
}
