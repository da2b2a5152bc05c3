using Privatemode.AI.Attestation.Certificates;
using Privatemode.AI.Attestation.Sev;
using Privatemode.AI.Tests.Attestation.Certificates;

namespace Privatemode.AI.Tests.Attestation.Sev;

public sealed class VekCertificateTests
{
    public static TheoryData<string, string> OtherNames => new()
    {
        { "SEV-VLEK", "SEV-Genoa" },
        { "SEV-VCEK", "SEV-VLEK-Genoa" },
        { "SEV-VCEK", "SEV-Venice" },
        { "SEV-VCEK", "SEV-" },
        { "SEV-VCEK", "ARK-Genoa" },
        { "SEV-VCEK", "SEV-VLEK-" },
        { "SEV-Genoa", "ARK-Genoa" },
        { "sev-vcek", "SEV-Genoa" },
        { "", "" },
    };

    [Theory]
    [MemberData(nameof(OtherNames))]
    public void Parse_NamesOfNoRole_AreRefused(string subject, string issuer) =>
        AssertNames(Der.AmdName(subject), Der.AmdName(issuer));

    [Fact]
    public void Parse_NamesOfAnotherCompany_AreRefused()
    {
        AssertNames(Der.Name("SEV-VCEK"), Der.AmdName("SEV-Genoa"));
        AssertNames(Der.AmdName("SEV-VCEK"), Der.Name("SEV-Genoa"));
        AssertNames(
            Der.Sequence([.. Five("Advanced Micro Devices"), Der.Attribute("2.5.4.5", "1"), Der.Attribute("2.5.4.3", "SEV-VCEK")]), Der.AmdName("SEV-Genoa"));
        AssertNames(Der.Sequence([.. Five("Advanced Micro Device"), Der.Attribute("2.5.4.3", "SEV-VCEK")]), Der.AmdName("SEV-Genoa"));
    }

    [Theory]
    [InlineData(SnpProduct.Milan, SnpSigner.Vcek, 64)]
    [InlineData(SnpProduct.Genoa, SnpSigner.Vcek, 64)]
    [InlineData(SnpProduct.Turin, SnpSigner.Vcek, 8)]
    [InlineData(SnpProduct.Milan, SnpSigner.Vlek, 0)]
    [InlineData(SnpProduct.Turin, SnpSigner.Vlek, 0)]
    internal void Parse_EveryKindAndLine_IsRead(SnpProduct product, SnpSigner signer, int hardwareIdSize)
    {
        VekCertificate vek = VekCertificate.Parse(FakeAmd.Create(product, signer).Vek.Write());

        Assert.Equal((signer, product, product), (vek.Signer, vek.Line, vek.Extensions.Product));
        Assert.Equal(new TcbVersion(product == SnpProduct.Turin ? (byte)2 : (byte)0, 10, 1, 23, 84), vek.Extensions.Tcb);
        Assert.Equal(hardwareIdSize, vek.Extensions.HardwareId.Length);
        Assert.Equal([0], vek.Certificate.SerialNumber.ToArray());
    }

    [Theory]
    [InlineData(SnpProduct.Genoa, 64)]
    [InlineData(SnpProduct.Turin, 8)]
    internal void Parse_HardwareId_IsToldByItsLength(SnpProduct product, int size)
    {
        FakeAmd amd = FakeAmd.Create(product);
        byte[] id = FakeAmd.HardwareId(product);
        Assert.Equal(id, Parse(amd.WithVekExtension("4", id)).Extensions.HardwareId.ToArray());
        Assert.Equal(id, Parse(amd.WithVekExtension("4", [0x04, (byte)size, .. id])).Extensions.HardwareId.ToArray());

        AssertExtension(amd, "4", [0x05, (byte)size, .. id]);
        AssertExtension(amd, "4", [0x04, (byte)(size - 1), .. id]);
        AssertExtension(amd, "4", id[1..]);
        AssertExtension(amd, "4", [.. id, 0]);
        AssertExtension(amd, "4", [.. id, 0, 0, 0]);
        AssertExtension(amd, "4", []);
        AssertExtension(amd, "4", new byte[product == SnpProduct.Turin ? 64 : 8]);
    }

    [Theory]
    [InlineData("3.1")]
    [InlineData("3.2")]
    [InlineData("3.3")]
    [InlineData("3.8")]
    [InlineData("1")]
    public void Parse_Numbers_AreFrom0To255(string suffix)
    {
        FakeAmd amd = FakeAmd.Create();
        AssertExtension(amd, suffix, [0x02, 0x02, 0x01, 0x00]); // 256
        AssertExtension(amd, suffix, [0x02, 0x01, 0xff]); // -1
        AssertExtension(amd, suffix, [0x02, 0x09, 1, 0, 0, 0, 0, 0, 0, 0, 0]);
        AssertExtension(amd, suffix, [0x02, 0x02, 0x00, 0x01]); // not DER
        AssertExtension(amd, suffix, [0x02, 0x01, 0x01, 0x00]);
        AssertExtension(amd, suffix, [0x04, 0x01, 0x01]);
        AssertExtension(amd, suffix, []);
        AssertExtension(amd, suffix, null);
    }

    [Fact]
    public void Parse_Number219_NeedsItsZeroByte() =>
        Assert.Equal(219, Parse(FakeAmd.Create().WithVekExtension("3.8", [0x02, 0x02, 0x00, 0xdb])).Extensions.Tcb.Microcode);

    [Fact]
    public void Parse_ReservedLevels_MayBeAbsentButNotSet()
    {
        FakeAmd amd = FakeAmd.Create();
        foreach (string suffix in (string[])["3.4", "3.5", "3.6", "3.7"])
        {
            Parse(amd.WithVekExtension(suffix, null));
            Parse(amd.WithVekExtension(suffix, Der.Integer(0)));
            AssertExtension(amd, suffix, Der.Integer(1));
        }
    }

    [Fact]
    public void Parse_FmcLevel_IsTurinsAlone()
    {
        AssertUnexpected(FakeAmd.Create(), "3.9", Der.Integer(0));
        AssertExtension(FakeAmd.Create(SnpProduct.Turin), "3.9", null);
    }

    [Theory]
    [InlineData(SnpProduct.Genoa, 1)]
    [InlineData(SnpProduct.Turin, 0)]
    [InlineData(SnpProduct.Turin, 2)]
    internal void Parse_LayoutOfAnotherLine_IsRefused(SnpProduct product, int version) => Refusal.Of(
        SevChecks.VekStructure, () => Parse(FakeAmd.Create(product).WithVekExtension("1", Der.Integer(version))));

    [Fact]
    public void Parse_RoleOfTheOtherKind_IsRefused()
    {
        FakeAmd vcek = FakeAmd.Create();
        FakeAmd vlek = FakeAmd.Create(signer: SnpSigner.Vlek);
        AssertExtension(vcek, "4", null);
        AssertUnexpected(vcek, "5", [0x16, 1, 0x41]);
        AssertExtension(vlek, "5", null);
        AssertExtension(vlek, "5", [0x0c, 1, 0x41]);
        AssertUnexpected(vlek, "4", FakeAmd.HardwareId(SnpProduct.Genoa));
    }

    [Fact]
    public void Parse_UnknownExtension_IsRefused()
    {
        FakeAmd amd = FakeAmd.Create();
        AssertUnexpected(amd, "3.10", Der.Integer(0));
        AssertUnexpected(amd, "6", Der.Integer(0));
        Refusal.Of(SevChecks.VekExtensionUnexpected, () => Parse(WithExtension(amd, Der.BasicConstraints(true))));
        Refusal.Of(SevChecks.VekExtensionUnexpected, () => Parse(WithExtension(amd, Der.KeyUsage(true, true))));
        Parse(WithExtension(amd, (CertificateExtension.AuthorityKeyIdentifier, false, [0x30, 0x00])));
    }

    [Fact]
    public void Parse_ProductName_MustBeText()
    {
        FakeAmd amd = FakeAmd.Create();
        AssertExtension(amd, "2", [0x0c, 5, .. "Genoa"u8]);
        AssertExtension(amd, "2", [0x16, 5, .. "Geno"u8]);
        AssertExtension(amd, "2", [0x16, 5, .. "Genoa"u8, 0]);
        AssertExtension(amd, "2", null);
        Assert.Null(Parse(amd.WithVekExtension("2", [0x16, 6, .. "Venice"u8])).Extensions.Product);
    }

    private static FakeAmd WithExtension(FakeAmd amd, (string Identifier, bool Critical, byte[] Value) extension) =>
        amd with { Vek = amd.Vek with { Extensions = [.. amd.Vek.Extensions, extension] } };

    // Null removes the extension; otherwise its value is wrong.
    private static void AssertExtension(FakeAmd amd, string suffix, byte[]? value) => Refusal.Of(
        value is null ? SevChecks.VekExtensionMissing : SevChecks.VekExtensionValue, () => Parse(amd.WithVekExtension(suffix, value)));

    private static void AssertUnexpected(FakeAmd amd, string suffix, byte[] value) =>
        Refusal.Of(SevChecks.VekExtensionUnexpected, () => Parse(amd.WithVekExtension(suffix, value)));

    private static byte[][] Five(string organization) =>
    [
        Der.Attribute("2.5.4.11", "Engineering"), Der.Attribute("2.5.4.6", "US"), Der.Attribute("2.5.4.7", "Santa Clara"),
        Der.Attribute("2.5.4.8", "CA"), Der.Attribute("2.5.4.10", organization),
    ];

    private static void AssertNames(byte[] subject, byte[] issuer)
    {
        FakeAmd amd = FakeAmd.Create();
        Refusal.Of(SevChecks.VekName, () => Parse(amd with { Vek = amd.Vek with { Subject = subject, Issuer = issuer } }));
    }

    private static VekCertificate Parse(FakeAmd amd) => VekCertificate.Parse(amd.Vek.Write());
}
