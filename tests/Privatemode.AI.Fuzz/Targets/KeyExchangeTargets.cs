using System.Text;
using System.Text.Json;
using Privatemode.AI.Fuzz.Corpus;
using Privatemode.AI.KeyExchange;
using Privatemode.AI.KeyExchange.Hpke;

namespace Privatemode.AI.Fuzz.Targets;

/// <summary>The secret service's answer, its certificate, and the mesh CA.</summary>
internal static class KeyExchangeTargets
{
    private const int AnswerLimit = 64 * 1024;
    private static readonly SecretServiceNames Names = new(["secret-service"], acceptsUnnamed: true);
    private static readonly DateTimeOffset Now = new(2026, 6, 1, 12, 0, 0, TimeSpan.Zero);

    public static IEnumerable<FuzzTarget> Create()
    {
        JsonElement file = CorpusFiles.OwnJson("protocol/secret_exchange.json");
        JsonElement[] exchanges = [.. file.GetProperty("exchanges").EnumerateArray(), .. file.GetProperty("checks").EnumerateArray()];
        yield return new FuzzTarget("secret-response", [.. exchanges.Select(Response)], parts => InResponse(parts[0]))
        {
            Largest = AnswerLimit,
        };
        yield return new FuzzTarget(
            "mesh-certificate",
            [.. file.GetProperty("exchanges").EnumerateArray().Select(Leaf)],
            parts => SignedParts.OfDer("leaf", parts[0]))
        {
            Largest = AnswerLimit,
        };
        yield return new FuzzTarget("mesh-ca", [.. exchanges.Select(Authority)]);
    }

    private static FuzzSeed Response(JsonElement test)
    {
        byte[] ca = Text(test, "mesh_ca_pem");
        byte[] seed = Convert.FromHexString(test.GetProperty("private_seed_hex").GetString()!);
        return new FuzzSeed(test.GetProperty("name").GetString()!, [Text(test, "response_body")], parts =>
        {
            // Making a key pair costs more than all else: only for answers that get so far.
            SecretExchangeResponse response = SecretExchangeResponse.Parse(parts[0]);
            MeshCertificateAuthority authority = MeshCertificateAuthority.FromPem(ca);
            MeshCertificate.Verify(response.MeshCertificate, authority, Names, Now).Dispose();
            using SecretExchange exchange = new(XWingPrivateKey.FromSeed(seed));
            using InferenceSecret secret = exchange.Complete(parts[0], authority, Names, Now, Now);
            return true;
        })
        {
            IsGenuine = true,
        };
    }

    private static FuzzSeed Leaf(JsonElement test)
    {
        MeshCertificateAuthority authority = MeshCertificateAuthority.FromPem(Text(test, "mesh_ca_pem"));
        return new FuzzSeed(test.GetProperty("name").GetString()!, [test.GetProperty("mesh_leaf_der_b64").GetBytesFromBase64()], parts =>
        {
            MeshCertificate.Verify(parts[0], authority, Names, Now).Dispose();
            return true;
        });
    }

    private static FuzzSeed Authority(JsonElement test) => new(test.GetProperty("name").GetString()!, [Text(test, "mesh_ca_pem")], parts =>
    {
        MeshCertificateAuthority.FromPem(parts[0]).CheckValidity(Now);
        return true;
    });

    private static IEnumerable<SignedPart> InResponse(byte[] json)
    {
        using JsonDocument document = JsonDocument.Parse(json);
        byte[] Bytes(string name) => document.RootElement.EnumerateObject().Single(member => member.Name == name).Value.GetBytesFromBase64();
        return
        [
            SignedPart.Of("encapsulated key", Bytes("EncapsulatedKey")),
            SignedParts.OfEcdsa("exchange", Bytes("Signature")),
            .. SignedParts.OfDer("leaf", Bytes("MeshCert")),
        ];
    }

    private static byte[] Text(JsonElement test, string name) => Encoding.UTF8.GetBytes(test.GetProperty(name).GetString()!);
}
