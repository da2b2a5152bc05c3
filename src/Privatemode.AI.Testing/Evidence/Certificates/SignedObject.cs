using System.Formats.Asn1;

namespace Privatemode.AI.Testing.Evidence.Certificates;

/// <summary>Writes the outer structure that certificates and revocation lists have in common.</summary>
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
