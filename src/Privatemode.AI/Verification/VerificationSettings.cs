using Privatemode.AI.Attestation.Contrast;
using Privatemode.AI.Attestation.Sev;
using Privatemode.AI.Attestation.Tdx;
using Privatemode.AI.Diagnostics;
using Privatemode.AI.Internal;
using Privatemode.AI.Pipeline.Transport;

namespace Privatemode.AI.Verification;

/// <summary>Creates the objects that verify the deployment.</summary>
internal static class VerificationComposition
{
    public static DeploymentVerifier Create(PrivatemodeOptions options, BoundedHttpClient http, ControlPlaneClient control)
    {
        TimeProvider time = options.TimeProvider;
        VerificationOptions verification = options.Verification;
        InsecureLoopbackTrust? trust = verification.InsecureLoopbackTrust;
        ClientEvents events = new(options.LoggerFactory, options.Endpoint);
        PublicDownloads downloads = new(http, time);
        ManifestEndpoint published = new(downloads, trust?.ManifestEndpoint ?? ManifestEndpoint.Production, time);
        ManifestPolicyEvaluator manifests = new(verification.Manifest, published, events, time, isTestTrust: trust is not null);
        CollateralAddresses addresses = trust is not null ? CollateralAddresses.At(trust.CollateralEndpoint)
            : verification.CollateralEndpoint is { } endpoint ? CollateralAddresses.At(endpoint)
            : CollateralAddresses.Vendors;
        CollateralStore store = new(downloads, Caches(verification, time), time, ScopeOf(verification));
        ContrastTrustAnchors anchors = VerificationSettings.Of(trust);
        ContrastOptions hardware = VerificationSettings.OptionsOf(verification.Hardware);
        AttestationRun attestation = new(
            manifests,
            control,
            new CollateralCollector(store, addresses, anchors, hardware, time),
            anchors,
            hardware,
            new AttestationSettings(options.Endpoint, verification.Lifetime, verification.DangerousAcceptAnyUnnamedWorkloadAsSecretService),
            time);
        return new DeploymentVerifier(attestation, manifests, events, time, verification.OnVerified);
    }

    private static string ScopeOf(VerificationOptions verification) => verification.InsecureLoopbackTrust?.Scope ?? "";

    private static List<ICollateralCache> Caches(VerificationOptions verification, TimeProvider time)
    {
        List<ICollateralCache> caches = [new MemoryCollateralCache(ScopeOf(verification))];
        if (verification.CollateralDirectory is { Length: > 0 } directory)
        {
            caches.Add(new TimedCollateralCache(new DirectoryCollateralCache(directory, time), time));
        }

        if (verification.CollateralCache is { } cache)
        {
            caches.Add(new TimedCollateralCache(new DistributedCollateralCache(cache, time), time));
        }

        return caches;
    }
}

/// <summary>Converts the public settings to those of the types in the Attestation folder.</summary>
internal static class VerificationSettings
{
    internal static readonly TimeSpan MaxSuppliedRevocationListAge = TimeSpan.FromDays(366);

    /// <summary>The technologies that a policy can name.</summary>
    internal static IReadOnlyList<string> Tees { get; } = [SnpReferenceMatcher.Kind, TdxReferenceMatcher.Kind];

    /// <summary>The product lines of AMD that a policy can name.</summary>
    internal static IReadOnlyList<string> AmdProducts { get; } = Enum.GetNames<SnpProduct>();

    /// <summary>The roots of AMD and Intel, or those of a test deployment.</summary>
    public static ContrastTrustAnchors Of(InsecureLoopbackTrust? trust) => trust is null
        ? ContrastTrustAnchors.Production
        : new ContrastTrustAnchors(
            new SevTrustAnchors(trust.AmdRootKeySha256.ToDictionary(entry => Product(entry.Key), entry => entry.Value)),
            new TdxTrustAnchors([Convert.FromHexString(trust.IntelRootKeySha256)]))
        {
            IsTest = true,
        };

    /// <exception cref="PrivatemodeConfigurationException">A technology, product line or chip has an invalid value.</exception>
    public static ContrastOptions OptionsOf(HardwarePolicy policy) => new()
    {
        AllowedKinds = policy.AllowedTees?.Select(Kind).ToHashSet(),
        AllowedProducts = policy.AllowedAmdProducts?.Select(Product).ToHashSet(),
        AllowedChipIds = policy.AllowedAmdChipIds?.Select(Chip).ToList(),
        DangerousAcceptOutdatedTdxPlatform = policy.DangerousAcceptOutdatedTdxPlatform,
        RequireNewestTdxTcbInfo = policy.RequireNewestTdxTcbInfo,
        MaxAmdFallbackRevocationListAge = policy.MaxAmdFallbackRevocationListAge >= TimeSpan.Zero
            && policy.MaxAmdFallbackRevocationListAge <= MaxSuppliedRevocationListAge
            ? policy.MaxAmdFallbackRevocationListAge
            : throw new PrivatemodeConfigurationException(
                OptionNames.Hardware,
                $"{nameof(policy.MaxAmdFallbackRevocationListAge)} must be from zero to {MaxSuppliedRevocationListAge.TotalDays:0} days."),
    };

    // Values are not quoted: one in the wrong place may be an API key.
    private static SnpProduct Product(AmdProduct product) => SnpProducts.FromName(product.Value) ?? throw new PrivatemodeConfigurationException(
        OptionNames.Hardware,
        $"{OptionNames.Hardware}.{nameof(HardwarePolicy.AllowedAmdProducts)} contains an unknown value (length {product.ToString().Length}). " +
            $"Use {string.Join(", ", Enum.GetNames<SnpProduct>())}.");

    private static EvidenceKind Kind(TeeKind tee) => tee.Value switch
    {
        SnpReferenceMatcher.Kind => EvidenceKind.SevSnp,
        TdxReferenceMatcher.Kind => EvidenceKind.Tdx,
        _ => throw new PrivatemodeConfigurationException(
            OptionNames.Hardware,
            $"{OptionNames.Hardware}.{nameof(HardwarePolicy.AllowedTees)} contains an unknown value (length {tee.ToString().Length}). " +
                $"Use {SnpReferenceMatcher.Kind} or {TdxReferenceMatcher.Kind}."),
    };

    private static ReadOnlyMemory<byte> Chip(string id) => id is { Length: 128 } && id.All(char.IsAsciiHexDigit) && id.AsSpan().ContainsAnyExcept('0')
        ? Convert.FromHexString(id)
        : throw new PrivatemodeConfigurationException(
            OptionNames.Hardware, "The ID of an AMD chip is 128 hexadecimal digits, not all of them zero: zeros mean that the ID is hidden.");
}
