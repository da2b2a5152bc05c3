using Privatemode.AI.Attestation.Certificates;

namespace Privatemode.AI.Attestation.Tdx;

/// <summary>Finds out which downloaded documents are Intel's and belong to a quote, whatever they say. Pure.</summary>
/// <remarks>
/// A document that is authentic may still be expired, or say that the platform is revoked: it is the one to judge by all the same, and an older one
/// must not replace it. Every method returns <see langword="null"/> for anything that is not authentic.
/// </remarks>
/// <param name="quote">The quote; if its chain does not lead to a trusted root, nothing belongs to it.</param>
/// <param name="anchors">The root keys to trust.</param>
/// <param name="at">The time at which certificates must be valid.</param>
internal sealed class TdxDocuments(ReadOnlyMemory<byte> quote, TdxTrustAnchors anchors, DateTimeOffset at)
{
    /// <summary>Reads the version of a TCB info about the quote's platform.</summary>
    /// <param name="body">JSON.</param>
    /// <param name="issuers">PEM: signing certificate and root.</param>
    public DocumentVersion? FindTcbInfo(ReadOnlyMemory<byte> body, ReadOnlyMemory<byte> issuers) => DocumentVersion.OfAuthentic(() =>
    {
        using IntelRoots roots = new(anchors, at);
        using PckChain chain = PckChain.Verify(TdxQuote.Parse(quote), roots, at);
        using CollateralSigner signer = CollateralSigner.Verify(issuers.Span, roots, at, TdxChecks.TcbInfoChain, TdxChecks.TcbInfoSigner);
        TcbInfo tcbInfo = TcbInfo.ReadSigned(body, signer);
        tcbInfo.CheckBelongsTo(chain.Extensions);
        return new DocumentVersion(tcbInfo.IssueDate, tcbInfo.EvaluationDataNumber, tcbInfo.NextUpdate);
    });

    /// <summary>Reads the version of a QE identity.</summary>
    /// <param name="body">JSON.</param>
    /// <param name="issuers">PEM: signing certificate and root.</param>
    public DocumentVersion? FindQeIdentity(ReadOnlyMemory<byte> body, ReadOnlyMemory<byte> issuers) => DocumentVersion.OfAuthentic(() =>
    {
        using IntelRoots roots = new(anchors, at);
        using CollateralSigner signer = CollateralSigner.Verify(issuers.Span, roots, at, TdxChecks.QeIdentityChain, TdxChecks.QeIdentitySigner);
        QeIdentity identity = QeIdentity.ReadSigned(body, signer);
        return new DocumentVersion(identity.IssueDate, identity.EvaluationDataNumber, identity.NextUpdate);
    });

    /// <summary>Reads the version of the revocation list of the CA that issued the quote's PCK certificate.</summary>
    /// <param name="list">DER.</param>
    /// <param name="issuers">PEM: CA and root; may be empty.</param>
    public DocumentVersion? FindPckCrl(ReadOnlyMemory<byte> list, ReadOnlyMemory<byte> issuers) => DocumentVersion.OfAuthentic(() =>
    {
        using IntelRoots roots = new(anchors, at);
        using PckChain chain = PckChain.Verify(TdxQuote.Parse(quote), roots, at);
        chain.CheckCrlChain(issuers.Span, roots, at);
        return VersionOf(list, PckChain.AuthorityHolder, chain.Authority);
    });

    /// <summary>Reads the version of the root's revocation list.</summary>
    /// <param name="list">DER.</param>
    public DocumentVersion? FindRootCrl(ReadOnlyMemory<byte> list) => DocumentVersion.OfAuthentic(() =>
    {
        using IntelRoots roots = new(anchors, at);
        using PckChain chain = PckChain.Verify(TdxQuote.Parse(quote), roots, at);
        return VersionOf(list, PemChain.RootHolder, chain.Root);
    });

    private static DocumentVersion? VersionOf(ReadOnlyMemory<byte> der, string issuedBy, CertificateIssuer issuer)
    {
        CertificateRevocationList list = CertificateRevocationList.Parse(der, issuedBy);
        list.CheckSignedBy(issuer);
        return list.Version;
    }
}
