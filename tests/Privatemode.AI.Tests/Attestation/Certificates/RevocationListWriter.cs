using System.Formats.Asn1;

namespace Privatemode.AI.Tests.Attestation.Certificates;

/// <summary>Writes a revocation list of any shape, right or wrong; without settings it is an empty one of <see cref="CertificateWriter.Authority"/>.</summary>
internal sealed record RevocationListWriter
{
    public int? Version { get; init; } = 1;

    public byte[] Algorithm { get; init; } = Der.EcdsaSha256;

    public byte[]? OuterAlgorithm { get; init; }

    public byte[] Issuer { get; init; } = Der.Name("Authority");

    public DateTimeOffset ThisUpdate { get; init; } = CertificateWriter.From;

    public DateTimeOffset? NextUpdate { get; init; } = CertificateWriter.To;

    /// <summary>Content octets of the serial numbers.</summary>
    public IEnumerable<byte[]> Revoked { get; init; } = [];

    public (string Identifier, bool Critical, byte[] Value)[] EntryExtensions { get; init; } = [];

    public (string Identifier, bool Critical, byte[] Value)[] Extensions { get; init; } = [Der.CrlNumber(1)];

    /// <summary>What stands behind the extensions, where a list has nothing.</summary>
    public byte[] Tail { get; init; } = [];

    public Func<byte[], byte[]> Sign { get; init; } = CertificateWriter.SignEcdsa(CertificateWriter.Key);

    public byte[] Write()
    {
        AsnWriter body = new(AsnEncodingRules.DER);
        using (body.PushSequence())
        {
            if (Version is { } version)
            {
                body.WriteInteger(version);
            }

            body.WriteEncodedValue(Algorithm);
            body.WriteEncodedValue(Issuer);
            Der.WriteTime(body, ThisUpdate);
            if (NextUpdate is { } nextUpdate)
            {
                Der.WriteTime(body, nextUpdate);
            }

            WriteEntries(body);
            Der.WriteExtensions(body, 0, Extensions);
            if (Tail.Length > 0)
            {
                body.WriteEncodedValue(Tail);
            }
        }

        return Der.Signed(body.Encode(), OuterAlgorithm ?? Algorithm, Sign);
    }

    private void WriteEntries(AsnWriter body)
    {
        if (!Revoked.Any())
        {
            return;
        }

        using (body.PushSequence())
        {
            foreach (byte[] serialNumber in Revoked)
            {
                using (body.PushSequence())
                {
                    body.WriteInteger(serialNumber);
                    Der.WriteTime(body, CertificateWriter.From);
                    Der.WriteExtensions(body, null, EntryExtensions);
                }
            }
        }
    }
}
