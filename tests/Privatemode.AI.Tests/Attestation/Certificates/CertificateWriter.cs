using System.Formats.Asn1;
using System.Security.Cryptography;

namespace Privatemode.AI.Tests.Attestation.Certificates;

/// <summary>Writes a certificate of any shape, right or wrong; without settings it is a leaf signed with <see cref="Key"/>.</summary>
internal sealed record CertificateWriter
{
    public static readonly DateTimeOffset From = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
    public static readonly DateTimeOffset To = new(2027, 1, 1, 0, 0, 0, TimeSpan.Zero);

    /// <summary>The key of the authority that signs when a test says nothing else.</summary>
    public static readonly ECDsa Key = ECDsa.Create(ECCurve.NamedCurves.nistP256);

    public int Version { get; init; } = 2;

    /// <summary>Content octets of the serial number.</summary>
    public byte[] SerialNumber { get; init; } = [0x12, 0x34];

    public byte[] Algorithm { get; init; } = Der.EcdsaSha256;

    public byte[]? OuterAlgorithm { get; init; }

    public byte[] Issuer { get; init; } = Der.Name("Authority");

    public byte[] Subject { get; init; } = Der.Name("Leaf");

    public DateTimeOffset NotBefore { get; init; } = From;

    public DateTimeOffset NotAfter { get; init; } = To;

    public byte[] PublicKey { get; init; } = Key.ExportSubjectPublicKeyInfo();

    /// <summary>Encoded between the key and the extensions: the unique identifiers of version 2.</summary>
    public byte[] BeforeExtensions { get; init; } = [];

    public (string Identifier, bool Critical, byte[] Value)[] Extensions { get; init; } = [];

    public Func<byte[], byte[]> Sign { get; init; } = SignEcdsa(Key);

    /// <summary>The self-signed authority that signs when a test says nothing else.</summary>
    public static CertificateWriter Authority => new()
    {
        Subject = Der.Name("Authority"),
        Extensions = [Der.BasicConstraints(true), Der.KeyUsage(certificates: true, lists: true)],
    };

    public static Func<byte[], byte[]> SignEcdsa(ECDsa key) => data => key.SignData(data, HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence);

    public static Func<byte[], byte[]> SignPss(RSA key) => data => key.SignData(data, HashAlgorithmName.SHA384, RSASignaturePadding.Pss);

    public byte[] Write()
    {
        AsnWriter body = new(AsnEncodingRules.DER);
        using (body.PushSequence())
        {
            using (body.PushSequence(new Asn1Tag(TagClass.ContextSpecific, 0)))
            {
                body.WriteInteger(Version);
            }

            body.WriteInteger(SerialNumber);
            body.WriteEncodedValue(Algorithm);
            body.WriteEncodedValue(Issuer);
            using (body.PushSequence())
            {
                Der.WriteTime(body, NotBefore);
                Der.WriteTime(body, NotAfter);
            }

            body.WriteEncodedValue(Subject);
            body.WriteEncodedValue(PublicKey);
            if (BeforeExtensions.Length > 0)
            {
                body.WriteEncodedValue(BeforeExtensions);
            }

            Der.WriteExtensions(body, 3, Extensions);
        }

        return Der.Signed(body.Encode(), OuterAlgorithm ?? Algorithm, Sign);
    }
}
