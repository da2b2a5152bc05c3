using System.Net;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Caching.Distributed;
using Microsoft.Extensions.Caching.Memory;
using Microsoft.Extensions.Options;
using Privatemode.AI.Internal;
using Privatemode.AI.Pipeline.Transport;
using Privatemode.AI.Testing;
using Privatemode.AI.Testing.Evidence;
using Privatemode.AI.Testing.Evidence.Collateral;
using Privatemode.AI.Tests.KeyExchange;
using Privatemode.AI.Verification;

namespace Privatemode.AI.Tests.Fakes;

/// <summary>A deployment and the vendors' hosts, each of which answers as the test says. The client is whole, down to HTTP.</summary>
internal sealed class VendorScene : IDisposable
{
    private static readonly Uri Endpoint = new("https://localhost:1");

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("privatemode-vendors-");
    private readonly FakeHandler _handler = new();
    private readonly HttpClient _http;
    private readonly List<DeploymentVerifier> _clients = [];
    private readonly string _meshAuthority;
    private InsecureLoopbackTrust _trust = TestTrustAnchors.For(Endpoint).ToTrust();

    public VendorScene(EvidenceKind kind, bool hasCertificates = false)
    {
        Kind = kind;
        HasCertificates = hasCertificates;
        using FakeMesh mesh = new();
        _meshAuthority = Encoding.ASCII.GetString(mesh.AuthorityPem());
        Shown = Served = Issue();
        _http = new HttpClient(_handler);
        _handler.Answer = Answer;
    }

    /// <summary>Where a client keeps collateral beside its memory.</summary>
    public enum Keeping
    {
        Memory,
        Directory,
        Shared,
    }

    public ManualTimeProvider Time { get; } = new();

    public EvidenceKind Kind { get; }

    public bool HasCertificates { get; }

    public string DirectoryPath => _directory.FullName;

    public IDistributedCache SharedCache { get; } = new MemoryDistributedCache(Options.Create(new MemoryDistributedCacheOptions()));

    /// <summary>The evidence of the deployment.</summary>
    public IssuedEvidence Shown { get; set; }

    /// <summary>What the vendors' hosts have.</summary>
    public IssuedEvidence Served { get; set; }

    /// <summary>What the vendors' hosts answer instead; null for what they have.</summary>
    public Func<EvidenceSource, string, StandInAnswer?> Instead { get; set; } = (_, _) => null;

    /// <summary>Everything that vendors were asked for: path and query, in order.</summary>
    public IEnumerable<string> Asked => _handler.Requests.Select(request => request.RequestUri!.PathAndQuery)
        .Where(path => StandIns.Find("GET", path.Split('?')[0]) > EvidenceSource.Manifest);

    /// <summary>Evidence of today, changed before it is signed.</summary>
    public IssuedEvidence Issue(Action<EvidencePlan>? change = null)
    {
        DateTimeOffset day = new(Time.GetUtcNow().UtcDateTime.Date, TimeSpan.Zero);
        EvidencePlan plan = EvidencePlan.Create(new EvidenceSettings { Kind = Kind, HasCertificates = HasCertificates }, day);
        change?.Invoke(plan);
        return new IssuedEvidence(plan);
    }

    /// <summary>Another process from here on: it shares no memory with those before, only what they kept.</summary>
    public void Restart() => _trust = TestTrustAnchors.For(Endpoint).ToTrust();

    /// <summary>Verifies the deployment from the beginning.</summary>
    public async Task<VerifiedDeployment> VerifyAsync(Keeping keeping = Keeping.Memory, HardwarePolicy? hardware = null)
    {
        PrivatemodeOptions options = new()
        {
            Endpoint = Endpoint,
            TimeProvider = Time,
            Verification =
            {
                InsecureLoopbackTrust = _trust,
                Hardware = hardware ?? HardwarePolicy.Default,
                CollateralDirectory = keeping == Keeping.Directory ? DirectoryPath : null,
                CollateralCache = keeping == Keeping.Shared ? SharedCache : null,
            },
        };
        BoundedHttpClient bounded = new(_http, Time);
        DeploymentVerifier client = VerificationComposition.Create(
            options, bounded, new ControlPlaneClient(bounded, Endpoint, ProtocolHeaders.ProtocolVersion));
        _clients.Add(client);
        return (await client.VerifyNowAsync("key", CancellationToken.None).AsTask().OrTimeout()).Deployment;
    }

    /// <summary>The check that refuses the deployment.</summary>
    public async Task<string> RefusalAsync(Keeping keeping = Keeping.Memory, HardwarePolicy? hardware = null) =>
        (await Assert.ThrowsAsync<PrivatemodeVerificationException>(() => VerifyAsync(keeping, hardware))).ErrorType;

    public void Dispose()
    {
        _clients.ForEach(client => client.Dispose());
        _http.Dispose();
        _directory.Delete(recursive: true);
    }

    private HttpResponseMessage Answer(HttpRequestMessage request)
    {
        string path = request.RequestUri!.AbsolutePath;
        switch (StandIns.Find(request.Method.Method, path))
        {
            case EvidenceSource.Attestation:
                return new HttpResponseMessage { Content = new StringContent(Attest(request)) };
            case EvidenceSource.Manifest:
                return new HttpResponseMessage { Content = new ByteArrayContent(Shown.Manifest) };
            case { } source:
                Dictionary<string, string> query = request.RequestUri.Query.TrimStart('?').Split('&', StringSplitOptions.RemoveEmptyEntries)
                    .Select(pair => pair.Split('=')).ToDictionary(pair => pair[0], pair => pair[1]);
                return ToResponse(Instead(source, request.RequestUri.Query) ?? StandIns.Answer(source, Served, path, query));
            default:
                return new HttpResponseMessage(HttpStatusCode.NotFound);
        }
    }

    private string Attest(HttpRequestMessage request)
    {
        using JsonDocument body = JsonDocument.Parse(request.Content!.ReadAsStream());
        byte[] nonce = body.RootElement.GetProperty("Nonce").GetBytesFromBase64();
        string document = Convert.ToBase64String(Encoding.UTF8.GetBytes(Shown.Attest(nonce, _meshAuthority)));
        return $"{{\"AttestationDoc\":\"{document}\"}}";
    }

    private static HttpResponseMessage ToResponse(StandInAnswer answer)
    {
        HttpResponseMessage response = new((HttpStatusCode)answer.Status) { Content = new ReadOnlyMemoryContent(answer.Body) };
        if (answer.IssuerChain is { } chain)
        {
            response.Headers.Add(chain.Name, chain.Value);
        }

        return response;
    }
}
