namespace Privatemode.AI;

/// <summary>Represents what <see cref="SavedEvidence.Verify"/> requires of saved evidence.</summary>
public sealed class EvidenceExpectation
{
    /// <summary>Initializes a new instance of the <see cref="EvidenceExpectation"/> class with the digests of the accepted manifests.</summary>
    /// <param name="manifestSha256">The SHA-256 digests of the accepted manifests, as 64 hexadecimal digits each.</param>
    /// <exception cref="ArgumentNullException"><paramref name="manifestSha256"/> is <see langword="null"/>.</exception>
    /// <exception cref="ArgumentException">There is no digest, or one is not 64 hexadecimal digits.</exception>
    public EvidenceExpectation(params string[] manifestSha256) =>
        Digests = ((ManifestPolicy.PinnedManifest)ManifestPolicy.Pinned(manifestSha256)).Digests;

    /// <summary>Gets the requirements on the hardware in addition to the manifest.</summary>
    /// <value>The default is <see cref="HardwarePolicy.Default"/>.</value>
    public HardwarePolicy Hardware { get; init; } = HardwarePolicy.Default;

    /// <summary>Gets the address of the deployment that the evidence is about, from a source that you trust.</summary>
    /// <value>The default is <see langword="null"/>: the report shows <see cref="SavedEvidence.ClaimedEndpoint"/>. With
    /// <see cref="InsecureLoopbackTrust"/>, a loopback address is required.</value>
    public Uri? Endpoint { get; init; }

    /// <summary>Gets the roots of a test deployment. INSECURE outside of tests: anybody can forge evidence under these roots.</summary>
    /// <value>The default is <see langword="null"/>: the roots of AMD and Intel. Other roots are accepted only if <see cref="Endpoint"/> is a loopback
    /// address.</value>
    public InsecureLoopbackTrust? InsecureLoopbackTrust { get; init; }

    internal IReadOnlyCollection<string> Digests { get; }
}
