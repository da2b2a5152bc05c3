namespace Privatemode.AI.Attestation.Sev;

/// <summary>
/// A report signed by a key that is certified under a pinned root, and in agreement with that certificate. Whether the root has revoked its intermediate
/// takes the revocation list.
/// </summary>
internal sealed class SignedSnpReport : IDisposable
{
    private SignedSnpReport(SnpReport report, SnpChain chain, SnpTcb tcb)
    {
        Report = report;
        Chain = chain;
        Tcb = tcb;
    }

    public SnpReport Report { get; }

    public SnpChain Chain { get; }

    /// <summary>The TCB versions of the report, the reported one proved by the key.</summary>
    public SnpTcb Tcb { get; }

    /// <summary>Judges chain, signature, and what certificate and report say about each other.</summary>
    /// <param name="evidence">The report and the certificate of its signing key.</param>
    /// <param name="intermediate">The certificate that issued the signing key's, DER.</param>
    /// <param name="root">The certificate of the root key, DER.</param>
    /// <param name="anchors">The root keys to trust.</param>
    /// <param name="at">The time at which the chain must be valid.</param>
    /// <exception cref="PrivatemodeVerificationException">No genuine processor made this report.</exception>
    public static SignedSnpReport Verify(
        SnpEvidence evidence, ReadOnlyMemory<byte> intermediate, ReadOnlyMemory<byte> root, SevTrustAnchors anchors, DateTimeOffset at)
    {
        SnpReport report = SnpReport.Parse(evidence.Report);
        VekCertificate vek = VekCertificate.Parse(evidence.Vek);
        SnpVerifier.CheckKind(report, vek);
        SnpChain chain = SnpChain.Verify(vek, intermediate, root, anchors, at);
        try
        {
            return new SignedSnpReport(report, chain, SnpVerifier.CheckReport(report, chain));
        }
        catch
        {
            chain.Dispose();
            throw;
        }
    }

    public void Dispose() => Chain.Dispose();
}
