using Privatemode.AI.Attestation.Contrast;
using Privatemode.AI.Diagnostics;
using Privatemode.AI.Pipeline.Transport;

namespace Privatemode.AI.Verification;

/// <summary>Puts together what verifies the deployment.</summary>
internal static class AttestationComposition
{
    public static AttestedMeshAuthority Create(PrivatemodeOptions options, BoundedHttp http, ControlPlaneClient control)
    {
        TimeProvider time = options.TimeProvider;
        VerificationOptions verification = options.Verification;
        InsecureLoopbackTrust? trust = verification.InsecureLoopbackTrust;
        ClientEvents events = new(options.LoggerFactory, options.Endpoint);
        PublicDownloads downloads = new(http, time);
        ManifestEndpoint published = new(downloads, trust?.ManifestEndpoint ?? ManifestEndpoint.Production, time);
        ManifestKeeper manifests = new(verification.Manifest, published, events, time, isTestTrust: trust is not null);
        CollateralAddresses addresses = trust is not null ? CollateralAddresses.At(trust.CollateralEndpoint)
            : verification.CollateralEndpoint is { } endpoint ? CollateralAddresses.At(endpoint)
            : CollateralAddresses.Vendors;
        CollateralStore store = new(downloads, Caches(verification, time), time, ScopeOf(verification));
        ContrastTrustAnchors anchors = TrustAnchors.Of(trust);
        ContrastOptions hardware = TrustAnchors.OptionsOf(verification.Hardware);
        Attestor attestor = new(
            manifests,
            new AttestEndpoint(control),
            new EvidenceCollector(store, addresses, anchors, hardware, time),
            anchors,
            hardware,
            new AttestorSettings(options.Endpoint, verification.Lifetime, verification.DangerousAcceptAnyUnnamedWorkloadAsSecretService),
            time);
        return new AttestedMeshAuthority(attestor, manifests, events, time);
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
