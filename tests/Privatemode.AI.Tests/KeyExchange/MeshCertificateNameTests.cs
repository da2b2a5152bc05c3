using System.Formats.Asn1;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Privatemode.AI.KeyExchange;

namespace Privatemode.AI.Tests.KeyExchange;

/// <summary>Names of a mesh certificate that resemble the secret service's, in every form that a name can have.</summary>
public sealed class MeshCertificateNameTests : IDisposable
{
    private const string Own = "secret-service";
    private const int Mail = 1, Dns = 2, Uri = 6, Address = 7, Registered = 8;

    private readonly FakeMesh _mesh = new();

    public void Dispose() => _mesh.Dispose();

    [Theory]
    [InlineData("SECRET-service", true)]
    [InlineData("another-workload,root", true)]
    [InlineData("*,secret-service", true)]
    [InlineData("secret-service.", false)]
    [InlineData(" secret-service", false)]
    [InlineData("secret-service ", false)]
    [InlineData("secret-service\0.example", false)]
    [InlineData("", false)]
    [InlineData("*", false)]
    [InlineData("*.secret-service", false)]
    [InlineData("secret*", false)]
    [InlineData("secret-service.default.svc.cluster.local", false)]
    [InlineData("xn--secret-service", false)]
    [InlineData("secret_service", false)]
    public void Verify_DnsNames_OnlyTheSecretServicesOwnCountAlsoWithTheOption(string names, bool isAccepted)
    {
        (int, string)[] written = [.. names.Split(',').Select(name => (Dns, name))];
        Assert.Equal(isAccepted ? null : KeyExchangeChecks.CertificateName, Refusal(written, acceptsUnnamed: false));
        Assert.Equal(isAccepted ? null : KeyExchangeChecks.CertificateName, Refusal(written, acceptsUnnamed: true));
    }

    [Theory]
    [InlineData(Mail)]
    [InlineData(Uri)]
    [InlineData(Address)]
    [InlineData(Registered)]
    public void Verify_TheNameInAnotherForm_IsNoDnsName(int form)
    {
        Assert.Equal(KeyExchangeChecks.CertificateName, Refusal([(form, Own)], acceptsUnnamed: false));
        Assert.Null(Refusal([(form, Own)], acceptsUnnamed: true));
        Assert.Equal(KeyExchangeChecks.CertificateName, Refusal([(form, Own), (Dns, "workload-gpt-oss-120b")], acceptsUnnamed: true));
    }

    [Theory]
    [InlineData("secret-service\u00ad")]
    [InlineData("\u017fecret-service")]
    public void Verify_DnsNameIsNotAscii_IsNoCertificate(string name) =>
        Assert.Equal(KeyExchangeChecks.CertificateFormat, Refusal([(Dns, name)], acceptsUnnamed: true));

    [Theory]
    [InlineData("workload-a,workload-b", "workload-a, workload-b")]
    [InlineData("line\nbreak", "line break")]
    public void Verify_NamesOfAnotherWorkload_AreInTheRefusalBesideTheExpectedOnes(string names, string found)
    {
        (int, string)[] written = [.. names.Split(',').Select(name => (Dns, name))];
        PrivatemodeVerificationException refusal = Assert.Throws<PrivatemodeVerificationException>(
            () => Verify(written, new SecretServiceNames(["root", Own])));
        Assert.Equal("root, secret-service", refusal.Expected);
        Assert.Equal(found, refusal.Found);
    }

    [Fact]
    public void Verify_NoNameInTheCertificateOrTheManifest_IsSaidInTheRefusal()
    {
        PrivatemodeVerificationException refusal = Assert.Throws<PrivatemodeVerificationException>(() => Verify([], new SecretServiceNames([])));
        Assert.Equal("a name that only the secret service has; the manifest gives it none", refusal.Expected);
        Assert.Equal("no DNS name", refusal.Found);
    }

    private string? Refusal((int Form, string Name)[] names, bool acceptsUnnamed)
    {
        try
        {
            Verify(names, new SecretServiceNames(["root", Own], acceptsUnnamed));
            return null;
        }
        catch (PrivatemodeVerificationException refusal)
        {
            return refusal.ErrorType;
        }
    }

    private void Verify((int Form, string Name)[] names, SecretServiceNames accepted)
    {
        AsnWriter writer = new(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            foreach ((int form, string name) in names)
            {
                writer.WriteOctetString(Encoding.UTF8.GetBytes(name), new Asn1Tag(TagClass.ContextSpecific, form));
            }
        }

        X509Extension[] extensions = [new("2.5.29.17", writer.Encode(), critical: false)];
        MeshCertificate.Verify(
            _mesh.LeafDer(extensions), MeshCertificateAuthority.FromPem(_mesh.AuthorityPem()), accepted, FakeMesh.Now).Dispose();
    }
}
