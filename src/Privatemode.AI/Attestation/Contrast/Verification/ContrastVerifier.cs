using System.Security.Cryptography;
using Privatemode.AI.Attestation.Sev;
using Privatemode.AI.Attestation.Tdx;

namespace Privatemode.AI.Attestation.Contrast;

/// <summary>Verifies a coordinator. Pure: the result depends only on evidence, nonce, collateral and time.</summary>
internal static class ContrastVerifier
{
    /// <summary>Verifies evidence.</summary>
    /// <param name="evidence">The parsed answer of the coordinator. Its own certificates can have been verified at an earlier time.</param>
    /// <param name="collateral">The collateral that the evidence needs.</param>
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
        VerifiedCoordinator verified = evidence switch
        {
            ParsedSnpEvidence snp => VerifySnp(snp, reportData, collateral, anchors, options, at),
            ParsedTdxEvidence tdx => VerifyTdx(tdx, reportData, collateral, options, at),
            _ => throw new ArgumentException("Unknown kind of evidence.", nameof(evidence)),
        };
        return anchors.IsTest ? CoordinatorReport.WithTestRoots(verified) : verified;
    }

    /// <summary>Refuses a history of manifests that is not exactly the expected manifest. This check comes first, before any other part of the document is
    /// used.</summary>
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

    private static PrivatemodeVerificationException MissingCollateral(string kind) => PrivatemodeVerificationException.Create(
        ContrastChecks.Collateral,
        $"There is no collateral to verify {kind} evidence with. Do not send anything; verify again.",
        $"collateral for {kind}",
        cause: VerificationCause.Collateral);

    private static string Hex(ReadOnlySpan<byte> bytes) => Convert.ToHexStringLower(bytes);
}

/// <summary>The collateral for one kind of evidence; see <see cref="ParsedEvidence"/>. Nothing in it is trusted by itself.</summary>
internal sealed record ContrastCollateral
{
    /// <summary>The collateral for SEV-SNP evidence.</summary>
    public SnpCollateral? Snp { get; init; }

    /// <summary>For SEV-SNP: the chip's certificate (DER), if the evidence does not contain it.</summary>
    public ReadOnlyMemory<byte> Vcek { get; init; }

    /// <summary>The collateral for TDX evidence.</summary>
    public TdxCollateral? Tdx { get; init; }
}

/// <summary>The user's requirements beyond the manifest, and the one requirement that can be waived.</summary>
internal sealed record ContrastOptions
{
    public static readonly TimeSpan DefaultMaxAmdFallbackRevocationListAge = TimeSpan.FromDays(30);

    /// <summary>The accepted technologies; null: those that the manifest lists.</summary>
    public IReadOnlyCollection<EvidenceKind>? AllowedKinds { get; init; }

    /// <summary>The accepted product lines of AMD; null: those that the manifest lists, even if Milan is one of them.</summary>
    public IReadOnlyCollection<SnpProduct>? AllowedProducts { get; init; }

    /// <summary>The accepted AMD chip IDs, 64 bytes each; null: those that the manifest allows. A chip ID that the host masks matches none of them.</summary>
    public IReadOnlyCollection<ReadOnlyMemory<byte>>? AllowedChipIds { get; init; }

    /// <summary>Ignores the status of the platform, and checks only that of the TDX module and the quoting enclave, as Contrast's verifier (Go) does.</summary>
    /// <remarks>The firmware and microcode of the platform can then be out of date.</remarks>
    public bool DangerousAcceptOutdatedTdxPlatform { get; init; }

    /// <summary>Requires that a TDX platform is also up to date under Intel's newest TCB info, not only under the one that the manifest names.</summary>
    public bool RequireNewestTdxTcbInfo { get; init; }

    /// <summary>The maximum age of AMD's revocation list in the evidence, which is used if AMD's current list cannot be retrieved.</summary>
    public TimeSpan MaxAmdFallbackRevocationListAge { get; init; } = DefaultMaxAmdFallbackRevocationListAge;

    /// <summary>The cache of ID key digests, which is used for all verifications: a digest is computed once for each measurement and policy.</summary>
    public IdKeyDigestCache IdKeyDigests { get; } = new();
}

/// <summary>The root keys of AMD and Intel.</summary>
internal sealed record ContrastTrustAnchors(SevTrustAnchors Sev, TdxTrustAnchors Tdx)
{
    /// <summary>The root keys of AMD and Intel.</summary>
    public static ContrastTrustAnchors Production { get; } = new(SevTrustAnchors.Production, TdxTrustAnchors.Production);

    /// <summary>Whether these are the roots of a test deployment, whose keys are public.</summary>
    public bool IsTest { get; init; }
}

/// <summary>The 64 bytes that bind a report to the nonce, the history of manifests and both CAs.</summary>
internal static class ReportData
{
    /// <summary>In bytes.</summary>
    public const int Size = 64;

    /// <summary>In bytes.</summary>
    public const int NonceSize = 32;

    /// <summary>The expected report data: a SHA-256 digest and 32 zero bytes.</summary>
    /// <param name="manifests">The history, oldest first; at least one.</param>
    /// <param name="rootAuthority">The text of the root CA as received.</param>
    /// <param name="meshAuthority">The text of the mesh CA as received.</param>
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

    /// <summary>One step of the hash chain: the manifest's digest first, the previous value second.</summary>
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
