using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Privatemode.AI.Testing.Enclave;
using Privatemode.AI.Testing.Evidence;
using Privatemode.AI.Testing.Evidence.Contrast;
using Privatemode.AI.Testing.Evidence.Sev;
using Privatemode.AI.Testing.Evidence.Tdx;

namespace Privatemode.AI.Testing;

/// <summary>Creates verification reports without a server: it writes evidence to a file and verifies it as a client does, without the client's
/// internals.</summary>
internal static class TestReports
{
    private const int NonceSize = 32;

    private static readonly Uri Endpoint = new("http://127.0.0.1");
    private static readonly Lazy<VerificationCheck> AnyCheck = new(() => Create(EvidenceKind.SevSnp, DateTimeOffset.UnixEpoch.AddYears(56)).Checks[0]);

    /// <summary>A check from which others are copied.</summary>
    public static VerificationCheck Check => AnyCheck.Value;

    public static VerifiedDeployment Create(EvidenceKind kind, DateTimeOffset at)
    {
        IssuedEvidence evidence = new(new EvidenceSettings { Kind = kind }, new DateTimeOffset(at.UtcDateTime.Date, TimeSpan.Zero));
        using MemoryStream file = new(Write(evidence, at));
        EvidenceExpectation expectation = new(Convert.ToHexStringLower(SHA256.HashData(evidence.Manifest)))
        {
            Endpoint = Endpoint,
            InsecureLoopbackTrust = TestTrustAnchors.For(Endpoint).ToTrust(),
        };
        return SavedEvidence.Load(file).Verify(expectation, at);
    }

    // The format of VerifiedDeployment.SaveEvidenceAsync.
    private static byte[] Write(IssuedEvidence evidence, DateTimeOffset at)
    {
        byte[] nonce = RandomNumberGenerator.GetBytes(NonceSize);
        using MeshIdentity mesh = MeshIdentity.Create(at, ManifestTemplate.SecretServiceNames);
        JsonObject file = new()
        {
            ["format"] = "privatemode-evidence-1",
            ["endpoint"] = Endpoint.AbsoluteUri,
            ["verifiedAt"] = at,
            ["nonce"] = Base64(nonce),
            ["document"] = Base64(evidence.Attest(nonce, mesh.AuthorityPem)),
            [evidence.Snp is not null ? "amd" : "intel"] = evidence.Snp is { } snp ? Amd(snp) : Intel(evidence.Tdx!),
        };
        return Encoding.UTF8.GetBytes(file.ToJsonString());
    }

    private static JsonObject Amd(IssuedSnp snp) => new()
    {
        ["vcek"] = Base64(snp.Vek),
        ["intermediate"] = Base64(snp.Intermediate),
        ["root"] = Base64(snp.Root),
        ["crl"] = Base64(snp.RevocationList!),
    };

    private static JsonObject Intel(IssuedTdx tdx) => new()
    {
        ["tcbInfo"] = Base64(tdx.TcbInfo),
        ["tcbInfoChain"] = Base64(tdx.TcbInfoChain),
        ["qeIdentity"] = Base64(tdx.QeIdentity),
        ["qeIdentityChain"] = Base64(tdx.QeIdentityChain),
        ["pckCrl"] = Base64(tdx.PckList),
        ["pckCrlChain"] = Base64(tdx.PckListChain),
        ["rootCrl"] = Base64(tdx.RootList),
    };

    private static string Base64(string text) => Base64(Encoding.UTF8.GetBytes(text));

    private static string Base64(byte[] bytes) => Convert.ToBase64String(bytes);
}
