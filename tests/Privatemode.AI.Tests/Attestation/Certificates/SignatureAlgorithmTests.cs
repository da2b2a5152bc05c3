using System.Formats.Asn1;
using Privatemode.AI.Attestation.Certificates;

namespace Privatemode.AI.Tests.Attestation.Certificates;

public sealed class SignatureAlgorithmTests
{
    [Fact]
    public void Read_KnownForms_GiveTheAlgorithm()
    {
        Assert.Equal(SignatureAlgorithm.EcdsaP256Sha256, Read(Der.EcdsaSha256));
        Assert.Equal(SignatureAlgorithm.RsaPssSha384, Read(Der.PssSha384));
        Assert.Equal(SignatureAlgorithm.RsaPssSha384, Read(Der.Pss(trailer: 1)));
        Assert.Equal(SignatureAlgorithm.RsaPssSha384, Read(Der.Pss(hash: Der.Hash(Der.Sha384, withNull: false))));
        Assert.Equal(SignatureAlgorithm.RsaPssSha384, Read(Der.Pss(mask: Der.Mgf1(Der.Hash(Der.Sha384, withNull: false)))));
    }

    public static TheoryData<string, byte[]> OtherForms => new()
    {
        { "SHA-256", Der.Pss(hash: Der.Hash(Der.Sha256)) },
        { "mask with SHA-256", Der.Pss(mask: Der.Mgf1(Der.Hash(Der.Sha256))) },
        { "mask without hash", Der.Pss(mask: Der.Sequence(Der.Identifier("1.2.840.113549.1.1.8"))) },
        { "mask with two hashes", Der.Pss(mask: Der.Sequence(Der.Identifier("1.2.840.113549.1.1.8"), Der.Hash(Der.Sha384), Der.Null())) },
        { "another mask", Der.Pss(mask: Der.Sequence(Der.Identifier("1.2.3"), Der.Hash(Der.Sha384))) },
        { "hash with two parameters", Der.Pss(hash: Der.Sequence(Der.Identifier(Der.Sha384), Der.Null(), Der.Null())) },
        { "salt 32", Der.Pss(salt: 32) },
        { "salt 0", Der.Pss(salt: 0) },
        { "salt left to its default of 20", Der.Pss(salt: null) },
        { "trailer 2", Der.Pss(trailer: 2) },
        { "something after the trailer", Der.Pss(trailer: 1, rest: Der.Null()) },
        { "all defaults", Der.Sequence(Der.Identifier("1.2.840.113549.1.1.10"), Der.Sequence()) },
        { "no parameters", Der.Sequence(Der.Identifier("1.2.840.113549.1.1.10")) },
        { "parameters twice", Der.Sequence(Der.Identifier("1.2.840.113549.1.1.10"), PssParameters(), PssParameters()) },
        { "PKCS #1 with SHA-384", Der.Sequence(Der.Identifier("1.2.840.113549.1.1.12"), Der.Null()) },
        { "ECDSA with SHA-384", Der.Sequence(Der.Identifier("1.2.840.10045.4.3.3")) },
        { "ECDSA with NULL", Der.Sequence(Der.Identifier("1.2.840.10045.4.3.2"), Der.Null()) },
    };

    [Theory]
    [MemberData(nameof(OtherForms))]
    public void Read_OtherForms_GiveNothing(string form, byte[] algorithm)
    {
        Assert.True(Read(algorithm) is null, form);
        Refusal.Of(CertificateChecks.Algorithm, () => Certificate.Parse(new CertificateWriter { Algorithm = algorithm }.Write(), "the test"));
        Refusal.Of(
            CertificateChecks.CrlAlgorithm,
            () => CertificateRevocationList.Parse(new RevocationListWriter { Algorithm = algorithm }.Write(), "the test"));
    }

    [Fact]
    public void Read_ElementsInAnotherOrder_AreNotRead() =>
        Assert.Throws<AsnContentException>(() => Read(Der.Sequence(
            Der.Identifier("1.2.840.113549.1.1.10"),
            Der.Sequence(Der.Tagged(2, Der.Integer(48)), Der.Tagged(0, Der.Hash(Der.Sha384)), Der.Tagged(1, Der.Mgf1(Der.Hash(Der.Sha384)))))));

    [Fact]
    public void Read_SomethingElseInAWrapper_IsNotRead()
    {
        Assert.Throws<AsnContentException>(() => Read(Der.Pss(rest: [Der.Tagged(3, [0x02, 0x05, 0x01, 0, 0, 0, 1])])));
        Assert.Throws<AsnContentException>(() => Read(Der.Pss(salt: null, rest: Der.Tagged(2, Der.Integer(48), Der.Null()))));
        Assert.Throws<AsnContentException>(() => Read(Der.Sequence(
            Der.Identifier("1.2.840.113549.1.1.10"), Der.Sequence(Der.Tagged(0, Der.Hash(Der.Sha384), Der.Null())))));
    }

    [Fact]
    public void Parse_TwoDifferentAlgorithms_IsRefused()
    {
        byte[] explicitTrailer = Der.Pss(trailer: 1);
        Refusal.Of(
            CertificateChecks.Algorithm,
            () => Certificate.Parse(new CertificateWriter { Algorithm = Der.PssSha384, OuterAlgorithm = explicitTrailer }.Write(), "the test"));
        Refusal.Of(
            CertificateChecks.CrlAlgorithm,
            () => CertificateRevocationList.Parse(new RevocationListWriter { OuterAlgorithm = explicitTrailer }.Write(), "the test"));
    }

    private static byte[] PssParameters() =>
        Der.Sequence(Der.Tagged(0, Der.Hash(Der.Sha384)), Der.Tagged(1, Der.Mgf1(Der.Hash(Der.Sha384))), Der.Tagged(2, Der.Integer(48)));

    private static SignatureAlgorithm? Read(byte[] algorithm) => SignatureAlgorithmReader.Read(algorithm, (byte[])[.. algorithm]);
}
