using Privatemode.AI.Attestation.Certificates;

namespace Privatemode.AI.Attestation.Tdx;

/// <summary>Judges whether a quote is authentic at a given time. Pure: everything it looks at is passed in.</summary>
internal static class TdxVerifier
{
    /// <summary>Judges a quote with its collateral: chains, signatures, revocation, and what Intel says about the platform's state.</summary>
    /// <param name="quote">The quote; bytes after its signature data are not looked at.</param>
    /// <param name="collateral">What Intel says; must not change during the call.</param>
    /// <param name="anchors">The root keys to trust.</param>
    /// <param name="at">The time at which everything must be valid.</param>
    /// <exception cref="PrivatemodeVerificationException">The quote proves nothing; the check says why.</exception>
    public static VerifiedTdxQuote Verify(ReadOnlyMemory<byte> quote, TdxCollateral collateral, TdxTrustAnchors anchors, DateTimeOffset at)
    {
        using SignedQuote signed = SignedQuote.Verify(quote, anchors, at);
        (IntelRoots roots, PckChain chain) = (signed.Roots, signed.Chain);

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

        TcbJudgement tcb = TcbJudgement.Judge(signed.Quote, chain.Extensions, tcbInfo, qeIdentity);
        NewestTcb newest = NewestTcb.Judge(signed.Quote, chain.Extensions, collateral, (tcbInfo, qeIdentity, tcb), (roots, rootCrl), at);
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

    // A list that does not say until when it counts has been refused.
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
