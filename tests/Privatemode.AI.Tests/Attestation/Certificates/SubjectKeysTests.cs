using System.Security.Cryptography;
using Privatemode.AI.Attestation.Certificates;

namespace Privatemode.AI.Tests.Attestation.Certificates;

public sealed class SubjectKeysTests
{
    [Fact]
    public void ImportEcdsa_KeyOfTheCurve_IsThatKey()
    {
        using ECDsa p256 = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using ECDsa p384 = ECDsa.Create(ECCurve.NamedCurves.nistP384);
        using ECDsa imported256 = SubjectKeys.ImportP256(Holding(p256.ExportSubjectPublicKeyInfo()));
        using ECDsa imported384 = SubjectKeys.ImportP384(Holding(p384.ExportSubjectPublicKeyInfo()));

        Assert.Equal(p256.ExportSubjectPublicKeyInfo(), imported256.ExportSubjectPublicKeyInfo());
        Assert.Equal(p384.ExportSubjectPublicKeyInfo(), imported384.ExportSubjectPublicKeyInfo());
    }

    [Fact]
    public void ImportEcdsa_AnotherKindOfKey_IsRefused()
    {
        using ECDsa p256 = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using ECDsa p384 = ECDsa.Create(ECCurve.NamedCurves.nistP384);
        using ECDsa p521 = ECDsa.Create(ECCurve.NamedCurves.nistP521);
        using RSA rsa = RSA.Create(2048);
        byte[][] others = [p384.ExportSubjectPublicKeyInfo(), p521.ExportSubjectPublicKeyInfo(), rsa.ExportSubjectPublicKeyInfo(), ExplicitP256(p256)];
        foreach (byte[] key in others)
        {
            Refusal.Of(CertificateChecks.Key, () => SubjectKeys.ImportP256(Holding(key)));
        }

        Refusal.Of(CertificateChecks.Key, () => SubjectKeys.ImportP384(Holding(p256.ExportSubjectPublicKeyInfo())));
        Refusal.Of(CertificateChecks.Key, () => CertificateIssuer.WithP256(Holding(rsa.ExportSubjectPublicKeyInfo())));
    }

    [Fact]
    public void ImportEcdsa_NotAPointOfTheCurve_IsRefused()
    {
        using ECDsa p256 = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using ECDsa p384 = ECDsa.Create(ECCurve.NamedCurves.nistP384);
        byte[] off256 = p256.ExportSubjectPublicKeyInfo();
        byte[] off384 = p384.ExportSubjectPublicKeyInfo();
        off256[^1] ^= 1;
        off384[^1] ^= 1;
        byte[] infinity = [.. off256[..^64], .. new byte[64]];
        byte[] compressed = [0x30, 0x39, .. off256[2..23], 0x03, 0x22, 0x00, 0x02, .. off256[27..59]];

        Refusal.Of(CertificateChecks.Key, () => SubjectKeys.ImportP256(Holding(off256)));
        Refusal.Of(CertificateChecks.Key, () => SubjectKeys.ImportP384(Holding(off384)));
        Refusal.Of(CertificateChecks.Key, () => SubjectKeys.ImportP256(Holding(infinity)));
        Refusal.Of(CertificateChecks.Key, () => SubjectKeys.ImportP256(Holding(compressed)));
    }

    // As long as a key of the curve, and its point is one: only what is in front of it says that it is meant for another curve.
    [Fact]
    public void ImportEcdsa_OtherCurveOrFormNamed_IsRefused()
    {
        using ECDsa p256 = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        byte[] key = p256.ExportSubjectPublicKeyInfo();
        for (int i = 2; i < key.Length - 64; i++)
        {
            byte[] changed = [.. key];
            changed[i] ^= 1;
            Assert.False(Refusal.AcceptsOrRefuses(() => SubjectKeys.ImportP256(Holding(changed)).Dispose()), $"byte {i}");
        }
    }

    [Fact]
    public void ImportRsa_OfTheRightKind_IsThatKey()
    {
        using RSA key = RSA.Create(2048);
        using RSA imported = SubjectKeys.ImportRsa(Holding(key.ExportSubjectPublicKeyInfo()));

        Assert.Equal(key.ExportSubjectPublicKeyInfo(), imported.ExportSubjectPublicKeyInfo());
    }

    [Fact]
    public void ImportRsa_AnotherKindOfKey_IsRefused()
    {
        byte[] modulus = [0, .. Enumerable.Repeat((byte)0xff, 256)];
        AssertRefused(RsaKey(modulus[..129], [1, 0, 1])); // 1024 bits
        AssertRefused(RsaKey([0, .. Enumerable.Repeat((byte)0xff, 1024)], [1, 0, 1])); // 8192 bits
        AssertRefused(RsaKey(modulus[1..], [1, 0, 1])); // negative
        AssertRefused(RsaKey(modulus, [3]));
        AssertRefused(RsaKey(modulus, [1]));
        AssertRefused(RsaKey(modulus, [1, 0, 1], identifier: "1.2.840.113549.1.1.10")); // an RSASSA-PSS key
        AssertRefused(RsaKey(modulus, [1, 0, 1], after: Der.Null()));
        AssertRefused(RsaKey(modulus, [1, 0, 1], unusedBits: 1));
        AssertRefused(CertificateWriter.Key.ExportSubjectPublicKeyInfo());
    }

    [Fact]
    public void ImportRsa_OneElementMoreInAnyStructure_IsRefused()
    {
        byte[] modulus = [0, .. Enumerable.Repeat((byte)0xff, 256)];
        byte[] numbers = Der.Sequence([0x02, 0x82, 0x01, 0x01, .. modulus], [0x02, 3, 1, 0, 1]);
        byte[] Key(byte[] content) => Der.Sequence(Der.Sequence(Der.Identifier("1.2.840.113549.1.1.1"), Der.Null()), Der.BitString(content));
        SubjectKeys.ImportRsa(Holding(Key(numbers))).Dispose();
        Assert.All(Der.WithOneElementMore(Key(numbers)), AssertRefused);
        Assert.All(Der.WithOneElementMore(numbers), more => AssertRefused(Key(more)));
        AssertRefused(Key([.. numbers, 0x05, 0x00]));
    }

    // 2048 to 4096 bits, which have a zero byte before them.
    [Theory]
    [InlineData(255, false)]
    [InlineData(256, true)]
    [InlineData(512, true)]
    [InlineData(513, false)]
    public void ImportRsa_SizeAtTheLimits_IsReadOrRefused(int size, bool isRead) => Assert.Equal(isRead, Refusal.AcceptsOrRefuses(
        () => SubjectKeys.ImportRsa(Holding(RsaKey([0, .. Enumerable.Repeat((byte)0xff, size)], [1, 0, 1]))).Dispose()));

    private static void AssertRefused(byte[] key) => Refusal.Of(CertificateChecks.Key, () => SubjectKeys.ImportRsa(Holding(key)));

    private static byte[] RsaKey(byte[] modulus, byte[] exponent, string identifier = "1.2.840.113549.1.1.1", byte[]? after = null, int unusedBits = 0)
    {
        byte[] modulusDer = [0x02, 0x82, (byte)(modulus.Length >> 8), (byte)modulus.Length, .. modulus];
        byte[] shortModulus = [0x02, 0x81, (byte)modulus.Length, .. modulus];
        byte[] numbers = Der.Sequence(modulus.Length < 256 ? shortModulus : modulusDer, [0x02, (byte)exponent.Length, .. exponent], after ?? []);
        byte[] bits = unusedBits == 0 ? numbers : [.. numbers, 0];
        return Der.Sequence(Der.Sequence(Der.Identifier(identifier), Der.Null()), Der.BitString(bits, unusedBits));
    }

    // The same key with its curve written out, as a forger would need it to choose another generator.
    private static byte[] ExplicitP256(ECDsa key)
    {
        ECParameters parameters = key.ExportExplicitParameters(includePrivateParameters: false);
        using ECDsa explicitKey = ECDsa.Create(parameters);
        return explicitKey.ExportSubjectPublicKeyInfo();
    }

    private static Certificate Holding(byte[] key) => Certificate.Parse(new CertificateWriter { PublicKey = key }.Write(), "the test");
}
