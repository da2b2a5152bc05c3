using System.Formats.Asn1;
using Privatemode.AI.Attestation.Certificates;

namespace Privatemode.AI.Tests.Attestation.Certificates;

public sealed class CertificateTests
{
    [Fact]
    public void Parse_Authority_ReadsEveryField()
    {
        CertificateWriter writer = CertificateWriter.Authority with
        {
            Subject = Der.Name("Subject"),
            Extensions = [Der.BasicConstraints(true, 1), Der.KeyUsage(certificates: true, lists: false), ("1.2.3.4", false, [0xff, 0x04])],
        };
        byte[] der = writer.Write();

        Certificate certificate = Certificate.Parse(der, "the test");

        Assert.Equal("the test", certificate.Holder);
        Assert.Equal(der, certificate.Raw.ToArray());
        Assert.Equal(SignatureAlgorithm.EcdsaP256Sha256, certificate.Algorithm);
        Assert.Equal(writer.SerialNumber, certificate.SerialNumber.ToArray());
        Assert.Equal("Authority", certificate.ReadIssuer().CommonName);
        Assert.Equal("Subject", certificate.ReadSubject().CommonName);
        Assert.Equal((CertificateWriter.From, CertificateWriter.To), (certificate.NotBefore, certificate.NotAfter));
        Assert.Equal(writer.PublicKey, certificate.SubjectPublicKeyInfo.ToArray());
        Assert.Equal((true, 1), (certificate.IsAuthority, certificate.PathLength));
        Assert.Equal((true, false), (certificate.MaySignCertificates, certificate.MaySignRevocationLists));
        Assert.Equal([0xff, 0x04], certificate.Extensions["1.2.3.4"].Value.ToArray());
        Assert.Equal(3, certificate.Extensions.Count);
        Assert.Equal(System.Security.Cryptography.SHA256.HashData(writer.PublicKey), certificate.SubjectPublicKeyInfoSha256());
    }

    [Fact]
    public void Parse_WithoutExtensions_IsNoAuthority()
    {
        Certificate certificate = Parse(new CertificateWriter());

        Assert.False(certificate.IsAuthority || certificate.MaySignCertificates || certificate.MaySignRevocationLists);
        Assert.Null(certificate.PathLength);
    }

    [Fact]
    public void Parse_AfterTheYear2049_ReadsGeneralizedTime()
    {
        DateTimeOffset end = new(2051, 2, 3, 4, 5, 6, TimeSpan.Zero);

        Assert.Equal(end, Parse(new CertificateWriter { NotAfter = end }).NotAfter);
    }

    [Fact]
    public void Parse_EveryPrefixAndEveryTail_IsRefused()
    {
        byte[] der = CertificateWriter.Authority.Write();
        for (int length = 0; length < der.Length; length++)
        {
            Refusal.Of(CertificateChecks.Format, () => Certificate.Parse(der.AsMemory(0, length), "the test"));
        }

        Refusal.Of(CertificateChecks.Format, () => Certificate.Parse((byte[])[.. der, 0], "the test"));
        Refusal.Of(CertificateChecks.Format, () => Certificate.Parse((byte[])[.. der, .. der], "the test"));
    }

    // Whatever a parser skips, another one may read.
    [Fact]
    public void Parse_OneElementMoreInAnyStructure_IsRefused()
    {
        byte[] plain = (CertificateWriter.Authority with { Extensions = [.. CertificateWriter.Authority.Extensions, ("1.2.3.4", false, [1])] }).Write();
        int variants = 0;
        foreach (byte[] more in Der.WithOneElementMore(plain).Append([.. plain, 0x05, 0x00]))
        {
            variants++;
            Assert.False(Refusal.AcceptsOrRefuses(() =>
            {
                Certificate certificate = Certificate.Parse(more, "the test");
                _ = certificate.ReadIssuer();
                _ = certificate.ReadSubject();
                SubjectKeys.ImportP256(certificate).Dispose();
            }), Convert.ToHexString(more));
        }

        Assert.InRange(variants, 20, 40);
    }

    [Fact]
    public void Parse_EveryByteChanged_RefusesOrReads()
    {
        byte[] der = CertificateWriter.Authority.Write();
        Assert.True(Reads(der));
        for (int i = 0; i < der.Length; i++)
        {
            foreach (byte change in (byte[])[0x01, 0x20, 0x80, 0xff])
            {
                byte[] changed = [.. der];
                changed[i] ^= change;
                _ = Reads(changed);
            }
        }

        static bool Reads(byte[] bytes) => Refusal.AcceptsOrRefuses(() =>
        {
            Certificate certificate = Certificate.Parse(bytes, "the test");
            _ = certificate.ReadIssuer();
            _ = certificate.ReadSubject();
            SubjectKeys.ImportP256(certificate).Dispose();
        });
    }

    [Fact]
    public void Parse_TooLarge_IsRefused()
    {
        // The signature is constant, because the size of ECDSA's differs.
        byte[] Sized(int length) => new CertificateWriter { Extensions = [("1.2.3", false, new byte[length])], Sign = _ => [1, 2, 3] }.Write();
        int longest = Certificate.MaxSize - (Sized(1000).Length - 1000);
        Certificate.Parse(Sized(longest), "the test");
        PrivatemodeVerificationException refusal = Refusal.Of(CertificateChecks.Size, () => Certificate.Parse(Sized(longest + 1), "the test"));

        Assert.Equal(("at most 16384 bytes", "16385 bytes"), (refusal.Expected, refusal.Found));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(3)]
    public void Parse_OtherVersion_IsRefused(int version) =>
        Refusal.Of(CertificateChecks.Format, () => Parse(new CertificateWriter { Version = version }));

    [Fact]
    public void Parse_SerialNumbers_AreTakenAsTheyAreUpTo21Bytes()
    {
        byte[] longest = [0, .. Enumerable.Repeat((byte)0xff, 20)];
        Assert.Equal([0], Parse(new CertificateWriter { SerialNumber = [0] }).SerialNumber.ToArray());
        Assert.Equal(longest, Parse(new CertificateWriter { SerialNumber = longest }).SerialNumber.ToArray());
        Refusal.Of(CertificateChecks.Format, () => Parse(new CertificateWriter { SerialNumber = [.. longest, 1] }));
    }

    [Fact]
    public void Parse_UniqueIdentifier_IsRefused() =>
        Refusal.Of(CertificateChecks.Format, () => Parse(new CertificateWriter { BeforeExtensions = [0x81, 0x02, 0x00, 0x01] }));

    [Fact]
    public void Parse_SignatureOfOddBits_IsRefused()
    {
        byte[] body = Der.Sequence();
        byte[] der = Der.Sequence(body, Der.EcdsaSha256, Der.BitString([0x80], 7));

        Refusal.Of(CertificateChecks.Format, () => Certificate.Parse(der, "the test"));
    }

    [Fact]
    public void Parse_DuplicateExtension_IsRefused()
    {
        PrivatemodeVerificationException refusal = Refusal.Of(
            CertificateChecks.DuplicateExtension,
            () => Parse(new CertificateWriter { Extensions = [("1.2.3", false, [1]), ("1.2.3", false, [1])] }));

        Assert.Equal("1.2.3", refusal.Found);
    }

    [Theory]
    [InlineData("2.5.29.30")] // name constraints
    [InlineData("2.5.29.37")] // extended key usage
    [InlineData("1.2.3")]
    public void Parse_UnknownCriticalExtension_IsRefused(string identifier) =>
        Refusal.Of(CertificateChecks.CriticalExtension, () => Parse(new CertificateWriter { Extensions = [(identifier, true, [0x30, 0x00])] }));

    [Theory]
    [InlineData("30060101ff020101", false)]
    [InlineData("30090101ff02047fffffff", false)]
    [InlineData("300a0101ff02050080000000", true)] // path length 2^31
    [InlineData("30060101ff0201ff", true)] // path length -1
    [InlineData("3003020101", true)] // path length of no authority
    [InlineData("30060101ff02010100", true)] // something after it
    [InlineData("30080101ff0201010500", true)]
    [InlineData("04020500", true)]
    [InlineData("", true)]
    public void Parse_BasicConstraints_MustMakeSense(string value, bool refused) =>
        AssertExtension(CertificateExtension.BasicConstraints, value, refused);

    [Theory]
    [InlineData("03020106", false)]
    [InlineData("030100", false)] // no bit at all
    [InlineData("0302010600", true)]
    [InlineData("04020106", true)]
    public void Parse_KeyUsage_MustBeABitString(string value, bool refused) => AssertExtension(CertificateExtension.KeyUsage, value, refused);

    [Fact]
    public void ReadSubject_NamesWithoutOneAnswer_AreRefused()
    {
        byte[] common = Der.Attribute(DistinguishedName.CommonNameType, "A");
        byte[] inside = Der.Sequence(Der.Identifier("2.5.4.10"), [0x0c, 0x01, 0x41]);
        byte[] other = Der.Sequence(Der.Identifier("2.5.4.11"), [0x0c, 0x01, 0x41]);
        byte[] multiple = Der.Sequence([0x31, (byte)(inside.Length + other.Length), .. inside, .. other]);
        AssertName(CertificateChecks.Name, Der.Sequence(common, Der.Attribute(DistinguishedName.CommonNameType, "B")));
        AssertName(CertificateChecks.Name, multiple);
        AssertName(CertificateChecks.Name, Der.Sequence(Der.Attribute("2.5.4.3", "A", UniversalTagNumber.BMPString)));
        AssertName(CertificateChecks.Name, [0x04, 0x00]);

        Assert.Null(Parse(new CertificateWriter { Subject = Der.Sequence() }).ReadSubject().CommonName);
        Assert.Equal("A", Parse(new CertificateWriter
        {
            Subject = Der.Sequence(Der.Attribute("2.5.4.3", "A", UniversalTagNumber.PrintableString)),
        }).ReadSubject().CommonName);
    }

    [Theory]
    [InlineData("030100", false, false)] // no bit at all
    [InlineData("03020204", true, false)]
    [InlineData("03020102", false, true)]
    [InlineData("03020106", true, true)]
    [InlineData("030200f9", false, false)] // all others
    public void Parse_KeyUsage_GivesBothBits(string value, bool certificates, bool lists)
    {
        Certificate certificate = Parse(new CertificateWriter { Extensions = [(CertificateExtension.KeyUsage, true, Convert.FromHexString(value))] });
        Assert.Equal((certificates, lists), (certificate.MaySignCertificates, certificate.MaySignRevocationLists));
    }

    private static void AssertName(string check, byte[] name) => Refusal.Of(check, () => Parse(new CertificateWriter { Subject = name }).ReadSubject());

    private static void AssertExtension(string identifier, string value, bool refused)
    {
        CertificateWriter writer = new() { Extensions = [(identifier, true, Convert.FromHexString(value))] };
        if (refused)
        {
            Refusal.Of(CertificateChecks.Format, () => Parse(writer));
        }
        else
        {
            Parse(writer);
        }
    }

    private static Certificate Parse(CertificateWriter writer) => Certificate.Parse(writer.Write(), "the test");
}
