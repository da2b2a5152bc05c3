using System.Reflection;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Privatemode.AI.KeyExchange;
using Privatemode.AI.KeyExchange.Hpke;

namespace Privatemode.AI.Tests.KeyExchange;

/// <summary>One rule broken at a time: the right check must refuse, and nothing else may come out.</summary>
public class SecretExchangeTamperTests
{
    private const string EcdsaWithSha384 = "06082a8648ce3d040303";
    private const string EcdsaWithSha224 = "06082a8648ce3d040301";
    private const string EcdsaWithSha512 = "06082a8648ce3d040304";

    private static readonly (string Name, string Check, Action<SecretExchangeScene> Break)[] Tampers =
    [
        ("CA is no PEM", KeyExchangeChecks.AuthorityMissing, scene => scene.Pem = "no certificate"u8.ToArray()),
        ("CA is empty", KeyExchangeChecks.AuthorityMissing, scene => scene.Pem = []),
        ("CA is PEM of something else", KeyExchangeChecks.AuthorityFormat, scene => scene.Pem = FakeMesh.Pem([0x30, 0x00])),
        ("CA with trailing byte", KeyExchangeChecks.AuthorityFormat, scene => scene.Pem = FakeMesh.Pem([.. Authority(scene), 0])),
        ("CA on another curve", KeyExchangeChecks.AuthorityKey, scene =>
            scene.Pem = FakeMesh.Pem(Replace(Authority(scene), "2b81040022", "2b8104000a"))),
        ("CA without constraints", KeyExchangeChecks.AuthorityConstraints, scene =>
            scene.Pem = scene.Mesh.AuthorityPem(FakeMesh.AuthorityUsage)),
        ("CA without key usage", KeyExchangeChecks.AuthorityConstraints, scene =>
            scene.Pem = scene.Mesh.AuthorityPem(FakeMesh.AuthorityConstraints)),
        ("CA that may not sign", KeyExchangeChecks.AuthorityConstraints, scene => scene.Pem = scene.Mesh.AuthorityPem(
            FakeMesh.AuthorityConstraints, new X509KeyUsageExtension(X509KeyUsageFlags.CrlSign, true))),
        ("CA flag false", KeyExchangeChecks.AuthorityConstraints, scene => scene.Pem = scene.Mesh.AuthorityPem(
            new X509BasicConstraintsExtension(false, false, 0, true), FakeMesh.AuthorityUsage)),
        ("CA for clients only", KeyExchangeChecks.AuthorityConstraints, scene => scene.Pem = scene.Mesh.AuthorityPem(
            FakeMesh.AuthorityConstraints, FakeMesh.AuthorityUsage, FakeMesh.Usages(FakeMesh.ClientAuthentication))),
        ("CA with name constraints", KeyExchangeChecks.AuthorityConstraints, scene => scene.Pem = scene.Mesh.AuthorityPem(
            FakeMesh.AuthorityConstraints, FakeMesh.AuthorityUsage, new X509Extension("2.5.29.30", [0x30, 0x00], false))),
        ("CA with unknown critical extension", KeyExchangeChecks.AuthorityConstraints, scene => scene.Pem = scene.Mesh.AuthorityPem(
            FakeMesh.AuthorityConstraints, FakeMesh.AuthorityUsage, new X509Extension("1.2.3", [0x05, 0x00], true))),
        ("before the CA's time", KeyExchangeChecks.AuthorityNotYetValid, scene => scene.Now = FakeMesh.NotBefore.AddSeconds(-1)),
        ("after the CA's time", KeyExchangeChecks.AuthorityExpired, scene => scene.Now = FakeMesh.NotAfter.AddTicks(1)),
        ("answer is no JSON", KeyExchangeChecks.ResponseFormat, scene => scene.Body = "<html>"),
        ("certificate is empty", KeyExchangeChecks.CertificateFormat, scene => scene.Certificate = []),
        ("certificate is PEM", KeyExchangeChecks.CertificateFormat, scene => scene.Certificate = FakeMesh.Pem(scene.Certificate)),
        ("certificate twice", KeyExchangeChecks.CertificateFormat, scene =>
            scene.Certificate = [.. scene.Certificate, .. scene.Certificate]),
        ("certificate of version 2", KeyExchangeChecks.CertificateFormat, scene =>
            scene.Certificate = Replace(scene.Certificate, "a003020102", "a003020101")),
        ("extension stands twice", KeyExchangeChecks.CertificateFormat, scene =>
            scene.Certificate = Replace(scene.Certificate, "0603551d13", "0603551d0f")),
        ("usage is malformed", KeyExchangeChecks.CertificateFormat, scene =>
            scene.Certificate = scene.Mesh.LeafDer([new X509Extension("2.5.29.37", [0x05, 0x00], false)])),
        ("other issuer", KeyExchangeChecks.CertificateIssuer, scene =>
            scene.Certificate = Issue(scene, issuer: "CN=system:coordinator:meshCB")),
        ("issuer of another string type", KeyExchangeChecks.CertificateIssuer, scene =>
            scene.Certificate = Replace(scene.Certificate, "0603550403" + "1319", "0603550403" + "0c19")),
        ("two algorithms", KeyExchangeChecks.CertificateAlgorithm, scene =>
            scene.Certificate = ReplaceLast(scene.Certificate, EcdsaWithSha384, EcdsaWithSha512)),
        ("unknown algorithm", KeyExchangeChecks.CertificateAlgorithm, scene =>
            scene.Certificate = Replace(scene.Certificate, EcdsaWithSha384, EcdsaWithSha224)),
        ("algorithm with parameters", KeyExchangeChecks.CertificateAlgorithm, scene => scene.Certificate = FakeMesh.Certificate(
            new PublicKey(scene.Mesh.LeafKey),
            FakeMesh.AuthorityName,
            scene.Mesh.AuthorityKey,
            FakeMesh.LeafExtensions,
            generator: new FakeMesh.NullParameterGenerator(scene.Mesh.AuthorityKey))),
        ("signed by another CA", KeyExchangeChecks.CertificateSignature, scene =>
            scene.Certificate = Issue(scene, issuerKey: ECDsa.Create(ECCurve.NamedCurves.nistP384))),
        ("signed part altered", KeyExchangeChecks.CertificateSignature, scene =>
            scene.Certificate = Replace(scene.Certificate, Hex("secret-service"), Hex("sekret-service"))),
        ("before the certificate's time", KeyExchangeChecks.CertificateNotYetValid, scene =>
            scene.Certificate = scene.Mesh.LeafDer(notBefore: FakeMesh.Now.AddSeconds(1))),
        ("after the certificate's time", KeyExchangeChecks.CertificateExpired, scene =>
            scene.Certificate = scene.Mesh.LeafDer(notAfter: FakeMesh.Now.AddSeconds(-1))),
        ("unknown critical extension", KeyExchangeChecks.CertificateCriticalExtension, scene =>
            scene.Certificate = scene.Mesh.LeafDer([new X509Extension("1.2.3", [0x05, 0x00], true)])),
        ("critical name constraints in the leaf", KeyExchangeChecks.CertificateCriticalExtension, scene =>
            scene.Certificate = scene.Mesh.LeafDer([new X509Extension("2.5.29.30", [0x30, 0x00], true)])),
        ("usable by clients only", KeyExchangeChecks.CertificateUsage, scene =>
            scene.Certificate = scene.Mesh.LeafDer([FakeMesh.Usages(FakeMesh.ClientAuthentication)])),
        ("names are malformed", KeyExchangeChecks.CertificateFormat, scene =>
            scene.Certificate = scene.Mesh.LeafDer([new X509Extension("2.5.29.17", [0x30, 0x03, 0x82, 0x01, 0xE4], false)])),
        ("names of another workload", KeyExchangeChecks.CertificateName, scene =>
            scene.Certificate = scene.Mesh.LeafDer([FakeMesh.DnsNames("continuum-etcd-client", "workload-gpt-oss-120b", "*")])),
        ("name in the subject only", KeyExchangeChecks.CertificateName, scene => scene.Certificate = scene.Mesh.LeafDer([])),
        ("name as an address of mail", KeyExchangeChecks.CertificateName, scene =>
            scene.Certificate = scene.Mesh.LeafDer([new X509Extension("2.5.29.17", [0x30, 0x06, 0x81, 0x04, .. "root"u8], false)])),
        ("RSA key", KeyExchangeChecks.CertificateKey, scene => scene.Certificate = Issue(scene, key: RsaKey())),
        ("signature of nothing", KeyExchangeChecks.Signature, scene => scene.Signature = []),
        ("signature in the wrong order", KeyExchangeChecks.Signature, scene =>
            scene.Signature = scene.Sign([.. scene.EncapsulatedKey, .. scene.PublicKey])),
        ("signature of another exchange", KeyExchangeChecks.Signature, scene =>
            scene.Signature = scene.Sign([.. new byte[XWing.PublicKeySize], .. scene.EncapsulatedKey])),
        ("signature by the CA", KeyExchangeChecks.Signature, scene => scene.SigningKey = scene.Mesh.AuthorityKey),
        ("encapsulated key too short", KeyExchangeChecks.EncapsulatedKey, scene => scene.EncapsulatedKey = scene.EncapsulatedKey[..^1]),
        ("encapsulated key too long", KeyExchangeChecks.EncapsulatedKey, scene => scene.EncapsulatedKey = [.. scene.EncapsulatedKey, 0]),
        ("encapsulated key empty", KeyExchangeChecks.EncapsulatedKey, scene => scene.EncapsulatedKey = []),
        ("small-order point", KeyExchangeChecks.EncapsulatedKey, scene => scene.EncapsulatedKey.AsSpan(MlKem768.CiphertextSize).Clear()),
    ];

    public static TheoryData<string> Names => [.. Tampers.Select(tamper => tamper.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public void Complete_OneRuleBroken_IsRefusedByThatCheck(string name)
    {
        (_, string check, Action<SecretExchangeScene> breakIt) = Tampers.Single(tamper => tamper.Name == name);
        using SecretExchangeScene scene = new();
        breakIt(scene);

        PrivatemodeVerificationException refusal = Assert.Throws<PrivatemodeVerificationException>(scene.Play);

        Assert.Equal(check, refusal.ErrorType);
        Assert.Matches("[Dd]o not send anything|verify the deployment again", refusal.Message);
    }

    [Fact]
    public void Tampers_Together_CoverEveryCheck()
    {
        IEnumerable<string> all = typeof(KeyExchangeChecks).GetFields(BindingFlags.Public | BindingFlags.Static)
            .Select(field => (string)field.GetRawConstantValue()!);
        Assert.Equal(all.Order(StringComparer.Ordinal), Tampers.Select(tamper => tamper.Check).Distinct().Order(StringComparer.Ordinal));
    }

    // Protocol: answer, certificate, signature, and only then the private key is used.
    [Fact]
    public void Complete_SeveralRulesBroken_IsRefusedByTheFirst()
    {
        using SecretExchangeScene lateOnes = new();
        lateOnes.EncapsulatedKey = [];
        lateOnes.SigningKey = lateOnes.Mesh.AuthorityKey;
        Assert.Equal(KeyExchangeChecks.Signature, Assert.Throws<PrivatemodeVerificationException>(lateOnes.Play).ErrorType);

        using SecretExchangeScene middleOnes = new();
        middleOnes.Certificate = Issue(middleOnes, key: RsaKey());
        middleOnes.Signature = [];
        Assert.Equal(KeyExchangeChecks.CertificateKey, Assert.Throws<PrivatemodeVerificationException>(middleOnes.Play).ErrorType);

        using SecretExchangeScene unsigned = new();
        unsigned.Certificate = Issue(unsigned, issuerKey: unsigned.Mesh.LeafKey, key: RsaKey());
        Assert.Equal(KeyExchangeChecks.CertificateSignature, Assert.Throws<PrivatemodeVerificationException>(unsigned.Play).ErrorType);
    }

    // Which it is decides what to do: wait, check the clock, or look for a newer certificate.
    [Theory]
    [InlineData("before the CA's time", "is not valid yet")]
    [InlineData("after the CA's time", "has expired")]
    [InlineData("before the certificate's time", "is not valid yet")]
    [InlineData("after the certificate's time", "has expired")]
    public void Complete_TooEarlyOrTooLate_SaysWhich(string name, string said)
    {
        using SecretExchangeScene scene = new();
        Tampers.Single(tamper => tamper.Name == name).Break(scene);
        Assert.Contains(said, Assert.Throws<PrivatemodeVerificationException>(scene.Play).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Complete_EncapsulatedKeyTooShort_NamesBothLengths()
    {
        using SecretExchangeScene scene = new();
        scene.EncapsulatedKey = scene.EncapsulatedKey[..^1];
        PrivatemodeVerificationException refusal = Assert.Throws<PrivatemodeVerificationException>(scene.Play);
        Assert.Equal("1120 bytes without a small-order part", refusal.Expected);
        Assert.Equal("1119 bytes", refusal.Found);
    }

    // What must go through, so that the refusals above are not for another reason.
    [Theory]
    [InlineData("nistP256", "SHA256")]
    [InlineData("nistP384", "SHA384")]
    [InlineData("nistP521", "SHA512")]
    [InlineData("nistP256", "SHA512")]
    public void Complete_EveryCurveAndHash_IsAccepted(string curve, string hash)
    {
        using SecretExchangeScene scene = new();
        using ECDsa key = ECDsa.Create(ECCurve.CreateFromFriendlyName(curve));
        scene.SigningKey = key;
        scene.Certificate = FakeMesh.Certificate(
            new PublicKey(key),
            FakeMesh.AuthorityName,
            scene.Mesh.AuthorityKey,
            FakeMesh.LeafExtensions,
            hash: new HashAlgorithmName(hash));
        scene.Play().Dispose();
    }

    [Fact]
    public void Complete_FirstAndLastMomentOfValidity_IsAccepted()
    {
        DateTimeOffset[] moments = [FakeMesh.NotBefore, FakeMesh.NotAfter, FakeMesh.NotAfter.ToOffset(TimeSpan.FromHours(9))];
        foreach (DateTimeOffset moment in moments)
        {
            using SecretExchangeScene scene = new() { Now = moment };
            scene.Play().Dispose();
        }
    }

    [Fact]
    public void FromPem_TextAroundOtherLabelAndSecondBlock_TakesTheFirstBlock()
    {
        using SecretExchangeScene scene = new();
        using FakeMesh other = new();
        scene.Pem = [.. "a note\n"u8, .. FakeMesh.Pem(Authority(scene), "ANYTHING"), .. "\n"u8, .. other.AuthorityPem()];
        scene.Play().Dispose();

        using SecretExchangeScene swapped = new();
        swapped.Pem = [.. other.AuthorityPem(), .. "\n"u8, .. swapped.Pem];
        Assert.Equal(
            KeyExchangeChecks.CertificateSignature, Assert.Throws<PrivatemodeVerificationException>(swapped.Play).ErrorType);
    }

    [Fact]
    public void Complete_AnyByteOfTheCertificateAltered_IsRefused()
    {
        using SecretExchangeScene scene = new();
        MeshCertificateAuthority authority = MeshCertificateAuthority.FromPem(scene.Pem);
        byte[] certificate = scene.Certificate;
        for (int i = 0; i < certificate.Length; i++)
        {
            foreach (byte flip in (byte[])[0x01, 0x20, 0x80])
            {
                byte[] altered = [.. certificate];
                altered[i] ^= flip;
                Assert.Throws<PrivatemodeVerificationException>(() => MeshCertificate.Verify(altered, authority, FakeMesh.Names, FakeMesh.Now));
            }

            ReadOnlyMemory<byte> cut = certificate.AsMemory(..i);
            Assert.Throws<PrivatemodeVerificationException>(() => MeshCertificate.Verify(cut, authority, FakeMesh.Names, FakeMesh.Now));
        }

        MeshCertificate.Verify(certificate, authority, FakeMesh.Names, FakeMesh.Now).Dispose();
    }

    [Fact]
    public void FromPem_AnyByteAltered_IsReadOrRefusedButNeverFails()
    {
        using SecretExchangeScene scene = new();
        byte[] certificate = Authority(scene);
        for (int i = 0; i < certificate.Length; i++)
        {
            foreach (byte flip in (byte[])[(byte)(1 << (i & 7)), 0xFF])
            {
                byte[] altered = [.. certificate];
                altered[i] ^= flip;
                Exception? refusal = Record.Exception(() => MeshCertificateAuthority.FromPem(FakeMesh.Pem(altered)));
                Assert.True(refusal is null or PrivatemodeVerificationException, $"byte {i}: {refusal}");
            }
        }
    }

    [Fact]
    public void Parse_AnyByteOfTheAnswerAltered_IsReadOrRefusedButNeverFails()
    {
        using SecretExchangeScene scene = new();
        byte[] body = Encoding.UTF8.GetBytes(scene.WriteBody());
        for (int i = 0; i < body.Length; i++)
        {
            byte[] altered = [.. body];
            altered[i] ^= (byte)(1 << (i & 7));
            Exception? refusal = Record.Exception(() => SecretExchangeResponse.Parse(altered));
            Assert.True(refusal is null or PrivatemodeVerificationException, $"byte {i}: {refusal}");
        }
    }

    private static byte[] Authority(SecretExchangeScene scene) =>
        scene.Mesh.AuthorityDer([FakeMesh.AuthorityConstraints, FakeMesh.AuthorityUsage]);

    private static byte[] Issue(
        SecretExchangeScene scene, string issuer = FakeMesh.AuthorityName, ECDsa? issuerKey = null, PublicKey? key = null) =>
        FakeMesh.Certificate(
            key ?? new PublicKey(scene.Mesh.LeafKey), issuer, issuerKey ?? scene.Mesh.AuthorityKey, FakeMesh.LeafExtensions);

    private static PublicKey RsaKey()
    {
        using RSA rsa = RSA.Create(2048);
        return new PublicKey(rsa);
    }

    private static string Hex(string text) => Convert.ToHexStringLower(Encoding.ASCII.GetBytes(text));

    private static byte[] Replace(byte[] der, string from, string to)
    {
        string hex = Convert.ToHexStringLower(der);
        Assert.Contains(from, hex, StringComparison.Ordinal);
        return Convert.FromHexString(hex.Replace(from, to, StringComparison.Ordinal));
    }

    private static byte[] ReplaceLast(byte[] der, string from, string to)
    {
        string hex = Convert.ToHexStringLower(der);
        int last = hex.LastIndexOf(from, StringComparison.Ordinal);
        return Convert.FromHexString(string.Concat(hex.AsSpan(0, last), to, hex.AsSpan(last + from.Length)));
    }
}
