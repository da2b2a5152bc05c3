using System.Text;
using Privatemode.AI.Attestation.Contrast;
using Privatemode.AI.Attestation.Sev;
using Privatemode.AI.Attestation.Tdx;
using Privatemode.AI.Testing;
using Privatemode.AI.Testing.Evidence;
using Privatemode.AI.Testing.Evidence.Collateral;

namespace Privatemode.AI.Fuzz.Corpus;

/// <summary>A whole deployment's evidence under test roots, as the testing package issues it, with its collateral.</summary>
/// <remarks>Signed anew in every run: of what is made from it, only the printed bytes repeat exactly.</remarks>
internal sealed class IssuedScene
{
    private readonly IssuedEvidence _issued;

    private IssuedScene(string name, EvidenceSettings settings)
    {
        Name = name;
        _issued = new IssuedEvidence(EvidencePlan.Create(settings, At));
        Document = Encoding.UTF8.GetBytes(_issued.Attest(Nonce, MeshCa));
        AttestationDocument document = AttestationDocument.Parse(Document);
        Evidence = document.Evidence;
        using ParsedEvidence evidence = ParsedEvidence.Of(document, Attestation.Contrast.Manifest.Parse(_issued.Manifest), Anchors, At);
        Collateral = evidence is ParsedSnpEvidence snp ? Fetch(snp) : Fetch(((ParsedTdxEvidence)evidence).Requests);
    }

    /// <summary>The time of every scene.</summary>
    public static DateTimeOffset At { get; } = new(2026, 6, 1, 12, 0, 0, TimeSpan.Zero);

    public static byte[] Nonce { get; } = [.. Enumerable.Range(1, 32).Select(i => (byte)i)];

    public static ContrastTrustAnchors Anchors { get; } = new(
        new SevTrustAnchors(Trust.AmdRoots.ToDictionary(
            root => Enum.Parse<SnpProduct>(root.Key.ToString()), root => Convert.ToHexStringLower(root.Value))),
        new TdxTrustAnchors([Trust.IntelRoot]));

    /// <summary>One of each kind.</summary>
    public static IReadOnlyList<IssuedScene> All { get; } =
    [
        new("issued Genoa", new EvidenceSettings()),
        new("issued Milan", new EvidenceSettings { Product = EvidenceAmdProduct.Milan, ReportVersion = 2, HasCertificates = false, StatesKind = false }),
        new("issued Genoa without certificates", new EvidenceSettings { ReportVersion = 3, HasCertificates = false }),
        new("issued TDX", new EvidenceSettings { Kind = Testing.EvidenceKind.Tdx }),
    ];

    public string Name { get; }

    public byte[] Document { get; }

    public byte[] Manifest => _issued.Manifest;

    /// <summary>The protobuf message of the document.</summary>
    public ReadOnlyMemory<byte> Evidence { get; }

    public ContrastCollateral Collateral { get; }

    private static TestTrustAnchors Trust => TestTrustAnchors.For(new Uri("https://localhost"));

    private static string MeshCa =>
        CorpusFiles.OwnJson("protocol/secret_exchange.json").GetProperty("exchanges")[0].GetProperty("mesh_ca_pem").GetString()!;

    private ContrastCollateral Fetch(ParsedSnpEvidence evidence) => new()
    {
        Vcek = evidence.VcekPath is null ? default : Get(evidence.VcekPath).Body,
        Snp = evidence.Combine(evidence.ChainPath is null ? default : Get(evidence.ChainPath).Body, Get(evidence.ListPath).Body),
    };

    private ContrastCollateral Fetch(PcsRequests needs)
    {
        (StandInAnswer tcbInfo, StandInAnswer qeIdentity, StandInAnswer pckCrl) = (Get(needs.TcbInfo), Get(needs.QeIdentity), Get(needs.PckCrl));
        return new ContrastCollateral
        {
            Tdx = new TdxCollateral(
                tcbInfo.Body, Chain(tcbInfo), qeIdentity.Body, Chain(qeIdentity), pckCrl.Body, Chain(pckCrl), Get(needs.RootCrl).Body),
        };
    }

    private StandInAnswer Get(string pathAndQuery)
    {
        string[] parts = pathAndQuery.Split('?');
        Dictionary<string, string> query = parts.Length == 1
            ? []
            : parts[1].Split('&').Select(pair => pair.Split('=')).ToDictionary(pair => pair[0], pair => pair[1]);
        return StandIns.Answer(StandIns.Find("GET", parts[0])!.Value, _issued, parts[0], query);
    }

    private static byte[] Chain(StandInAnswer answer) => answer.IssuerChain is { } header ? PcsRequests.DecodeChain(header.Value) : [];
}
