using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Privatemode.AI.Testing.SecretService;

namespace Privatemode.AI.Testing.Enclave;

/// <summary>The mesh of a deployment: its CA, and the certificate of its secret service.</summary>
internal sealed class MeshIdentity : IDisposable
{
    private static readonly TimeSpan Validity = TimeSpan.FromDays(365);

    private readonly X509Certificate2 _authority;
    private readonly ECDsa _leafKey;

    private MeshIdentity(X509Certificate2 authority, ECDsa leafKey, byte[] leaf)
    {
        _authority = authority;
        _leafKey = leafKey;
        AuthorityPem = authority.ExportCertificatePem() + "\n";
        Responder = new SecretExchangeResponder(leaf, leafKey);
    }

    /// <summary>The mesh CA certificate in PEM.</summary>
    public string AuthorityPem { get; }

    /// <summary>The secret service.</summary>
    public SecretExchangeResponder Responder { get; }

    /// <summary>A fresh mesh, with the curves and names Contrast uses.</summary>
    public static MeshIdentity Create(DateTimeOffset now)
    {
        using ECDsa authorityKey = ECDsa.Create(ECCurve.NamedCurves.nistP384);
        CertificateRequest authorityRequest = new("CN=system:coordinator:meshCA", authorityKey, HashAlgorithmName.SHA384);
        authorityRequest.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        authorityRequest.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, true));
        X509Certificate2 authority = authorityRequest.CreateSelfSigned(now - TimeSpan.FromHours(1), now + Validity);

        ECDsa leafKey = ECDsa.Create(ECCurve.NamedCurves.nistP384);
        CertificateRequest leafRequest = new("CN=secret-service", leafKey, HashAlgorithmName.SHA384);
        leafRequest.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, true));
        leafRequest.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid("1.3.6.1.5.5.7.3.1"), new Oid("1.3.6.1.5.5.7.3.2")], false));
        byte[] serial = RandomNumberGenerator.GetBytes(15);
        serial[0] &= 0x7f;
        using X509Certificate2 leaf = leafRequest.Create(authority, now - TimeSpan.FromHours(1), now + Validity, serial);
        return new MeshIdentity(authority, leafKey, leaf.RawData);
    }

    public void Dispose()
    {
        _authority.Dispose();
        _leafKey.Dispose();
    }
}
