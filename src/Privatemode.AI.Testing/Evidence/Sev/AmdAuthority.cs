using Privatemode.AI.Testing.Evidence.Certificates;

namespace Privatemode.AI.Testing.Evidence.Sev;

/// <summary>Creates the certificates of AMD's CAs: ARK, and ASK or ASVK.</summary>
internal static class AmdAuthority
{
    private static readonly DateTimeOffset NotBefore = new(2020, 10, 22, 0, 0, 0, TimeSpan.Zero);
    private static readonly DateTimeOffset NotAfter = new(2045, 10, 22, 0, 0, 0, TimeSpan.Zero);

    public static string RootName(SnpLine line) => $"ARK-{line.Name}";

    /// <summary>Creates the self-signed root certificate.</summary>
    public static CertificateTemplate Root(SnpLine line, RsaKey key)
    {
        CertificateTemplate template = New(line.NumberBase, RootName(line), RootName(line), key);
        template.Extensions.AddRange(
        [
            CertificateExtension.AuthorityKeyUsage(),
            CertificateExtension.SubjectKeyId(key),
            CertificateExtension.BasicConstraints(isAuthority: true),
            CertificateExtension.RevocationListAt(RevocationList(line)),
        ]);
        return template;
    }

    /// <summary>Creates an intermediate certificate. Its name is, for example, <c>SEV-Genoa</c> if it issues certificates of chips (VCEK), and
    /// <c>SEV-VLEK-Genoa</c> if it issues those of cloud providers (VLEK).</summary>
    public static CertificateTemplate Intermediate(SnpLine line, string name, int number, RsaKey key, RsaKey issuer)
    {
        CertificateTemplate template = New(number, RootName(line), name, key);
        template.Extensions.AddRange(
        [
            CertificateExtension.SubjectKeyId(key),
            CertificateExtension.AuthorityKeyId(issuer),
            CertificateExtension.BasicConstraints(isAuthority: true, pathLength: 0),
            CertificateExtension.IssuerKeyUsage(),
            CertificateExtension.RevocationListAt(RevocationList(line)),
        ]);
        return template;
    }

    private static string RevocationList(SnpLine line) => $"https://kdsintf.amd.com/vcek/v1/{line.Name}/crl";

    private static CertificateTemplate New(int number, string issuer, string subject, RsaKey key) => new()
    {
        SerialNumber = number,
        Issuer = DistinguishedName.Amd(issuer),
        Subject = DistinguishedName.Amd(subject),
        NotBefore = NotBefore,
        NotAfter = NotAfter,
        SubjectPublicKeyInfo = key.SubjectPublicKeyInfo,
    };
}
