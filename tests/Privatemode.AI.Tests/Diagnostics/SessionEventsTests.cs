using System.Text;
using System.Text.Json.Nodes;
using Microsoft.Extensions.AI;
using Privatemode.AI.Diagnostics;
using Privatemode.AI.IntegrationTests.Canary;
using Privatemode.AI.Internal;
using Privatemode.AI.Pipeline.Transport;
using Privatemode.AI.Sessions;
using Privatemode.AI.Testing;
using Privatemode.AI.Tests.Fakes;
using Privatemode.AI.Verification;

namespace Privatemode.AI.Tests.Diagnostics;

/// <summary>What is told of the verdict about a deployment, from the first to the last.</summary>
[Collection(ListenersAlone.Name)]
public sealed class SessionEventsTests : IAsyncLifetime
{
    private const string Key = "test-api-key";

    private readonly CapturingLoggerFactory _logs = new();
    private DeploymentScene _scene = null!;
    private DeploymentVerifier _authority = null!;

    public async Task InitializeAsync()
    {
        _scene = await DeploymentScene.StartAsync(hasCertificates: true);
        _authority = _scene.Authority(options => options.LoggerFactory = _logs);
    }

    public async Task DisposeAsync()
    {
        _authority.Dispose();
        await _scene.DisposeAsync();
    }

    [Fact]
    public async Task Renewal_Succeeds_IsTold()
    {
        using TelemetryRecorder recorder = new();
        VerifiedDeployment first = (await GetAsync()).Deployment;
        _scene.Time.Advance(TimeSpan.FromHours(23));
        _ = await GetAsync();
        await _authority.Renewal.OrTimeout();
        Assert.Equal(["Information ManifestAdopted", "Information DeploymentVerified", "Information DeploymentVerified"], Told());
        Assert.Contains(first.ManifestSha256, _logs.Lines.First(), StringComparison.Ordinal);
        string verified = _logs.Lines.ElementAt(1);
        Assert.Contains($"SEV-SNP, manifest {first.ManifestSha256[..12]}, valid until {first.ValidUntil:u}.", verified, StringComparison.Ordinal);
        Assert.DoesNotContain(first.ManifestSha256, verified, StringComparison.Ordinal);
        Assert.Equal(["call", "renewal"], recorder.Activities.Select(item => item.GetTagItem("privatemode.trigger")));
        Assert.Equal(2, recorder.Measurements.Count(line => line.StartsWith("privatemode.attestations 1 ", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Renewal_ServiceIsUnreachable_LogsHowLongTheVerificationIsValid()
    {
        VerifiedDeployment first = (await GetAsync()).Deployment;
        _scene.Deployment.Faults.InjectIntoEvidence(EvidenceSource.Attestation, Fault.UnencryptedError(503), times: 9);
        _scene.Time.Advance(TimeSpan.FromHours(23));
        _ = await GetAsync();
        await _authority.Renewal.OrTimeout();
        string failed = Assert.Single(_logs.Lines, line => line.Contains("RenewalFailed", StringComparison.Ordinal));
        Assert.Contains("(unavailable)", failed, StringComparison.Ordinal);
        Assert.Contains($"valid until {first.ValidUntil:u}.", failed, StringComparison.Ordinal);
        Assert.Equal("Warning RenewalFailed", Told()[^1]);
    }

    [Fact]
    public async Task Renewal_IsRefused_LogsOneError()
    {
        using TelemetryRecorder recorder = new();
        _ = await GetAsync();
        _scene.Deployment.Evidence.Defect = EvidenceDefect.WrongNonce;
        _scene.Time.Advance(TimeSpan.FromHours(23));
        _ = await GetAsync();
        await _authority.Renewal.OrTimeout();
        Assert.Equal(["Information ManifestAdopted", "Information DeploymentVerified", "Error VerificationFailed"], Told());
        string refusal = Assert.Single(recorder.Measurements, line => line.StartsWith("privatemode.refusals", StringComparison.Ordinal));
        Assert.EndsWith("privatemode.refused=deployment", refusal, StringComparison.Ordinal);
        Assert.Contains(refusal.Split(' ')[2], recorder.Measurements.Last(line => line.StartsWith("privatemode.attestations", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Manifest_Changes_NamesBoth()
    {
        string before = (await GetAsync()).Deployment.ManifestSha256;
        _scene.Deployment.Evidence.ChangeManifest();
        string after = (await _authority.VerifyNowAsync(Key, CancellationToken.None)).Deployment.ManifestSha256;
        string changed = Assert.Single(_logs.Lines, line => line.Contains("Warning ManifestChanged", StringComparison.Ordinal));
        Assert.Contains($"{after} was adopted and replaces {before}", changed, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Manifest_PublisherIsAway_TheLastOneIsKept()
    {
        _ = await GetAsync();
        _scene.Deployment.Faults.InjectIntoEvidence(EvidenceSource.Manifest, Fault.UnencryptedError(503), times: 9);
        Task<VerifiedMesh> verifying = _authority.VerifyNowAsync(Key, CancellationToken.None).AsTask();
        _ = await _scene.PassPausesAsync(verifying);
        _ = await verifying.OrTimeout();
        Assert.Contains("Warning ManifestKept", Told());
    }

    [Fact]
    public async Task Dispose_EndsARenewal_IsNotTold()
    {
        _ = await GetAsync();
        _scene.Deployment.Faults.InjectIntoEvidence(EvidenceSource.Attestation, Fault.Delay(TimeSpan.FromSeconds(5)));
        _scene.Time.Advance(TimeSpan.FromHours(23));
        _ = await GetAsync();
        await _scene.AskedAsync(EvidenceSource.Attestation, 2);
        _authority.Dispose();
        await _authority.Renewal.OrTimeout();
        Assert.DoesNotContain("Warning RenewalFailed", Told());
    }

    [Fact]
    public async Task MeshCaRotation_CallSucceedsAfterAFreshVerification_LogsNoErrorAndCountsNoRefusal()
    {
        using TelemetryRecorder recorder = new();
        await using PrivatemodeClient client = _scene.Client(options => options.LoggerFactory = _logs);
        await ChatAsync(client);
        _scene.Deployment.RotateMeshCa();
        await ChatAsync(client);
        Assert.Equal(
            ["Information ManifestAdopted", "Information DeploymentVerified", "Information SecretForgotten", "Information DeploymentVerified",
                "Information DeploymentReplaced"],
            Told().Where(line => !line.StartsWith("Debug ", StringComparison.Ordinal)));
        Assert.DoesNotContain(recorder.Measurements, line => line.StartsWith("privatemode.refusals", StringComparison.Ordinal));
    }

    [Fact]
    public async Task ManifestUpdate_CallSucceedsAfterAFreshVerification_LogsNoErrorAndCountsNoRefusal()
    {
        using TelemetryRecorder recorder = new();
        await using PrivatemodeClient client = _scene.Client(options => options.LoggerFactory = _logs);
        await ChatAsync(client);
        _scene.Deployment.Evidence.ChangeManifest();
        _scene.Deployment.RotateMeshCa();
        await ChatAsync(client);
        Assert.Contains("Information DeploymentReplaced", Told());
        Assert.DoesNotContain(Told(), line => line.StartsWith("Error ", StringComparison.Ordinal));
        Assert.DoesNotContain(recorder.Measurements, line => line.StartsWith("privatemode.refusals", StringComparison.Ordinal));
    }

    [Fact]
    public async Task MeshCaRotation_FreshVerificationFails_LogsOneErrorAndCountsOneRefusal()
    {
        using TelemetryRecorder recorder = new();
        await using PrivatemodeClient client = _scene.Client(options => options.LoggerFactory = _logs);
        await ChatAsync(client);
        _scene.Deployment.Evidence.Defect = EvidenceDefect.SnpDebug;
        _scene.Deployment.RotateMeshCa();
        _ = await Assert.ThrowsAsync<PrivatemodeVerificationException>(() => ChatAsync(client));
        Assert.Contains("failed: snp-guest-debug. No further content is sent to it.", OnlyError(), StringComparison.Ordinal);
        Assert.Contains("error.type=snp-guest-debug", OnlyRefusal(recorder), StringComparison.Ordinal);

        // The request that detected the change was encrypted for the deployment that was verified before.
        Assert.Equal(2, _scene.Deployment.Requests.Count);
        Assert.Null(_scene.Deployment.Requests[^1].DecryptedBody);
        Assert.DoesNotContain("Information DeploymentReplaced", Told());
    }

    [Fact]
    public async Task KeyExchange_NeverMatchesTheVerifiedDeployment_LogsOneErrorAndCountsOneRefusal()
    {
        using TelemetryRecorder recorder = new();
        await using PrivatemodeClient client = _scene.Client(options => options.LoggerFactory = _logs);
        _scene.Deployment.SetSecretServiceDnsNames("other.example");
        _ = await Assert.ThrowsAsync<PrivatemodeVerificationException>(() => ChatAsync(client));
        Assert.Equal(2, _scene.Asked(EvidenceSource.Attestation));
        Assert.Contains("failed: mesh-certificate-name. No further content is sent to it.", OnlyError(), StringComparison.Ordinal);
        Assert.Contains("error.type=mesh-certificate-name", OnlyRefusal(recorder), StringComparison.Ordinal);
    }

    [Fact]
    public async Task KeyExchange_IsAlteredOnceAndTheDeploymentIsUnchanged_LogsOneErrorAlthoughTheCallSucceeds()
    {
        using TelemetryRecorder recorder = new();
        using HttpClient http = new(new OnceAlteredExchange());
        ControlPlaneClient control = new(new BoundedHttpClient(http, _scene.Time), _scene.Deployment.Endpoint, ProtocolHeaders.ProtocolVersion);
        SecretExchanger exchanger = new(
            _authority.GetAsync, control, GpuRevocationPolicy.Strict, new ClientEvents(_logs, _scene.Deployment.Endpoint), _scene.Time);
        _ = await exchanger.GetAsync(Key, async: true, CancellationToken.None).AsTask().OrTimeout();
        Assert.Equal(2, _scene.Asked(EvidenceSource.Attestation));
        Assert.Contains("failed: mesh-signature.", OnlyError(), StringComparison.Ordinal);
        Assert.Contains("error.type=mesh-signature", OnlyRefusal(recorder), StringComparison.Ordinal);
    }

    [Fact]
    public async Task KeyExchange_DoesNotMatchAndTheFreshVerificationIsBlocked_LogsOneError()
    {
        using TelemetryRecorder recorder = new();
        await using PrivatemodeClient client = _scene.Client(options => options.LoggerFactory = _logs);
        await ChatAsync(client);
        _scene.Deployment.RotateMeshCa();
        _scene.Deployment.Faults.InjectIntoEvidence(EvidenceSource.Attestation, Fault.UnencryptedError(503), times: 100);
        Task chat = ChatAsync(client);
        _ = await _scene.PassPausesAsync(chat);
        _ = await Assert.ThrowsAsync<PrivatemodeServiceException>(() => chat);
        Assert.Contains("failed: mesh-certificate-", OnlyError(), StringComparison.Ordinal);
        Assert.Contains("error.type=mesh-certificate-", OnlyRefusal(recorder), StringComparison.Ordinal);
    }

    private Task<VerifiedMesh> GetAsync() => _authority.GetAsync(null, Key, async: true, default).AsTask().OrTimeout();

    private List<string> Told() =>
        [.. _logs.Lines.Select(line => line.Split(' ')).Where(words => words[0] == "Privatemode.AI").Select(words => $"{words[1]} {words[2]}")];

    private string OnlyError() => Assert.Single(_logs.Lines, line => line.StartsWith("Privatemode.AI Error ", StringComparison.Ordinal));

    private static string OnlyRefusal(TelemetryRecorder recorder) =>
        Assert.Single(recorder.Measurements, line => line.StartsWith("privatemode.refusals", StringComparison.Ordinal));

    private static Task<ChatResponse> ChatAsync(PrivatemodeClient client) => client.AsIChatClient("gpt-oss-120b").GetResponseAsync("hi").OrTimeout();

    /// <summary>Replaces the encapsulated key of the first key exchange.</summary>
    private sealed class OnceAlteredExchange() : DelegatingHandler(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false, UseProxy = false })
    {
        private bool _hasAltered;

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            HttpResponseMessage response = await base.SendAsync(request, cancellationToken);
            if (!_hasAltered && request.RequestUri!.AbsolutePath == "/privatemode/v1/secret")
            {
                _hasAltered = true;
                JsonNode body = JsonNode.Parse(await response.Content.ReadAsStringAsync(cancellationToken))!;
                byte[] key = Convert.FromBase64String((string)body["EncapsulatedKey"]!);
                key[0] ^= 1;
                body["EncapsulatedKey"] = Convert.ToBase64String(key);
                response.Content = new StringContent(body.ToJsonString(), Encoding.UTF8, "application/json");
            }

            return response;
        }
    }
}
