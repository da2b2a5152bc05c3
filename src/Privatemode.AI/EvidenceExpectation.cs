namespace Privatemode.AI;

/// <summary>What saved evidence must prove.</summary>
public sealed class EvidenceExpectation
{
    /// <summary>Expects a manifest with one of these digests.</summary>
    /// <param name="manifestSha256">SHA-256 of each acceptable manifest, 64 hexadecimal digits.</param>
    /// <exception cref="ArgumentException">There is none, or one is not 64 hexadecimal digits.</exception>
    public EvidenceExpectation(params string[] manifestSha256) =>
        Digests = ((ManifestPolicy.PinnedManifest)ManifestPolicy.Pinned(manifestSha256)).Digests;

    /// <summary>What is demanded of the hardware. Default <see cref="HardwarePolicy.Default"/>.</summary>
    public HardwarePolicy Hardware { get; init; } = HardwarePolicy.Default;

    /// <summary>
    /// Address of the deployment that the evidence is about, as you know it; the file's own is a claim. Needed, and a loopback address, with
    /// <see cref="InsecureLoopbackTrust"/>. Default null: the report shows the claim.
    /// </summary>
    public Uri? Endpoint { get; init; }

    /// <summary>INSECURE outside of tests: other roots, for evidence of a loopback deployment at <see cref="Endpoint"/>. Default null.</summary>
    public InsecureLoopbackTrust? InsecureLoopbackTrust { get; init; }

    internal IReadOnlyCollection<string> Digests { get; }
}
