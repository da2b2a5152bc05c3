using System.Security.Cryptography;
using Privatemode.AI.Attestation.Certificates;
using Privatemode.AI.Attestation.Sev;
using Privatemode.AI.Tests.Attestation.Certificates;

namespace Privatemode.AI.Tests.Attestation.Sev;

public sealed class SnpAuthoritiesTests
{
    [Theory]
    [InlineData(SnpProduct.Milan, SnpSigner.Vcek)]
    [InlineData(SnpProduct.Genoa, SnpSigner.Vcek)]
    [InlineData(SnpProduct.Turin, SnpSigner.Vcek)]
    [InlineData(SnpProduct.Milan, SnpSigner.Vlek)]
    [InlineData(SnpProduct.Genoa, SnpSigner.Vlek)]
    [InlineData(SnpProduct.Turin, SnpSigner.Vlek)]
    internal void Verify_WholeChain_Passes(SnpProduct product, SnpSigner signer)
    {
        VerifiedSnpReport verified = FakeAmd.Create(product, signer).Verify();

        Assert.Equal((product, signer), (verified.Product, verified.Signer));
        Assert.Equal(CertificateWriter.To, verified.ValidUntil);
    }

    [Fact]
    public void Verify_ValidUntil_IsTheEarliestEnd()
    {
        DateTimeOffset end = FakeAmd.At.AddDays(1);
        FakeAmd amd = FakeAmd.Create();
        Assert.Equal(end, (amd with { Root = amd.Root with { NotAfter = end } }).Verify().ValidUntil);
        Assert.Equal(end, (amd with { Intermediate = amd.Intermediate with { NotAfter = end } }).Verify().ValidUntil);
        Assert.Equal(end, (amd with { Vek = amd.Vek with { NotAfter = end } }).Verify().ValidUntil);
        Assert.Equal(end, (amd with { Crl = amd.Crl with { NextUpdate = end } }).Verify().ValidUntil);
    }

    // The whole chain has AMD's names and is consistent; only the key of the root tells it apart.
    [Fact]
    public void Verify_ForgedRoot_IsRefused() => (FakeAmd.Create() with { Anchors = SevTrustAnchors.Production }).AssertRefused(SevChecks.TrustAnchor);

    [Fact]
    public void Verify_RootOfNoAnchor_IsRefusedWithAllAnchors()
    {
        (string milan, string genoa) = (new('1', 64), new('2', 64));
        SevTrustAnchors anchors = new(new Dictionary<SnpProduct, string> { [SnpProduct.Milan] = milan, [SnpProduct.Genoa] = genoa });
        PrivatemodeVerificationException refusal = Refusal.Of(SevChecks.TrustAnchor, () => (FakeAmd.Create() with { Anchors = anchors }).Verify());
        Assert.Equal($"{milan} or {genoa}", refusal.Expected);
    }

    [Fact]
    public void Verify_NoAnchors_IsRefused()
    {
        FakeAmd amd = FakeAmd.Create() with { Anchors = new SevTrustAnchors(new Dictionary<SnpProduct, string>()) };
        Assert.Equal(SevChecks.TrustAnchor, Assert.Throws<PrivatemodeVerificationException>(() => amd.Verify()).ErrorType);
    }

    [Fact]
    public void Verify_PinnedNameWithAnotherKey_IsRefused()
    {
        using RSA other = RSA.Create(2048);
        FakeAmd amd = FakeAmd.Create();
        CertificateWriter root = amd.Root with { PublicKey = other.ExportSubjectPublicKeyInfo(), Sign = CertificateWriter.SignPss(other) };
        (amd with { Root = root, Intermediate = amd.Intermediate with { Sign = CertificateWriter.SignPss(other) } }).AssertRefused(SevChecks.TrustAnchor);
    }

    // The pinned key beside dates and constraints that its owner never signed.
    [Fact]
    public void Verify_PinnedKeyInACertificateSignedByAnotherKey_IsRefused()
    {
        using RSA other = RSA.Create(2048);
        FakeAmd amd = FakeAmd.Create();
        (amd with { Root = amd.Root with { Sign = CertificateWriter.SignPss(other) } }).AssertRefused(CertificateChecks.Signature);
    }

    [Fact]
    public void Verify_RootOfAnotherLine_IsRefused()
    {
        FakeAmd amd = FakeAmd.Create() with { Anchors = FakeAmd.AnchorsFor(SnpProduct.Milan) };
        amd.AssertRefused(SevChecks.RootName);
    }

    [Fact]
    public void Verify_RootThatIsNoAuthority_IsRefused()
    {
        FakeAmd amd = FakeAmd.Create();
        amd.WithRootExtensions().AssertRefused(CertificateChecks.Authority);
        amd.WithRootExtensions(Der.BasicConstraints(true)).AssertRefused(CertificateChecks.KeyUsage);
        amd.WithRootExtensions(Der.BasicConstraints(true, 0), Der.KeyUsage(true, true)).AssertRefused(CertificateChecks.PathLength);
    }

    [Fact]
    public void Verify_IntermediateOfAnotherIssuer_IsRefused()
    {
        using RSA other = RSA.Create(2048);
        FakeAmd amd = FakeAmd.Create();
        FakeAmd With(CertificateWriter intermediate) => amd with { Intermediate = intermediate };
        With(amd.Intermediate with { Sign = CertificateWriter.SignPss(other) }).AssertRefused(CertificateChecks.Signature);
        With(amd.Intermediate with { Issuer = Der.AmdName("ARK-Milan") }).AssertRefused(CertificateChecks.Issuer);
        With(amd.Intermediate with { Subject = Der.AmdName("SEV-Milan") }).AssertRefused(CertificateChecks.Issuer);
        With(amd.Intermediate with { PublicKey = CertificateWriter.Key.ExportSubjectPublicKeyInfo() }).AssertRefused(CertificateChecks.Key);
        With(amd.Intermediate with { Extensions = [] }).AssertRefused(CertificateChecks.Authority);
    }

    // Another leaf of the same intermediate, a VCEK say, in the intermediate's place.
    [Fact]
    public void Verify_LeafAsIntermediate_IsRefused()
    {
        FakeAmd amd = FakeAmd.Create();
        CertificateWriter leaf = amd.Vek with { Subject = amd.Intermediate.Subject };
        (amd with { Intermediate = leaf }).AssertRefused(CertificateChecks.Issuer);
    }

    [Fact]
    public void Verify_SigningKeyOfAnotherIssuer_IsRefused()
    {
        FakeAmd amd = FakeAmd.Create();
        (amd with { Vek = amd.Vek with { Sign = CertificateWriter.SignPss(FakeAmd.RootKey) } }).AssertRefused(CertificateChecks.Signature);
        (amd with { Vek = amd.Vek with { Issuer = Der.AmdName("SEV-Milan") } }).AssertRefused(CertificateChecks.Issuer);
    }

    // A provider's key must not pass as a chip's: root, then the intermediate of VLEKs, then a VLEK, in a report that names a VCEK.
    [Fact]
    public void Verify_VlekForAReportThatNamesAVcek_IsRefused()
    {
        FakeAmd vlek = FakeAmd.Create(signer: SnpSigner.Vlek);
        (vlek with { Report = FakeAmd.Create().Report }).AssertRefused(SevChecks.VekKind);
        (FakeAmd.Create() with { Report = vlek.Report }).AssertRefused(SevChecks.VekKind);
        (vlek with { Intermediate = FakeAmd.Create().Intermediate }).AssertRefused(CertificateChecks.Issuer);
    }

    [Fact]
    public void Verify_EachCertificateOutsideItsTime_IsRefused()
    {
        DateTimeOffset before = FakeAmd.At.AddSeconds(-1);
        DateTimeOffset after = FakeAmd.At.AddSeconds(1);
        FakeAmd amd = FakeAmd.Create();
        (amd with { Root = amd.Root with { NotAfter = before } }).AssertRefused(CertificateChecks.Expired);
        (amd with { Root = amd.Root with { NotBefore = after } }).AssertRefused(CertificateChecks.NotYetValid);
        (amd with { Intermediate = amd.Intermediate with { NotAfter = before } }).AssertRefused(CertificateChecks.Expired);
        (amd with { Intermediate = amd.Intermediate with { NotBefore = after } }).AssertRefused(CertificateChecks.NotYetValid);
        (amd with { Vek = amd.Vek with { NotAfter = before } }).AssertRefused(CertificateChecks.Expired);
        (amd with { Vek = amd.Vek with { NotBefore = after } }).AssertRefused(CertificateChecks.NotYetValid);
    }

    [Fact]
    public void Verify_RevocationListWithFaults_IsRefused()
    {
        FakeAmd amd = FakeAmd.Create();
        FakeAmd With(RevocationListWriter crl) => amd with { Crl = crl };
        With(amd.Crl with { Revoked = [[0x02, 0x00, 0x02]] }).AssertRefused(CertificateChecks.Revoked);
        With(amd.Crl with { Revoked = [[0x12, 0x34]] }).AssertRefused(CertificateChecks.Revoked); // the root itself
        RevocationListWriter byIntermediate = amd.Crl with { Sign = CertificateWriter.SignPss(FakeAmd.IntermediateKey) };
        With(byIntermediate).AssertRefused(CertificateChecks.CrlSignature);
        With(byIntermediate with { Issuer = amd.Intermediate.Subject }).AssertRefused(CertificateChecks.CrlIssuer);
        With(amd.Crl with { NextUpdate = null }).AssertRefused(CertificateChecks.CrlNextUpdateMissing);
        With(amd.Crl with { NextUpdate = FakeAmd.At.AddSeconds(-1) }).AssertRefused(CertificateChecks.CrlExpired);
        With(amd.Crl with { ThisUpdate = FakeAmd.At.AddSeconds(1) }).AssertRefused(CertificateChecks.CrlNotYetValid);
        With(amd.Crl with { Extensions = [("2.5.29.27", true, Der.Integer(1))] }).AssertRefused(CertificateChecks.CrlScope);
        With(amd.Crl with { Algorithm = Der.Pss(salt: 32) }).AssertRefused(CertificateChecks.CrlAlgorithm);

        // Leaves have the serial number 0, so a list cannot name one of them.
        With(amd.Crl with { Revoked = [[0x00], [0x02, 0x00, 0x01]] }).Verify();
    }

    [Fact]
    public void Verify_RootThatMayNotSignLists_IsRefused()
    {
        FakeAmd amd = FakeAmd.Create();
        amd.WithRootExtensions(Der.BasicConstraints(true), Der.KeyUsage(true, false)).AssertRefused(CertificateChecks.CrlKeyUsage);
    }

    [Fact]
    public void Verify_NoRevocationList_IsRefused()
    {
        FakeAmd amd = FakeAmd.Create();
        SnpReport report = SnpReport.Parse(amd.Report.Sign(FakeAmd.VekKey).Bytes);
        VekCertificate vek = VekCertificate.Parse(amd.Vek.Write());
        SnpCollateral collateral = new(amd.Intermediate.Write(), amd.Root.Write(), default);

        Refusal.Of(SevChecks.RevocationListMissing, () => SnpVerifier.Verify(report, vek, collateral, FakeAmd.AnchorsFor(SnpProduct.Genoa), FakeAmd.At));
    }
}
