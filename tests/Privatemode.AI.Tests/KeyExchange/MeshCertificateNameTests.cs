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

    private string? Refusal((int Form, string Name)[] names, bool acceptsUnnamed)
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
        try
        {
            _ = MeshCertificate.Verify(
                _mesh.LeafDer(extensions),
                MeshCertificateAuthority.FromPem(_mesh.AuthorityPem()),
                new SecretServiceNames(["root", Own], acceptsUnnamed),
                FakeMesh.Now);
            return null;
        }
        catch (PrivatemodeVerificationException refusal)
        {
            return refusal.ErrorType;
        }
    }
}
