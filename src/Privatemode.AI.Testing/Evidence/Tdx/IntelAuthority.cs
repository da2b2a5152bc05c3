using System.Numerics;
using System.Security.Cryptography;
using System.Text;
using Privatemode.AI.Testing.Evidence.Certificates;

namespace Privatemode.AI.Testing.Evidence.Tdx;

/// <summary>Creates Intel's certificates, with the names, extensions and validity periods of the real ones.</summary>
internal static class IntelAuthority
{
    public const string RootName = "Intel SGX Root CA";
    public const string PlatformCaName = "Intel SGX PCK Platform CA";
    public const string ProcessorCaName = "Intel SGX PCK Processor CA";
    public const string PckName = "Intel SGX PCK Certificate";
    public const string TcbSigningName = "Intel SGX TCB Signing";

    private static readonly DateTimeOffset RootFrom = new(2018, 5, 21, 10, 45, 10, TimeSpan.Zero);
    private static readonly DateTimeOffset RootTo = new(2049, 12, 31, 23, 59, 59, TimeSpan.Zero);
    private static readonly DateTimeOffset AuthorityTo = new(2045, 5, 21, 10, 45, 10, TimeSpan.Zero);

    public static CertificateTemplate Root(EcKey key) => Authority(RootName, RootName, key, key, RootTo, pathLength: 1);

    public static CertificateTemplate PckAuthority(string name, EcKey key, EcKey root) => Authority(name, RootName, key, root, AuthorityTo, pathLength: 0);

    public static CertificateTemplate TcbSigning(EcKey key, EcKey root) =>
        Leaf(TcbSigningName, RootName, key, root, RootFrom, AuthorityTo, "https://certificates.trustedservices.intel.com/IntelSGXRootCA.der");

    /// <summary>Creates a PCK certificate. It has exactly six extensions, the last of which describes the platform.</summary>
    public static CertificateTemplate Pck(string issuer, EcKey key, EcKey issuerKey, DateTimeOffset from, DateTimeOffset to, CertificateExtension? platform)
    {
        CertificateTemplate template = Leaf(
            PckName, issuer, key, issuerKey, from, to, "https://api.trustedservices.intel.com/sgx/certification/v4/pckcrl?ca=platform&encoding=der");
        if (platform is not null)
        {
            template.Extensions.Add(platform);
        }

        return template;
    }

    /// <summary>Returns a serial number of 19 bytes that depends only on the name.</summary>
    public static BigInteger Serial(string name) => new(SHA256.HashData(Encoding.ASCII.GetBytes(name)).AsSpan(0, 19), isUnsigned: true, isBigEndian: true);

    private static CertificateTemplate Authority(string name, string issuer, EcKey key, EcKey issuerKey, DateTimeOffset to, int pathLength)
    {
        CertificateTemplate template = New(name, issuer, key, RootFrom, to);
        template.Extensions.AddRange(
        [
            CertificateExtension.AuthorityKeyId(issuerKey),
            CertificateExtension.RevocationListAt("https://certificates.trustedservices.intel.com/IntelSGXRootCA.der"),
            CertificateExtension.SubjectKeyId(key),
            CertificateExtension.AuthorityKeyUsage(),
            CertificateExtension.BasicConstraints(isAuthority: true, pathLength),
        ]);
        return template;
    }

    private static CertificateTemplate Leaf(
        string name, string issuer, EcKey key, EcKey issuerKey, DateTimeOffset from, DateTimeOffset to, string revocationList)
    {
        CertificateTemplate template = New(name, issuer, key, from, to);
        template.Extensions.AddRange(
        [
            CertificateExtension.AuthorityKeyId(issuerKey),
            CertificateExtension.RevocationListAt(revocationList),
            CertificateExtension.SubjectKeyId(key),
            CertificateExtension.SignatureKeyUsage(),
            CertificateExtension.BasicConstraints(isAuthority: false),
        ]);
        return template;
    }

    private static CertificateTemplate New(string name, string issuer, EcKey key, DateTimeOffset from, DateTimeOffset to) => new()
    {
        SerialNumber = Serial(name),
        Issuer = DistinguishedName.Intel(issuer),
        Subject = DistinguishedName.Intel(name),
        NotBefore = from,
        NotAfter = to,
        SubjectPublicKeyInfo = key.SubjectPublicKeyInfo,
    };
}
