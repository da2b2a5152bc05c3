using System.Security.Cryptography;
using Privatemode.AI.Attestation.Certificates;
using Privatemode.AI.Attestation.Sev;
using Privatemode.AI.Tests.Attestation.Certificates;

namespace Privatemode.AI.Tests.Attestation.Sev;

public sealed class SnpVerifierTests
{
    [Fact]
    public void Verify_Baseline_TellsWhatItFound()
    {
        VerifiedSnpReport verified = FakeAmd.Create(SnpProduct.Turin).Verify();

        TcbVersion tcb = new(2, 10, 1, 23, 84);
        Assert.Equal(new SnpTcb(tcb, tcb, tcb, tcb), verified.Tcb);
        Assert.Equal((CertificateWriter.From, CertificateWriter.To), (verified.Dates.CrlThisUpdate, verified.Dates.CrlNextUpdate));
        Assert.Equal((CertificateWriter.From, CertificateWriter.To), (verified.Dates.VekNotBefore, verified.Dates.VekNotAfter));
    }

    [Fact]
    public void Verify_EverySignedByteChanged_IsRefused()
    {
        SnpVector vector = SnpVectors.Synthetic["snp/syn-baseline"];
        VekCertificate vek = VekCertificate.Parse(vector.Vek);
        using SnpAuthorities authorities = SnpAuthorities.Verify(vector.Intermediate, vector.Root, vector.Anchors);
        _ = SignedSnpReport.Verify(SnpReport.Parse(vector.Report), vek, authorities, vector.At);
        for (int i = 0; i < SnpReport.Size; i++)
        {
            byte[] changed = vector.Report.ToArray();
            changed[i] ^= (byte)(1 << (i % 8));
            Assert.False(Refusal.AcceptsOrRefuses(() => SignedSnpReport.Verify(SnpReport.Parse(changed), vek, authorities, vector.At)), $"byte {i}");
        }
    }

    [Fact]
    public void Verify_EveryByteOfTheCertificatesChanged_IsRefused()
    {
        SnpVector vector = SnpVectors.Synthetic["snp/syn-crl-clean"];
        byte[][] originals = [vector.Vek.ToArray(), vector.Intermediate.ToArray(), vector.Root.ToArray(), vector.Crl.ToArray()];
        for (int which = 0; which < originals.Length; which++)
        {
            for (int i = 0; i < originals[which].Length; i += 7)
            {
                byte[][] files = [.. originals];
                files[which] = [.. files[which]];
                files[which][i] ^= (byte)(1 << (i % 8));
                SnpCollateral collateral = new(files[1], files[2], files[3]);
                Assert.False(
                    Refusal.AcceptsOrRefuses(() => SnpVerifier.Verify(
                        SnpReport.Parse(vector.Report), VekCertificate.Parse(files[0]), collateral, vector.Anchors, vector.At)),
                    $"file {which} byte {i}");
            }
        }
    }

    [Fact]
    public void Verify_SignatureOfAnotherKeyOrHash_IsRefused()
    {
        using ECDsa other = ECDsa.Create(ECCurve.NamedCurves.nistP384);
        FakeAmd amd = FakeAmd.Create();
        (amd with { Vek = amd.Vek with { PublicKey = other.ExportSubjectPublicKeyInfo() } }).AssertRefused(SevChecks.ReportSignature);
        (amd with { Vek = amd.Vek with { PublicKey = CertificateWriter.Key.ExportSubjectPublicKeyInfo() } }).AssertRefused(CertificateChecks.Key);
    }

    [Fact]
    public void Verify_SignaturesThatAreNone_AreRefused()
    {
        FakeAmd amd = FakeAmd.Create();
        VekCertificate vek = VekCertificate.Parse(amd.Vek.Write());
        using SnpAuthorities authorities = Authorities(amd);
        byte[] signature = [.. amd.Report.Sign(FakeAmd.VekKey).Bytes[0x2a0..]];
        byte[] order = [.. Convert.FromHexString("ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973").Reverse()];
        foreach ((byte[] r, byte[] s) in ((byte[], byte[])[])
            [
                (new byte[48], new byte[48]), (new byte[48], signature[72..120]), (signature[..48], new byte[48]),
                (order, signature[72..120]), (signature[..48], order), (signature[72..120], signature[..48]),
                ([.. Enumerable.Repeat((byte)0xff, 48)], [.. Enumerable.Repeat((byte)0xff, 48)]),
            ])
        {
            byte[] bytes = amd.Report.Put(0x2a0, r).Put(0x2e8, s).Bytes;
            Refusal.Of(SevChecks.ReportSignature, () => SignedSnpReport.Verify(SnpReport.Parse(bytes), vek, authorities, FakeAmd.At));
        }
    }

    [Theory]
    [InlineData(0x19, 0x01)] // Milan
    [InlineData(0x19, 0x20)]
    [InlineData(0x1a, 0x02)] // Turin
    [InlineData(0x1a, 0x50)] // Venice
    [InlineData(0x17, 0x31)]
    [InlineData(0, 0)]
    public void Verify_CpuidOfAnotherLine_IsRefused(byte family, byte model)
    {
        FakeAmd amd = FakeAmd.Create();
        amd.Report.Byte(SnpReportWriter.Family, family).Byte(SnpReportWriter.Model, model);
        amd.AssertRefused(SevChecks.Product);
    }

    [Fact]
    public void Verify_ModelOfBergamo_IsGenoa()
    {
        FakeAmd amd = FakeAmd.Create();
        amd.Report.Byte(SnpReportWriter.Model, 0xa0);
        Assert.Equal(SnpProduct.Genoa, amd.Verify().Product);
    }

    [Theory]
    [InlineData("Milan-B0")]
    [InlineData("Venice")]
    [InlineData("Genoa-")]
    public void Verify_ProductExtensionOfAnotherLine_IsRefused(string name) =>
        FakeAmd.Create().WithVekExtension("2", [0x16, (byte)name.Length, .. System.Text.Encoding.ASCII.GetBytes(name)]).AssertRefused(SevChecks.Product);

    // The keys of Genoa's chain, all names of Milan but the root's: the line that counts is the pinned root's.
    [Fact]
    public void Verify_IssuerNamedAfterAnotherLine_IsRefused()
    {
        FakeAmd amd = FakeAmd.Create(SnpProduct.Milan);
        byte[] root = Der.AmdName("ARK-Genoa");
        FakeAmd mixed = amd with
        {
            Line = SnpProduct.Genoa,
            Root = amd.Root with { Issuer = root, Subject = root },
            Intermediate = amd.Intermediate with { Issuer = root },
            Crl = amd.Crl with { Issuer = root },
        };
        mixed.AssertRefused(SevChecks.Product);
    }

    [Fact]
    public void Verify_ReportOfVersion2_TakesTheLineFromTheCertificates()
    {
        FakeAmd amd = FakeAmd.Create(SnpProduct.Milan);
        amd.Report.UInt32(0, 2).Byte(SnpReportWriter.Family, 0).Byte(SnpReportWriter.Model, 0);
        Assert.Equal(SnpProduct.Milan, amd.Verify().Product);
    }

    [Theory]
    [InlineData(SnpProduct.Genoa, "3.1")]
    [InlineData(SnpProduct.Genoa, "3.2")]
    [InlineData(SnpProduct.Genoa, "3.3")]
    [InlineData(SnpProduct.Genoa, "3.8")]
    [InlineData(SnpProduct.Turin, "3.1")]
    [InlineData(SnpProduct.Turin, "3.2")]
    [InlineData(SnpProduct.Turin, "3.3")]
    [InlineData(SnpProduct.Turin, "3.8")]
    [InlineData(SnpProduct.Turin, "3.9")]
    internal void Verify_OneCertifiedLevelDiffers_IsRefused(SnpProduct product, string suffix) =>
        FakeAmd.Create(product).WithVekExtension(suffix, Der.Integer(99)).AssertRefused(SevChecks.TcbBinding);

    // The certificate of an old TCB, whose key could be known, for a report that claims a newer one; and of a newer one.
    [Fact]
    public void Verify_ReportedTcbDiffers_IsRefused()
    {
        FakeAmd amd = FakeAmd.Create();
        amd.Report.UInt64(SnpReportWriter.ReportedTcb, 0x5418_0000_0000_010a);
        amd.AssertRefused(SevChecks.TcbBinding);
    }

    [Theory]
    [InlineData(SnpReportWriter.CurrentTcb)]
    [InlineData(SnpReportWriter.ReportedTcb)]
    [InlineData(SnpReportWriter.CommittedTcb)]
    [InlineData(SnpReportWriter.LaunchTcb)]
    public void Verify_ReservedBytesOfATcb_AreRefused(int offset)
    {
        FakeAmd genoa = FakeAmd.Create();
        genoa.Report.Byte(offset + 3, 1);
        genoa.AssertRefused(SevChecks.TcbReserved);
        FakeAmd turin = FakeAmd.Create(SnpProduct.Turin);
        turin.Report.Byte(offset + 6, 1);
        turin.AssertRefused(SevChecks.TcbReserved);
    }

    [Theory]
    [InlineData(SnpProduct.Genoa, 0)]
    [InlineData(SnpProduct.Genoa, 63)]
    [InlineData(SnpProduct.Turin, 0)]
    [InlineData(SnpProduct.Turin, 7)]
    [InlineData(SnpProduct.Turin, 8)] // beyond the 8 bytes of Turin
    [InlineData(SnpProduct.Turin, 63)]
    internal void Verify_OtherChip_IsRefused(SnpProduct product, int index)
    {
        FakeAmd amd = FakeAmd.Create(product);
        amd.Report.Byte(SnpReportWriter.ChipId + index, 0xee);
        amd.AssertRefused(SevChecks.HardwareId);
    }

    [Fact]
    public void Verify_MaskedChip_PassesButIsNoChipOfAList()
    {
        FakeAmd amd = FakeAmd.Create();
        amd.Report.Put(SnpReportWriter.ChipId, new byte[64]);
        VerifiedSnpReport verified = amd.Verify();

        Assert.True(verified.Report.IsChipIdMasked);
        SnpPolicy policy = new() { AllowedChipIds = [new byte[64], FakeAmd.HardwareId(SnpProduct.Genoa)] };
        Assert.Equal(SnpPolicyChecks.AllowedChip, Assert.Single(SnpPolicy.Compare(verified, policy)).Check);
    }

    [Fact]
    public void Verify_VlekWithAChip_IsNotBoundToIt()
    {
        FakeAmd amd = FakeAmd.Create(signer: SnpSigner.Vlek);
        amd.Report.Put(SnpReportWriter.ChipId, FakeAmd.HardwareId(SnpProduct.Genoa));
        Assert.Equal(SnpSigner.Vlek, amd.Verify().Signer);
    }

    // Nothing of the report counts before its signature: wrong in every later way, it is refused for the signature.
    [Fact]
    public void Verify_UnsignedReport_IsNotLookedAtFurther()
    {
        FakeAmd amd = FakeAmd.Create();
        VekCertificate vek = VekCertificate.Parse(amd.Vek.Write());
        using SnpAuthorities authorities = Authorities(amd);
        byte[] bytes = amd.Report.Byte(SnpReportWriter.Family, 0x77).Tcb(ulong.MaxValue).Byte(SnpReportWriter.ChipId, 9).Bytes;

        Refusal.Of(SevChecks.ReportSignature, () => SignedSnpReport.Verify(SnpReport.Parse(bytes), vek, authorities, FakeAmd.At));
    }

    private static SnpAuthorities Authorities(FakeAmd amd) =>
        SnpAuthorities.Verify(amd.Intermediate.Write(), amd.Root.Write(), FakeAmd.AnchorsFor(amd.Line));
}
