using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Privatemode.AI.KeyExchange;
using Privatemode.AI.KeyExchange.Hpke;
using Privatemode.AI.Tests.Vectors;

namespace Privatemode.AI.Tests.KeyExchange;

/// <summary>What the reference does with whole exchanges, measured, and where we are stricter.</summary>
public class SecretExchangeVectorTests
{
    private const string File = "secret_exchange.json";

    // The check that refuses each bad case; cases that are not named here must be accepted, as the reference accepts them.
    private static readonly Dictionary<string, string> RefusedBy = new()
    {
        ["signature tampered"] = KeyExchangeChecks.Signature,
        ["signature empty"] = KeyExchangeChecks.ResponseFormat, // written as null
        ["signature over encapsulated key then public key"] = KeyExchangeChecks.Signature,
        ["signature over the encapsulated key only"] = KeyExchangeChecks.Signature,
        ["signature with trailing byte"] = KeyExchangeChecks.Signature,
        ["signature in IEEE P1363 form"] = KeyExchangeChecks.Signature,
        ["signature by another key"] = KeyExchangeChecks.Signature,
        ["encapsulated key swapped"] = KeyExchangeChecks.Signature,
        ["encapsulated key short, correctly signed"] = KeyExchangeChecks.EncapsulatedKey,
        ["low-order X25519 point, correctly signed"] = KeyExchangeChecks.EncapsulatedKey,
        ["leaf of another CA with the same name"] = KeyExchangeChecks.CertificateSignature,
        ["self-signed leaf"] = KeyExchangeChecks.CertificateSignature, // under the CA's name
        ["expired"] = KeyExchangeChecks.CertificateExpired,
        ["not yet valid"] = KeyExchangeChecks.CertificateNotYetValid,
        ["EKU client auth only"] = KeyExchangeChecks.CertificateUsage,
        ["unknown critical extension"] = KeyExchangeChecks.CertificateCriticalExtension,
        ["PEM instead of DER"] = KeyExchangeChecks.CertificateFormat,
        ["trailing byte after the certificate"] = KeyExchangeChecks.CertificateFormat,
        ["empty certificate"] = KeyExchangeChecks.ResponseFormat, // written as null
        ["leaf below an intermediate that is not sent"] = KeyExchangeChecks.CertificateIssuer,
        ["RSA leaf"] = KeyExchangeChecks.CertificateKey,
        ["CA without basic constraints"] = KeyExchangeChecks.AuthorityConstraints,
        ["CA flag false"] = KeyExchangeChecks.AuthorityConstraints,
        ["CA without cert sign usage"] = KeyExchangeChecks.AuthorityConstraints,
        ["CA expired"] = KeyExchangeChecks.AuthorityExpired,
    };

    // The reference looks at no names. We accept these only where the user says that a certificate may be without.
    private static readonly string[] Unnamed = ["the mesh CA itself as leaf", "no DNS names"];

    // Stricter than the reference on purpose: exact names, nothing missing or null, base64 without line breaks, strings only.
    // An attested service never writes these, so refusing them costs nothing and leaves one reading of an answer.
    private static readonly string[] RefusedThoughTheReferenceTakesIt =
    [
        """{"encapsulatedkey":"AQI=","SIGNATURE":"Aw==","meshCert":"BA=="}""",
        """{"EncapsulatedKey":null,"Extra":1}""",
        """{"EncapsulatedKey":"A\nQI="}""",
        """{"EncapsulatedKey":[1,2]}""",
        """{}""",
        """null""",
    ];

    [Fact]
    public void Exchanges_EveryCase_GivesSecretAndId()
    {
        CaseLog log = new();
        foreach (JsonElement test in VectorFiles.Protocol(File).Items("exchanges"))
        {
            log.Run(test.Text("name"), () =>
            {
                AssertCompletes(test);
                byte[] publicKey = test.Hex("public_key_hex");
                byte[] encapsulatedKey = test.Hex("encapsulated_key_hex");
                Assert.Equal(test.Hex("signed_hash_hex"), SHA256.HashData([.. publicKey, .. encapsulatedKey]));

                SecretExchangeResponse response = SecretExchangeResponse.Parse(Encoding.UTF8.GetBytes(test.Text("response_body")));
                Assert.Equal(encapsulatedKey, response.EncapsulatedKey.ToArray());
                Assert.Equal(test.Hex("signature_der_hex"), response.Signature.ToArray());
                Assert.Equal(test.GetProperty("mesh_leaf_der_b64").GetBytesFromBase64(), response.MeshCertificate.ToArray());
            });
        }

        log.AssertAllPassed(4);
    }

    [Fact]
    public void Checks_EveryCase_IsAcceptedOrRefusedByTheRightCheck()
    {
        CaseLog log = new();
        foreach (JsonElement test in VectorFiles.Protocol(File).Items("checks"))
        {
            log.Run(test.Text("name"), () =>
            {
                Assert.Equal(test.Flag("ok"), !RefusedBy.TryGetValue(test.Text("name"), out string? check));
                if (check is null)
                {
                    AssertCompletes(test);
                    Assert.Equal(Unnamed.Contains(test.Text("name")), IsRefusedForItsName(test));
                }
                else
                {
                    Assert.Equal(check, Assert.Throws<PrivatemodeVerificationException>(() => Complete(test)).ErrorType);
                }
            });
        }

        log.AssertAllPassed(36);
    }

    [Fact]
    public void Json_EveryCase_IsReadAsTheReferenceDoesOrRefused()
    {
        CaseLog log = new();
        int stricter = 0;
        foreach (JsonElement test in VectorFiles.Protocol(File).Items("json"))
        {
            log.Run(test.Text("body"), () =>
            {
                byte[] body = Encoding.UTF8.GetBytes(test.Text("body"));
                bool refusedHere = RefusedThoughTheReferenceTakesIt.Contains(test.Text("body"));
                stricter += refusedHere ? 1 : 0;
                if (test.Flag("ok") && !refusedHere)
                {
                    SecretExchangeResponse response = SecretExchangeResponse.Parse(body);
                    Assert.Equal(test.Hex("encapsulated_key_hex"), response.EncapsulatedKey.ToArray());
                    Assert.Equal(test.Hex("signature_hex"), response.Signature.ToArray());
                    Assert.Equal(test.Hex("mesh_cert_hex"), response.MeshCertificate.ToArray());
                }
                else
                {
                    Assert.Equal(
                        KeyExchangeChecks.ResponseFormat,
                        Assert.Throws<PrivatemodeVerificationException>(() => SecretExchangeResponse.Parse(body)).ErrorType);
                }
            });
        }

        log.AssertAllPassed(10);
        Assert.Equal(RefusedThoughTheReferenceTakesIt.Length, stricter);
    }

    private static void AssertCompletes(JsonElement test)
    {
        using InferenceSecret secret = Complete(test);
        Assert.Equal(test.Hex("secret_hex"), secret.Key);
        Assert.Equal(test.Text("secret_id"), secret.Id);
    }

    private static bool IsRefusedForItsName(JsonElement test) =>
        Record.Exception(() => Complete(test, FakeMesh.Names).Dispose()) is PrivatemodeVerificationException { ErrorType: KeyExchangeChecks.CertificateName };

    private static InferenceSecret Complete(JsonElement test) => Complete(test, new SecretServiceNames(["secret-service"], acceptsUnnamed: true));

    private static InferenceSecret Complete(JsonElement test, SecretServiceNames names)
    {
        using SecretExchange exchange = new(XWingPrivateKey.FromSeed(test.Hex("private_seed_hex")));
        Assert.Equal(test.Text("request_body"), Encoding.UTF8.GetString(exchange.RequestBody.Span));
        MeshCertificateAuthority authority = MeshCertificateAuthority.FromPem(Encoding.UTF8.GetBytes(test.Text("mesh_ca_pem")));
        return exchange.Complete(Encoding.UTF8.GetBytes(test.Text("response_body")), authority, names, FakeMesh.Now, FakeMesh.Now);
    }
}
