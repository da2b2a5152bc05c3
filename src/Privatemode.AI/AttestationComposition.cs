using Privatemode.AI.Attestation.Contrast;
using Privatemode.AI.Diagnostics;
using Privatemode.AI.Endpoints;
using Privatemode.AI.Sessions;

namespace Privatemode.AI;

/// <summary>Puts together what verifies the deployment.</summary>
internal static class AttestationComposition
{
    public static AttestedMeshAuthority Create(PrivatemodeOptions options, BoundedHttp http, ControlPlaneClient control)
    {
        TimeProvider time = options.TimeProvider;
        InsecureLoopbackTrust? trust = options.InsecureLoopbackTrust;
        ClientEvents events = new(options.LoggerFactory, options.Endpoint);
        PublicDownloads downloads = new(http, time);
        ManifestEndpoint published = new(downloads, trust?.Manifest ?? ManifestEndpoint.Production, time);
        ManifestKeeper manifests = new(options.Manifest, published, events, time, isTestTrust: trust is not null);
        CollateralAddresses addresses = trust is not null ? CollateralAddresses.At(trust.Collateral)
            : options.CollateralProxy is { } proxy ? CollateralAddresses.At(proxy)
            : CollateralAddresses.Vendors;
        CollateralStore store = new(downloads, Caches(options), time, ScopeOf(options));
        ContrastTrustAnchors anchors = TrustAnchors.Of(trust);
        ContrastOptions hardware = TrustAnchors.OptionsOf(options.Hardware);
        Attestor attestor = new(
            manifests,
            new AttestEndpoint(control),
            new EvidenceCollector(store, addresses, anchors, hardware, time),
            anchors,
            hardware,
            new AttestorSettings(options.Endpoint, options.EvidenceLifetime, options.AcceptAnyUnnamedWorkloadAsSecretService),
            time);
        return new AttestedMeshAuthority(attestor, manifests, events, time);
    }

    private static string ScopeOf(PrivatemodeOptions options) => options.InsecureLoopbackTrust?.Scope ?? "";

    private static List<ICollateralCache> Caches(PrivatemodeOptions options)
    {
        List<ICollateralCache> caches = [new MemoryCollateralCache(ScopeOf(options))];
        if (options.CollateralDirectory is { Length: > 0 } directory)
        {
            caches.Add(new TimedCollateralCache(new DirectoryCollateralCache(directory, options.TimeProvider), options.TimeProvider));
        }

        if (options.CollateralCache is { } cache)
        {
            caches.Add(new TimedCollateralCache(new DistributedCollateralCache(cache, options.TimeProvider), options.TimeProvider));
        }

        return caches;
    }
}
