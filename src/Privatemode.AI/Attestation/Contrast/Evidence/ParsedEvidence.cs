using Privatemode.AI.Attestation.Certificates;
using Privatemode.AI.Attestation.Sev;
using Privatemode.AI.Attestation.Tdx;

namespace Privatemode.AI.Attestation.Contrast;

/// <summary>Evidence that is verified as far as its own chain allows, and the collateral that it needs. Dispose it after the verification.</summary>
internal abstract class ParsedEvidence(AttestationDocument document, Manifest manifest) : IDisposable
{
    public AttestationDocument Document { get; } = document;

    public Manifest Manifest { get; } = manifest;

    /// <summary>
    /// Verifies what the evidence proves by itself, as far as it contains its own chain, and determines which collateral is needed. Pure. The first
    /// stage of a verification; <see cref="ContrastVerifier.Verify"/> is the last.
    /// </summary>
    /// <remarks>
    /// Therefore, only a genuine platform determines what is downloaded. The exception is a report without its certificate, whose chip ID is only a claim.
    /// For TDX, Intel is asked for the highest evaluation number that any reference value requires. A platform that is up to date only under
    /// an older one is refused; Contrast's verifier (Go) would try each value with its own collateral.
    /// </remarks>
    /// <param name="at">The time at which the evidence's own certificates must be valid.</param>
    /// <exception cref="PrivatemodeVerificationException">No collateral could make this document acceptable.</exception>
    public static ParsedEvidence Of(AttestationDocument document, Manifest expected, ContrastTrustAnchors anchors, DateTimeOffset at)
    {
        ContrastVerifier.CheckManifest(document, expected);
        if (document.Kind == EvidenceKind.SevSnp)
        {
            ReferenceValueMatcher.ThrowIfNone(expected.Snp, SnpReferenceMatcher.Kind);
            return ParsedSnpEvidence.Verify(document, expected, anchors.Sev, at);
        }

        ReferenceValueMatcher.ThrowIfNone(expected.Tdx, TdxReferenceMatcher.Kind);
        SignedQuote quote = SignedQuote.Verify(TdxQuoteMessage.ReadQuote(document.Evidence), anchors.Tdx, at);
        int evaluation = expected.Tdx.Max(value => value.MinimumEvaluationDataNumber);
        return new ParsedTdxEvidence(document, expected, quote, PcsRequests.For(quote.Chain.Extensions, evaluation));
    }

    public abstract void Dispose();
}

/// <summary>A signed TDX quote, and the addresses of its collateral.</summary>
internal sealed class ParsedTdxEvidence(AttestationDocument document, Manifest manifest, SignedQuote quote, PcsRequests requests)
    : ParsedEvidence(document, manifest)
{
    public SignedQuote Quote { get; } = quote;

    public PcsRequests Requests { get; } = requests;

    public override void Dispose() => Quote.Dispose();
}

/// <summary>A SEV-SNP report with the certificates in the evidence, and the paths of the missing ones at AMD's key distribution service.</summary>
internal sealed class ParsedSnpEvidence : ParsedEvidence
{
    private ParsedSnpEvidence(AttestationDocument document, Manifest manifest)
        : base(document, manifest)
    {
    }

    public required SnpReport Report { get; init; }

    public required SnpProduct Product { get; init; }

    /// <summary>Path and query of the chip's certificate (DER); null if the evidence contains it.</summary>
    public required string? VcekPath { get; init; }

    /// <summary>Path of intermediate and root (PEM); null if the evidence contains both.</summary>
    public required string? ChainPath { get; init; }

    /// <summary>Path of the revocation list (DER). The list in the evidence can be older.</summary>
    public required string ListPath { get; init; }

    /// <summary>The certificates as received.</summary>
    public required SevSnpMessage Message { get; init; }

    /// <summary>The chip's certificate; null if it must be downloaded.</summary>
    public required VekCertificate? Vek { get; init; }

    /// <summary>Intermediate and root; null if they must be downloaded.</summary>
    public required SnpAuthorities? Authorities { get; init; }

    /// <summary>The report, verified under its own chain; null if a certificate must be downloaded.</summary>
    public required SignedSnpReport? Signed { get; init; }

    /// <exception cref="PrivatemodeVerificationException">The evidence is not a report, or no collateral could make it acceptable.</exception>
    public static ParsedSnpEvidence Verify(AttestationDocument document, Manifest manifest, SevTrustAnchors anchors, DateTimeOffset at)
    {
        SevSnpMessage message = SevSnpMessage.Parse(document.Evidence);
        SnpReport report = SnpReport.Parse(message.Report);
        if (report.Signer != SnpSigner.Vcek)
        {
            throw PrivatemodeVerificationException.Create(
                ContrastChecks.SnpSigner,
                "The report is not signed with the chip's own key (VCEK). Do not send anything.",
                "VCEK",
                $"{report.Signer}");
        }

        // Reports of version 2 do not name the processor. For all others, "unknown processor" is a better error than one about its certificate.
        VekCertificate? vek = report.Cpuid is null ? ReadVek(message) : null;
        SnpProduct product = FindProduct(report, vek, manifest);
        string? vcekPath = message.Vcek is null ? KdsRequests.Vcek(report, product) : null;
        vek ??= ReadVek(message);
        if (vek is not null)
        {
            SnpVerifier.CheckKind(report, vek);
        }

        SnpAuthorities? authorities = message is { Ask: { } ask, Ark: { } ark } ? SnpAuthorities.Verify(ask, ark, anchors) : null;
        try
        {
            return new ParsedSnpEvidence(document, manifest)
            {
                Report = report,
                Product = product,
                VcekPath = vcekPath,
                ChainPath = authorities is null ? KdsRequests.CertificateChain(product, SnpSigner.Vcek) : null,
                ListPath = KdsRequests.RevocationList(product, SnpSigner.Vcek),
                Message = message,
                Vek = vek,
                Authorities = authorities,
                Signed = VerifyOwn(report, product, vek, authorities, at),
            };
        }
        catch
        {
            authorities?.Dispose();
            throw;
        }
    }

    /// <summary>Combines the certificates of the evidence and the downloaded ones.</summary>
    /// <param name="chain">The answer for <see cref="ChainPath"/>; ignored if the evidence contains both certificates.</param>
    /// <param name="revocationList">The list of the evidence, or the answer for <see cref="ListPath"/>.</param>
    /// <exception cref="PrivatemodeVerificationException">The answer is not a chain of two certificates.</exception>
    public SnpCollateral Combine(ReadOnlyMemory<byte> chain, ReadOnlyMemory<byte> revocationList)
    {
        if (ChainPath is null)
        {
            return new SnpCollateral(Message.Ask!.Value, Message.Ark!.Value, revocationList);
        }

        IReadOnlyList<ReadOnlyMemory<byte>> certificates = Pem.ReadCertificates(chain.Span, limit: 2);
        return certificates.Count == 2
            ? new SnpCollateral(certificates[0], certificates[1], revocationList)
            : throw PrivatemodeVerificationException.Create(
                ContrastChecks.CollateralChain,
                "AMD's certificate chain is incomplete. Do not send anything; try again later.",
                "2 certificates",
                "1",
                VerificationCause.Collateral);
    }

    /// <summary>Verifies report and collateral: chain, signature and revocation.</summary>
    /// <param name="vcek">The answer for <see cref="VcekPath"/>; ignored if the evidence contains the certificate.</param>
    public VerifiedSnpReport Verify(SnpCollateral given, ReadOnlyMemory<byte> vcek, SevTrustAnchors anchors, DateTimeOffset at)
    {
        // The certificates of the collateral are used. If they equal those of the evidence, they are verified already, and only the time has changed.
        bool isOwn = Message is { Ask: { } ask, Ark: { } ark } && given.Intermediate.Span.SequenceEqual(ask.Span) && given.Root.Span.SequenceEqual(ark.Span);
        return Signed is not null && isOwn
            ? SnpVerifier.Verify(Signed, given.Crl, at)
            : SnpVerifier.Verify(Report, Vek ?? VekCertificate.Parse(vcek), given, anchors, at);
    }

    public override void Dispose() => Authorities?.Dispose();

    /// <summary>Verifies the report with the certificates of the evidence.</summary>
    private static SignedSnpReport? VerifyOwn(
        SnpReport report, SnpProduct product, VekCertificate? vek, SnpAuthorities? authorities, DateTimeOffset at)
    {
        if (vek is not null && authorities is not null)
        {
            return SignedSnpReport.Verify(report, vek, authorities, at);
        }

        if (vek is not null)
        {
            SnpVerifier.CheckSignature(report, vek);
        }

        authorities?.CheckValidity(at);
        if (authorities is not null && authorities.Product != product)
        {
            throw SevExceptions.Collateral(
                SevChecks.Product,
                "The certificates that came with the report are for a different product line",
                SnpProducts.Name(product),
                SnpProducts.Name(authorities.Product));
        }

        return null;
    }

    private static VekCertificate? ReadVek(SevSnpMessage message) => message.Vcek is { } vcek ? VekCertificate.Parse(vcek) : null;

    // If the report does not name the processor, use the certificate, or the manifest if that lists only one product line.
    private static SnpProduct FindProduct(SnpReport report, VekCertificate? vek, Manifest manifest)
    {
        SnpProduct[] listed = [.. manifest.Snp.Select(value => value.Product).Distinct()];
        SnpProduct? product = report.Cpuid is { } processor ? SnpProducts.FromCpuid(processor.Family, processor.Model)
            : vek is not null ? vek.Line
            : listed.Length == 1 ? listed[0]
            : null;
        return product ?? throw PrivatemodeVerificationException.Create(
            SevChecks.Product,
            "The report is from a processor that this package does not support. Do not send anything; update this package.",
            string.Join(" or ", listed),
            report.Cpuid is { } found ? $"family 0x{found.Family:x2}, model 0x{found.Model:x2}" : "not stated",
            VerificationCause.Collateral);
    }
}

/// <summary>Determines which downloaded documents are authentic and belong to a report. Pure; for one collection, not thread-safe.</summary>
/// <remarks>
/// An authentic document can be expired, or revoke a key. It is used nevertheless, and an older one must not replace it.
/// All Find methods return <see langword="null"/> for a document that is not authentic.
/// If the evidence contains a certificate, the one that is passed is ignored.
/// </remarks>
internal sealed class SnpDocuments(ParsedSnpEvidence evidence, SevTrustAnchors anchors, DateTimeOffset at) : IDisposable
{
    // The same files are passed several times in a row.
    private (ReadOnlyMemory<byte> Bytes, SnpAuthorities? Value) _chain;
    private (ReadOnlyMemory<byte> Bytes, VekCertificate? Value) _vcek;

    /// <summary>Reads the version of the certificates above the chip's: that of the intermediate.</summary>
    /// <param name="chain">PEM: intermediate and root.</param>
    public DocumentVersion? FindChain(ReadOnlyMemory<byte> chain) => DocumentVersion.OfAuthentic(() =>
    {
        SnpAuthorities authorities = AuthoritiesOf(chain);
        Certificate intermediate = authorities.Intermediate;
        return authorities.Product == evidence.Product && intermediate.ReadSubject().CommonName == $"SEV-{SnpProducts.Name(evidence.Product)}"
            ? new DocumentVersion(intermediate.NotBefore, 0, intermediate.NotAfter)
            : null;
    });

    /// <summary>Reads the version of the certificate of the chip and the TCB that the report names.</summary>
    /// <param name="vcek">DER.</param>
    /// <param name="chain">A chain that <see cref="FindChain"/> found to be authentic.</param>
    public DocumentVersion? FindVcek(ReadOnlyMemory<byte> vcek, ReadOnlyMemory<byte> chain) => DocumentVersion.OfAuthentic(() =>
    {
        VekCertificate vek = VekOf(vcek);
        SnpVerifier.CheckKind(evidence.Report, vek);
        SnpAuthorities authorities = AuthoritiesOf(chain);
        authorities.CheckIssued(vek, at);
        _ = SnpVerifier.CheckBinding(evidence.Report, vek, authorities.Product);
        return new DocumentVersion(vek.Certificate.NotBefore, 0, vek.Certificate.NotAfter);
    });

    /// <summary>Reads the version of the root's revocation list.</summary>
    /// <param name="list">DER.</param>
    /// <param name="chain">A chain that <see cref="FindChain"/> found to be authentic.</param>
    public DocumentVersion? FindRevocationList(ReadOnlyMemory<byte> list, ReadOnlyMemory<byte> chain) => DocumentVersion.OfAuthentic(() =>
    {
        SnpAuthorities authorities = AuthoritiesOf(chain);
        return authorities.Product == evidence.Product ? authorities.ReadRevocationList(list).Version : null;
    });

    /// <summary>Verifies the report with the key in the chip's certificate. It does not check who issued the certificate.</summary>
    public void CheckSigner(ReadOnlyMemory<byte> vcek)
    {
        VekCertificate vek = VekOf(vcek);
        SnpVerifier.CheckKind(evidence.Report, vek);
        SnpVerifier.CheckSignature(evidence.Report, vek);
    }

    /// <summary>Returns whether the report is signed with the certified key.</summary>
    /// <param name="vcek">A certificate that <see cref="FindVcek"/> found to be authentic.</param>
    public bool HasSigned(ReadOnlyMemory<byte> vcek) => Passes(() => CheckSigner(vcek));

    /// <summary>Verifies the report with its whole chain, except for revocation.</summary>
    public void CheckChain(ReadOnlyMemory<byte> vcek, ReadOnlyMemory<byte> chain, DateTimeOffset now)
    {
        VekCertificate vek = VekOf(vcek);
        SnpVerifier.CheckKind(evidence.Report, vek);
        _ = SignedSnpReport.Verify(evidence.Report, vek, AuthoritiesOf(chain), now);
    }

    /// <summary>Returns whether a chain is AMD's. If it is, the evidence causes a failure under this chain.</summary>
    public bool IsGenuine(ReadOnlyMemory<byte> chain, DateTimeOffset now) =>
        Passes(() => AuthoritiesOf(chain).CheckValidity(now)) && AuthoritiesOf(chain).Product == evidence.Product;

    public void Dispose() => _chain.Value?.Dispose();

    private static bool Passes(Action check)
    {
        try
        {
            check();
            return true;
        }
        catch (PrivatemodeVerificationException)
        {
            return false;
        }
    }

    private VekCertificate VekOf(ReadOnlyMemory<byte> vcek)
    {
        if (evidence.Vek is null && (_vcek.Value is null || !_vcek.Bytes.Equals(vcek)))
        {
            _vcek = (vcek, VekCertificate.Parse(vcek));
        }

        return evidence.Vek ?? _vcek.Value!;
    }

    private SnpAuthorities AuthoritiesOf(ReadOnlyMemory<byte> chain)
    {
        if (evidence.Authorities is null && (_chain.Value is null || !_chain.Bytes.Equals(chain)))
        {
            SnpCollateral given = evidence.Combine(chain, default);
            SnpAuthorities read = SnpAuthorities.Verify(given.Intermediate, given.Root, anchors);
            _chain.Value?.Dispose();
            _chain = (chain, read);
        }

        return evidence.Authorities ?? _chain.Value!;
    }
}
