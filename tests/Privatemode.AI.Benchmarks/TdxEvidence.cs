using System.Globalization;
using System.Text.Json;
using Privatemode.AI.Attestation.Certificates;
using Privatemode.AI.Attestation.Tdx;

namespace Privatemode.AI.Benchmarks;

/// <summary>A quote with its collateral: ours beside the program, a real one where <c>PRIVATEMODE_VECTORS</c> names the third parties' folder.</summary>
internal sealed record TdxEvidence(byte[] Quote, TdxCollateral Collateral, TdxTrustAnchors Anchors, DateTimeOffset At)
{
    public const string Synthetic = "tdx/syn-baseline-uptodate";
    public const string Real = "tdx/v4-b0c06f-uptodate";

    private static readonly string? ThirdParty = Environment.GetEnvironmentVariable("PRIVATEMODE_VECTORS");

    public static string[] Available => ThirdParty is null ? [Synthetic] : [Synthetic, Real];

    public static TdxEvidence Load(string id)
    {
        string folder = id == Real ? Path.Combine(ThirdParty!, "tee") : Path.Combine(AppContext.BaseDirectory, "Vectors", "tee");
        string manifest = id == Real ? Path.Combine(folder, "MANIFEST.json") : Path.Combine(folder, "tdx", "MANIFEST.json");
        using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(manifest));
        JsonElement test = document.RootElement.GetProperty("cases").EnumerateArray().Single(item => item.GetProperty("id").GetString() == id);
        JsonElement files = test.GetProperty("files");
        byte[] Read(string name) => File.ReadAllBytes(Path.Combine(folder, files.GetProperty(name).GetString()!));
        TdxCollateral collateral = new(
            Read("tcbInfo"), Read("tcbChain"), Read("qeIdentity"), Read("qeChain"), Read("pckCrl"), default, Read("rootCrl"));
        byte[] root = Pem.ReadCertificates(collateral.TcbInfoChain.Span, 2)[1].ToArray();
        TdxTrustAnchors anchors = new([Certificate.Parse(root, "the test root").SubjectPublicKeyInfoSha256()]);
        return new TdxEvidence(
            Read("quote"), collateral, anchors, DateTimeOffset.Parse(test.GetProperty("verifyAt").GetString()!, CultureInfo.InvariantCulture));
    }
}
