using Privatemode.AI.Attestation.Certificates;

namespace Privatemode.AI.Attestation.Sev;

/// <summary>A signing key whose certificate was issued by a pinned root, by way of one intermediate. Disposed after the revocation check.</summary>
internal sealed class SnpChain : IDisposable
{
    private readonly CertificateIssuer _root;

    private SnpChain(SnpProduct product, VekCertificate vek, Certificate intermediate, CertificateIssuer root)
    {
        Product = product;
        Vek = vek;
        Intermediate = intermediate;
        _root = root;
    }

    /// <summary>The product line of the pinned root.</summary>
    public SnpProduct Product { get; }

    public VekCertificate Vek { get; }

    public Certificate Intermediate { get; }

    public Certificate Root => _root.Certificate;

    /// <summary>Verifies the three certificates at a time. Revocation is not looked at: <see cref="CheckRevocation"/>.</summary>
    /// <exception cref="PrivatemodeVerificationException">The chain does not lead to a pinned root, or not at that time.</exception>
    public static SnpChain Verify(
        VekCertificate vek, ReadOnlyMemory<byte> intermediateDer, ReadOnlyMemory<byte> rootDer, SevTrustAnchors anchors, DateTimeOffset at)
    {
        (SnpProduct product, Certificate intermediate, CertificateIssuer root) = ReadAuthorities(intermediateDer, rootDer, anchors);
        try
        {
            CheckIssuers(intermediate, root);
            using (CertificateIssuer issuer = CertificateIssuer.WithRsa(intermediate))
            {
                ChainRules.CheckIssuedBy(vek.Certificate, issuer);
            }

            CheckAuthorities(intermediate, root.Certificate, product, at);
            ChainRules.CheckValidity(vek.Certificate, at);
            return new SnpChain(product, vek, intermediate, root);
        }
        catch
        {
            root.Dispose();
            throw;
        }
    }

    /// <summary>Verifies intermediate and root alone: what fails under these is then the fault of the signing key's certificate.</summary>
    /// <returns>The product line of the pinned root.</returns>
    /// <exception cref="PrivatemodeVerificationException">They do not lead to a pinned root, or not at that time.</exception>
    public static SnpProduct VerifyAuthorities(
        ReadOnlyMemory<byte> intermediateDer, ReadOnlyMemory<byte> rootDer, SevTrustAnchors anchors, DateTimeOffset at)
    {
        (SnpProduct product, Certificate intermediate, CertificateIssuer root) = ReadAuthorities(intermediateDer, rootDer, anchors);
        using (root)
        {
            CheckIssuers(intermediate, root);
            CheckAuthorities(intermediate, root.Certificate, product, at);
            return product;
        }
    }

    /// <summary>Refuses a list that is not the root's or stale, and an intermediate or root that it names. VEKs have the serial number 0.</summary>
    /// <returns>The list, verified.</returns>
    /// <exception cref="PrivatemodeVerificationException">The list is missing or wrong, or names one of them.</exception>
    public CertificateRevocationList CheckRevocation(ReadOnlyMemory<byte> crl, DateTimeOffset at)
    {
        if (crl.IsEmpty)
        {
            throw SevExceptions.Collateral(SevChecks.RevocationListMissing, "There is no revocation list of AMD's root key");
        }

        CertificateRevocationList list = CertificateRevocationList.Parse(crl, "AMD's root key (ARK)");
        list.Verify(_root, at);
        ChainRules.CheckNotRevoked(Root, list);
        ChainRules.CheckNotRevoked(Intermediate, list);
        return list;
    }

    public void Dispose() => _root.Dispose();

    private static (SnpProduct Product, Certificate Intermediate, CertificateIssuer Root) ReadAuthorities(
        ReadOnlyMemory<byte> intermediateDer, ReadOnlyMemory<byte> rootDer, SevTrustAnchors anchors)
    {
        Certificate root = Certificate.Parse(rootDer, "AMD's root key (ARK)");
        byte[] fingerprint = root.SubjectPublicKeyInfoSha256();
        SnpProduct product = anchors.Find(fingerprint) ?? throw SevExceptions.Collateral(
            SevChecks.TrustAnchor,
            "The certificate chain does not end at a root key of AMD that we know",
            string.Join(" or ", anchors.RootKeys.Values),
            Convert.ToHexStringLower(fingerprint));
        return (product, Certificate.Parse(intermediateDer, "AMD's intermediate key (ASK or ASVK)"), CertificateIssuer.WithRsa(root));
    }

    // The self-signature counts, although the key is pinned: the dates and constraints beside the key come from whoever sent them.
    private static void CheckIssuers(Certificate intermediate, CertificateIssuer root)
    {
        ChainRules.CheckIssuedBy(root.Certificate, root);
        ChainRules.CheckIssuedBy(intermediate, root);
    }

    private static void CheckAuthorities(Certificate intermediate, Certificate root, SnpProduct product, DateTimeOffset at)
    {
        ChainRules.CheckValidity(root, at);
        ChainRules.CheckValidity(intermediate, at);
        CheckRootName(root, product);
    }

    private static void CheckRootName(Certificate root, SnpProduct product)
    {
        if (root.ReadSubject().CommonName != $"ARK-{SnpProducts.Name(product)}")
        {
            throw SevExceptions.Collateral(
                SevChecks.RootName, "The root key has the name of another product line", $"ARK-{SnpProducts.Name(product)}");
        }
    }
}
