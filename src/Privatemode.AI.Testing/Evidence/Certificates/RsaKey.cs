using System.Formats.Asn1;
using System.Security.Cryptography;

namespace Privatemode.AI.Testing.Evidence.Certificates;

/// <summary>An RSA key for AMD's signatures on certificates and lists: RSASSA-PSS with SHA-384, MGF1 with SHA-384 and a salt of 48 bytes.</summary>
internal sealed class RsaKey : SigningKey
{
    private readonly RSA _key;
    private readonly Lock _gate = new();

    public RsaKey(RSA key)
        : base(key.ExportSubjectPublicKeyInfo()) => _key = key;

    public override byte[] AlgorithmIdentifier { get; } = WriteAlgorithm();

    /// <summary>The public key in the format of PKCS #1 (DER).</summary>
    public byte[] PublicKey => _key.ExportRSAPublicKey();

    public override byte[] Sign(ReadOnlySpan<byte> data)
    {
        lock (_gate)
        {
            return _key.SignData(data, HashAlgorithmName.SHA384, RSASignaturePadding.Pss);
        }
    }

    private static byte[] WriteAlgorithm()
    {
        AsnWriter writer = new(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            writer.WriteObjectIdentifier("1.2.840.113549.1.1.10");
            using (writer.PushSequence())
            {
                using (writer.PushSequence(new Asn1Tag(TagClass.ContextSpecific, 0)))
                {
                    WriteSha384(writer);
                }

                using (writer.PushSequence(new Asn1Tag(TagClass.ContextSpecific, 1)))
                using (writer.PushSequence())
                {
                    writer.WriteObjectIdentifier("1.2.840.113549.1.1.8");
                    WriteSha384(writer);
                }

                using (writer.PushSequence(new Asn1Tag(TagClass.ContextSpecific, 2)))
                {
                    writer.WriteInteger(SHA384.HashSizeInBytes);
                }
            }
        }

        return writer.Encode();
    }

    private static void WriteSha384(AsnWriter writer)
    {
        using (writer.PushSequence())
        {
            writer.WriteObjectIdentifier("2.16.840.1.101.3.4.2.2");
            writer.WriteNull();
        }
    }
}
