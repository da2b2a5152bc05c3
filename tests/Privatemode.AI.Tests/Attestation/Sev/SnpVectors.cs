using System.Text.Json;
using Privatemode.AI.Attestation.Certificates;
using Privatemode.AI.Attestation.Sev;
using Privatemode.AI.Tests.Vectors;

namespace Privatemode.AI.Tests.Attestation.Sev;

/// <summary>The SEV-SNP cases of one manifest: ours beside the test assembly, or all of them in the third-party folder.</summary>
internal sealed class SnpVectors
{
    private readonly string _root;
    private readonly JsonElement _manifest;

    private SnpVectors(string root, string manifest)
    {
        _root = root;
        using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(root, manifest)));
        _manifest = document.RootElement.Clone();
    }

    /// <summary>What we made ourselves; committed.</summary>
    public static SnpVectors Synthetic { get; } = new(Path.Combine(AppContext.BaseDirectory, "Vectors", "tee"), "snp/MANIFEST.json");

    /// <summary>Real and derived ones too; throws without the third-party folder.</summary>
    public static SnpVectors All => new(VectorFiles.ThirdPartyPath("tee"), "MANIFEST.json");

    public IEnumerable<SnpVector> Cases =>
        _manifest.Items("cases").Where(element => element.Text("tee") == "snp").Select(element => new SnpVector(this, element));

    /// <summary>Names and SHA-256 of the files.</summary>
    public IEnumerable<(string Path, string Sha256)> Files =>
        _manifest.GetProperty("files").EnumerateObject().Select(file => (file.Name, file.Value.Text("sha256")));

    public SnpVector this[string id] => Cases.Single(vector => vector.Id == id);

    public byte[] Read(string path) => File.ReadAllBytes(Path.Combine(_root, path));

    /// <summary>A certificate as DER, from DER or from PEM.</summary>
    public byte[] ReadCertificate(string path) =>
        path.EndsWith(".pem", StringComparison.Ordinal) ? Assert.Single(Pem.ReadCertificates(Read(path), 1)).ToArray() : Read(path);

    /// <summary>One certificate as the only root key of a product line.</summary>
    public SevTrustAnchors Anchors(string path, SnpProduct product) => new(new Dictionary<SnpProduct, string>
    {
        [product] = Convert.ToHexStringLower(Certificate.Parse(ReadCertificate(path), "the root").SubjectPublicKeyInfoSha256()),
    });
}
