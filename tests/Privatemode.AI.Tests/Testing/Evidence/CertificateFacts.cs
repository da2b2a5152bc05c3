using System.Formats.Asn1;
using System.Numerics;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Privatemode.AI.Tests.Testing.Evidence;

/// <summary>Certificates and revocation lists as the platform reads them.</summary>
internal static class CertificateFacts
{
    private const string Pss = "1.2.840.113549.1.1.10";

    public static void AddCertificate(this Facts facts, string name, byte[] der)
    {
        using X509Certificate2 certificate = X509CertificateLoader.LoadCertificate(der);
        facts.Add($"{name}.issuer", certificate.GetNameInfo(X509NameType.SimpleName, forIssuer: true));
        facts.Add($"{name}.subject", certificate.GetNameInfo(X509NameType.SimpleName, forIssuer: false));
        facts.Add($"{name}.serial", certificate.SerialNumber);
        facts.Add($"{name}.notBefore", certificate.NotBefore);
        facts.Add($"{name}.notAfter", certificate.NotAfter);
        facts.Add($"{name}.key", SHA256.HashData(certificate.PublicKey.ExportSubjectPublicKeyInfo())[..8]);
        Dictionary<string, int> counts = [];
        foreach (X509Extension extension in certificate.Extensions)
        {
            int count = counts[extension.Oid!.Value!] = counts.GetValueOrDefault(extension.Oid.Value!) + 1;
            string suffix = count == 1 ? "" : $"(again {count})";
            facts.Add($"{name}.{extension.Oid.Value}{suffix}",
                (extension.Critical ? "critical " : "") + Convert.ToHexStringLower(SHA256.HashData(extension.RawData))[..8]);
        }
    }

    public static void AddRevocationList(this Facts facts, string name, byte[] der)
    {
        (byte[] toBeSigned, _, _) = Split(der);
        AsnReader list = new AsnReader(toBeSigned, AsnEncodingRules.DER).ReadSequence();
        Assert.Equal(1, list.ReadInteger());
        list.ReadSequence();
        facts.Add($"{name}.issuer", CommonName(list.ReadEncodedValue().Span));
        facts.Add($"{name}.thisUpdate", list.ReadUtcTime().UtcDateTime);
        if (list.PeekTag().HasSameClassAndValue(Asn1Tag.UtcTime))
        {
            facts.Add($"{name}.nextUpdate", list.ReadUtcTime().UtcDateTime);
        }

        List<string> serials = [];
        if (list.PeekTag().HasSameClassAndValue(Asn1Tag.Sequence))
        {
            AsnReader revoked = list.ReadSequence();
            while (revoked.HasData)
            {
                BigInteger serial = revoked.ReadSequence().ReadInteger();
                serials.Add(serial.ToString("x")[^Math.Min(6, serial.ToString("x").Length)..]);
            }
        }

        facts.Add($"{name}.revoked", string.Join(',', serials));
    }

    /// <summary>Whether the issuer's key made the signature on a certificate or a revocation list.</summary>
    public static bool IsSignedBy(byte[] der, byte[] issuer)
    {
        using X509Certificate2 certificate = X509CertificateLoader.LoadCertificate(issuer);
        (byte[] toBeSigned, string algorithm, byte[] signature) = Split(der);
        if (algorithm == Pss)
        {
            using RSA? rsa = certificate.GetRSAPublicKey();
            return rsa is not null && rsa.VerifyData(toBeSigned, signature, HashAlgorithmName.SHA384, RSASignaturePadding.Pss);
        }

        using ECDsa? ec = certificate.GetECDsaPublicKey();
        return ec is not null && ec.VerifyData(toBeSigned, signature, HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence);
    }

    /// <summary>Whether the platform finds a path to this root, and to no other.</summary>
    public static bool HasPath(byte[] leaf, byte[] intermediate, byte[] root, DateTimeOffset at)
    {
        using X509Certificate2 leafCertificate = X509CertificateLoader.LoadCertificate(leaf);
        using X509Certificate2 intermediateCertificate = X509CertificateLoader.LoadCertificate(intermediate);
        using X509Certificate2 rootCertificate = X509CertificateLoader.LoadCertificate(root);
        using X509Chain chain = new();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.Add(rootCertificate);
        chain.ChainPolicy.ExtraStore.Add(intermediateCertificate);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.DisableCertificateDownloads = true;
        chain.ChainPolicy.VerificationTime = at.UtcDateTime;
        return chain.Build(leafCertificate);
    }

    private static string CommonName(ReadOnlySpan<byte> name) => new X500DistinguishedName(name).EnumerateRelativeDistinguishedNames()
        .First(part => part.GetSingleElementType().Value == "2.5.4.3").GetSingleElementValue()!;

    private static (byte[] ToBeSigned, string Algorithm, byte[] Signature) Split(byte[] der)
    {
        AsnReader outer = new AsnReader(der, AsnEncodingRules.DER).ReadSequence();
        byte[] toBeSigned = outer.ReadEncodedValue().ToArray();
        string algorithm = outer.ReadSequence().ReadObjectIdentifier();
        return (toBeSigned, algorithm, outer.ReadBitString(out _));
    }
}
