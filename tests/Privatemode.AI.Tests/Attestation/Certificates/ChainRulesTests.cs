using System.Numerics;
using System.Security.Cryptography;
using Privatemode.AI.Attestation.Certificates;

namespace Privatemode.AI.Tests.Attestation.Certificates;

public sealed class ChainRulesTests
{
    [Fact]
    public void CheckIssuedBy_LeafAndRootOfTheAuthority_Pass()
    {
        using CertificateIssuer authority = Issuer();

        ChainRules.CheckIssuedBy(Parse(new CertificateWriter()), authority);
        ChainRules.CheckIssuedBy(authority.Certificate, authority);
    }

    [Fact]
    public void CheckIssuedBy_RsaWithPss_Passes()
    {
        using RSA key = RSA.Create(2048);
        using CertificateIssuer authority = RsaAuthority(key);

        ChainRules.CheckIssuedBy(Parse(new CertificateWriter { Algorithm = Der.PssSha384, Sign = CertificateWriter.SignPss(key) }), authority);
        ChainRules.CheckIssuedBy(Parse(new CertificateWriter { Algorithm = Der.Pss(trailer: 1), Sign = CertificateWriter.SignPss(key) }), authority);
    }

    [Fact]
    public void CheckIssuedBy_OtherIssuerName_IsRefused() => AssertRefused(CertificateChecks.Issuer, new() { Issuer = Der.Name("authority") });

    [Fact]
    public void CheckIssuedBy_SameNameInAnotherEncoding_IsRefused() => AssertRefused(
        CertificateChecks.Issuer,
        new() { Issuer = Der.Sequence(Der.Attribute("2.5.4.3", "Authority", System.Formats.Asn1.UniversalTagNumber.PrintableString)) });

    [Fact]
    public void CheckIssuedBy_OtherKey_IsRefused()
    {
        using ECDsa other = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        AssertRefused(CertificateChecks.Signature, new() { Sign = CertificateWriter.SignEcdsa(other) });
    }

    [Fact]
    public void CheckIssuedBy_InvalidSignature_IsRefused()
    {
        AssertRefused(CertificateChecks.Signature, new() { Sign = _ => [] });
        AssertRefused(CertificateChecks.Signature, new() { Sign = _ => [0x30, 0x00] });
        AssertRefused(CertificateChecks.Signature, new() { Sign = _ => new byte[64] });
        AssertRefused(CertificateChecks.Signature, new() { Sign = data => [.. CertificateWriter.SignEcdsa(CertificateWriter.Key)(data), 0] });
        AssertRefused(CertificateChecks.Signature, new() { Sign = data => CertificateWriter.Key.SignData(data, HashAlgorithmName.SHA256) }); // not DER
        AssertRefused(CertificateChecks.Signature, new()
        {
            Sign = data => CertificateWriter.Key.SignData(data, HashAlgorithmName.SHA384, DSASignatureFormat.Rfc3279DerSequence),
        });
    }

    [Fact]
    public void CheckIssuedBy_AlgorithmOfAnotherKindOfKey_IsRefused()
    {
        using RSA rsa = RSA.Create(2048);
        using CertificateIssuer authority = RsaAuthority(rsa);

        AssertRefused(CertificateChecks.Signature, new() { Algorithm = Der.PssSha384, Sign = CertificateWriter.SignPss(rsa) });
        Refusal.Of(CertificateChecks.Signature, () => ChainRules.CheckIssuedBy(Parse(new CertificateWriter()), authority));
        Assert.False(authority.HasSigned(default, default, (SignatureAlgorithm)9));
    }

    [Theory]
    [InlineData(48, true)]
    [InlineData(0, false)]
    [InlineData(32, false)]
    [InlineData(47, false)]
    [InlineData(64, false)]
    public void CheckIssuedBy_PssSaltOfAnotherSize_IsRefused(int saltSize, bool accepted)
    {
        using RSA key = RSA.Create(2048);
        using CertificateIssuer authority = RsaAuthority(key);
        Certificate child = Parse(new CertificateWriter { Algorithm = Der.PssSha384, Sign = data => SignPss(key, data, saltSize) });

        Assert.Equal(accepted, Refusal.AcceptsOrRefuses(() => ChainRules.CheckIssuedBy(child, authority)));
    }

    [Fact]
    public void CheckIssuedBy_OtherPaddingOrHash_IsRefused()
    {
        using RSA key = RSA.Create(2048);
        using CertificateIssuer authority = RsaAuthority(key);
        foreach ((HashAlgorithmName hash, RSASignaturePadding padding) in ((HashAlgorithmName, RSASignaturePadding)[])
            [
                (HashAlgorithmName.SHA384, RSASignaturePadding.Pkcs1),
                (HashAlgorithmName.SHA256, RSASignaturePadding.Pss),
                (HashAlgorithmName.SHA512, RSASignaturePadding.Pss),
            ])
        {
            Certificate child = Parse(new CertificateWriter { Algorithm = Der.PssSha384, Sign = data => key.SignData(data, hash, padding) });
            Refusal.Of(CertificateChecks.Signature, () => ChainRules.CheckIssuedBy(child, authority));
        }

        Refusal.Of(
            CertificateChecks.Signature,
            () => ChainRules.CheckIssuedBy(Parse(new CertificateWriter { Algorithm = Der.PssSha384, Sign = _ => new byte[255] }), authority));
    }

    [Fact]
    public void CheckIssuedBy_IssuerThatIsNoAuthority_IsRefused()
    {
        CertificateWriter authority = CertificateWriter.Authority;
        AssertRefused(CertificateChecks.Authority, new(), authority with { Extensions = [Der.KeyUsage(true, true)] });
        AssertRefused(CertificateChecks.Authority, new(), authority with { Extensions = [Der.BasicConstraints(false), Der.KeyUsage(true, true)] });
        AssertRefused(CertificateChecks.KeyUsage, new(), authority with { Extensions = [Der.BasicConstraints(true)] });
        AssertRefused(CertificateChecks.KeyUsage, new(), authority with { Extensions = [Der.BasicConstraints(true), Der.KeyUsage(false, true)] });
    }

    [Fact]
    public void CheckIssuedBy_AuthorityBelowPathLength0_IsRefused()
    {
        CertificateWriter last = CertificateWriter.Authority with { Extensions = [Der.BasicConstraints(true, 0), Der.KeyUsage(true, true)] };
        CertificateWriter below = new() { Extensions = [Der.BasicConstraints(true)] };
        AssertRefused(CertificateChecks.PathLength, below, last);

        using CertificateIssuer issuer = Issuer(last);
        ChainRules.CheckIssuedBy(Parse(new CertificateWriter()), issuer);
        ChainRules.CheckIssuedBy(issuer.Certificate, issuer);
    }

    [Fact]
    public void CheckValidity_BothEnds_BelongToIt()
    {
        Certificate certificate = Parse(new CertificateWriter());
        ChainRules.CheckValidity(certificate, CertificateWriter.From);
        ChainRules.CheckValidity(certificate, CertificateWriter.To);
        PrivatemodeVerificationException early = Refusal.Of(
            CertificateChecks.NotYetValid, () => ChainRules.CheckValidity(certificate, CertificateWriter.From.AddSeconds(-1)));
        PrivatemodeVerificationException late = Refusal.Of(
            CertificateChecks.Expired, () => ChainRules.CheckValidity(certificate, CertificateWriter.To.AddTicks(1)));

        Assert.Equal(("not before 2026-01-01 00:00:00Z", "2025-12-31 23:59:59Z"), (early.Expected, early.Found));
        Assert.Equal("not after 2027-01-01 00:00:00Z", late.Expected);
        Assert.Contains("is not valid yet (or this machine's clock is wrong)", early.Message, StringComparison.Ordinal);
        Assert.Contains("has expired (or this machine's clock is wrong)", late.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void CheckNotRevoked_SerialNumberOnTheIssuersList_IsRefused()
    {
        Certificate certificate = Parse(new CertificateWriter());
        CertificateRevocationList clean = List(new RevocationListWriter { Revoked = [[0x12, 0x35], [0x00]] });
        CertificateRevocationList listed = List(new RevocationListWriter { Revoked = [[0x12, 0x35], [0x12, 0x34]] });
        CertificateRevocationList foreign = List(new RevocationListWriter { Issuer = Der.Name("Other") });

        ChainRules.CheckNotRevoked(certificate, clean);
        PrivatemodeVerificationException refusal = Refusal.Of(CertificateChecks.Revoked, () => ChainRules.CheckNotRevoked(certificate, listed));
        Assert.Equal("serial number 1234", refusal.Found);
        Refusal.Of(CertificateChecks.CrlIssuer, () => ChainRules.CheckNotRevoked(certificate, foreign));
    }

    private static void AssertRefused(string check, CertificateWriter child, CertificateWriter? authority = null)
    {
        using CertificateIssuer issuer = Issuer(authority);
        Refusal.Of(check, () => ChainRules.CheckIssuedBy(Parse(child), issuer));
    }

    private static CertificateIssuer Issuer(CertificateWriter? writer = null) => CertificateIssuer.WithP256(Parse(writer ?? CertificateWriter.Authority));

    private static CertificateIssuer RsaAuthority(RSA key) => CertificateIssuer.WithRsa(Parse(CertificateWriter.Authority with
    {
        Algorithm = Der.PssSha384,
        PublicKey = key.ExportSubjectPublicKeyInfo(),
        Sign = CertificateWriter.SignPss(key),
    }));

    private static Certificate Parse(CertificateWriter writer) => Certificate.Parse(writer.Write(), "the test");

    private static CertificateRevocationList List(RevocationListWriter writer) => CertificateRevocationList.Parse(writer.Write(), "the test");

    // RFC 8017, section 9.1.1, with a salt of any size: the BCL signs with 48 bytes only.
    private static byte[] SignPss(RSA key, byte[] data, int saltSize)
    {
        const int HashSize = 48;
        RSAParameters parameters = key.ExportParameters(true);
        byte[] salt = RandomNumberGenerator.GetBytes(saltSize);
        byte[] hash = SHA384.HashData([.. new byte[8], .. SHA384.HashData(data), .. salt]);
        int blockSize = key.KeySize / 8 - HashSize - 1;
        byte[] block = [.. new byte[blockSize - saltSize - 1], 0x01, .. salt];
        for (int i = 0; i < blockSize; i += HashSize)
        {
            byte[] mask = SHA384.HashData([.. hash, 0, 0, 0, (byte)(i / HashSize)]);
            for (int j = 0; j < Math.Min(HashSize, blockSize - i); j++)
            {
                block[i + j] ^= mask[j];
            }
        }

        block[0] &= 0x7f;
        BigInteger number = new([.. block, .. hash, 0xbc], isUnsigned: true, isBigEndian: true);
        BigInteger signature = BigInteger.ModPow(number, Number(parameters.D!), Number(parameters.Modulus!));
        byte[] bytes = signature.ToByteArray(isUnsigned: true, isBigEndian: true);
        return [.. new byte[key.KeySize / 8 - bytes.Length], .. bytes];
    }

    private static BigInteger Number(byte[] bytes) => new(bytes, isUnsigned: true, isBigEndian: true);
}
