using System.Net;
using System.Net.Http.Headers;
using System.Reflection;
using System.Text;
using System.Text.Json;
using Privatemode.AI.Testing;
using Privatemode.AI.Testing.Evidence;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.Tests.Testing.Evidence;

/// <summary>Evidence of a running deployment, asked for with a plain HTTP client.</summary>
public sealed class DeploymentEvidenceTests : IAsyncLifetime
{
    private const string ManifestPath = "/privatemode/v2/manifest.json?t=1";
    private const string RevocationListPath = "/vcek/v1/Genoa/crl";

    private readonly ManualTimeProvider _time = new(new DateTimeOffset(2026, 6, 1, 12, 0, 0, TimeSpan.Zero));
    private readonly HttpClient _http = new(new SocketsHttpHandler { AllowAutoRedirect = false });
    private PrivatemodeTestDeployment _deployment = null!;

    public async Task InitializeAsync()
    {
        _deployment = await PrivatemodeTestDeployment.StartAsync(new PrivatemodeTestDeploymentOptions { TimeProvider = _time });
        _http.BaseAddress = _deployment.Endpoint;
    }

    public async Task DisposeAsync()
    {
        _http.Dispose();
        await _deployment.DisposeAsync();
    }

    [Theory]
    [InlineData(EvidenceKind.SevSnp, "[1,3,9901,2,1]")]
    [InlineData(EvidenceKind.Tdx, "[1,3,9901,2,2]")]
    public async Task Attest_EitherHardware_IsADocumentWithTheExpectedManifest(EvidenceKind kind, string type)
    {
        _deployment.Evidence.Kind = kind;

        using JsonDocument document = await AttestAsync();

        byte[] expected = await _http.GetByteArrayAsync(ManifestPath);
        Assert.Equal(expected, _deployment.Evidence.Manifest.ToArray());
        Assert.Equal(expected, document.RootElement.GetProperty("manifests")[0].GetBytesFromBase64());
        Assert.Equal(type, document.RootElement.GetProperty("attestation_type").ToString());
        Assert.Equal(1, _deployment.Evidence.GetRequestCount(EvidenceSource.Attestation));
        Assert.Equal(["/privatemode/v1/attest", ManifestPath], _deployment.AllRequests.Select(request => request.PathAndQuery));
    }

    [Fact]
    public async Task Attest_MeshCaRotated_IsAboutTheNewOne()
    {
        using JsonDocument before = await AttestAsync();
        _deployment.RotateMeshCa();
        using JsonDocument after = await AttestAsync();

        Assert.NotEqual(before.RootElement.GetProperty("mesh_ca").ToString(), after.RootElement.GetProperty("mesh_ca").ToString());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Attest_OlderService_DoesNotStateItsHardware(bool statesKind)
    {
        IssuedEvidence issued = new(new EvidenceSettings { StatesKind = statesKind }, _time.GetUtcNow());

        using JsonDocument document = JsonDocument.Parse(issued.Attest(new byte[32], "mesh"));

        Assert.Equal(statesKind, document.RootElement.TryGetProperty("attestation_type", out _));
    }

    [Theory]
    [InlineData("{\"Nonce\":\"AAAA\"}")]
    [InlineData("{\"nonce\":1}")]
    [InlineData("[]")]
    [InlineData("{")]
    public async Task Attest_WithoutNonce_IsRefused(string body)
    {
        using HttpResponseMessage response = await PostAsync(body, _deployment.ApiKey);

        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
    }

    [Fact]
    public async Task Attest_WrongKey_IsRefused()
    {
        using HttpResponseMessage response = await PostAsync(NonceBody(), "wrong");

        Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
    }

    [Theory]
    [InlineData("Authorization", "Bearer test-api-key")]
    [InlineData("Cookie", "a=b")]
    [InlineData("Privatemode-Version", "v1.40.0")]
    public async Task StandIn_Credentials_AreRefused(string name, string value)
    {
        using HttpRequestMessage request = new(HttpMethod.Get, RevocationListPath);
        request.Headers.TryAddWithoutValidation(name, value);

        using HttpResponseMessage response = await _http.SendAsync(request);

        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
    }

    [Fact]
    public async Task ChangeManifest_CdnOutdated_ServesTheOldOneOnce()
    {
        byte[] first = _deployment.Evidence.Manifest.ToArray();
        _deployment.Evidence.ChangeManifest();
        _deployment.Faults.InjectIntoEvidence(EvidenceSource.Manifest, Fault.OutdatedManifest);

        Assert.Equal(first, await _http.GetByteArrayAsync(ManifestPath));
        Assert.NotEqual(first, await _http.GetByteArrayAsync(ManifestPath));
        Assert.Equal(0, _deployment.Faults.PendingCount);
    }

    [Fact]
    public async Task Faults_OfASource_HitThatSourceOnly()
    {
        _deployment.Faults.InjectIntoEvidence(EvidenceSource.AmdRevocationList, Fault.UnencryptedError(429, retryAfter: TimeSpan.FromSeconds(7)));

        using HttpResponseMessage manifest = await _http.GetAsync(ManifestPath);
        using HttpResponseMessage list = await _http.GetAsync(RevocationListPath);
        using HttpResponseMessage again = await _http.GetAsync(RevocationListPath);

        Assert.Equal((200, 429, 200), ((int)manifest.StatusCode, (int)list.StatusCode, (int)again.StatusCode));
        Assert.Equal(TimeSpan.FromSeconds(7), list.Headers.RetryAfter!.Delta);
        Assert.Equal(2, _deployment.Evidence.GetRequestCount(EvidenceSource.AmdRevocationList));
    }

    [Fact]
    public async Task Fault_Redirect_NamesItsTarget()
    {
        Uri target = new("http://127.0.0.1:1/elsewhere");
        _deployment.Faults.InjectIntoEvidence(EvidenceSource.AmdRevocationList, Fault.Redirect(target));

        using HttpResponseMessage response = await _http.GetAsync(RevocationListPath);

        Assert.Equal((HttpStatusCode.TemporaryRedirect, target), (response.StatusCode, response.Headers.Location));
    }

    [Fact]
    public async Task Fault_Oversize_DoesNotSayItsLength()
    {
        _deployment.Faults.InjectIntoEvidence(EvidenceSource.Manifest, Fault.OversizedResponse(1_000_000));

        using HttpResponseMessage response = await _http.GetAsync(ManifestPath, HttpCompletionOption.ResponseHeadersRead);

        Assert.Null(response.Content.Headers.ContentLength);
        Assert.Equal(1_000_000, (await response.Content.ReadAsByteArrayAsync()).Length);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(50)]
    public async Task Fault_CutConnection_BreaksTheAnswer(int bytes)
    {
        _deployment.Faults.InjectIntoEvidence(EvidenceSource.Manifest, Fault.CutConnection(bytes));

        await Assert.ThrowsAsync<HttpRequestException>(() => _http.GetByteArrayAsync(ManifestPath)).OrTimeout();
    }

    [Fact]
    public async Task Fault_Delay_WaitsForTheDeploymentsClock()
    {
        _deployment.Faults.InjectIntoEvidence(EvidenceSource.Manifest, Fault.Delay(TimeSpan.FromMinutes(5)));

        Task<byte[]> answer = _http.GetByteArrayAsync(ManifestPath);
        await _time.TimerAsync(wait => wait == TimeSpan.FromMinutes(5)).OrTimeout();
        Assert.False(answer.IsCompleted);
        _time.Advance(TimeSpan.FromMinutes(5));

        Assert.NotEmpty(await answer.OrTimeout());
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(0)]
    public async Task Fault_Stall_EndsWithTheDeployment(int index)
    {
        _deployment.Faults.InjectIntoEvidence(EvidenceSource.Manifest, index < 0 ? Fault.NoResponse : Fault.StallBeforeEvent(index));
        using CancellationTokenSource enough = new();

        Task<byte[]> answer = _http.GetByteArrayAsync(ManifestPath, enough.Token);
        await enough.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => answer).OrTimeout();
    }

    [Fact]
    public async Task Collateral_NextDay_IsIssuedAnew()
    {
        byte[] today = await _http.GetByteArrayAsync(RevocationListPath);
        byte[] again = await _http.GetByteArrayAsync(RevocationListPath);
        _time.Advance(TimeSpan.FromDays(1));
        byte[] tomorrow = await _http.GetByteArrayAsync(RevocationListPath);

        Assert.Equal(today, again);
        Assert.NotEqual(today, tomorrow);
    }

    [Fact]
    public void Defect_OfOtherHardware_IsRefused()
    {
        Assert.Throws<ArgumentException>(() => _deployment.Evidence.Defect = EvidenceDefect.TdxDebug);
        _deployment.Evidence.Kind = EvidenceKind.Tdx;
        _deployment.Evidence.Defect = EvidenceDefect.TdxDebug;

        Assert.Throws<ArgumentException>(() => _deployment.Evidence.Kind = EvidenceKind.SevSnp);
        Assert.Equal(EvidenceKind.Tdx, _deployment.Evidence.Kind);
    }

    [Fact]
    public void FromName_EveryDefect_IsThatOfTheListWithADescription()
    {
        Assert.All(EvidenceDefect.All, defect => Assert.Same(defect, EvidenceDefect.FromName(defect.Name)));
        Assert.All(EvidenceDefect.All, defect => Assert.EndsWith(".", defect.Description, StringComparison.Ordinal));
        Assert.Same(EvidenceDefect.None, EvidenceDefect.All[0]);
        Assert.Throws<ArgumentException>(() => EvidenceDefect.FromName("SnpNoSuchThing"));
    }

    [Fact]
    public void Properties_OfDefects_ReturnTheDefectOfTheirName()
    {
        PropertyInfo[] properties = [.. typeof(EvidenceDefect).GetProperties().Where(property => property.PropertyType == typeof(EvidenceDefect))];

        Assert.NotEmpty(properties);
        Assert.All(properties, property => Assert.Equal(property.Name, ((EvidenceDefect)property.GetValue(null)!).Name));
    }

    private static string NonceBody() => $"{{\"Nonce\":\"{Convert.ToBase64String(new byte[32])}\"}}";

    private async Task<JsonDocument> AttestAsync()
    {
        using HttpResponseMessage response = await PostAsync(NonceBody(), _deployment.ApiKey);
        using JsonDocument answer = JsonDocument.Parse(await response.EnsureSuccessStatusCode().Content.ReadAsStringAsync());
        return JsonDocument.Parse(answer.RootElement.GetProperty("AttestationDoc").GetBytesFromBase64());
    }

    private async Task<HttpResponseMessage> PostAsync(string body, string key)
    {
        using HttpRequestMessage request = new(HttpMethod.Post, "/privatemode/v1/attest") { Content = new StringContent(body, Encoding.UTF8) };
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", key);
        request.Headers.Add("Privatemode-Version", "v1.40.0");
        return await _http.SendAsync(request);
    }
}
