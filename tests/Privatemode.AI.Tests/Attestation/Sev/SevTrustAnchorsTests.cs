using Privatemode.AI.Attestation.Certificates;
using Privatemode.AI.Attestation.Sev;
using Privatemode.AI.Tests.Vectors;

namespace Privatemode.AI.Tests.Attestation.Sev;

public sealed class SevTrustAnchorsTests
{
    [Fact]
    public void Production_PinsOneKeyPerLine()
    {
        Assert.Equal(Enum.GetValues<SnpProduct>(), SevTrustAnchors.Production.RootKeys.Keys.Order());
        Assert.All(SevTrustAnchors.Production.RootKeys, pinned =>
        {
            Assert.Equal(pinned.Key, SevTrustAnchors.Production.Find(Convert.FromHexString(pinned.Value)));
            Assert.Matches("^[0-9a-f]{64}$", pinned.Value);
        });
        Assert.Equal(3, SevTrustAnchors.Production.RootKeys.Values.Distinct().Count());
        Assert.Null(SevTrustAnchors.Production.Find(new byte[32]));
    }

    [ThirdPartyFact]
    public void Production_HasTheKeysOfAmdsCertificatesAndNoOthers()
    {
        foreach (SnpProduct product in Enum.GetValues<SnpProduct>())
        {
            string line = SnpProducts.Name(product).ToLowerInvariant();
            Assert.Equal(product, Find($"amd_{line}_ark.pem"));
            Assert.Null(Find($"amd_{line}_ask.pem"));
            Assert.Null(Find($"amd_{line}_asvk.pem"));
        }
    }

    private static SnpProduct? Find(string root) => SevTrustAnchors.Production.Find(
        Certificate.Parse(SnpVectors.All.ReadCertificate("roots/" + root), "the root").SubjectPublicKeyInfoSha256());
}
