using Privatemode.AI.Testing.Evidence.Certificates;
using Privatemode.AI.Testing.Evidence.Collateral;
using Privatemode.AI.Testing.Evidence.Sev;

namespace Privatemode.AI.Testing.Evidence;

/// <summary>The data that a client needs to verify a test deployment: its roots, and the addresses of its stand-ins.</summary>
/// <param name="AmdRoots">The SHA-256 digest of the public key (SubjectPublicKeyInfo) of each product line's root.</param>
/// <param name="IntelRoot">The SHA-256 digest of the public key of Intel's root.</param>
/// <param name="Collateral">The base address of AMD's and Intel's stand-ins. Paths are those of AMD and Intel.</param>
/// <param name="Manifest">The address of the expected manifest.</param>
internal sealed record TestTrustAnchors(
    IReadOnlyDictionary<EvidenceAmdProduct, byte[]> AmdRoots, byte[] IntelRoot, Uri Collateral, Uri Manifest)
{
    public static TestTrustAnchors For(Uri deployment) => new(
        Enum.GetValues<EvidenceAmdProduct>().ToDictionary(product => product, product => SnpLine.Of(product).RootKey.Fingerprint),
        TestKeys.IntelRoot.Fingerprint,
        deployment,
        new Uri(deployment, StandIns.ManifestPath));

    /// <summary>Converts the data to the client's option.</summary>
    public InsecureLoopbackTrust ToTrust() => new()
    {
        AmdRootKeySha256 = AmdRoots.ToDictionary(root => new AmdProduct(root.Key.ToString()), root => Convert.ToHexStringLower(root.Value)),
        IntelRootKeySha256 = Convert.ToHexStringLower(IntelRoot),
        CollateralEndpoint = Collateral,
        ManifestEndpoint = Manifest,
    };
}
