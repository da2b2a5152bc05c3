namespace Privatemode.AI;

/// <summary>Represents what <see cref="SavedEvidence.Verify"/> requires of saved evidence.</summary>
public sealed class EvidenceExpectation
{
    /// <summary>Initializes a new instance of the <see cref="EvidenceExpectation"/> class with the digests of the accepted manifests.</summary>
    /// <param name="manifestSha256">The SHA-256 digests of the accepted manifests, as 64 hexadecimal digits each.</param>
    /// <exception cref="ArgumentNullException"><paramref name="manifestSha256"/> is <see langword="null"/>.</exception>
    /// <exception cref="ArgumentException">There is no digest, or one is not 64 hexadecimal digits.</exception>
    public EvidenceExpectation(params string[] manifestSha256) =>
        ManifestSha256 = [.. ((ManifestPolicy.PinnedManifest)ManifestPolicy.Pinned(manifestSha256)).Digests];

    /// <summary>Gets the SHA-256 digests of the accepted manifests.</summary>
    /// <value>64 lower-case hexadecimal digits each, without duplicates.</value>
    public IReadOnlyList<string> ManifestSha256 { get; }

    /// <summary>Gets the requirements for the hardware beyond those of the manifest.</summary>
    /// <value>The default is <see cref="HardwarePolicy.Default"/>.</value>
    public HardwarePolicy Hardware { get; init; } = HardwarePolicy.Default;

    /// <summary>Gets the address of the deployment that the evidence is about, from a source that you trust.</summary>
    /// <value>The default is <see langword="null"/>: the report shows <see cref="SavedEvidence.ClaimedEndpoint"/>. With
    /// <see cref="InsecureLoopbackTrust"/>, a loopback address is required.</value>
    public Uri? Endpoint { get; init; }

    /// <summary>Gets the roots of a test deployment, used instead of the vendors' roots. This is insecure outside of tests.</summary>
    /// <value>The default is <see langword="null"/>: the roots of AMD and Intel. Other roots are accepted only if <see cref="Endpoint"/> is a loopback
    /// address.</value>
    public InsecureLoopbackTrust? InsecureLoopbackTrust { get; init; }

}
