using System.Formats.Asn1;
using System.Security.Cryptography;
using Privatemode.AI.Internal;

namespace Privatemode.AI.KeyExchange;

// The rules are those of the reference (Go's x509.Verify with the mesh CA as the only root and no intermediate), restated:
// signed directly by the CA, both valid now, no unknown critical extension, usable by a server, an ECDSA key. The leaf's key usage is not
// looked at. One rule is added: the reference does not look at names, so that every workload of the mesh passes as the secret service.
// X509Chain is not used: it differs from these rules and may fetch from the network.

/// <summary>Judges the certificate that the secret service shows.</summary>
internal static class MeshCertificate
{
    private const string EcdsaWithSha256 = "1.2.840.10045.4.3.2"; // RFC 5758, section 3.2
    private const string EcdsaWithSha384 = "1.2.840.10045.4.3.3";
    private const string EcdsaWithSha512 = "1.2.840.10045.4.3.4";

    /// <summary>Verifies a certificate and hands out its key.</summary>
    /// <param name="der">One DER certificate, nothing after it.</param>
    /// <param name="authority">The attested mesh CA.</param>
    /// <param name="names">How it must be named.</param>
    /// <param name="now">The time at which both must be valid.</param>
    /// <exception cref="PrivatemodeVerificationException">The certificate does not prove that its key is the secret service's.</exception>
    public static EcdsaPublicKey Verify(ReadOnlyMemory<byte> der, MeshCertificateAuthority authority, SecretServiceNames names, DateTimeOffset now)
    {
        try
        {
            MeshCertificateFields leaf = MeshCertificateFields.Parse(der);
            authority.CheckValidity(now);
            CheckIssuerAndSignature(leaf, authority);
            CheckValidity(leaf, now);
            CheckExtensions(leaf);
            CheckNames(leaf, names);
            return EcdsaPublicKey.TryImport(leaf.PublicKey) ?? throw Failure(
                KeyExchangeChecks.CertificateKey,
                "has no ECDSA key on a known curve",
                expected: "P-256, P-384 or P-521");
        }
        catch (AsnContentException)
        {
            throw Failure(KeyExchangeChecks.CertificateFormat, "is not a single DER certificate of version 3");
        }
    }

    private static void CheckIssuerAndSignature(MeshCertificateFields leaf, MeshCertificateAuthority authority)
    {
        if (!leaf.Issuer.Span.SequenceEqual(authority.Subject.Span))
        {
            throw Failure(KeyExchangeChecks.CertificateIssuer, "does not name the attested mesh CA as its issuer");
        }

        // Equal as bytes: otherwise the algorithm that is used is not the one that was signed.
        bool sameAlgorithm = leaf.InnerAlgorithm.Span.SequenceEqual(leaf.OuterAlgorithm.Span);
        byte[]? digest = sameAlgorithm ? HashWith(leaf.InnerAlgorithm, leaf.ToBeSigned.Span) : null;
        if (digest is null)
        {
            throw Failure(
                KeyExchangeChecks.CertificateAlgorithm,
                "is signed with an unknown algorithm, or names two",
                expected: "ECDSA with SHA-256, SHA-384 or SHA-512");
        }

        using EcdsaPublicKey? key = EcdsaPublicKey.TryImport(authority.PublicKey);
        if (key is null || !key.Verify(digest, leaf.Signature))
        {
            throw Failure(KeyExchangeChecks.CertificateSignature, "is not signed by the attested mesh CA");
        }
    }

    // Null for an unknown algorithm. RFC 5758: the parameters must be absent.
    private static byte[]? HashWith(ReadOnlyMemory<byte> algorithmIdentifier, ReadOnlySpan<byte> toBeSigned)
    {
        AsnReader algorithm = new AsnReader(algorithmIdentifier, AsnEncodingRules.DER).ReadSequence();
        string identifier = algorithm.ReadObjectIdentifier();
        return (algorithm.HasData, identifier) switch
        {
            (false, EcdsaWithSha256) => SHA256.HashData(toBeSigned),
            (false, EcdsaWithSha384) => SHA384.HashData(toBeSigned),
            (false, EcdsaWithSha512) => SHA512.HashData(toBeSigned),
            _ => null,
        };
    }

    private static void CheckValidity(MeshCertificateFields leaf, DateTimeOffset now)
    {
        if (now < leaf.NotBefore)
        {
            throw Failure(
                KeyExchangeChecks.CertificateNotYetValid,
                "is not valid yet (or this machine's clock is wrong)",
                expected: $"not before {leaf.NotBefore:u}",
                found: $"{now:u}");
        }

        if (now > leaf.NotAfter)
        {
            throw Failure(
                KeyExchangeChecks.CertificateExpired,
                "has expired (or this machine's clock is wrong)",
                expected: $"not after {leaf.NotAfter:u}",
                found: $"{now:u}");
        }
    }

    private static void CheckExtensions(MeshCertificateFields leaf)
    {
        foreach ((string identifier, MeshCertificateExtension extension) in leaf.Extensions)
        {
            if (extension.Critical && !MeshCertificateExtension.IsUnderstood(identifier))
            {
                throw Failure(KeyExchangeChecks.CertificateCriticalExtension, "has an unknown critical extension", found: identifier);
            }
        }

        if (leaf.Extensions.TryGetValue(MeshCertificateExtension.ExtendedKeyUsage, out MeshCertificateExtension? usage)
            && !usage.ReadMayServe())
        {
            throw Failure(KeyExchangeChecks.CertificateUsage, "may not be used by a server", expected: "serverAuth or any");
        }
    }

    private static void CheckNames(MeshCertificateFields leaf, SecretServiceNames names)
    {
        IReadOnlyList<string> found =
            leaf.Extensions.TryGetValue(MeshCertificateExtension.SubjectAlternativeName, out MeshCertificateExtension? alternatives)
                ? alternatives.ReadDnsNames()
                : [];
        if (!names.Match(found))
        {
            throw Failure(
                KeyExchangeChecks.CertificateName,
                "does not carry its name: another workload of the mesh may have answered",
                expected: $"{names}",
                found: found.Count == 0 ? "no DNS name" : ForeignText.Printable(string.Join(", ", found)));
        }
    }

    private static PrivatemodeVerificationException Failure(string check, string what, string? expected = null, string? found = null) =>
        new(check, $"The certificate of the secret service {what}. Nothing was encrypted to it; do not send anything.")
        {
            Expected = expected,
            Found = found,
        };
}
