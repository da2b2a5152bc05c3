using System.Security.Cryptography;
using System.Text;
using Privatemode.AI.KeyExchange;
using Privatemode.AI.KeyExchange.Hpke;
using Privatemode.AI.Testing.SecretService;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.Tests.KeyExchange;

/// <summary>One exchange with <see cref="FakeMesh"/>, every part of which a test can replace before it is played.</summary>
internal sealed class SecretExchangeScene : IDisposable
{
    public SecretExchangeScene()
    {
        Pem = Mesh.AuthorityPem();
        Certificate = Mesh.LeafDer();
        SigningKey = Mesh.LeafKey;
        using (HpkeSender.SetupBase(PublicKey, EncapsulatedKey))
        {
        }
    }

    public FakeMesh Mesh { get; } = new();

    public SecretExchange Exchange { get; } = SecretExchange.Create();

    public byte[] PublicKey => Exchange.Field<XWingPrivateKey>("_privateKey").PublicKey.ToArray();

    public byte[] Pem { get; set; }

    public byte[] Certificate { get; set; }

    public ECDsa SigningKey { get; set; }

    public byte[] EncapsulatedKey { get; set; } = new byte[XWing.CiphertextSize];

    public SecretServiceNames Names { get; set; } = FakeMesh.Names;

    public byte[]? Signature { get; set; }

    public string? Body { get; set; }

    public DateTimeOffset Now { get; set; } = FakeMesh.Now;

    public byte[] Sign(byte[] message) => SigningKey.SignHash(SHA256.HashData(message), DSASignatureFormat.Rfc3279DerSequence);

    public string WriteBody() =>
        $$"""
        {"EncapsulatedKey":"{{Convert.ToBase64String(EncapsulatedKey)}}","Signature":"{{Convert.ToBase64String(
            Signature ?? Sign([.. PublicKey, .. EncapsulatedKey]))}}","MeshCert":"{{Convert.ToBase64String(Certificate)}}"}
        """;

    public InferenceSecret Play() => Exchange.Complete(
        Encoding.UTF8.GetBytes(Body ?? WriteBody()), MeshCertificateAuthority.FromPem(Pem), Names, Now, FakeMesh.Now);

    public void Dispose()
    {
        Exchange.Dispose();
        Mesh.Dispose();
    }
}
