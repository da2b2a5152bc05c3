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
    private readonly DateTimeOffset _issuedAt;

    private MeshIdentity(X509Certificate2 authority, ECDsa leafKey, DateTimeOffset issuedAt, IReadOnlyList<string> names)
    {
        _authority = authority;
        _leafKey = leafKey;
        _issuedAt = issuedAt;
        AuthorityPem = authority.ExportCertificatePem() + "\n";
        Responder = new SecretExchangeResponder(Issue(names), leafKey);
    }

    /// <summary>The mesh CA certificate in PEM.</summary>
    public string AuthorityPem { get; }

    /// <summary>The key exchange of the secret service.</summary>
    public SecretExchangeResponder Responder { get; private set; }

    /// <summary>Creates a new mesh, with the curves, names and key usages of Contrast.</summary>
    /// <param name="now">The time of issue.</param>
    /// <param name="names">The DNS names of the secret service.</param>
    public static MeshIdentity Create(DateTimeOffset now, params IReadOnlyList<string> names)
    {
        using ECDsa authorityKey = ECDsa.Create(ECCurve.NamedCurves.nistP384);
        CertificateRequest authorityRequest = new("CN=system:coordinator:meshCA", authorityKey, HashAlgorithmName.SHA384);
        authorityRequest.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        authorityRequest.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.DigitalSignature, true));
        X509Certificate2 authority = authorityRequest.CreateSelfSigned(now - TimeSpan.FromHours(1), now + Validity);
        return new MeshIdentity(authority, ECDsa.Create(ECCurve.NamedCurves.nistP384), now, names);
    }

    /// <summary>Gives the secret service another certificate of the same mesh CA.</summary>
    /// <param name="names">The DNS names. If the list is empty, the certificate has no extension for names.</param>
    public void Rename(IReadOnlyList<string> names) => Responder = new SecretExchangeResponder(Issue(names), _leafKey);

    public void Dispose()
    {
        _authority.Dispose();
        _leafKey.Dispose();
    }

    // As Contrast does: the first name is the subject's too.
    private byte[] Issue(IReadOnlyList<string> names)
    {
        CertificateRequest request = new($"CN={names.FirstOrDefault("unnamed")}", _leafKey, HashAlgorithmName.SHA384);
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid("1.3.6.1.5.5.7.3.2"), new Oid("1.3.6.1.5.5.7.3.1")], false));
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, true));
        if (names.Count > 0)
        {
            SubjectAlternativeNameBuilder alternatives = new();
            foreach (string name in names)
            {
                alternatives.AddDnsName(name);
            }

            request.CertificateExtensions.Add(alternatives.Build());
        }

        byte[] serial = RandomNumberGenerator.GetBytes(15);
        serial[0] &= 0x7f;
        using X509Certificate2 leaf = request.Create(_authority, _issuedAt - TimeSpan.FromHours(1), _issuedAt + Validity, serial);
        return leaf.RawData;
    }
}
