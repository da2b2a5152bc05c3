using System.Globalization;
using System.Text.Json;
using Privatemode.AI.Attestation.Certificates;
using Privatemode.AI.Attestation.Tdx;
using Privatemode.AI.Tests.Vectors;

namespace Privatemode.AI.Tests.Attestation.Tdx;

/// <summary>One case of a TDX manifest, ours or the third parties'.</summary>
internal sealed class TdxVectorCase(JsonElement test, string folder)
{
    public string Id => test.Text("id");

    public bool IsOurs => test.Text("origin") == "synthetic";

    public bool IsValid => Expected.Text("result") == "valid";

    public string Stage => Expected.Text("stage");

    /// <summary>The converged status; null when the case has no collateral.</summary>
    public string? TcbStatus => Expected.TryGetProperty("tcbStatus", out JsonElement status) ? status.GetString() : null;

    public bool HasCollateral => Files.TryGetProperty("tcbInfo", out _);

    public DateTimeOffset At => DateTimeOffset.Parse(test.Text("verifyAt"), CultureInfo.InvariantCulture);

    public byte[] Quote => File("quote");

    public TdxCollateral Collateral => new(
        File("tcbInfo"), File("tcbChain"), File("qeIdentity"), File("qeChain"), File("pckCrl"), default, File("rootCrl"));

    public TdxTrustAnchors Anchors => test.TryGetProperty("trustRootForThisCase", out JsonElement root)
        ? AnchorOf(System.IO.File.ReadAllBytes(Path.Combine(folder, root.GetString()!)))
        : TdxTrustAnchors.Production;

    private JsonElement Expected => test.GetProperty("expected");

    private JsonElement Files => test.GetProperty("files");

    /// <summary>The 48 cases that are committed with the tests.</summary>
    public static IReadOnlyList<TdxVectorCase> Ours()
    {
        string folder = Path.Combine(AppContext.BaseDirectory, "Vectors", "tee");
        return Load(Path.Combine(folder, "tdx", "MANIFEST.json"), folder);
    }

    /// <summary>The real and derived cases of the third parties.</summary>
    public static IReadOnlyList<TdxVectorCase> ThirdParty()
    {
        string folder = VectorFiles.ThirdPartyPath("tee");
        return [.. Load(Path.Combine(folder, "MANIFEST.json"), folder).Where(test => !test.IsOurs)];
    }

    public static TdxTrustAnchors AnchorOf(byte[] pem) =>
        new([Certificate.Parse(Pem.ReadCertificates(pem, 1)[0], "the test root").SubjectPublicKeyInfoSha256()]);

    /// <summary>Judges the case as a whole, or the quote alone when it has no collateral.</summary>
    public VerifiedTdxQuote? Verify(TdxTrustAnchors anchors)
    {
        if (HasCollateral)
        {
            return TdxVerification.Verify(Quote, Collateral, anchors, At);
        }

        SignedQuote.Verify(Quote, anchors, At).Dispose();
        return null;
    }

    private static IReadOnlyList<TdxVectorCase> Load(string path, string folder)
    {
        using JsonDocument document = JsonDocument.Parse(System.IO.File.ReadAllBytes(path));
        return [.. document.RootElement.Items("cases").Where(IsTdx).Select(test => new TdxVectorCase(test.Clone(), folder))];
    }

    private static bool IsTdx(JsonElement test) => test.Text("id").StartsWith("tdx/", StringComparison.Ordinal);

    private byte[] File(string name) => System.IO.File.ReadAllBytes(Path.Combine(folder, Files.Text(name)));
}
