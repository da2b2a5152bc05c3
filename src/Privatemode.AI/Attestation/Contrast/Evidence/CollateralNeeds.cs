using Privatemode.AI.Attestation.Certificates;
using Privatemode.AI.Attestation.Sev;
using Privatemode.AI.Attestation.Tdx;

namespace Privatemode.AI.Attestation.Contrast;

/// <summary>What has to be fetched before evidence can be judged. One of the two.</summary>
internal sealed record CollateralNeeds(SnpCollateralNeeds? Snp, PcsRequests? Tdx)
{
    /// <summary>
    /// Judges what the evidence proves by itself, as far as it brings its own chain along, and names what the rest takes. Pure, and the first stage of
    /// <see cref="ContrastVerifier.Verify"/>.
    /// </summary>
    /// <remarks>
    /// So nobody but a genuine platform chooses what is fetched, except of a report without its certificate: its chip id is only a claim.
    /// For TDX the highest evaluation number that any reference value asks for is asked of Intel: a platform that only an older one
    /// accepts is refused, where the reference would have tried each value with collateral of its own.
    /// </remarks>
    /// <param name="document">What the coordinator answered.</param>
    /// <param name="expected">The only manifest the deployment may have.</param>
    /// <param name="anchors">The root keys to trust.</param>
    /// <param name="at">The time at which the evidence's own certificates must be valid.</param>
    /// <exception cref="PrivatemodeVerificationException">No collateral could make this document acceptable.</exception>
    public static CollateralNeeds Of(AttestationDocument document, Manifest expected, ContrastTrustAnchors anchors, DateTimeOffset at)
    {
        ContrastVerifier.CheckManifest(document, expected);
        if (document.Kind == EvidenceKind.SevSnp)
        {
            ReferenceValueMatcher.DemandAny(expected.Snp, SnpReferenceMatcher.Kind);
            return new CollateralNeeds(SnpCollateralNeeds.Of(document.Evidence, expected, anchors.Sev, at), null);
        }

        ReferenceValueMatcher.DemandAny(expected.Tdx, TdxReferenceMatcher.Kind);
        ReadOnlyMemory<byte> quote = TdxQuoteMessage.ReadQuote(document.Evidence);
        using SignedQuote signed = SignedQuote.Verify(quote, anchors.Tdx, at);
        int evaluation = expected.Tdx.Max(value => value.MinimumEvaluationDataNumber);
        return new CollateralNeeds(null, PcsRequests.For(signed.Chain.Extensions, evaluation) with { Quote = quote });
    }
}

/// <summary>What SEV-SNP evidence brings along, and where the rest is at AMD's key distribution.</summary>
internal sealed record SnpCollateralNeeds
{
    private readonly SevTrustAnchors _anchors;

    private SnpCollateralNeeds(SevTrustAnchors anchors) => _anchors = anchors;

    public required SnpProduct Product { get; init; }

    /// <summary>Path and query of the chip's certificate (DER); null when the evidence has it.</summary>
    public required string? Vcek { get; init; }

    /// <summary>Path of intermediate and root (PEM); null when the evidence has both.</summary>
    public required string? CertificateChain { get; init; }

    /// <summary>Path of the revocation list (DER); the one in the evidence may be an older one.</summary>
    public required string RevocationList { get; init; }

    /// <summary>The evidence.</summary>
    public required SevSnpMessage Message { get; init; }

    /// <summary>Puts together what was brought and what was fetched.</summary>
    /// <param name="chain">What <see cref="CertificateChain"/> answered; not looked at when the evidence has both certificates.</param>
    /// <param name="revocationList">The list of the evidence or what <see cref="RevocationList"/> answered.</param>
    /// <exception cref="PrivatemodeVerificationException">The answer is not a chain of two certificates.</exception>
    public SnpCollateral Combine(ReadOnlyMemory<byte> chain, ReadOnlyMemory<byte> revocationList)
    {
        if (CertificateChain is null)
        {
            return new SnpCollateral(Message.Ask!.Value, Message.Ark!.Value, revocationList);
        }

        IReadOnlyList<ReadOnlyMemory<byte>> certificates = Pem.ReadCertificates(chain.Span, limit: 2);
        return certificates.Count == 2
            ? new SnpCollateral(certificates[0], certificates[1], revocationList)
            : throw new PrivatemodeVerificationException(
                ContrastChecks.CollateralChain, "AMD's certificate chain is not complete. Do not send anything; try again later.")
            {
                Expected = "2 certificates",
                Found = "1",
                Cause = VerificationCause.Collateral,
            };
    }

    /// <summary>Judges the report by the chip's certificate, whoever issued it.</summary>
    /// <param name="fetched">What <see cref="Vcek"/> answered; not looked at when the evidence has the certificate.</param>
    /// <exception cref="PrivatemodeVerificationException">The report is not signed with the certified key.</exception>
    public void CheckSigner(ReadOnlyMemory<byte> fetched) => SnpVerifier.CheckSigner(Message.WithCertificate(fetched));

    /// <summary>Judges the report by its whole chain: all but revocation.</summary>
    /// <param name="fetched">What <see cref="Vcek"/> answered; not looked at when the evidence has the certificate.</param>
    /// <param name="chain">What <see cref="CertificateChain"/> answered; not looked at when the evidence has both certificates.</param>
    /// <param name="at">The time at which the chain must be valid.</param>
    /// <exception cref="PrivatemodeVerificationException">The report is not a genuine processor's.</exception>
    public void CheckChain(ReadOnlyMemory<byte> fetched, ReadOnlyMemory<byte> chain, DateTimeOffset at)
    {
        SnpCollateral authorities = Combine(chain, default);
        SignedSnpReport.Verify(
            Message.WithCertificate(fetched), Pem.ToDer(authorities.Intermediate), Pem.ToDer(authorities.Root), _anchors, at).Dispose();
    }

    /// <summary>Whether what <see cref="CertificateChain"/> answered is AMD's: what fails under it is then the fault of the evidence.</summary>
    public bool IsGenuine(ReadOnlyMemory<byte> chain, DateTimeOffset at)
    {
        try
        {
            SnpCollateral authorities = Combine(chain, default);
            return SnpChain.VerifyAuthorities(authorities.Intermediate, authorities.Root, _anchors, at) == Product;
        }
        catch (PrivatemodeVerificationException)
        {
            return false;
        }
    }

    /// <exception cref="PrivatemodeVerificationException">The evidence is not a report, or one that could never be accepted.</exception>
    internal static SnpCollateralNeeds Of(ReadOnlyMemory<byte> evidence, Manifest manifest, SevTrustAnchors anchors, DateTimeOffset at)
    {
        SevSnpMessage message = SevSnpMessage.Parse(evidence);
        SnpReport report = SnpReport.Parse(message.Report);
        if (report.Signer != SnpSigner.Vcek)
        {
            throw new PrivatemodeVerificationException(
                ContrastChecks.SnpSigner, "The report is signed with another key than the chip's own. Do not send anything.")
            {
                Expected = "VCEK",
                Found = $"{report.Signer}",
            };
        }

        SnpProduct product = FindProduct(report, message, manifest);
        SnpCollateralNeeds needs = new(anchors)
        {
            Product = product,
            Vcek = message.Vcek is null ? KdsRequests.Vcek(report, product) : null,
            CertificateChain = message.Ask is null || message.Ark is null ? KdsRequests.CertificateChain(product, SnpSigner.Vcek) : null,
            RevocationList = KdsRequests.RevocationList(product, SnpSigner.Vcek),
            Message = message,
        };
        needs.CheckOwn(at);
        return needs;
    }

    /// <summary>Judges the report by what came with it.</summary>
    private void CheckOwn(DateTimeOffset at)
    {
        if (Vcek is null && CertificateChain is null)
        {
            CheckChain(default, default, at);
        }
        else if (Vcek is null)
        {
            CheckSigner(default);
        }
        else if (CertificateChain is null)
        {
            CheckAuthorities(at);
        }
    }

    private void CheckAuthorities(DateTimeOffset at)
    {
        SnpCollateral authorities = Combine(default, default);
        SnpProduct line = SnpChain.VerifyAuthorities(
            Pem.ToDer(authorities.Intermediate), Pem.ToDer(authorities.Root), _anchors, at);
        if (line != Product)
        {
            throw SevExceptions.Collateral(
                SevChecks.Product, "The certificates that came with the report are of another product line", SnpProducts.Name(Product), SnpProducts.Name(line));
        }
    }

    // Reports of version 2 do not name the processor: then the certificate says it, or the manifest, where that lists one line only.
    private static SnpProduct FindProduct(SnpReport report, SevSnpMessage message, Manifest manifest)
    {
        SnpProduct[] listed = [.. manifest.Snp.Select(value => value.Product).Distinct()];
        SnpProduct? product = report.Cpuid is { } processor ? SnpProducts.FromCpuid(processor.Family, processor.Model)
            : message.Vcek is { } vcek ? VekCertificate.Parse(Pem.ToDer(vcek)).Line
            : listed.Length == 1 ? listed[0]
            : null;
        return product ?? throw new PrivatemodeVerificationException(
            SevChecks.Product,
            "The report is of a processor this package does not know. Do not send anything; update this package.")
        {
            Expected = string.Join(" or ", listed),
            Found = report.Cpuid is { } found ? $"family 0x{found.Family:x2}, model 0x{found.Model:x2}" : "not said",
            Cause = VerificationCause.Collateral,
        };
    }
}

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
        VekCertificate certificate = VekCertificate.Parse(Pem.ToDer(vcek));
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
        return given with { Intermediate = Pem.ToDer(given.Intermediate), Root = Pem.ToDer(given.Root) };
    }

    // The self-signature counts, although the key is pinned: name and key usage come from whoever sent the certificate.
    private CertificateIssuer FindRoot(SnpCollateral given)
    {
        Certificate root = Certificate.Parse(given.Root, "AMD's root key (ARK)");
        if (anchors.Find(root.SubjectPublicKeyInfoSha256()) != needs.Product)
        {
            throw SevExceptions.Collateral(SevChecks.TrustAnchor, "The certificate chain does not end at the root key of the report's product line");
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
