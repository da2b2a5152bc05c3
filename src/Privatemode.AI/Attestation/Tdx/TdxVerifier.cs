using System.Text;
using Privatemode.AI.Attestation.Certificates;

namespace Privatemode.AI.Attestation.Tdx;

/// <summary>Verifies that a quote is authentic at a given time. Pure: the result depends only on the arguments.</summary>
internal static class TdxVerifier
{
    /// <summary>Verifies a quote with its collateral: chains, signatures, revocation, and Intel's findings about the platform's state.</summary>
    /// <param name="signed">The quote, whose chain may have been verified at an earlier time.</param>
    /// <param name="collateral">Intel's collateral; it must not change during the call.</param>
    /// <exception cref="PrivatemodeVerificationException">The verification failed; the exception names the check.</exception>
    public static VerifiedTdxQuote Verify(SignedQuote signed, TdxCollateral collateral, DateTimeOffset at)
    {
        using IntelRoots roots = signed.BeginRoots(at);
        PckChain chain = signed.Chain;

        bool sameChain = collateral.TcbInfoChain.Span.SequenceEqual(collateral.QeIdentityChain.Span);
        using CollateralSigner tcbInfoSigner = CollateralSigner.Verify(
            collateral.TcbInfoChain.Span, roots, at, TdxChecks.TcbInfoChain, TdxChecks.TcbInfoSigner);
        using CollateralSigner? otherSigner = sameChain ? null : CollateralSigner.Verify(
            collateral.QeIdentityChain.Span, roots, at, TdxChecks.QeIdentityChain, TdxChecks.QeIdentitySigner);
        TcbInfo tcbInfo = TcbInfo.ReadSigned(collateral.TcbInfo, tcbInfoSigner);
        tcbInfo.CheckDates(at);
        QeIdentity qeIdentity = QeIdentity.ReadSigned(collateral.QeIdentity, otherSigner ?? tcbInfoSigner);
        qeIdentity.CheckDates(at);
        tcbInfo.CheckBelongsTo(chain.Extensions);

        chain.CheckCrlChain(collateral.PckCrlChain.Span, roots, at);
        CertificateRevocationList rootCrl = ReadCrl(collateral.RootCrl, PemChain.RootHolder, chain.Root, at);
        CertificateRevocationList pckCrl = ReadCrl(collateral.PckCrl, PckChain.AuthorityHolder, chain.Authority, at);
        chain.CheckNotRevoked(pckCrl, rootCrl);
        ChainRules.CheckNotRevoked(tcbInfoSigner.Certificate, rootCrl);
        ChainRules.CheckNotRevoked((otherSigner ?? tcbInfoSigner).Certificate, rootCrl);

        TcbEvaluation tcb = TcbEvaluation.Evaluate(signed.Quote, chain.Extensions, tcbInfo, qeIdentity);
        NewestTcbEvaluation newest = NewestTcbEvaluation.Evaluate(signed.Quote, chain.Extensions, collateral, (tcbInfo, qeIdentity, tcb), (roots, rootCrl), at);
        CollateralPeriod pckCrlPeriod = PeriodOf(pckCrl);
        CollateralPeriod rootCrlPeriod = PeriodOf(rootCrl);
        DateTimeOffset validUntil = Earliest(
            tcbInfo.NextUpdate,
            (newest.TcbInfo ?? tcbInfo).NextUpdate,
            qeIdentity.NextUpdate,
            pckCrlPeriod.Until,
            rootCrlPeriod.Until,
            chain.Leaf.NotAfter,
            chain.Authority.Certificate.NotAfter,
            roots.NotAfter,
            tcbInfoSigner.Certificate.NotAfter,
            (otherSigner ?? tcbInfoSigner).Certificate.NotAfter);
        return new VerifiedTdxQuote(signed.Quote, chain.Extensions, tcb, tcbInfo, qeIdentity, pckCrlPeriod, rootCrlPeriod, validUntil)
        {
            Newest = newest,
        };
    }

    private static CertificateRevocationList ReadCrl(ReadOnlyMemory<byte> der, string issuedBy, CertificateIssuer issuer, DateTimeOffset at)
    {
        CertificateRevocationList list = CertificateRevocationList.Parse(der, issuedBy);
        list.Verify(issuer, at);
        return list;
    }

    // A list without nextUpdate has been refused.
    private static CollateralPeriod PeriodOf(CertificateRevocationList list) => new(list.ThisUpdate, list.NextUpdate.GetValueOrDefault());

    private static DateTimeOffset Earliest(params ReadOnlySpan<DateTimeOffset> times)
    {
        DateTimeOffset earliest = times[0];
        foreach (DateTimeOffset time in times)
        {
            earliest = time < earliest ? time : earliest;
        }

        return earliest;
    }
}

/// <summary>A quote that a genuine TDX platform created, and Intel's status of that platform. The policy decides whether it is acceptable.</summary>
/// <param name="Quote">The quote, with the CPU's report.</param>
/// <param name="Tcb">Intel's findings about the platform, the module and the quoting enclave. Never revoked.</param>
/// <param name="PckCrl">The validity of the PCK CRL.</param>
/// <param name="RootCrl">The validity of the root's CRL.</param>
/// <param name="ValidUntil">The time at which the first certificate or collateral expires.</param>
internal sealed record VerifiedTdxQuote(
    TdxQuote Quote,
    PckExtensions Platform,
    TcbEvaluation Tcb,
    TcbInfo TcbInfo,
    QeIdentity QeIdentity,
    CollateralPeriod PckCrl,
    CollateralPeriod RootCrl,
    DateTimeOffset ValidUntil)
{
    /// <summary>The status of the platform under Intel's newest TCB info.</summary>
    public required NewestTcbEvaluation Newest { get; init; }

    /// <summary>The CPU's report about the trust domain.</summary>
    public TdReport Report => Quote.Report;
}

/// <summary>The collateral for a quote, see <see cref="PcsRequests"/>: the bodies of the answers, unchanged.</summary>
/// <param name="TcbInfo">JSON.</param>
/// <param name="TcbInfoChain">PEM of that answer's header, decoded: signing certificate and root.</param>
/// <param name="QeIdentity">JSON.</param>
/// <param name="QeIdentityChain">PEM of that answer's header, decoded: signing certificate and root.</param>
/// <param name="PckCrl">DER.</param>
/// <param name="PckCrlChain">PEM of that answer's header, decoded: CA and root. It can be empty: the list is verified only with the CA in the quote.</param>
/// <param name="RootCrl">DER.</param>
internal sealed record TdxCollateral(
    ReadOnlyMemory<byte> TcbInfo,
    ReadOnlyMemory<byte> TcbInfoChain,
    ReadOnlyMemory<byte> QeIdentity,
    ReadOnlyMemory<byte> QeIdentityChain,
    ReadOnlyMemory<byte> PckCrl,
    ReadOnlyMemory<byte> PckCrlChain,
    ReadOnlyMemory<byte> RootCrl)
{
    /// <summary>JSON: Intel's newest TCB info, regardless of the evaluation of <see cref="TcbInfo"/>. Empty if it is not known.</summary>
    public ReadOnlyMemory<byte> NewestTcbInfo { get; init; }

    /// <summary>PEM of that answer's header, decoded: signing certificate and root.</summary>
    public ReadOnlyMemory<byte> NewestTcbInfoChain { get; init; }
}

/// <summary>Determines which downloaded documents are authentic and belong to a quote. Pure.</summary>
/// <remarks>
/// An authentic document can be expired, or list the platform as revoked. It is used nevertheless, and an older one
/// must not replace it. Every method returns <see langword="null"/> for anything that is not authentic.
/// </remarks>
internal sealed class TdxDocuments(SignedQuote quote, TdxTrustAnchors anchors, DateTimeOffset at)
{
    /// <summary>Reads the version of a TCB info about the quote's platform.</summary>
    /// <param name="body">JSON.</param>
    /// <param name="issuers">PEM: signing certificate and root.</param>
    public DocumentVersion? FindTcbInfo(ReadOnlyMemory<byte> body, ReadOnlyMemory<byte> issuers) => DocumentVersion.OfAuthentic(() =>
    {
        using IntelRoots roots = quote.BeginRoots(at);
        using CollateralSigner signer = CollateralSigner.Verify(issuers.Span, roots, at, TdxChecks.TcbInfoChain, TdxChecks.TcbInfoSigner);
        TcbInfo tcbInfo = TcbInfo.ReadSigned(body, signer);
        tcbInfo.CheckBelongsTo(quote.Chain.Extensions);
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
        using IntelRoots roots = quote.BeginRoots(at);
        quote.Chain.CheckCrlChain(issuers.Span, roots, at);
        return VersionOf(list, PckChain.AuthorityHolder, quote.Chain.Authority);
    });

    /// <summary>Reads the version of the root's revocation list.</summary>
    /// <param name="list">DER.</param>
    public DocumentVersion? FindRootCrl(ReadOnlyMemory<byte> list) => DocumentVersion.OfAuthentic(() =>
    {
        using IntelRoots roots = quote.BeginRoots(at);
        return VersionOf(list, PemChain.RootHolder, quote.Chain.Root);
    });

    private static DocumentVersion? VersionOf(ReadOnlyMemory<byte> der, string issuedBy, CertificateIssuer issuer)
    {
        CertificateRevocationList list = CertificateRevocationList.Parse(der, issuedBy);
        list.CheckSignedBy(issuer);
        return list.Version;
    }
}

// Intel Provisioning Certification Service, version 4.

/// <summary>The addresses of a quote's collateral: paths and queries. Nothing is downloaded here.</summary>
/// <param name="TcbInfo">At Intel's service, of the requested evaluation; its chain is in <see cref="TcbInfoChainHeader"/>.</param>
/// <param name="QeIdentity">At Intel's service, always the newest; its chain is in <see cref="QeIdentityChainHeader"/>.</param>
/// <param name="PckCrl">At Intel's service; its chain is in <see cref="PckCrlChainHeader"/>.</param>
/// <param name="RootCrl">At Intel's certificate server.</param>
internal sealed record PcsRequests(string TcbInfo, string QeIdentity, string PckCrl, string RootCrl)
{
    /// <summary>The requested evaluation; 0 for the newest.</summary>
    public required int EvaluationDataNumber { get; init; }

    /// <summary>Intel's newest TCB info; the same as <see cref="TcbInfo"/> if no evaluation is requested.</summary>
    public string NewestTcbInfo => TcbInfo.IndexOf($"&{EvaluationParameter}=", StringComparison.Ordinal) is var end and >= 0 ? TcbInfo[..end] : TcbInfo;

    /// <summary>The address of the QE identity of the requested evaluation. It is needed only if the newest QE identity has a lower number.</summary>
    public string QeIdentityOfEvaluation => $"{QeIdentity}?{EvaluationParameter}={EvaluationDataNumber}";

    public const string TcbInfoChainHeader = "TCB-Info-Issuer-Chain";
    public const string QeIdentityChainHeader = "SGX-Enclave-Identity-Issuer-Chain";
    public const string PckCrlChainHeader = "SGX-PCK-CRL-Issuer-Chain";

    private const string EvaluationParameter = "tcbEvaluationDataNumber";

    /// <summary>The requests for the collateral of a platform.</summary>
    /// <param name="platform">The data of the PCK certificate, which is verified: addresses are not built from unverified data.</param>
    /// <param name="evaluationDataNumber">The evaluation of the TCB info to request instead of the newest standard one; 0 for the newest.</param>
    public static PcsRequests For(PckExtensions platform, int evaluationDataNumber = 0)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(evaluationDataNumber);
        string fmspc = Convert.ToHexStringLower(platform.Fmspc.Span);
        string evaluation = evaluationDataNumber > 0 ? $"&{EvaluationParameter}={evaluationDataNumber}" : "";
        return new PcsRequests(
            $"/tdx/certification/v4/tcb?fmspc={fmspc}{evaluation}",
            "/tdx/certification/v4/qe/identity",
            "/sgx/certification/v4/pckcrl?ca=platform&encoding=der", // the only CA that PckChain accepts
            "/IntelSGXRootCA.der")
        {
            EvaluationDataNumber = evaluationDataNumber,
        };
    }

    /// <summary>Decodes the chain in a header of Intel's service: PEM, percent-encoded. The chain is verified with the collateral.</summary>
    public static byte[] DecodeChain(string header) => Encoding.UTF8.GetBytes(Uri.UnescapeDataString(header.Replace('+', ' ')));
}
