using Privatemode.AI.Attestation.Certificates;
using Privatemode.AI.Testing;
using Privatemode.AI.Testing.Evidence.Certificates;
using Privatemode.AI.Testing.Evidence.Tdx;

namespace Privatemode.AI.Tests.Attestation.Contrast;

/// <summary>Intel's documents may be signed under certificates of their own, and each of them counts.</summary>
public sealed class CollateralSignersTests
{
    /// <summary>Two signers, one of them revoked: with one for both documents, the check of either would do.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Verify_OnlyOneOfTwoSignersOfCollateralIsRevoked_IsRefused(bool isTcbInfo)
    {
        CoordinatorScene scene = new(EvidenceKind.Tdx);
        CertificateTemplate other = IntelAuthority.TcbSigning(TestKeys.StrangerP256, TestKeys.IntelRoot);
        other.SerialNumber = IntelAuthority.Serial("another signer");
        byte[] certificate = other.Sign(TestKeys.IntelRoot);
        if (isTcbInfo)
        {
            (scene.Tdx.TcbInfoSigner, scene.Tdx.TcbInfoChain) = (TestKeys.StrangerP256, issued => [certificate, issued.Root]);
        }
        else
        {
            (scene.Tdx.QeIdentitySigner, scene.Tdx.QeIdentityChain) = (TestKeys.StrangerP256, issued => [certificate, issued.Root]);
        }

        Assert.Empty(scene.Refusals());
        scene.Tdx.RootList.Revoked.Add(other.SerialNumber);
        Assert.Equal([CertificateChecks.Revoked], scene.Refusals());
    }
}
