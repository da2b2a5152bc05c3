using Privatemode.AI.Attestation.Certificates;
using Privatemode.AI.Attestation.Sev;

namespace Privatemode.AI.Attestation.Contrast;

/// <summary>Finds out which downloaded documents are AMD's and belong to a report, whatever they say. Pure.</summary>
/// <remarks>
/// A document that is authentic may still be expired, or revoke a key: it is the one to judge by all the same, and an older one must not replace it.
/// Every method returns <see langword="null"/> for anything that is not authentic.
/// </remarks>
/// <param name="needs">The evidence.</param>
/// <param name="anchors">The root keys to trust.</param>
/// <param name="at">The time at which certificates must be valid.</param>
internal sealed class SnpDocuments(SnpCollateralNeeds needs, SevTrustAnchors anchors, DateTimeOffset at)
{
    /// <summary>Reads the version of the certificates above the chip's: that of the intermediate.</summary>
    /// <param name="chain">PEM: intermediate and root.</param>
    public DocumentVersion? FindChain(ReadOnlyMemory<byte> chain) => DocumentVersion.OfAuthentic(() =>
    {
        SnpCollateral given = Read(chain);
        using CertificateIssuer root = FindRoot(given);
        Certificate intermediate = Certificate.Parse(given.Intermediate, "AMD's intermediate key (ASK)");
        ChainRules.CheckIssuedBy(intermediate, root);
        return intermediate.ReadSubject().CommonName == $"SEV-{SnpProducts.Name(needs.Product)}"
            ? new DocumentVersion(intermediate.NotBefore, 0, intermediate.NotAfter)
            : null;
    });

    /// <summary>Reads the version of the certificate of the chip and the TCB that the report names.</summary>
    /// <param name="vcek">DER.</param>
    /// <param name="chain">What <see cref="FindChain"/> found authentic; not looked at if the evidence has these certificates.</param>
    public DocumentVersion? FindVcek(ReadOnlyMemory<byte> vcek, ReadOnlyMemory<byte> chain) => DocumentVersion.OfAuthentic(() =>
    {
        SnpCollateral given = Read(chain);
        VekCertificate certificate = VekCertificate.Parse(SevSnpMessage.ToDer(vcek));
        SnpReport report = SnpReport.Parse(needs.Message.Report);
        SnpVerifier.CheckKind(report, certificate);
        using SnpChain verified = SnpChain.Verify(certificate, given.Intermediate, given.Root, anchors, at);
        _ = SnpVerifier.CheckBinding(report, verified);
        return new DocumentVersion(certificate.Certificate.NotBefore, 0, certificate.Certificate.NotAfter);
    });

    /// <summary>Whether the report is signed with the certified key.</summary>
    /// <param name="vcek">What <see cref="FindVcek"/> found authentic.</param>
    public bool HasSigned(ReadOnlyMemory<byte> vcek)
    {
        try
        {
            needs.CheckSigner(vcek);
            return true;
        }
        catch (PrivatemodeVerificationException)
        {
            return false;
        }
    }

    /// <summary>Reads the version of the root's revocation list.</summary>
    /// <param name="list">DER.</param>
    /// <param name="chain">What <see cref="FindChain"/> found authentic; not looked at if the evidence has these certificates.</param>
    public DocumentVersion? FindRevocationList(ReadOnlyMemory<byte> list, ReadOnlyMemory<byte> chain) => DocumentVersion.OfAuthentic(() =>
    {
        using CertificateIssuer root = FindRoot(Read(chain));
        CertificateRevocationList parsed = CertificateRevocationList.Parse(list, "AMD's root key (ARK)");
        parsed.CheckSignedBy(root);
        return parsed.Version;
    });

    private SnpCollateral Read(ReadOnlyMemory<byte> chain)
    {
        SnpCollateral given = needs.Combine(chain, default);
        return given with { Intermediate = SevSnpMessage.ToDer(given.Intermediate), Root = SevSnpMessage.ToDer(given.Root) };
    }

    // The self-signature counts, although the key is pinned: name and key usage come from whoever sent the certificate.
    private CertificateIssuer FindRoot(SnpCollateral given)
    {
        Certificate root = Certificate.Parse(given.Root, "AMD's root key (ARK)");
        if (anchors.Find(root.SubjectPublicKeyInfoSha256()) != needs.Product)
        {
            throw SevFailure.Create(SevChecks.TrustAnchor, "The certificate chain does not end at the root key of the report's product line");
        }

        CertificateIssuer issuer = CertificateIssuer.WithRsa(root);
        try
        {
            ChainRules.CheckIssuedBy(root, issuer);
            return issuer;
        }
        catch (PrivatemodeVerificationException)
        {
            issuer.Dispose();
            throw;
        }
    }
}
