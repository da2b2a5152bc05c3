using System.Formats.Asn1;
using System.Security.Cryptography;
using Privatemode.AI.Attestation.Certificates;
using Privatemode.AI.Internal;

namespace Privatemode.AI.KeyExchange;

// The rules are those of privatemode-proxy (Go's x509.Verify with the mesh CA as the only root and no intermediate):
// signed directly by the CA, both valid now, no unknown critical extension, valid for a server, an ECDSA key. The leaf's key usage is
// ignored. One rule is added: privatemode-proxy does not check names, so it accepts every workload of the mesh as the secret service.
// X509Chain is not used: it differs from these rules and may use the network.

/// <summary>Verifies the certificate of the secret service.</summary>
internal static class MeshCertificate
{
    /// <summary>Verifies a certificate and returns its key.</summary>
    /// <param name="der">One DER certificate, with no bytes after it.</param>
    /// <exception cref="PrivatemodeVerificationException">The certificate does not prove that its key is the secret service's.</exception>
    public static EcdsaPublicKey Verify(ReadOnlyMemory<byte> der, MeshCertificateAuthority authority, SecretServiceNames names, DateTimeOffset now)
    {
        try
        {
            CertificateFields leaf = CertificateFields.Read(der);
            authority.CheckValidity(now);
            CheckIssuerAndSignature(leaf, authority);
            ChainRules.CheckValidity(leaf, now, (isTooEarly, expected, found) => Failure(
                isTooEarly ? KeyExchangeChecks.CertificateNotYetValid : KeyExchangeChecks.CertificateExpired,
                isTooEarly ? "is not valid yet (or this machine's clock is wrong)" : "has expired (or this machine's clock is wrong)",
                expected,
                found));
            CheckExtensions(leaf);
            CheckNames(leaf, names);
            return EcdsaPublicKey.TryImport(leaf.SubjectPublicKeyInfo) ?? throw Failure(
                KeyExchangeChecks.CertificateKey,
                "has no ECDSA key on a supported curve",
                expected: "P-256, P-384 or P-521");
        }
        catch (AsnContentException)
        {
            throw Failure(KeyExchangeChecks.CertificateFormat, "is not a single DER certificate of version 3");
        }
    }

    private static void CheckIssuerAndSignature(CertificateFields leaf, MeshCertificateAuthority authority)
    {
        if (!ChainRules.NamesIssuer(leaf, authority.Certificate))
        {
            throw Failure(KeyExchangeChecks.CertificateIssuer, "does not name the attested mesh CA as its issuer");
        }

        HashAlgorithmName hash = SignatureAlgorithmReader.ReadEcdsaHash(leaf.InnerAlgorithm, leaf.OuterAlgorithm) ?? throw Failure(
            KeyExchangeChecks.CertificateAlgorithm,
            "has an unsupported signature algorithm, or names two different ones",
            expected: "ECDSA with SHA-256, SHA-384 or SHA-512");
        using EcdsaPublicKey? key = EcdsaPublicKey.TryImport(authority.Certificate.SubjectPublicKeyInfo);
        if (key is null || !key.Verify(CryptographicOperations.HashData(hash, leaf.ToBeSigned.Span), leaf.Signature))
        {
            throw Failure(KeyExchangeChecks.CertificateSignature, "is not signed by the attested mesh CA");
        }
    }

    private static void CheckExtensions(CertificateFields leaf)
    {
        foreach ((string identifier, CertificateExtension extension) in leaf.Extensions)
        {
            if (extension.Critical && !MeshCertificateAuthority.IsUnderstood(identifier))
            {
                throw Failure(KeyExchangeChecks.CertificateCriticalExtension, "has an unknown critical extension", found: identifier);
            }
        }

        if (leaf.Extensions.TryGetValue(CertificateExtension.ExtendedKeyUsage, out CertificateExtension? usage)
            && !usage.ReadMayServe())
        {
            throw Failure(KeyExchangeChecks.CertificateUsage, "is not permitted for a server", expected: "serverAuth or any");
        }
    }

    private static void CheckNames(CertificateFields leaf, SecretServiceNames names)
    {
        IReadOnlyList<string> found =
            leaf.Extensions.TryGetValue(CertificateExtension.SubjectAlternativeName, out CertificateExtension? alternatives)
                ? alternatives.ReadDnsNames()
                : [];
        if (!names.Match(found))
        {
            throw Failure(
                KeyExchangeChecks.CertificateName,
                "does not contain its name: another workload of the mesh may have answered",
                expected: $"{names}",
                found: found.Count == 0 ? "no DNS name" : PrintableText.Printable(string.Join(", ", found)));
        }
    }

    private static PrivatemodeVerificationException Failure(string check, string what, string? expected = null, string? found = null) =>
        PrivatemodeVerificationException.Create(
            check, $"The certificate of the secret service {what}. Nothing was encrypted to it; do not send anything.", expected, found);
}
