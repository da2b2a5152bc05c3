using Privatemode.AI.Attestation.Certificates;

namespace Privatemode.AI.Attestation.Tdx;

/// <summary>The roots of the chains of one verification: each judged once, all with the same key.</summary>
internal sealed class IntelRoots(TdxTrustAnchors anchors, DateTimeOffset at) : IDisposable
{
    private const string CommonName = "Intel SGX Root CA";
    private readonly List<CertificateIssuer> _accepted = [];

    /// <summary>When the first of the accepted certificates expires.</summary>
    public DateTimeOffset NotAfter => _accepted.Min(root => root.Certificate.NotAfter);

    /// <summary>Judges the last certificate of a chain.</summary>
    /// <exception cref="PrivatemodeVerificationException">It is not a trusted root, or not the root of the chains before.</exception>
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
            // The key is pinned; that it signed this certificate makes the dates and the constraints in it Intel's.
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
            throw CertificateFailure.Create(
                CertificateChecks.TrustAnchor,
                root.Holder,
                "is not under a trusted key",
                found: $"key with SHA-256 {TdxFailure.Hex(root.SubjectPublicKeyInfoSha256())}");
        }

        // Several keys may be trusted, but one root's revocation list says nothing about what another root has issued.
        if (_accepted.Count > 0 && !_accepted[0].Certificate.SubjectPublicKeyInfo.Span.SequenceEqual(root.SubjectPublicKeyInfo.Span))
        {
            throw TdxFailure.Collateral(TdxChecks.SameRoot, "The collateral is not under the root of the quote");
        }
    }
}
