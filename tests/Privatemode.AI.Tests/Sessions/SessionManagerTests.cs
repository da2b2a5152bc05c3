using System.ClientModel;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Microsoft.Extensions.AI;
using Privatemode.AI.Diagnostics;
using Privatemode.AI.Internal;
using Privatemode.AI.KeyExchange;
using Privatemode.AI.Pipeline.Transport;
using Privatemode.AI.Sessions;
using Privatemode.AI.Testing;
using Privatemode.AI.Tests.Fakes;
using Privatemode.AI.Verification;

namespace Privatemode.AI.Tests.Sessions;

/// <summary>Exchanger and manager against a deployment: what is tried again, what stops, what an API key owns.</summary>
public sealed class SessionManagerTests : IAsyncLifetime
{
    private readonly ManualTimeProvider _time = new();
    private PrivatemodeTestDeployment _deployment = null!;

    public async Task InitializeAsync() => _deployment = await PrivatemodeTestDeployment.StartAsync(new() { TimeProvider = _time });

    public async Task DisposeAsync() => await _deployment.DisposeAsync();

    [Fact]
    public async Task Connect_ServiceAwayTwice_TriesAgainAfterOneAndTwoSeconds()
    {
        // Each try makes two exchanges: the second one with the trust anchor established anew.
        _deployment.Faults.InjectIntoKeyExchange(Fault.UnencryptedError(503), times: 4);
        await using PrivatemodeClient client = _deployment.CreateClient();
        Task connecting = client.ConnectAsync();
        Assert.Equal(TimeSpan.FromSeconds(1), await _time.TimerAsync(due => due == TimeSpan.FromSeconds(1)).OrTimeout());
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(TimeSpan.FromSeconds(2), await _time.TimerAsync(due => due == TimeSpan.FromSeconds(2)).OrTimeout());
        _time.Advance(TimeSpan.FromSeconds(2));
        await connecting.OrTimeout();
        Assert.Equal(5, Exchanges.Count());
        Assert.Equal(5, Exchanges.Select(request => request.WireBodyText).Distinct().Count());
    }

    [Fact]
    public async Task Connect_HandlerThrowsAnExceptionThatAsksForYears_WaitsAMinuteAtMost()
    {
        using ForgingHandler handler = new(
            "/privatemode/v1/secret", new PrivatemodeServiceException(ServiceFailureReason.Unavailable, "forged") { RetryAfter = TimeSpan.MaxValue });
        await using PrivatemodeClient client = _deployment.CreateClient(options =>
            (options.Transport.HttpMessageHandler, options.Transport.InsecureAcceptAnyHandlerOnLoopback) = (handler, true));
        Task connecting = client.ConnectAsync();
        for (int pause = 0; pause < 2; pause++)
        {
            Assert.Equal(TimeSpan.FromMinutes(1), await _time.TimerAsync(due => due == TimeSpan.FromMinutes(1)).OrTimeout());
            _time.Advance(TimeSpan.FromMinutes(1));
        }

        Assert.Equal("forged", (await Assert.ThrowsAsync<PrivatemodeServiceException>(() => connecting.OrTimeout())).Message);
    }

    [Fact]
    public async Task Connect_ServiceStaysAway_StopsAfterThreeTries()
    {
        _deployment.Faults.InjectIntoKeyExchange(Fault.UnencryptedError(503), times: 100);
        await using PrivatemodeClient client = _deployment.CreateClient();
        Task connecting = client.ConnectAsync();
        await _time.TimerAsync(due => due == TimeSpan.FromSeconds(1)).OrTimeout();
        _time.Advance(TimeSpan.FromSeconds(1));
        await _time.TimerAsync(due => due == TimeSpan.FromSeconds(2)).OrTimeout();
        _time.Advance(TimeSpan.FromSeconds(2));
        PrivatemodeServiceException exception = await Assert.ThrowsAsync<PrivatemodeServiceException>(() => connecting.OrTimeout());
        Assert.Equal(ServiceFailureReason.Unavailable, exception.Reason);
        Assert.Equal(503, exception.Status);
        Assert.Equal(6, Exchanges.Count());
    }

    [Fact]
    public async Task Chat_VerificationWasWithdrawn_SecretIsNoLongerUsed()
    {
        await using PrivatemodeClient client = _deployment.CreateClient();
        IChatClient chat = client.AsIChatClient("gpt-oss-120b");
        _ = await chat.GetResponseAsync("hi").OrTimeout();
        _deployment.Evidence.Defect = EvidenceDefect.WrongNonce;
        await Assert.ThrowsAsync<PrivatemodeVerificationException>(() => client.VerifyAsync().OrTimeout());
        await Assert.ThrowsAsync<PrivatemodeVerificationException>(() => chat.GetResponseAsync("hi").OrTimeout());
        Assert.Single(_deployment.Requests);
    }

    [Theory]
    [InlineData(426, "upgrade")]
    [InlineData(400, "minimum client version is v1.50")]
    public async Task Connect_ClientTooOld_SaysSoAndStopsAtOnce(int status, string message)
    {
        _deployment.Faults.InjectIntoKeyExchange(Fault.UnencryptedError(status, message));
        await using PrivatemodeClient client = _deployment.CreateClient();
        PrivatemodeServiceException exception = await Assert.ThrowsAsync<PrivatemodeServiceException>(() => client.ConnectAsync().OrTimeout());
        Assert.Equal(ServiceFailureReason.ClientTooOld, exception.Reason);
        Assert.Contains("Transport.UseDangerousUnverifiedLocalProxy", exception.Message, StringComparison.Ordinal);
        Assert.Contains(message, exception.ServerMessage, StringComparison.Ordinal);
        Assert.Single(Exchanges);
    }

    [Fact]
    public async Task Connect_RateLimited_WaitsAsLongAsAskedAndAsksOnce()
    {
        _deployment.Faults.InjectIntoKeyExchange(Fault.UnencryptedError(429, retryAfter: TimeSpan.FromSeconds(7)));
        await using PrivatemodeClient client = _deployment.CreateClient();
        Task connecting = client.ConnectAsync();
        Assert.Equal(TimeSpan.FromSeconds(7), await _time.TimerAsync(due => due < TimeSpan.FromSeconds(30)).OrTimeout());
        Assert.Single(Exchanges);
        _time.Advance(TimeSpan.FromSeconds(7));
        await connecting.OrTimeout();
        Assert.Equal(2, Exchanges.Count());
    }

    [Fact]
    public async Task Connect_WrongApiKey_StopsAtOnce()
    {
        await using PrivatemodeClient client = _deployment.CreateClient(options => options.ApiKey = "wrong");
        PrivatemodeConfigurationException exception = await Assert.ThrowsAsync<PrivatemodeConfigurationException>(() => client.ConnectAsync());
        Assert.Equal("ApiKey", exception.Setting);
        Assert.Equal(
            ["/privatemode/v2/manifest.json", "/privatemode/v1/attest"], _deployment.AllRequests.Select(request => request.PathAndQuery.Split('?')[0]));
    }

    // Nothing about the deployment: to verify it again, under the eyes of all others who need its verdict, would change nothing.
    [Theory]
    [InlineData(400)]
    [InlineData(402)]
    [InlineData(403)]
    public async Task Connect_KeyExchangeIsRefusedForGood_AsksOnceAndVerifiesOnce(int status)
    {
        _deployment.Faults.InjectIntoKeyExchange(Fault.UnencryptedError(status, "suspended"), times: 100);
        await using PrivatemodeClient client = _deployment.CreateClient();
        for (int call = 1; call <= 2; call++)
        {
            PrivatemodeServiceException exception = await Assert.ThrowsAsync<PrivatemodeServiceException>(() => client.ConnectAsync().OrTimeout());
            Assert.Equal((status, ServiceFailureReason.Other), (exception.Status, exception.Reason));
            Assert.Contains("suspended", exception.ServerMessage, StringComparison.Ordinal);
            Assert.Equal(call, Exchanges.Count());
            Assert.Equal(1, _deployment.Evidence.GetRequestCount(EvidenceSource.Attestation));
            Assert.Equal(1, _deployment.Evidence.GetRequestCount(EvidenceSource.Manifest));
        }
    }

    [Fact]
    public async Task Connect_IngressHasNoRouteYet_IsAskedAgain()
    {
        // As while a deployment is replaced: nothing about the key.
        _deployment.Faults.InjectIntoKeyExchange(Fault.UnencryptedError(404));
        await using PrivatemodeClient client = _deployment.CreateClient();
        await client.ConnectAsync().OrTimeout();
        Assert.Equal(2, Exchanges.Count());
    }

    [Fact]
    public async Task Connect_AttestationIsRefusedForGood_AsksOnce()
    {
        _deployment.Faults.InjectIntoEvidence(EvidenceSource.Attestation, Fault.UnencryptedError(403), times: 100);
        await using PrivatemodeClient client = _deployment.CreateClient();
        await Assert.ThrowsAsync<PrivatemodeServiceException>(() => client.ConnectAsync().OrTimeout());
        Assert.Equal(1, _deployment.Evidence.GetRequestCount(EvidenceSource.Attestation));
        Assert.Empty(Exchanges);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Chat_VerificationTakesTooLong_EndsWithTheResponseTimeout(bool async)
    {
        _deployment.Faults.InjectIntoEvidence(EvidenceSource.Attestation, Fault.NoResponse);
        await using PrivatemodeClient client = _deployment.CreateClient(options => options.Transport.ResponseTimeout = TimeSpan.FromSeconds(5));
        Task chat = ChatAsync(client, async);
        _ = await _time.TimerAsync(due => due == TimeSpan.FromSeconds(5)).OrTimeout();
        _time.Advance(TimeSpan.FromSeconds(5));
        PrivatemodeServiceException exception = await Assert.ThrowsAsync<PrivatemodeServiceException>(() => chat.OrTimeout());
        Assert.Equal((ServiceFailureReason.Timeout, true), (exception.Reason, exception.WasNotSent));
        Assert.Contains(nameof(TransportOptions.ResponseTimeout), exception.Message, StringComparison.Ordinal);
        Assert.Empty(_deployment.Requests);
    }

    [Fact]
    public async Task Connect_DeploymentOfAnotherMesh_StopsAfterOneFreshAnchor()
    {
        OtherMesh other = new(_time.GetUtcNow());
        using HttpClient http = HttpTransports.Create(null, isTestTrust: true);
        ControlPlaneClient control = new(new BoundedHttpClient(http, _time), _deployment.Endpoint, ProtocolHeaders.ProtocolVersion);
        SecretExchanger exchanger = new(
            other.GetAsync, control, GpuRevocationPolicy.Strict, new ClientEvents(null, _deployment.Endpoint), _time);
        PrivatemodeVerificationException exception = await Assert.ThrowsAsync<PrivatemodeVerificationException>(
            () => exchanger.GetAsync(_deployment.ApiKey, async: true, CancellationToken.None).AsTask().OrTimeout());
        Assert.StartsWith("mesh-certificate-", exception.ErrorType, StringComparison.Ordinal);
        Assert.Equal(2, Exchanges.Count());
        Assert.Equal(1, other.Rejections);
        Assert.Empty(_deployment.Requests);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Chat_AfterTheMeshCaWasReplaced_IsAnsweredUnderTheNewOne(bool async)
    {
        await using PrivatemodeClient client = _deployment.CreateClient();
        await ChatAsync(client, async);
        _deployment.RotateMeshCa();
        await ChatAsync(client, async);

        // One under the old mesh CA, whose answer is refused; then the deployment is verified again.
        Assert.Equal(3, _deployment.KeyExchangeCount);
        Assert.Equal(2, _deployment.Evidence.GetRequestCount(EvidenceSource.Attestation));
    }

    [Fact]
    public async Task Chat_ApiKeyIsRotated_TheNewKeyNeverUsesTheOldSecret()
    {
        ApiKeyCredential credential = new(_deployment.ApiKey);
        await using PrivatemodeClient client = _deployment.CreateClient(options => options.Credential = credential);
        await ChatAsync(client, async: true);
        credential.Update("another-key");
        PrivatemodeException exception = await Assert.ThrowsAnyAsync<PrivatemodeException>(() => ChatAsync(client, async: true));
        Assert.IsType<PrivatemodeConfigurationException>(exception);
        credential.Update(_deployment.ApiKey);
        await ChatAsync(client, async: true);
        Assert.Equal(2, _deployment.Requests.Count);
        Assert.Equal(2, Exchanges.Count());
        Assert.All(_deployment.Requests, request => Assert.Equal($"Bearer {_deployment.ApiKey}", request.Headers["Authorization"]));
    }

    [Fact]
    public async Task Chat_AfterDispose_Throws()
    {
        PrivatemodeClient client = _deployment.CreateClient();
        await ChatAsync(client, async: true);
        await client.DisposeAsync();
        ObjectDisposedException exception = await Assert.ThrowsAsync<ObjectDisposedException>(() => ChatAsync(client, async: true));
        Assert.EndsWith(nameof(PrivatemodeClient), exception.ObjectName, StringComparison.Ordinal);
    }

    private IEnumerable<RecordedRequest> Exchanges => _deployment.AllRequests.Where(request => request.PathAndQuery == "/privatemode/v1/secret");

    private static async Task ChatAsync(PrivatemodeClient client, bool async)
    {
        if (async)
        {
            Assert.Equal("You said: hi", (await client.AsIChatClient("gpt-oss-120b").GetResponseAsync("hi").OrTimeout()).Text);
        }
        else
        {
            Assert.Equal("You said: hi", await TestTimeouts.OnOwnThread(() =>
                client.OpenAI.GetChatClient("gpt-oss-120b").CompleteChat("hi").Value.Content[0].Text));
        }
    }

    /// <summary>A mesh CA the deployment knows nothing of.</summary>
    private sealed class OtherMesh
    {
        private readonly string _pem;

        public OtherMesh(DateTimeOffset now)
        {
            using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP384);
            CertificateRequest request = new("CN=other", key, HashAlgorithmName.SHA384);
            request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
            request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign, true));
            using X509Certificate2 certificate = request.CreateSelfSigned(now.AddDays(-1), now.AddDays(1));
            _pem = certificate.ExportCertificatePem();
        }

        public int Rejections { get; private set; }

        public ValueTask<VerifiedMesh> GetAsync(VerifiedMesh? rejected, string apiKey, bool async, CancellationToken cancellationToken)
        {
            Rejections += rejected is null ? 0 : 1;
            ValidityPeriod over = new(default, default, 0);
            VerifiedDeployment report = PrivatemodeModelFactory.VerifiedDeployment();
            return new(new VerifiedMesh(MeshCertificateAuthority.FromPem(Encoding.ASCII.GetBytes(_pem)), new SecretServiceNames([]), report, over));
        }
    }
}
