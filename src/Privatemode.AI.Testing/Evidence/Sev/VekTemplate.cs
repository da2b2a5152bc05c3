using System.Formats.Asn1;
using Privatemode.AI.Testing.Evidence.Certificates;

namespace Privatemode.AI.Testing.Evidence.Sev;

/// <summary>The certificate of a chip's key (VCEK) or of a cloud provider's key (VLEK), before it is signed.</summary>
internal sealed class VekTemplate
{
    private const string Amd = "1.3.6.1.4.1.3704.1.";

    public string CommonName { get; set; } = "SEV-VCEK";

    public required string IssuerName { get; set; }

    public required RsaKey IssuerKey { get; set; }

    public required SigningKey Key { get; set; }

    public required DateTimeOffset NotBefore { get; set; }

    public required DateTimeOffset NotAfter { get; set; }

    public required string ProductName { get; set; }

    public required SnpTcb Tcb { get; set; }

    /// <summary>The chip ID; null to omit it.</summary>
    public byte[]? HardwareId { get; set; }

    /// <summary>Whether the chip ID is written as an octet string. AMD writes the bytes without a tag.</summary>
    public bool HasTaggedHardwareId { get; set; }

    /// <summary>The cloud provider of a VLEK; null to omit it.</summary>
    public string? ProviderId { get; set; }

    /// <summary>The extensions to add after the others.</summary>
    public List<CertificateExtension> Extras { get; } = [];

    /// <summary>Whether a bit of the signature is flipped.</summary>
    public bool IsTampered { get; set; }

    public byte[] Sign()
    {
        CertificateTemplate template = new()
        {
            SerialNumber = 0,
            Issuer = DistinguishedName.Amd(IssuerName),
            Subject = DistinguishedName.Amd(CommonName),
            NotBefore = NotBefore,
            NotAfter = NotAfter,
            SubjectPublicKeyInfo = Key.SubjectPublicKeyInfo,
        };
        template.Extensions.AddRange(Extensions());
        byte[] certificate = template.Sign(IssuerKey);
        if (IsTampered)
        {
            certificate[^1] ^= 1;
        }

        return certificate;
    }

    /// <summary>Creates the extension with the product name, to add it a second time.</summary>
    public static CertificateExtension Product(string name) =>
        new(Amd + "2", false, CertificateExtension.Encode(writer => writer.WriteCharacterString(UniversalTagNumber.IA5String, name)));

    // The order is that of AMD's own: SNP stands behind the reserved ones.
    private IEnumerable<CertificateExtension> Extensions()
    {
        yield return Number("1", 0);
        yield return Product(ProductName);
        yield return Number("3.1", Tcb.BootLoader);
        yield return Number("3.2", Tcb.Tee);
        for (int i = 4; i <= 7; i++)
        {
            yield return Number($"3.{i}", 0);
        }

        yield return Number("3.3", Tcb.Snp);
        yield return Number("3.8", Tcb.Microcode);
        if (HardwareId is { } id)
        {
            byte[] value = HasTaggedHardwareId ? CertificateExtension.Encode(writer => writer.WriteOctetString(id)) : id;
            yield return new CertificateExtension(Amd + "4", false, value);
        }

        if (ProviderId is { } provider)
        {
            yield return new CertificateExtension(
                Amd + "5", false, CertificateExtension.Encode(writer => writer.WriteCharacterString(UniversalTagNumber.IA5String, provider)));
        }

        foreach (CertificateExtension extra in Extras)
        {
            yield return extra;
        }
    }

    private static CertificateExtension Number(string suffix, int value) =>
        new(Amd + suffix, false, CertificateExtension.Encode(writer => writer.WriteInteger(value)));
}
