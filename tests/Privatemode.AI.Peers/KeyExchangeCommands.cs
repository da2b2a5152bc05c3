using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using Privatemode.AI.KeyExchange;
using Privatemode.AI.KeyExchange.Hpke;
using Privatemode.AI.Testing.SecretService;

namespace Privatemode.AI.Peers;

/// <summary>Both sides of the key exchange.</summary>
internal static class KeyExchangeCommands
{
    private const string ServiceName = "secret-service";

    private static readonly DateTimeOffset Now = new(2026, 6, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly TimeSpan Validity = TimeSpan.FromDays(365);
    private static readonly Dictionary<int, SecretExchange> Exchanges = [];
    private static int _count;

    /// <summary>A mesh CA and the certificate of a secret service, with its private key, for a peer that plays the service.</summary>
    public static JsonObject Mesh(JsonObject command)
    {
        using ECDsa authorityKey = ECDsa.Create(ECCurve.NamedCurves.nistP384);
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP384);
        CertificateRequest authorityRequest = new("CN=system:coordinator:meshCA", authorityKey, HashAlgorithmName.SHA384);
        authorityRequest.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        authorityRequest.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.DigitalSignature, true));
        using X509Certificate2 authority = authorityRequest.CreateSelfSigned(Now - Validity, Now + Validity);
        CertificateRequest request = new($"CN={ServiceName}", key, HashAlgorithmName.SHA384);
        SubjectAlternativeNameBuilder names = new();
        names.AddDnsName(ServiceName);
        request.CertificateExtensions.Add(names.Build());
        using X509Certificate2 leaf = request.Create(authority, Now - Validity, Now + Validity, [1, 2, 3, 4]);
        return new JsonObject
        {
            ["authority"] = authority.ExportCertificatePem(),
            ["certificate"] = Fields.Of(leaf.RawData),
            ["key"] = Fields.Of(key.ExportPkcs8PrivateKey()),
        };
    }

    /// <summary>Starts an exchange of a client: with a new key pair, or with the one of a seed and an implementation of ML-KEM.</summary>
    public static JsonObject Start(JsonObject command)
    {
        SecretExchange exchange = Fields.OptionalBytes(command, "seed") is { } seed
            ? new SecretExchange(KeyOf(seed, Fields.Text(command, "provider")))
            : SecretExchange.Create();
        Exchanges[++_count] = exchange;
        return new JsonObject { ["exchange"] = _count, ["body"] = Encoding.UTF8.GetString(exchange.RequestBody.Span) };
    }

    /// <summary>Completes an exchange with the answer of a peer.</summary>
    public static JsonObject Finish(JsonObject command)
    {
        Exchanges.Remove(command["exchange"]!.GetValue<int>(), out SecretExchange? exchange);
        using (exchange)
        {
            MeshCertificateAuthority authority = MeshCertificateAuthority.FromPem(Encoding.ASCII.GetBytes(Fields.Text(command, "authority")));
            using InferenceSecret secret = exchange!.Complete(
                Encoding.UTF8.GetBytes(Fields.Text(command, "body")), authority, new SecretServiceNames([ServiceName]), Now, Now);
            return new JsonObject { ["secret"] = Fields.Of(secret.Key), ["id"] = secret.Id };
        }
    }

    /// <summary>Answers the request of a peer as the secret service does.</summary>
    public static JsonObject Respond(JsonObject command)
    {
        using ECDsa key = ECDsa.Create();
        key.ImportPkcs8PrivateKey(Fields.Bytes(command, "key"), out _);
        try
        {
            SecretExchangeReply reply = new SecretExchangeResponder(Fields.Bytes(command, "certificate"), key)
                .Answer(Encoding.UTF8.GetBytes(Fields.Text(command, "body")));
            return new JsonObject
            {
                ["body"] = Encoding.UTF8.GetString(reply.Body),
                ["secret"] = Fields.Of(reply.Secret),
                ["id"] = reply.SecretId,
            };
        }
        catch (CryptographicException)
        {
            throw new RefusedException("public-key");
        }
    }

    // As XWingPrivateKey.FromSeed, but with a chosen implementation of ML-KEM.
    private static XWingPrivateKey KeyOf(byte[] seed, string provider)
    {
        if (provider == "default")
        {
            return XWingPrivateKey.FromSeed(seed);
        }

        Span<byte> expanded = stackalloc byte[MlKem768.SeedSize + X25519.ScalarSize];
        Sha3.FillShake256(seed, expanded);
        return new XWingPrivateKey(new BouncyCastleMlKem768PrivateKey(expanded[..MlKem768.SeedSize]), expanded[MlKem768.SeedSize..]);
    }
}
