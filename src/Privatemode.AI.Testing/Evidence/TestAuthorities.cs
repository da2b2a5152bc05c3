using System.Security.Cryptography;
using System.Text;
using Privatemode.AI.Testing.Evidence.Certificates;

namespace Privatemode.AI.Testing.Evidence;

/// <summary>The certificates of the coordinator's CAs (PEM).</summary>
internal static class TestAuthorities
{
    private const string MeshCaName = "system:coordinator:meshCA";

    private static readonly DateTimeOffset From = new(2020, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly DateTimeOffset To = new(2045, 1, 1, 0, 0, 0, TimeSpan.Zero);

    /// <summary>The root CA of the deployment.</summary>
    public static byte[] RootCa() => SelfSigned("system:coordinator:rootCA", TestKeys.ContrastRoot, From, To);

    /// <summary>A root CA of another deployment.</summary>
    public static byte[] StrangersRootCa() => SelfSigned("system:coordinator:rootCA", TestKeys.StrangerP384, From, To);

    /// <summary>A mesh CA of another deployment, with the right name.</summary>
    public static byte[] StrangersMeshCa() => SelfSigned(MeshCaName, TestKeys.StrangerP384, From, To);

    /// <summary>An expired mesh CA.</summary>
    public static byte[] ExpiredMeshCa(DateTimeOffset day) => SelfSigned(MeshCaName, TestKeys.StrangerP384, From, day.AddDays(-1));

    private static byte[] SelfSigned(string name, EcKey key, DateTimeOffset from, DateTimeOffset to)
    {
        CertificateTemplate template = new()
        {
            SerialNumber = 1,
            Issuer = DistinguishedName.Plain(name),
            Subject = DistinguishedName.Plain(name),
            NotBefore = from,
            NotAfter = to,
            SubjectPublicKeyInfo = key.SubjectPublicKeyInfo,
        };
        template.Extensions.Add(CertificateExtension.BasicConstraints(isAuthority: true));
        template.Extensions.Add(CertificateExtension.AuthorityKeyUsage());
        template.Extensions.Add(CertificateExtension.SubjectKeyId(key));
        return Encoding.ASCII.GetBytes(PemEncoding.WriteString("CERTIFICATE", template.Sign(key)) + "\n");
    }
}
