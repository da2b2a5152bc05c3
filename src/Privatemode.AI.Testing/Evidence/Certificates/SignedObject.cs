using System.Formats.Asn1;

namespace Privatemode.AI.Testing.Evidence.Certificates;

/// <summary>The outer shape certificates and revocation lists share.</summary>
internal static class SignedObject
{
    public static byte[] Write(byte[] toBeSigned, SigningKey issuer)
    {
        AsnWriter writer = new(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            writer.WriteEncodedValue(toBeSigned);
            writer.WriteEncodedValue(issuer.AlgorithmIdentifier);
            writer.WriteBitString(issuer.Sign(toBeSigned));
        }

        return writer.Encode();
    }
}
