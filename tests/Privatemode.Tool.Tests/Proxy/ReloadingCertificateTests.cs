using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Logging.Abstractions;
using Privatemode.AI.Tests.Fakes;
using Privatemode.Tool.CommandLine;
using Privatemode.Tool.Proxy;
using Privatemode.Tool.Tests.Fakes;

namespace Privatemode.Tool.Tests.Proxy;

public sealed class ReloadingCertificateTests : IDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("privatemode-tls-");
    private readonly ManualTimeProvider _time = new();

    public void Dispose() => _directory.Delete(recursive: true);

    [Theory]
    [InlineData("rsa")]
    [InlineData("rsa-pkcs1")]
    [InlineData("ec")]
    [InlineData("ec-sec1")]
    public void Keys_OfAllForms_AreRead(string form)
    {
        Write(Pair("one", form));
        ReloadingCertificate certificate = Create();

        certificate.Start(NullLogger.Instance);

        Assert.Equal("CN=one", certificate.Current()!.TargetCertificate.Subject);
        Assert.True(certificate.Current()!.TargetCertificate.HasPrivateKey);
    }

    [Theory]
    [InlineData("expired", "the certificate expired on ")]
    [InlineData("future", "the certificate is not valid before ")]
    [InlineData("mismatched", "the private key does not belong to the certificate")]
    [InlineData("encrypted", "the key is encrypted; decrypt it first")]
    [InlineData("garbage", "the files are not a certificate and a private key in PEM")]
    [InlineData("empty", "the certificate file has no certificate")]
    [InlineData("missing", "\"/")]
    public void FilesThatCannotBeUsed_AreNamed(string kind, string reason)
    {
        WriteBroken(kind);

        ToolException exception = Assert.Throws<ToolException>(() => Create().Start(NullLogger.Instance));

        Assert.StartsWith($"loading TLS config: {reason}", exception.Message, StringComparison.Ordinal);
        Assert.Equal(2, exception.ExitCode);
    }

    [Fact]
    public void ChangedFiles_AreLoaded_AndBrokenOnesKeepTheOldPair()
    {
        Write(Pair("one", "ec"));
        ReloadingCertificate certificate = Create();
        certificate.Start(NullLogger.Instance);

        Write(Pair("second", "ec"));
        Assert.Equal("CN=one", certificate.Current()!.TargetCertificate.Subject);
        _time.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal("CN=second", certificate.Current()!.TargetCertificate.Subject);

        WriteBroken("mismatched");
        _time.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal("CN=second", certificate.Current()!.TargetCertificate.Subject);

        Write(Pair("the third", "rsa"));
        _time.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal("CN=the third", certificate.Current()!.TargetCertificate.Subject);
    }

    [Fact]
    public void MountedSecret_WhoseDirectoryIsReplaced_IsLoaded()
    {
        // As Kubernetes does it: the links to the files stay, and a link of their path is pointed to another directory.
        string data = Path.Combine(_directory.FullName, "..data");
        foreach (string name in (string[])["c.pem", "k.pem"])
        {
            _ = File.CreateSymbolicLink(Path.Combine(_directory.FullName, name), Path.Combine("..data", name));
        }

        _ = Directory.CreateSymbolicLink(data, _directory.CreateSubdirectory("1").Name);
        Write(Pair("one", "ec"));
        ReloadingCertificate certificate = Create();
        certificate.Start(NullLogger.Instance);
        Assert.Equal("CN=one", certificate.Current()!.TargetCertificate.Subject);

        Directory.Delete(data);
        _ = Directory.CreateSymbolicLink(data, _directory.CreateSubdirectory("2").Name);
        Write(Pair("second", "ec"));
        _time.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal("CN=second", certificate.Current()!.TargetCertificate.Subject);
    }

    [Fact]
    public async Task Proxy_ServesTls()
    {
        Write(Pair("one", "ec"));
        using ToolRun run = new();
        await using RunningTool proxy = await run.StartAsync(
            "proxy", "--demo", "--port", "0", "--json", "--tlsCertPath", Path.Combine(_directory.FullName, "c.pem"), "--tls-key-path",
            Path.Combine(_directory.FullName, "k.pem"));
        List<string> subjects = [];
        using HttpClientHandler handler = new()
        {
            ServerCertificateCustomValidationCallback = (_, certificate, _, _) =>
            {
                subjects.Add(certificate!.Subject);
                return true;
            },
        };
        using HttpClient client = new(handler);

        Assert.Equal("https", proxy.Url.Scheme);
        using HttpResponseMessage answer = await client.GetAsync(new Uri(proxy.Url, "/healthz")).OrTimeout();

        Assert.True(answer.IsSuccessStatusCode);
        Assert.Equal(["CN=one"], subjects);
    }

    [Fact]
    public async Task Proxy_WithBrokenTls_DoesNotStart()
    {
        WriteBroken("encrypted");
        using ToolRun run = new();

        (int exitCode, string text, string error) = await run.InvokeAsync(
            "proxy", "--demo", "--port", "0", "--tlsCertPath", Path.Combine(_directory.FullName, "c.pem"), "--tlsKeyPath",
            Path.Combine(_directory.FullName, "k.pem"));

        Assert.Equal(2, exitCode);
        Assert.EndsWith("Error: loading TLS config: the key is encrypted; decrypt it first\n", error, StringComparison.Ordinal);
        Assert.Empty(text);
    }

    private ReloadingCertificate Create() => new(Path.Combine(_directory.FullName, "c.pem"), Path.Combine(_directory.FullName, "k.pem"), _time);

    private void Write((string Certificate, string Key) pair)
    {
        File.WriteAllText(Path.Combine(_directory.FullName, "c.pem"), pair.Certificate);
        File.WriteAllText(Path.Combine(_directory.FullName, "k.pem"), pair.Key);
    }

    private void WriteBroken(string kind)
    {
        (string certificate, string key) = Pair("broken one", "ec");
        switch (kind)
        {
            case "expired":
                Write(Pair("x", "ec", -10, -1));
                break;
            case "future":
                Write(Pair("x", "ec", 1, 10));
                break;
            case "mismatched":
                Write((certificate, Pair("other", "ec").Key));
                break;
            case "encrypted":
                using (ECDsa ec = ECDsa.Create(ECCurve.NamedCurves.nistP256))
                {
                    PbeParameters encryption = new(PbeEncryptionAlgorithm.Aes256Cbc, HashAlgorithmName.SHA256, 1);
                    Write((certificate, ec.ExportEncryptedPkcs8PrivateKeyPem("secret", encryption)));
                }

                break;
            case "garbage":
                Write((certificate, "no key"));
                break;
            case "empty":
                Write(("", key));
                break;
            default:
                break;
        }
    }

    private (string Certificate, string Key) Pair(string name, string form, int fromDays = -1, int toDays = 30)
    {
        (DateTimeOffset from, DateTimeOffset to) = (_time.GetUtcNow().AddDays(fromDays), _time.GetUtcNow().AddDays(toDays));
        if (form.StartsWith("rsa", StringComparison.Ordinal))
        {
            using RSA rsa = RSA.Create(2048);
            CertificateRequest request = new($"CN={name}", rsa, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
            using X509Certificate2 made = request.CreateSelfSigned(from, to);
            return (made.ExportCertificatePem(), form == "rsa" ? rsa.ExportPkcs8PrivateKeyPem() : rsa.ExportRSAPrivateKeyPem());
        }

        using ECDsa ec = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        CertificateRequest ecRequest = new($"CN={name}", ec, HashAlgorithmName.SHA256);
        using X509Certificate2 certificate = ecRequest.CreateSelfSigned(from, to);
        return (certificate.ExportCertificatePem(), form == "ec" ? ec.ExportPkcs8PrivateKeyPem() : ec.ExportECPrivateKeyPem());
    }
}
