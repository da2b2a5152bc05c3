using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Privatemode.AI.KeyExchange;

namespace Privatemode.AI.Tests.KeyExchange;

/// <summary>A mesh CA and a secret service of our own, so that a test can break one rule at a time.</summary>
internal sealed class FakeMesh : IDisposable
{
    public const string AuthorityName = "CN=system:coordinator:meshCA";
    public const string ServerAuthentication = "1.3.6.1.5.5.7.3.1";
    public const string ClientAuthentication = "1.3.6.1.5.5.7.3.2";

    public static readonly DateTimeOffset Now = new(2026, 6, 1, 12, 0, 0, TimeSpan.Zero);
    public static readonly DateTimeOffset NotBefore = new(2024, 1, 1, 0, 0, 0, TimeSpan.Zero);
    public static readonly DateTimeOffset NotAfter = new(2049, 12, 31, 23, 59, 59, TimeSpan.Zero);

    /// <summary>The names in <see cref="LeafExtensions"/> that are only the secret service's.</summary>
    public static readonly SecretServiceNames Names = new(["root", "secret-service"]);

    private static readonly byte[] SerialNumber = [1, 2, 3, 4];

    public ECDsa AuthorityKey { get; } = ECDsa.Create(ECCurve.NamedCurves.nistP384);

    public ECDsa LeafKey { get; } = ECDsa.Create(ECCurve.NamedCurves.nistP384);

    public static X509Extension AuthorityConstraints { get; } = new X509BasicConstraintsExtension(true, false, 0, true);

    public static X509Extension AuthorityUsage { get; } =
        new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.DigitalSignature, true);

    /// <summary>The extensions of a certificate as Contrast issues it.</summary>
    public static X509Extension[] LeafExtensions =>
    [
        new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, true),
        Usages(ClientAuthentication, ServerAuthentication),
        new X509BasicConstraintsExtension(false, false, 0, true),
        DnsNames("root", "secret-service", "*"),
    ];

    public static X509Extension DnsNames(params string[] names)
    {
        SubjectAlternativeNameBuilder builder = new();
        foreach (string name in names)
        {
            builder.AddDnsName(name);
        }

        return builder.Build();
    }

    public static X509Extension Usages(params string[] identifiers)
    {
        OidCollection usages = [];
        foreach (string identifier in identifiers)
        {
            usages.Add(new Oid(identifier));
        }

        return new X509EnhancedKeyUsageExtension(usages, false);
    }

    public byte[] AuthorityPem(params X509Extension[] extensions) =>
        Pem(AuthorityDer(extensions.Length > 0 ? extensions : [AuthorityConstraints, AuthorityUsage]));

    public byte[] AuthorityDer(X509Extension[] extensions, DateTimeOffset? notBefore = null, DateTimeOffset? notAfter = null) =>
        Certificate(new PublicKey(AuthorityKey), AuthorityName, AuthorityKey, extensions, notBefore, notAfter, subject: AuthorityName);

    public byte[] LeafDer(X509Extension[]? extensions = null, DateTimeOffset? notBefore = null, DateTimeOffset? notAfter = null) =>
        Certificate(new PublicKey(LeafKey), AuthorityName, AuthorityKey, extensions ?? LeafExtensions, notBefore, notAfter);

    public static byte[] Certificate(
        PublicKey key,
        string issuer,
        ECDsa issuerKey,
        X509Extension[] extensions,
        DateTimeOffset? notBefore = null,
        DateTimeOffset? notAfter = null,
        string subject = "CN=secret-service",
        HashAlgorithmName? hash = null,
        X509SignatureGenerator? generator = null)
    {
        CertificateRequest request = new(new X500DistinguishedName(subject), key, hash ?? HashAlgorithmName.SHA384);
        foreach (X509Extension extension in extensions)
        {
            request.CertificateExtensions.Add(extension);
        }

        using X509Certificate2 certificate = request.Create(
            new X500DistinguishedName(issuer),
            generator ?? X509SignatureGenerator.CreateForECDsa(issuerKey),
            notBefore ?? NotBefore,
            notAfter ?? NotAfter,
            SerialNumber);
        return certificate.RawData;
    }

    public static byte[] Pem(byte[] der, string label = "CERTIFICATE") => Encoding.ASCII.GetBytes(PemEncoding.WriteString(label, der));

    public void Dispose()
    {
        AuthorityKey.Dispose();
        LeafKey.Dispose();
    }

    /// <summary>Signs properly, but writes the algorithm with the parameters NULL, which RFC 5758 forbids.</summary>
    public sealed class NullParameterGenerator(ECDsa key) : X509SignatureGenerator
    {
        private readonly X509SignatureGenerator _generator = CreateForECDsa(key);

        public override byte[] GetSignatureAlgorithmIdentifier(HashAlgorithmName hashAlgorithm)
        {
            byte[] withoutParameters = _generator.GetSignatureAlgorithmIdentifier(hashAlgorithm);
            return [0x30, (byte)(withoutParameters[1] + 2), .. withoutParameters.AsSpan(2), 0x05, 0x00];
        }

        public override byte[] SignData(byte[] data, HashAlgorithmName hashAlgorithm) => _generator.SignData(data, hashAlgorithm);

        protected override PublicKey BuildPublicKey() => _generator.PublicKey;
    }
}
