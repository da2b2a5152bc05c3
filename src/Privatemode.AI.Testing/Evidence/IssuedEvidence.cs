using System.Text;
using System.Text.Json.Nodes;
using Privatemode.AI.Testing.Evidence.Contrast;
using Privatemode.AI.Testing.Evidence.Sev;
using Privatemode.AI.Testing.Evidence.Tdx;

namespace Privatemode.AI.Testing.Evidence;

/// <summary>The evidence of a deployment for one day, with its collateral and manifests. Thread-safe.</summary>
internal sealed class IssuedEvidence
{
    private const string CoordinatorVersion = "v1.24.1";

    private readonly EvidencePlan _plan;
    private readonly Lazy<byte[]> _rootCa = new(TestAuthorities.RootCa);
    private readonly Lazy<byte[]> _manifest;
    private readonly Lazy<byte[]> _previousManifest;
    private readonly Lazy<byte[]> _publishedManifest;

    public IssuedEvidence(EvidenceSettings settings, DateTimeOffset day)
        : this(EvidencePlan.Create(settings, day))
    {
        _previousManifest = OfRevision(settings.Revision - 1);
        _publishedManifest = settings.IsNextPublished ? OfRevision(settings.Revision + 1) : _manifest;

        Lazy<byte[]> OfRevision(int revision) => new(() => EvidencePlan.Create(settings with { Revision = revision }, day).Manifest.Write());
    }

    public IssuedEvidence(EvidencePlan plan)
    {
        _plan = plan;
        _manifest = new Lazy<byte[]>(plan.Manifest.Write);
        _previousManifest = _publishedManifest = _manifest;
        Snp = plan.Kind == EvidenceKind.SevSnp ? new IssuedSnp(plan.Snp) : null;
        Tdx = plan.Kind == EvidenceKind.Tdx ? new IssuedTdx(plan.Tdx) : null;
    }

    public DateTimeOffset Day => _plan.Day;

    /// <summary>The manifest of the deployment.</summary>
    public byte[] Manifest => _manifest.Value;

    /// <summary>The manifest that the publisher names.</summary>
    public byte[] PublishedManifest => _publishedManifest.Value;

    /// <summary>The manifest that preceded the current one.</summary>
    public byte[] PreviousManifest => _previousManifest.Value;

    public IssuedSnp? Snp { get; }

    public IssuedTdx? Tdx { get; }

    /// <summary>Creates an attestation document (JSON) for a nonce and a mesh CA.</summary>
    /// <param name="nonce">The nonce of the client.</param>
    /// <param name="meshCa">The mesh CA of the deployment (PEM).</param>
    public string Attest(byte[] nonce, string meshCa)
    {
        DocumentPlan plan = _plan.Document;
        byte[] mesh = Encoding.UTF8.GetBytes(meshCa);
        mesh = plan.ReplaceMeshCa?.Invoke(mesh) ?? mesh;
        IReadOnlyList<byte[]> manifests = plan.Manifests(Manifest);
        IEnumerable<byte[]> bound = plan.BindManifest is { } bind ? manifests.Select(bind) : manifests;
        byte[] reportData = ReportDataBinding.Compute(plan.BindNonce?.Invoke(nonce) ?? nonce, bound, _rootCa.Value, mesh);
        plan.ChangeReportData?.Invoke(reportData);
        byte[] evidence = Snp is not null ? SnpMessage.Write(Snp, reportData, plan.HasCertificates) : TdxMessage.Write(Tdx!.Attest(reportData));
        evidence = plan.ChangeEvidence?.Invoke(evidence) ?? evidence;
        JsonObject document = new() { ["version"] = CoordinatorVersion, ["raw_attestation_doc"] = Convert.ToBase64String(evidence) };
        if (plan.EvidenceType is { } type)
        {
            document["attestation_type"] = new JsonArray([.. type.Select(number => (JsonNode)number)]);
        }

        document["manifests"] = Array(manifests);
        document["policies"] = Array(_plan.Manifest.Policies.Select(policy => policy.Document));
        document["root_ca"] = Convert.ToBase64String(plan.ShowRootCa?.Invoke(_rootCa.Value) ?? _rootCa.Value);
        document["mesh_ca"] = Convert.ToBase64String(plan.ShowMeshCa?.Invoke(mesh) ?? mesh);
        string text = document.ToJsonString();
        return plan.ChangeDocument?.Invoke(text) ?? text;
    }

    private static JsonArray Array(IEnumerable<byte[]> values) => new([.. values.Select(value => (JsonNode)Convert.ToBase64String(value))]);
}
