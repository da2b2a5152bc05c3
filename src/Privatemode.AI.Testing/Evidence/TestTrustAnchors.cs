using Privatemode.AI.Testing.Evidence.Certificates;
using Privatemode.AI.Testing.Evidence.Collateral;
using Privatemode.AI.Testing.Evidence.Sev;

namespace Privatemode.AI.Testing.Evidence;

/// <summary>What a client must be told to judge a test deployment: its roots, and where its stand-ins are.</summary>
/// <param name="AmdRoots">SHA-256 of the public key (SubjectPublicKeyInfo) of each product line's root.</param>
/// <param name="IntelRoot">The same of Intel's root.</param>
/// <param name="Collateral">Base address of AMD's and Intel's stand-ins; paths are those of AMD and Intel.</param>
/// <param name="Manifest">Where the expected manifest is.</param>
internal sealed record TestTrustAnchors(
    IReadOnlyDictionary<EvidenceAmdProduct, byte[]> AmdRoots, byte[] IntelRoot, Uri Collateral, Uri Manifest)
{
    public static TestTrustAnchors For(Uri deployment) => new(
        Enum.GetValues<EvidenceAmdProduct>().ToDictionary(product => product, product => SnpLine.Of(product).RootKey.Fingerprint),
        TestKeys.IntelRoot.Fingerprint,
        deployment,
        new Uri(deployment, StandIns.ManifestPath));

    /// <summary>The same in the client's words.</summary>
    public InsecureLoopbackTrust ToTrust() => new()
    {
        AmdRootKeySha256 = AmdRoots.ToDictionary(root => new AmdProduct(root.Key.ToString()), root => Convert.ToHexStringLower(root.Value)),
        IntelRootKeySha256 = Convert.ToHexStringLower(IntelRoot),
        CollateralEndpoint = Collateral,
        ManifestEndpoint = Manifest,
    };
}
