using System.Text;
using Privatemode.AI.Attestation.Certificates;

namespace Privatemode.AI.Tests.Attestation.Certificates;

public sealed class PemTests
{
    private const string Block = "-----BEGIN CERTIFICATE-----\nAQID\n-----END CERTIFICATE-----\n";

    [Theory]
    [InlineData(Block, 1)]
    [InlineData(Block + Block, 2)]
    [InlineData("\r\n \t" + Block + "\r\n" + Block + Block + "  ", 3)]
    [InlineData("-----BEGIN CERTIFICATE-----\r\nAQ\r\n ID\r\n-----END CERTIFICATE-----", 1)]
    [InlineData("-----BEGIN CERTIFICATE-----AQID-----END CERTIFICATE-----", 1)]
    public void ReadCertificates_BlocksAndWhiteSpace_AreRead(string text, int count)
    {
        IReadOnlyList<ReadOnlyMemory<byte>> certificates = Pem.ReadCertificates(Encoding.ASCII.GetBytes(text), 3);

        Assert.Equal(count, certificates.Count);
        Assert.All(certificates, certificate => Assert.Equal([1, 2, 3], certificate.ToArray()));
    }

    [Theory]
    [InlineData("")]
    [InlineData(" \n")]
    [InlineData(Block + Block + Block + Block)]
    [InlineData("subject=CN\n" + Block)]
    [InlineData(Block + "x")]
    [InlineData(Block + "\0")]
    [InlineData("-----BEGIN CERTIFICATE-----\nAQID\n")]
    [InlineData("-----BEGIN CERTIFICATE-----\nAQID\n-----END CERTIFICATE----\n" + Block)]
    [InlineData("-----BEGIN CERTIFICATE-----\nAQI\n-----END CERTIFICATE-----\n")]
    [InlineData("-----BEGIN CERTIFICATE-----\nAQ*D\n-----END CERTIFICATE-----\n")]
    [InlineData("-----BEGIN CERTIFICATE-----\nProc-Type: 4\n\nAQID\n-----END CERTIFICATE-----\n")]
    [InlineData("-----BEGIN X509 CRL-----\nAQID\n-----END X509 CRL-----\n")]
    [InlineData("-----BEGIN CERTIFICATE-----END CERTIFICATE-----\n")]
    [InlineData("-----BEGIN CERTIFICATE-----\nAQID\n-----END PRIVATE KEY-----\n")]
    public void ReadCertificates_AnythingElse_IsRefused(string text) =>
        Refusal.Of(CertificateChecks.PemFormat, () => Pem.ReadCertificates(Encoding.ASCII.GetBytes(text), 3));

    [Fact]
    public void ReadFirstBlock_TextOfAnyLength_IsReadUpToTheLimit()
    {
        byte[] text = Encoding.ASCII.GetBytes("some text\n" + Block + "more");
        Assert.Equal([1, 2, 3], Pem.ReadFirstBlock(text, text.Length));
        Assert.Null(Pem.ReadFirstBlock(text, text.Length - 1));
        Assert.Null(Pem.ReadFirstBlock("no block"u8, 100));
        Assert.Null(Pem.ReadFirstBlock("-----BEGIN CERTIFICATE-----\nAQI\n-----END CERTIFICATE-----\n"u8, 100));
    }
}
