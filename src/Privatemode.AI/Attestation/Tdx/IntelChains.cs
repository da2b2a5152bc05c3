using System.Security.Cryptography;
using Privatemode.AI.Attestation.Certificates;

namespace Privatemode.AI.Attestation.Tdx;

/// <summary>The chain in a quote: the platform's provisioning certification key (PCK), its CA and the root.</summary>
internal sealed class PckChain : IDisposable
{
    /// <summary>Common name of the CA of every platform that can run trust domains; the CA of single-socket SGX is not accepted.</summary>
    public const string PlatformCa = "Intel SGX PCK Platform CA";

    /// <summary>The holder of the second certificate, for messages.</summary>
    public const string AuthorityHolder = "the PCK platform CA";

    private const string LeafName = "Intel SGX PCK Certificate";
    private const string LeafHolder = "the PCK key";

    private PckChain(Certificate leaf, CertificateIssuer authority, CertificateIssuer root, PckExtensions extensions)
    {
        Leaf = leaf;
        Authority = authority;
        Root = root;
        Extensions = extensions;
    }

    public Certificate Leaf { get; }

    public CertificateIssuer Authority { get; }

    /// <summary>The root CA, which <see cref="IntelRoots"/> disposes.</summary>
    public CertificateIssuer Root { get; }

    /// <summary>The leaf's information about the platform.</summary>
    public PckExtensions Extensions { get; }

    /// <summary>Verifies the chain in a quote, except for revocation.</summary>
    /// <exception cref="PrivatemodeVerificationException">The chain does not lead to a trusted root.</exception>
    public static PckChain Verify(TdxQuote quote, IntelRoots roots, DateTimeOffset at)
    {
        Certificate[] chain = Read(quote);
        CertificateIssuer root = roots.Accept(chain[2]);
        ChainRules.CheckIssuedBy(chain[1], root);
        CertificateIssuer authority = CertificateIssuer.WithP256(chain[1]);
        try
        {
            ChainRules.CheckIssuedBy(chain[0], authority);
            CheckValidity(chain[1], chain[0], at);
            return new PckChain(chain[0], authority, root, ReadExtensions(chain[0]));
        }
        catch (PrivatemodeVerificationException)
        {
            authority.Dispose();
            throw;
        }
    }

    /// <summary>Refuses the CA and leaf certificates outside of their validity. <see cref="IntelRoots"/> checks the root.</summary>
    public void CheckValidity(DateTimeOffset at) => CheckValidity(Authority.Certificate, Leaf, at);

    /// <summary>Refuses the chain if one of its certificates is revoked, or if that cannot be determined.</summary>
    /// <param name="pckCrl">The list of the PCK CA; it has been verified.</param>
    /// <param name="rootCrl">The list of the root; it has been verified.</param>
    public void CheckNotRevoked(CertificateRevocationList pckCrl, CertificateRevocationList rootCrl)
    {
        ChainRules.CheckNotRevoked(Authority.Certificate, rootCrl);
        ChainRules.CheckNotRevoked(Leaf, pckCrl);
    }

    /// <summary>Refuses a PCK CRL that was returned with the chain of a CA other than the one in the quote.</summary>
    /// <param name="pem">The chain of the answer, CA and root; empty if it is not known.</param>
    public void CheckCrlChain(ReadOnlySpan<byte> pem, IntelRoots roots, DateTimeOffset at)
    {
        if (pem.IsEmpty)
        {
            return;
        }

        Certificate[] chain = PemChain.Read(pem, TdxChecks.PckCrlChain, [AuthorityHolder, PemChain.RootHolder]);
        CertificateIssuer root = roots.Accept(chain[1]);
        Certificate authority = Authority.Certificate;
        if (authority.Raw.Span.SequenceEqual(chain[0].Raw.Span))
        {
            return;
        }

        // The CA may have two certificates, but it has one key: the list is verified with that of the quote.
        if (!authority.SubjectPublicKeyInfo.Span.SequenceEqual(chain[0].SubjectPublicKeyInfo.Span))
        {
            throw TdxExceptions.Collateral(TdxChecks.PckCrlChain, "The revocation list of PCK keys comes from a different CA than the quote");
        }

        ChainRules.CheckIssuedBy(chain[0], root);
        ChainRules.CheckValidity(chain[0], at);
    }

    public void Dispose() => Authority.Dispose();

    private static void CheckValidity(Certificate authority, Certificate leaf, DateTimeOffset at)
    {
        ChainRules.CheckValidity(authority, at);
        ChainRules.CheckValidity(leaf, at);
    }

    private static Certificate[] Read(TdxQuote quote)
    {
        // Quoting libraries pass the chain on as a C string, with the zero byte at its end.
        ReadOnlySpan<byte> pem = quote.PckChain.Span;
        pem = pem is [.., 0] ? pem[..^1] : pem;
        Certificate[] chain = PemChain.Read(pem, TdxChecks.PckChain, [LeafHolder, AuthorityHolder, PemChain.RootHolder]);
        PemChain.CheckRole(chain[0], LeafName, TdxChecks.PckRole);
        PemChain.CheckRole(chain[1], PlatformCa, TdxChecks.PckRole);
        return chain;
    }

    private static PckExtensions ReadExtensions(Certificate leaf) =>
        leaf.Extensions.TryGetValue(PckExtensions.ObjectIdentifier, out CertificateExtension? extension)
            ? PckExtensions.Parse(extension.Value)
            : throw TdxExceptions.Quote(TdxChecks.PckExtension, "has a PCK certificate that does not name its platform");
}

/// <summary>Reads a chain of a fixed length in PEM.</summary>
internal static class PemChain
{
    public const string RootHolder = "the Intel SGX root";

    /// <summary>Reads exactly as many certificates as there are holders, in this order.</summary>
    /// <param name="check">The check that fails if there are more or fewer.</param>
    /// <param name="holders">The expected holders, for messages.</param>
    public static Certificate[] Read(ReadOnlySpan<byte> pem, string check, ReadOnlySpan<string> holders)
    {
        IReadOnlyList<ReadOnlyMemory<byte>> blocks;
        try
        {
            blocks = Pem.ReadCertificates(pem, holders.Length);
        }
        catch (PrivatemodeVerificationException exception)
        {
            throw TdxExceptions.Collateral(check, $"The chain of {holders[0]} is not in PEM", exception.Expected);
        }

        if (blocks.Count != holders.Length)
        {
            throw TdxExceptions.Collateral(
                check, $"The chain of {holders[0]} is incomplete", $"{holders.Length} certificates", $"{blocks.Count} certificates");
        }

        Certificate[] certificates = new Certificate[holders.Length];
        for (int i = 0; i < certificates.Length; i++)
        {
            certificates[i] = Certificate.Parse(blocks[i], holders[i]);
        }

        return certificates;
    }

    /// <summary>Refuses a certificate that was issued for another purpose, possibly by the same CA.</summary>
    public static void CheckRole(Certificate certificate, string commonName, string check)
    {
        string? found = certificate.ReadSubject().CommonName;
        if (found != commonName)
        {
            throw CertificateExceptions.Create(check, certificate.Holder, "was issued for another purpose", commonName);
        }
    }
}

/// <summary>The roots of the chains of one verification: each is verified once, and all must have the same key.</summary>
internal sealed class IntelRoots(TdxTrustAnchors anchors, DateTimeOffset at) : IDisposable
{
    private const string CommonName = "Intel SGX Root CA";
    private readonly List<CertificateIssuer> _accepted = [];

    /// <summary>The time at which the first of the accepted certificates expires.</summary>
    public DateTimeOffset NotAfter => _accepted.Min(root => root.Certificate.NotAfter);

    /// <summary>Verifies the last certificate of a chain.</summary>
    /// <exception cref="PrivatemodeVerificationException">It is not a trusted root, or differs from the root of the earlier chains.</exception>
    public CertificateIssuer Accept(Certificate root)
    {
        foreach (CertificateIssuer known in _accepted)
        {
            if (known.Certificate.Raw.Span.SequenceEqual(root.Raw.Span))
            {
                return known;
            }
        }

        CheckKey(root);
        ChainRules.CheckValidity(root, at);
        CertificateIssuer issuer = CertificateIssuer.WithP256(root);
        try
        {
            // The key is pinned; its signature on this certificate proves that the dates and constraints in it are Intel's.
            ChainRules.CheckIssuedBy(root, issuer);
        }
        catch (PrivatemodeVerificationException)
        {
            issuer.Dispose();
            throw;
        }

        _accepted.Add(issuer);
        return issuer;
    }

    public void Dispose() => _accepted.ForEach(root => root.Dispose());

    private void CheckKey(Certificate root)
    {
        if (root.ReadSubject().CommonName != CommonName || !anchors.Trusts(root))
        {
            throw CertificateExceptions.Create(
                CertificateChecks.TrustAnchor,
                root.Holder,
                "does not have a trusted key",
                found: $"key with SHA-256 {Convert.ToHexStringLower(root.SubjectPublicKeyInfoSha256())}");
        }

        // Several keys may be trusted, but one root's revocation list does not cover certificates of another root.
        if (_accepted.Count > 0 && !_accepted[0].Certificate.SubjectPublicKeyInfo.Span.SequenceEqual(root.SubjectPublicKeyInfo.Span))
        {
            throw TdxExceptions.Collateral(TdxChecks.SameRoot, "The collateral and the quote have different root certificates");
        }
    }
}

/// <summary>The certificate that signs Intel's JSON documents, and its key.</summary>
internal sealed class CollateralSigner(Certificate certificate, ECDsa key) : IDisposable
{
    private const string CommonName = "Intel SGX TCB Signing";
    private const string Holder = "Intel's TCB signing key";

    public Certificate Certificate { get; } = certificate;

    /// <summary>Verifies the chain that came with a document, except for revocation.</summary>
    /// <param name="pem">Signing certificate and root.</param>
    /// <param name="at">The time at which the certificate must be valid. The signature does not show this, because Intel renewed the certificate with the same
    /// key.</param>
    /// <param name="chainCheck">The check that fails if the chain does not have this form.</param>
    /// <param name="roleCheck">The check that fails if the certificate is for another purpose, such as a PCK key.</param>
    /// <exception cref="PrivatemodeVerificationException">It is not the chain of Intel's signer of collateral.</exception>
    public static CollateralSigner Verify(ReadOnlySpan<byte> pem, IntelRoots roots, DateTimeOffset at, string chainCheck, string roleCheck)
    {
        Certificate[] chain = PemChain.Read(pem, chainCheck, [Holder, PemChain.RootHolder]);
        PemChain.CheckRole(chain[0], CommonName, roleCheck);
        ChainRules.CheckIssuedBy(chain[0], roots.Accept(chain[1]));
        ChainRules.CheckValidity(chain[0], at);
        return new CollateralSigner(chain[0], SubjectKeys.ImportP256(chain[0]));
    }

    public void CheckSignature(SignedDocument document, string name, string check)
    {
        if (!QuoteSignatures.Verify(key, document.SignedBytes, document.Signature))
        {
            throw TdxExceptions.Collateral(check, $"Intel's {name} is not signed by Intel's TCB signing key");
        }
    }

    public void Dispose() => key.Dispose();
}

/// <summary>The trusted root keys for TDX evidence and collateral: SHA-256 of the SubjectPublicKeyInfo of each.</summary>
/// <remarks>The key is pinned, not the certificate: Intel has issued two certificates for it, and quotes contain either. The name is not used.</remarks>
internal sealed class TdxTrustAnchors(IReadOnlyList<byte[]> rootKeys)
{
    // Intel SGX Root CA, 2018-05-21 to 2049-12-31 (serial 22650cd6…06ac) and the older one to 2033-05-21; both in Intel's own
    // repositories and, byte for byte, in twelve public verifiers; looked up 2026-11.
    private const string IntelSgxRootCa = "a0af031289f5d5d4132f9186068a7fc13628633ba235777472e29b6b6c67a49e";

    /// <summary>Intel's production root.</summary>
    public static TdxTrustAnchors Production { get; } = new([Convert.FromHexString(IntelSgxRootCa)]);

    /// <summary>Whether a certificate has one of the keys.</summary>
    public bool Trusts(Certificate root)
    {
        byte[] key = root.SubjectPublicKeyInfoSha256();
        return rootKeys.Any(trusted => trusted.AsSpan().SequenceEqual(key));
    }
}
