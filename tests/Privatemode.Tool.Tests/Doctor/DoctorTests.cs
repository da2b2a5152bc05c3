using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using Privatemode.AI.Testing;
using Privatemode.Tool.Doctor;
using Privatemode.Tool.Tests.Fakes;

namespace Privatemode.Tool.Tests.Doctor;

public sealed class DoctorTests : IAsyncLifetime
{
    private readonly ToolRun _run = new();
    private readonly FakeProbe _probe = new();
    private PrivatemodeTestDeployment _deployment = null!;

    public async Task InitializeAsync()
    {
        _deployment = await PrivatemodeTestDeployment.StartAsync();
        _run.ConfigureClient = _deployment.ConfigureClient;
        _run.Probe = _probe;
        _run.SetVariable("PRIVATEMODE_API_KEY", "test-api-key-0123456789");
    }

    public async Task DisposeAsync()
    {
        await _deployment.DisposeAsync();
        _run.Dispose();
    }

    [Fact]
    public async Task AllChecksPass()
    {
        (int exitCode, Dictionary<string, (string Outcome, string Summary, string? Advice)> checks) = await DiagnoseAsync();

        Assert.Equal(0, exitCode);
        Assert.Equal(
            ["key", "state", "proxy-variables", "hardware", "dns", "tls", "clock", "http", "status", "port", "verification", "protocol", "models"],
            checks.Keys);
        Assert.All(checks.Values, check => Assert.Equal("ok", check.Outcome));
        Assert.All(checks.Values, check => Assert.Null(check.Advice));
        Assert.DoesNotContain("test-api-key", _run.Console.OutText + _run.Console.ErrorText, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Text_HasOneLineForEachCheck_AndAdviceBelow()
    {
        _probe.Unknown.Add("kdsintf.amd.com");

        (int exitCode, string text, _) = await _run.InvokeAsync("doctor");

        Assert.Equal(1, exitCode);
        Assert.Contains("failed   dns              These host names cannot be resolved: kdsintf.amd.com.\n", text, StringComparison.Ordinal);
        Assert.Contains("→ Let this machine resolve and reach, on port 443: api.privatemode.ai, cdn.confidential.cloud, ", text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(59, "ok", 0)]
    [InlineData(61, "warning", 0)]
    [InlineData(-299, "warning", 0)]
    [InlineData(301, "failed", 1)]
    [InlineData(-86_400, "failed", 1)]
    public async Task Clock_IsComparedWithTheHosts(int seconds, string outcome, int expected)
    {
        _probe.ClockDifference = TimeSpan.FromSeconds(seconds);

        (int exitCode, var checks) = await DiagnoseAsync();

        Assert.Equal(outcome, checks["clock"].Outcome);
        Assert.Equal(expected, exitCode);
        Assert.Contains(seconds > 60 ? "behind" : seconds < -60 ? "ahead" : "correct", checks["clock"].Summary, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("CN=Zscaler Root CA, O=Zscaler Inc.", true, "warning", "TLS inspection")]
    [InlineData("CN=My Company", false, "failed", "does not trust")]
    [InlineData("CN=ISRG Root X1", true, "ok", "trusts")]
    public async Task Tls_TellsWhoIssuedTheCertificate(string root, bool isTrusted, string outcome, string words)
    {
        _probe.Root = root;
        _probe.IsTrusted = isTrusted;

        (_, var checks) = await DiagnoseAsync();

        Assert.Equal(outcome, checks["tls"].Outcome);
        Assert.Contains(words, checks["tls"].Summary, StringComparison.Ordinal);
    }

    [Fact]
    public async Task UnreachableHosts_FailTlsAndHttp_AndWarnOfStatus()
    {
        _probe.IsUnreachable = true;

        (int exitCode, var checks) = await DiagnoseAsync();

        Assert.Equal(1, exitCode);
        Assert.Equal("failed", checks["tls"].Outcome);
        Assert.Equal("failed", checks["http"].Outcome);
        Assert.Equal("skipped", checks["clock"].Outcome);
        Assert.Equal("warning", checks["status"].Outcome);
    }

    [Fact]
    public async Task UnknownNames_BehindAProxy_AreAWarning_AndTheProxyIsShownWithoutCredentials()
    {
        _probe.Unknown.Add("kdsintf.amd.com");
        _probe.Proxy = new Uri("http://proxy.example:3128");
        _run.SetVariable("HTTP_PROXY", "http://user:secret@proxy.example:3128");

        (int exitCode, var checks) = await DiagnoseAsync();

        Assert.Equal(0, exitCode);
        Assert.Equal("warning", checks["dns"].Outcome);
        Assert.Equal("warning", checks["proxy-variables"].Outcome);
        Assert.Contains("NO_PROXY=127.0.0.1,localhost", checks["proxy-variables"].Advice, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", _run.Console.OutText, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(null, "ok", "free")]
    [InlineData("privatemode-dotnet/1.0", "ok", "A privatemode proxy")]
    [InlineData("nginx", "warning", "Another program")]
    public async Task Port_TellsWhoListens(string? server, string outcome, string words)
    {
        _probe.LocalServer = server;

        (_, var checks) = await DiagnoseAsync();

        Assert.Equal(outcome, checks["port"].Outcome);
        Assert.Contains(words, checks["port"].Summary, StringComparison.Ordinal);
    }

    [Fact]
    public async Task RefusedDeployment_Is3_AndOutweighsOtherFailures()
    {
        _deployment.Evidence.Defect = EvidenceDefect.SnpDebug;
        _probe.IsUnreachable = true;

        (int exitCode, var checks) = await DiagnoseAsync();

        Assert.Equal(3, exitCode);
        Assert.Equal("failed", checks["verification"].Outcome);
        Assert.StartsWith("Do not send anything", checks["verification"].Advice, StringComparison.Ordinal);
    }

    [Fact]
    public async Task UnknownOutcome_HasExitCode4()
    {
        _deployment.Faults.InjectIntoEvidence(EvidenceSource.Attestation, Fault.UnencryptedError(503), times: 100);

        (int exitCode, var checks) = await DiagnoseAsync();

        Assert.Equal(4, exitCode);
        Assert.Equal("failed", checks["verification"].Outcome);
        Assert.Equal("skipped", checks["protocol"].Outcome);
    }

    [Fact]
    public async Task RejectedKey_Is2()
    {
        _run.ConfigureClient = options =>
        {
            _deployment.ConfigureClient(options);
            options.ApiKey = "another-key";
        };

        (int exitCode, var checks) = await DiagnoseAsync();

        Assert.Equal(2, exitCode);
        Assert.Contains("401", checks["verification"].Summary, StringComparison.Ordinal);
    }

    [Fact]
    public async Task MissingKey_Is2_AndTheRestIsChecked()
    {
        _run.SetVariable("PRIVATEMODE_API_KEY", "");

        (int exitCode, var checks) = await DiagnoseAsync();

        Assert.Equal(2, exitCode);
        Assert.Equal("failed", checks["key"].Outcome);
        Assert.Equal("ok", checks["tls"].Outcome);
        Assert.Equal("skipped", checks["verification"].Outcome);
    }

    [Fact]
    public async Task KeyFile_ThatOthersCanRead_IsAWarning()
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        string file = _run.WriteFile("key", "test-api-key-0123456789");
        File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.OtherRead);

        (_, var warned) = await DiagnoseAsync("--api-key", "@key");
        File.SetUnixFileMode(file, UnixFileMode.UserRead);
        (_, var fine) = await DiagnoseAsync("--api-key", "@key");

        Assert.Equal("warning", warned["key"].Outcome);
        Assert.Equal("chmod 600 key", warned["key"].Advice);
        Assert.Equal("ok", fine["key"].Outcome);
    }

    [Fact]
    public async Task ChangedLog_Is2()
    {
        string log = Path.Combine(_run.StateDirectory, "manifests", "verified");
        _ = Directory.CreateDirectory(log);
        await File.WriteAllTextAsync(Path.Combine(log, "log.txt"), "not a line of a log\n");

        (int exitCode, var checks) = await DiagnoseAsync("--offline");

        Assert.Equal(2, exitCode);
        Assert.Equal("failed", checks["state"].Outcome);
        Assert.StartsWith("Delete nothing.", checks["state"].Advice, StringComparison.Ordinal);
    }

    [Fact]
    public async Task FullDisk_AndSlowProcessor_AreWarnings()
    {
        _probe.Free = 1000;
        _probe.HasAes = false;

        (int exitCode, var checks) = await DiagnoseAsync("--offline");

        Assert.Equal(0, exitCode);
        Assert.Equal("warning", checks["state"].Outcome);
        Assert.Equal("warning", checks["hardware"].Outcome);
        Assert.Equal(0, _probe.Asked);
        Assert.Empty(_deployment.AllRequests);
    }

    private async Task<(int ExitCode, Dictionary<string, (string Outcome, string Summary, string? Advice)> Checks)> DiagnoseAsync(params string[] args)
    {
        (int exitCode, string text, string error) = await _run.InvokeAsync(["doctor", "--json", .. args]);
        Assert.Empty(error);
        JsonElement json = JsonDocument.Parse(text).RootElement;
        Assert.Equal("privatemode.doctor/1", json.GetProperty("schema").GetString());
        return (exitCode, json.GetProperty("checks").EnumerateArray().ToDictionary(
            check => check.GetProperty("id").GetString()!,
            check => (check.GetProperty("outcome").GetString()!, check.GetProperty("summary").GetString()!, check.GetProperty("advice").GetString())));
    }

    private sealed class FakeProbe : IProbe
    {
        public HashSet<string> Unknown { get; } = [];

        public TimeSpan ClockDifference { get; set; }

        public string Root { get; set; } = "CN=Public Root";

        public bool IsTrusted { get; set; } = true;

        public bool IsUnreachable { get; set; }

        public Uri? Proxy { get; set; }

        public string? LocalServer { get; set; }

        public long Free { get; set; } = long.MaxValue;

        public bool HasAes { get; set; } = true;

        public int Asked { get; private set; }

        public Task<IReadOnlyList<IPAddress>> ResolveAsync(string host, CancellationToken stop) => Unknown.Contains(host)
            ? throw new SocketException((int)SocketError.HostNotFound)
            : Task.FromResult<IReadOnlyList<IPAddress>>([IPAddress.Parse("192.0.2.1")]);

        public Task<HostAnswer> AskAsync(Uri address, CancellationToken stop)
        {
            Asked++;
            if (address.IsLoopback)
            {
                return LocalServer is null
                    ? throw new HttpRequestException("refused", new SocketException((int)SocketError.ConnectionRefused))
                    : Task.FromResult(new HostAnswer(200, null, LocalServer, null, true));
            }

            return IsUnreachable
                ? throw new HttpRequestException("unreachable")
                : Task.FromResult(new HostAnswer(IsTrusted ? 200 : 0, IsTrusted ? DateTimeOffset.UtcNow + ClockDifference : null, "x", Root, IsTrusted));
        }

        public Uri? ProxyFor(Uri address) => Proxy;

        public long? FreeBytes(string directory) => Free;

        public (bool HasAes, bool HasSodium) Cryptography() => (HasAes, true);
    }
}
