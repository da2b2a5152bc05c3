using System.Formats.Asn1;
using System.Numerics;

namespace Privatemode.AI.Testing.Evidence.Certificates;

/// <summary>A certificate revocation list before it is signed.</summary>
internal sealed class RevocationListTemplate
{
    private static readonly Asn1Tag ExtensionsTag = new(TagClass.ContextSpecific, 0);

    public required byte[] Issuer { get; set; }

    public required SigningKey IssuerKey { get; set; }

    public required DateTimeOffset ThisUpdate { get; set; }

    /// <summary>The time of the next update; null to omit it.</summary>
    public DateTimeOffset? NextUpdate { get; set; }

    public List<BigInteger> Revoked { get; } = [];

    public int Number { get; set; } = 1;

    /// <summary>Whether a bit of the signature is flipped.</summary>
    public bool IsTampered { get; set; }

    /// <summary>Returns the signed list (DER).</summary>
    public byte[] Sign()
    {
        byte[] list = SignedObject.Write(WriteToBeSigned(), IssuerKey);
        if (IsTampered)
        {
            list[^1] ^= 1;
        }

        return list;
    }

    private byte[] WriteToBeSigned()
    {
        AsnWriter writer = new(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            writer.WriteInteger(1);
            writer.WriteEncodedValue(IssuerKey.AlgorithmIdentifier);
            writer.WriteEncodedValue(Issuer);
            writer.WriteUtcTime(ThisUpdate);
            if (NextUpdate is { } next)
            {
                writer.WriteUtcTime(next);
            }

            WriteRevoked(writer);
            CertificateExtension.WriteAll(
                writer, [CertificateExtension.AuthorityKeyId(IssuerKey), CertificateExtension.RevocationListNumber(Number)], ExtensionsTag);
        }

        return writer.Encode();
    }

    private void WriteRevoked(AsnWriter writer)
    {
        if (Revoked.Count == 0)
        {
            return;
        }

        using (writer.PushSequence())
        {
            foreach (BigInteger serial in Revoked)
            {
                using (writer.PushSequence())
                {
                    writer.WriteInteger(serial);
                    writer.WriteUtcTime(ThisUpdate);
                }
            }
        }
    }
}
