using Privatemode.AI.Attestation.Certificates;

namespace Privatemode.AI.Attestation.Sev;

/// <summary>AMD's intermediate and root, verified up to a pinned root key. Their validity at a time is checked when they are used.</summary>
internal sealed class SnpAuthorities : IDisposable
{
    private readonly CertificateIssuer _root;

    private SnpAuthorities(SnpProduct product, Certificate intermediate, CertificateIssuer root)
    {
        Product = product;
        Intermediate = intermediate;
        _root = root;
    }

    /// <summary>The product line of the pinned root.</summary>
    public SnpProduct Product { get; }

    public Certificate Intermediate { get; }

    public Certificate Root => _root.Certificate;

    /// <summary>Verifies the signatures of both certificates, each DER or PEM.</summary>
    /// <exception cref="PrivatemodeVerificationException">They do not lead to a pinned root.</exception>
    public static SnpAuthorities Verify(ReadOnlyMemory<byte> intermediate, ReadOnlyMemory<byte> root, SevTrustAnchors anchors)
    {
        Certificate rootCertificate = Certificate.Parse(Pem.ToDer(root), "AMD's root key (ARK)");
        byte[] fingerprint = rootCertificate.SubjectPublicKeyInfoSha256();
        SnpProduct product = anchors.Find(fingerprint) ?? throw SevExceptions.Collateral(
            SevChecks.TrustAnchor,
            "The certificate chain does not end at a known root key of AMD",
            string.Join(" or ", anchors.RootKeys.Values),
            Convert.ToHexStringLower(fingerprint));
        Certificate intermediateCertificate = Certificate.Parse(Pem.ToDer(intermediate), "AMD's intermediate key (ASK or ASVK)");
        CertificateIssuer issuer = CertificateIssuer.WithRsa(rootCertificate);
        try
        {
            // The self-signature is checked although the key is pinned: dates and constraints in the certificate would otherwise be the sender's.
            ChainRules.CheckIssuedBy(rootCertificate, issuer);
            ChainRules.CheckIssuedBy(intermediateCertificate, issuer);
            return new SnpAuthorities(product, intermediateCertificate, issuer);
        }
        catch
        {
            issuer.Dispose();
            throw;
        }
    }

    /// <summary>Refuses a signing key's certificate that the intermediate did not issue, and a chain that is not valid at a time.</summary>
    public void CheckIssued(VekCertificate vek, DateTimeOffset at)
    {
        using (CertificateIssuer issuer = CertificateIssuer.WithRsa(Intermediate))
        {
            ChainRules.CheckIssuedBy(vek.Certificate, issuer);
        }

        CheckValidity(vek, at);
    }

    /// <summary>Refuses a chain that is not valid at a time. It must have been checked before that the intermediate issued the certificate of the signing
    /// key.</summary>
    public void CheckValidity(VekCertificate vek, DateTimeOffset at)
    {
        CheckValidity(at);
        ChainRules.CheckValidity(vek.Certificate, at);
    }

    /// <summary>Refuses intermediate and root outside of their validity, and a root with the name of another product line.</summary>
    public void CheckValidity(DateTimeOffset at)
    {
        ChainRules.CheckValidity(Root, at);
        ChainRules.CheckValidity(Intermediate, at);
        string name = $"ARK-{SnpProducts.Name(Product)}";
        if (Root.ReadSubject().CommonName != name)
        {
            throw SevExceptions.Collateral(SevChecks.RootName, "The root key has the name of a different product line", name);
        }
    }

    /// <summary>Checks that the root signed the revocation list, that the list has not expired, and that it contains neither the intermediate nor the root
    /// certificate. The list cannot contain VEK certificates, because all of them have the serial number 0.</summary>
    /// <returns>The verified list.</returns>
    public CertificateRevocationList CheckRevocation(ReadOnlyMemory<byte> crl, DateTimeOffset at)
    {
        if (crl.IsEmpty)
        {
            throw SevExceptions.Collateral(SevChecks.RevocationListMissing, "A revocation list that AMD's root key signed is missing");
        }

        CertificateRevocationList list = CertificateRevocationList.Parse(crl, Root.Holder);
        list.Verify(_root, at);
        ChainRules.CheckNotRevoked(Root, list);
        ChainRules.CheckNotRevoked(Intermediate, list);
        return list;
    }

    /// <summary>Reads a list that the root has signed, regardless of its content and of whether it is current.</summary>
    public CertificateRevocationList ReadRevocationList(ReadOnlyMemory<byte> crl)
    {
        CertificateRevocationList list = CertificateRevocationList.Parse(crl, Root.Holder);
        list.CheckSignedBy(_root);
        return list;
    }

    public void Dispose() => _root.Dispose();
}
