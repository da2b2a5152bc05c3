using System.Text;
using Privatemode.AI.Attestation.Contrast;
using Privatemode.AI.Attestation.Sev;
using Privatemode.AI.Attestation.Tdx;
using Privatemode.AI.Testing;
using Privatemode.AI.Testing.Evidence;
using Privatemode.AI.Testing.Evidence.Collateral;
using Privatemode.AI.Testing.Evidence.Contrast;
using Privatemode.AI.Testing.Evidence.Sev;
using Privatemode.AI.Testing.Evidence.Tdx;
using Privatemode.AI.Tests.Exceptions;
using Privatemode.AI.Tests.KeyExchange;
using EvidenceKind = Privatemode.AI.Testing.EvidenceKind;

namespace Privatemode.AI.Tests.Attestation.Contrast;

/// <summary>A deployment under test roots, and a client that attests it the way the library does, without a network.</summary>
/// <remarks>The evidence is issued by the testing package, whose code shares nothing with what is tested here.</remarks>
internal sealed class CoordinatorScene
{
    public static readonly DateTimeOffset Day = new(2026, 6, 1, 12, 0, 0, TimeSpan.Zero);

    private readonly EvidencePlan _plan;
    private readonly List<string> _requests = [];

    public CoordinatorScene(EvidenceSettings settings) => _plan = EvidencePlan.Create(settings, Day);

    public CoordinatorScene(EvidenceKind kind = EvidenceKind.SevSnp)
        : this(new EvidenceSettings { Kind = kind })
    {
    }

    public ManifestTemplate Manifest => _plan.Manifest;

    public DocumentPlan Document => _plan.Document;

    public SnpPlan Snp => _plan.Snp;

    public TdxPlan Tdx => _plan.Tdx;

    public ContrastOptions Options { get; init; } = new();

    /// <summary>The time at which the evidence's own chain is verified.</summary>
    public DateTimeOffset At { get; init; } = Day;

    /// <summary>The time of the verdict, when it is a later one.</summary>
    public DateTimeOffset? VerifiedAt { get; init; }

    /// <summary>What the client sent; the report may be about another.</summary>
    public byte[] Nonce { get; init; } = [.. Enumerable.Range(1, 32).Select(i => (byte)i)];

    /// <summary>What the client expects, when that is not what the CDN has.</summary>
    public byte[]? ExpectedManifest { get; init; }

    /// <summary>Changes what was fetched.</summary>
    public Func<ContrastCollateral, ContrastCollateral> ChangeCollateral { get; init; } = collateral => collateral;

    /// <summary>Paths and queries of what was fetched, in order.</summary>
    public IReadOnlyList<string> Requests => _requests;

    public static ContrastTrustAnchors Anchors { get; } = new(
        new SevTrustAnchors(TestTrustAnchors.For(new Uri("https://localhost")).AmdRoots.ToDictionary(
            root => Enum.Parse<SnpProduct>(root.Key.ToString()), root => Convert.ToHexStringLower(root.Value))),
        new TdxTrustAnchors([TestTrustAnchors.For(new Uri("https://localhost")).IntelRoot]));

    public VerifiedCoordinator Verify()
    {
        IssuedEvidence issued = new(_plan);
        using FakeMesh mesh = new();
        AttestationDocument document = AttestationDocument.Parse(
            Encoding.UTF8.GetBytes(issued.Attest([.. Enumerable.Range(1, 32).Select(i => (byte)i)], Encoding.ASCII.GetString(mesh.AuthorityPem()))));
        Manifest manifest = AI.Attestation.Contrast.Manifest.Parse(ExpectedManifest ?? issued.Manifest);
        using ParsedEvidence evidence = ParsedEvidence.Of(document, manifest, Anchors, At);
        ContrastCollateral collateral = evidence is ParsedSnpEvidence snp ? Fetch(issued, snp) : Fetch(issued, ((ParsedTdxEvidence)evidence).Requests);
        return ContrastVerifier.Verify(evidence, Nonce, ChangeCollateral(collateral), Anchors, Options, VerifiedAt ?? At);
    }

    /// <summary>The checks that refused, in order; none when the deployment proved itself.</summary>
    public IReadOnlyList<string> Refusals()
    {
        try
        {
            _ = Verify();
            return [];
        }
        catch (PrivatemodeVerificationException refusal)
        {
            Assert.EndsWith(".", refusal.Message, StringComparison.Ordinal);
            Assert.Contains($" ({refusal.ErrorType}", refusal.Message, StringComparison.Ordinal);
            ExpectedCauses.AssertOf(refusal);
            return [.. refusal.Mismatches.Select(mismatch => mismatch.Check)];
        }
    }

    private ContrastCollateral Fetch(IssuedEvidence issued, ParsedSnpEvidence evidence) => new()
    {
        Vcek = evidence.VcekPath is null ? default : Get(issued, evidence.VcekPath).Body,
        Snp = evidence.Combine(
            evidence.ChainPath is null ? default : Get(issued, evidence.ChainPath).Body,
            evidence.Message.Crl ?? Get(issued, evidence.ListPath).Body),
    };

    private ContrastCollateral Fetch(IssuedEvidence issued, PcsRequests needs)
    {
        StandInAnswer tcbInfo = Get(issued, needs.TcbInfo);
        StandInAnswer qeIdentity = Get(issued, needs.QeIdentity);
        StandInAnswer pckCrl = Get(issued, needs.PckCrl);
        StandInAnswer newest = Get(issued, needs.NewestTcbInfo);
        return new ContrastCollateral
        {
            Tdx = new TdxCollateral(
                tcbInfo.Body, Chain(tcbInfo), qeIdentity.Body, Chain(qeIdentity), pckCrl.Body, Chain(pckCrl), Get(issued, needs.RootCrl).Body)
            {
                NewestTcbInfo = newest.Body,
                NewestTcbInfoChain = Chain(newest),
            },
        };
    }

    private StandInAnswer Get(IssuedEvidence issued, string pathAndQuery)
    {
        _requests.Add(pathAndQuery);
        string[] parts = pathAndQuery.Split('?');
        Dictionary<string, string> query = parts.Length == 1
            ? []
            : parts[1].Split('&').Select(pair => pair.Split('=')).ToDictionary(pair => pair[0], pair => pair[1]);
        EvidenceSource source = StandIns.Find("GET", parts[0])!.Value;
        StandInAnswer answer = StandIns.Answer(source, issued, parts[0], query);
        return answer.Status == 200 ? answer : answer with { Body = default };
    }

    private static byte[] Chain(StandInAnswer answer) => answer.IssuerChain is { } header ? PcsRequests.DecodeChain(header.Item2) : [];
}
