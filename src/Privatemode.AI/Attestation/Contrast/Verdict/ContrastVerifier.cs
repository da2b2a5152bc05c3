using System.Security.Cryptography;
using Privatemode.AI.Attestation.Sev;
using Privatemode.AI.Attestation.Tdx;

namespace Privatemode.AI.Attestation.Contrast;

/// <summary>Verifies that a coordinator proved itself. Pure: evidence, nonce, collateral and time in; verdict out.</summary>
internal static class ContrastVerifier
{
    /// <summary>Verifies evidence.</summary>
    /// <param name="evidence">What the coordinator answered; its own certificates may have been verified at an earlier time.</param>
    /// <param name="collateral">What the evidence asked for.</param>
    public static VerifiedCoordinator Verify(
        ParsedEvidence evidence,
        ReadOnlyMemory<byte> nonce,
        ContrastCollateral collateral,
        ContrastTrustAnchors anchors,
        ContrastOptions options,
        DateTimeOffset at)
    {
        AttestationDocument document = evidence.Document;
        CheckManifest(document, evidence.Manifest);
        CheckKind(document.Kind, options);
        byte[] reportData = ReportData.Compute(nonce.Span, document.Manifests, document.RootAuthority.Span, document.MeshAuthority.Span);
        return evidence switch
        {
            ParsedSnpEvidence snp => VerifySnp(snp, reportData, collateral, anchors, options, at),
            ParsedTdxEvidence tdx => VerifyTdx(tdx, reportData, collateral, options, at),
            _ => throw new ArgumentException("Unknown kind of evidence.", nameof(evidence)),
        };
    }

    /// <summary>Refuses any history of manifests but the expected one alone. The first thing to do: nothing of another manifest counts.</summary>
    public static void CheckManifest(AttestationDocument document, Manifest expected)
    {
        if (document.Manifests.Count != 1)
        {
            throw PrivatemodeVerificationException.Create(
                ContrastChecks.ManifestCount,
                "The deployment has no manifest, or its manifest was replaced after it was set up. Do not send anything.",
                "exactly one manifest",
                $"{document.Manifests.Count} manifests");
        }

        if (!document.Manifests[0].Span.SequenceEqual(expected.Raw.Span))
        {
            throw PrivatemodeVerificationException.Create(
                ContrastChecks.ManifestMatch,
                "The deployment does not have the expected manifest. Do not send anything; review its manifest before you accept it.",
                Hex(expected.Digest.Span),
                Hex(SHA256.HashData(document.Manifests[0].Span)),
                VerificationCause.ManifestMismatch);
        }
    }

    private static void CheckKind(EvidenceKind found, ContrastOptions options)
    {
        if (options.AllowedKinds is { } kinds && !kinds.Contains(found))
        {
            throw PrivatemodeVerificationException.Create(
                ContrastChecks.OptionKind,
                "The deployment runs on hardware that your settings do not allow. Do not send anything.",
                string.Join(" or ", kinds.Select(NameOf)),
                NameOf(found));
        }
    }

    private static VerifiedCoordinator VerifySnp(
        ParsedSnpEvidence evidence,
        byte[] reportData,
        ContrastCollateral collateral,
        ContrastTrustAnchors anchors,
        ContrastOptions options,
        DateTimeOffset at)
    {
        SnpCollateral given = collateral.Snp ?? throw MissingCollateral(SnpReferenceMatcher.Kind);
        VerifiedSnpReport verified = evidence.Verify(given, collateral.Vcek, anchors.Sev, at);
        CheckSuppliedList(given, verified.Dates, options, at);
        SnpReferenceMatcher matcher = new(verified, evidence.Manifest, reportData, options);
        SnpReferenceValue value = matcher.Evaluate();
        return new VerifiedCoordinator(evidence, at)
        {
            Product = $"{verified.Product}",
            ReferenceValue = value.Path,
            Platform = value.Platform,
            PolicyHash = verified.Report.HostData,
            Measurement = verified.Report.Measurement,
            Processors = matcher.Processors,
            Snp = verified,
            ValidUntil = verified.ValidUntil,
            Warnings = CoordinatorReport.WarningsOf(verified, given.IsCrlSupplied, at),
            Checks = CoordinatorReport.ChecksOf(verified, value, matcher.Processors, given.IsCrlSupplied, at),
        };
    }

    // The sender of the evidence chooses the list. An older one, from before a key was revoked, is as authentic as the current one.
    private static void CheckSuppliedList(SnpCollateral given, SnpDates dates, ContrastOptions options, DateTimeOffset at)
    {
        if (given.IsCrlSupplied && at - dates.CrlThisUpdate > options.MaxAmdFallbackRevocationListAge)
        {
            throw PrivatemodeVerificationException.Create(
                SevChecks.SuppliedRevocationListAge,
                "AMD's revocation list could not be retrieved, and the one that came with the evidence is too old. Do not send anything; make sure that "
                    + "AMD's key distribution service can be reached, or set Verification.CollateralEndpoint.",
                $"at most {options.MaxAmdFallbackRevocationListAge.TotalDays:0.#} days old",
                $"issued {dates.CrlThisUpdate:u}",
                VerificationCause.ExpiredCollateral);
        }
    }

    private static VerifiedCoordinator VerifyTdx(
        ParsedTdxEvidence evidence, byte[] reportData, ContrastCollateral collateral, ContrastOptions options, DateTimeOffset at)
    {
        TdxCollateral given = collateral.Tdx ?? throw MissingCollateral(TdxReferenceMatcher.Kind);
        VerifiedTdxQuote verified = TdxVerifier.Verify(evidence.Quote, given, at);
        TdxReferenceMatcher matcher = new(verified, evidence.Manifest, reportData, options);
        TdxReferenceValue value = matcher.Evaluate();
        return new VerifiedCoordinator(evidence, at)
        {
            Product = TdxReferenceMatcher.Kind,
            ReferenceValue = value.Path,
            Platform = value.Platform,
            PolicyHash = matcher.PolicyHash,
            Measurement = verified.Report.MrTd,
            Tdx = verified,
            ValidUntil = verified.ValidUntil,
            Warnings = CoordinatorReport.WarningsOf(verified, options),
            Checks = CoordinatorReport.ChecksOf(verified, value, options),
        };
    }

    private static string NameOf(EvidenceKind kind) => kind == EvidenceKind.SevSnp ? SnpReferenceMatcher.Kind : TdxReferenceMatcher.Kind;

    private static PrivatemodeVerificationException MissingCollateral(string kind) => new(
        ContrastChecks.Collateral, $"There is no collateral to verify {kind} evidence with. Do not send anything; verify again.")
    {
        Expected = $"collateral for {kind}",
        Cause = VerificationCause.Collateral,
    };

    private static string Hex(ReadOnlySpan<byte> bytes) => Convert.ToHexStringLower(bytes);
}

/// <summary>What evidence is judged by, of one kind; <see cref="ParsedEvidence"/> says what. Nothing in it is trusted by itself.</summary>
internal sealed record ContrastCollateral
{
    /// <summary>For SEV-SNP.</summary>
    public SnpCollateral? Snp { get; init; }

    /// <summary>For SEV-SNP: the chip's certificate (DER), where the evidence has none.</summary>
    public ReadOnlyMemory<byte> Vcek { get; init; }

    /// <summary>For TDX.</summary>
    public TdxCollateral? Tdx { get; init; }
}

/// <summary>What a user demands beyond the manifest, and the one thing that can be demanded less.</summary>
internal sealed record ContrastOptions
{
    public static readonly TimeSpan DefaultMaxAmdFallbackRevocationListAge = TimeSpan.FromDays(30);

    /// <summary>The hardware that is accepted; null: what the manifest lists.</summary>
    public IReadOnlyCollection<EvidenceKind>? AllowedKinds { get; init; }

    /// <summary>The product lines of AMD that are accepted; null: those the manifest lists, Milan included when it does.</summary>
    public IReadOnlyCollection<SnpProduct>? AllowedProducts { get; init; }

    /// <summary>The AMD chips that are accepted, 64 bytes each; null: those the manifest allows. A masked chip id is none of them.</summary>
    public IReadOnlyCollection<ReadOnlyMemory<byte>>? AllowedChipIds { get; init; }

    /// <summary>Looks at the status of the TDX module and the quoting enclave only, as the Go reference does.</summary>
    /// <remarks>Gives up that firmware and microcode of the platform are up to date.</remarks>
    public bool DangerousAcceptOutdatedTdxPlatform { get; init; }

    /// <summary>Requires that a TDX platform is up to date under Intel's newest TCB info too, not only under the one the manifest names.</summary>
    public bool RequireNewestTdxTcbInfo { get; init; }

    /// <summary>How old a revocation list of AMD may be that came with the evidence, when AMD could not be asked for the current one.</summary>
    public TimeSpan MaxAmdFallbackRevocationListAge { get; init; } = DefaultMaxAmdFallbackRevocationListAge;

    /// <summary>Kept between verifications: a digest is computed once per measurement and policy.</summary>
    public IdKeyDigestCache IdKeyDigests { get; } = new();
}

/// <summary>The root keys of both makers of hardware.</summary>
internal sealed record ContrastTrustAnchors(SevTrustAnchors Sev, TdxTrustAnchors Tdx)
{
    /// <summary>AMD's and Intel's own.</summary>
    public static ContrastTrustAnchors Production { get; } = new(SevTrustAnchors.Production, TdxTrustAnchors.Production);
}

/// <summary>The 64 bytes that tie a report to our nonce, to the history of manifests and to both CAs.</summary>
internal static class ReportData
{
    /// <summary>In bytes.</summary>
    public const int Size = 64;

    /// <summary>In bytes.</summary>
    public const int NonceSize = 32;

    /// <summary>What the report must carry: one SHA-256 and 32 zero bytes.</summary>
    /// <param name="manifests">The history, oldest first; at least one.</param>
    /// <param name="rootAuthority">The root CA's text as it was received.</param>
    /// <param name="meshAuthority">The mesh CA's text as it was received.</param>
    public static byte[] Compute(
        ReadOnlySpan<byte> nonce,
        IReadOnlyList<ReadOnlyMemory<byte>> manifests,
        ReadOnlySpan<byte> rootAuthority,
        ReadOnlySpan<byte> meshAuthority)
    {
        byte[] transition = new byte[SHA256.HashSizeInBytes];
        foreach (ReadOnlyMemory<byte> manifest in manifests)
        {
            transition = NextTransition(SHA256.HashData(manifest.Span), transition);
        }

        return Compute(nonce, transition, rootAuthority, meshAuthority);
    }

    /// <summary>One step of the chain over the manifests: the manifest's digest first, the step before second.</summary>
    internal static byte[] NextTransition(ReadOnlySpan<byte> manifestDigest, ReadOnlySpan<byte> previous) =>
        SHA256.HashData([.. manifestDigest, .. previous]);

    internal static byte[] Compute(
        ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> transition, ReadOnlySpan<byte> rootAuthority, ReadOnlySpan<byte> meshAuthority)
    {
        if (nonce.Length != NonceSize)
        {
            throw PrivatemodeVerificationException.Create(
                ContrastChecks.NonceSize,
                "The nonce has the wrong size. Verify again with a new one.",
                "32 bytes",
                $"{nonce.Length} bytes");
        }

        byte[] result = new byte[Size];
        SHA256.HashData([.. nonce, .. transition, .. SHA256.HashData(rootAuthority), .. SHA256.HashData(meshAuthority)], result);
        return result;
    }
}
