using System.Net;
using System.Text.RegularExpressions;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.Caching.Distributed;
using Microsoft.Extensions.Caching.Memory;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Options;
using OpenAI;
using Privatemode.AI.Testing;
using Privatemode.AI.Testing.Evidence;
using Privatemode.AI.Tests.Architecture;
using Privatemode.AI.Tests.DependencyInjection;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.Tests.LocalProxy;

/// <summary>Only code can set a local proxy, only to this machine, and only without anything that asks for verification or encryption.</summary>
[Collection(EnvironmentAlone.Name)]
public sealed class LocalProxySettingsTests
{
    private const string Setting = "Transport.DangerousUnverifiedLocalProxy";

    private static readonly Dictionary<string, Action<PrivatemodeOptions>> Beside = new()
    {
        ["Endpoint"] = options => options.Endpoint = new Uri("https://example.com"),
        ["Verification.Manifest"] = options => options.Verification.Manifest = ManifestPolicy.Latest(),
        ["Verification.Hardware"] = options => options.Verification.Hardware = new HardwarePolicy { AllowedTees = [TeeKind.Tdx] },
        ["Verification.Lifetime"] = options => options.Verification.Lifetime = TimeSpan.FromHours(1),
        ["Verification.GpuRevocation"] = options =>
            options.Verification.GpuRevocation = GpuRevocationPolicy.AcceptUnknownOrRecentlyRevoked(TimeSpan.Zero),
        ["Verification.CollateralDirectory"] = options => options.Verification.CollateralDirectory = "collateral",
        ["Verification.OnVerified"] = options => options.Verification.OnVerified = (_, _) => default,
        ["Verification.CollateralCache"] = options =>
            options.Verification.CollateralCache = new MemoryDistributedCache(Options.Create(new MemoryDistributedCacheOptions())),
        ["Verification.CollateralEndpoint"] = options => options.Verification.CollateralEndpoint = new Uri("https://example.com"),
        ["Verification.DangerousAcceptAnyUnnamedWorkloadAsSecretService"] = options =>
            options.Verification.DangerousAcceptAnyUnnamedWorkloadAsSecretService = true,
        ["Verification.InsecureLoopbackTrust"] = options =>
            options.Verification.InsecureLoopbackTrust = TestTrustAnchors.For(new Uri("http://127.0.0.1:1")).ToTrust(),
        ["Transport.HttpMessageHandler"] = options => options.Transport.HttpMessageHandler = new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseCookies = false,
        },
        ["Transport.InsecureAcceptAnyHandlerOnLoopback"] = options => options.Transport.InsecureAcceptAnyHandlerOnLoopback = true,
        ["LogEncryptedContent"] = options => options.LogEncryptedContent = true,
    };

    public static TheoryData<string> OptionsBeside => [.. Beside.Keys];

    [Theory]
    [InlineData("http://192.168.0.1:8080")]
    [InlineData("http://0.0.0.0:8080")]
    [InlineData("http://localhost:8080")]
    [InlineData("https://api.privatemode.ai")]
    [InlineData("http://127.0.0.1.example.com:8080")]
    [InlineData("http://[2001:db8::1]:8080")]
    [InlineData("http://127.0.0.1:8080/v1")]
    [InlineData("http://127.0.0.1:8080/?a=b")]
    [InlineData("http://user@127.0.0.1:8080")]
    [InlineData("ftp://127.0.0.1:8080")]
    [InlineData("file:///proxy")]
    public void Address_NotCertainlyOnThisMachine_IsRefused(string address)
    {
        PrivatemodeConfigurationException exception = Assert.Throws<PrivatemodeConfigurationException>(() => Client(address));
        Assert.Equal(Setting, exception.Setting);
        Assert.Contains("loopback address", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Address_Relative_IsRefused() => Assert.Equal(
        Setting,
        Assert.Throws<PrivatemodeConfigurationException>(() => Client(new Uri("proxy", UriKind.Relative))).Setting);

    [Theory]
    [InlineData("http://127.0.0.1:8080")]
    [InlineData("http://127.0.0.1")]
    [InlineData("https://127.0.0.1:8443")]
    [InlineData("http://[::1]:8080")]
    public async Task Address_OfThisMachine_IsAccepted(string address)
    {
        await using PrivatemodeClient client = Client(address);
        Assert.NotNull(client.OpenAI);
    }

    [Theory]
    [MemberData(nameof(OptionsBeside))]
    public void Option_ThatAsksForVerificationOrEncryption_IsRefused(string option)
    {
        PrivatemodeConfigurationException exception =
            Assert.Throws<PrivatemodeConfigurationException>(() => Client("http://127.0.0.1:8080", Beside[option]));
        Assert.Contains($"{option} has no effect with {Setting}", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Options_AllOfVerification_AreDecided() => Assert.Equal(
        typeof(VerificationOptions).GetProperties().Select(property => $"Verification.{property.Name}").Order(StringComparer.Ordinal),
        Beside.Keys.Where(name => name.StartsWith("Verification.", StringComparison.Ordinal)).Order(StringComparer.Ordinal));

    [Theory]
    [InlineData("Transport:DangerousUnverifiedLocalProxy")]
    [InlineData("DangerousUnverifiedLocalProxy")]
    public void Configuration_NamesIt_IsRefused(string key)
    {
        PrivatemodeConfigurationException exception = HostSettings.Refused(("ApiKey", "key"), (key, "http://127.0.0.1:8080"));
        Assert.Contains(
            $"{Setting} is set in code: AddPrivatemode(options => options.Transport.UseDangerousUnverifiedLocalProxy(...))", exception.Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void Environment_NamesIt_IsRefused()
    {
        const string Variable = "Privatemode__Transport__DangerousUnverifiedLocalProxy";
        Environment.SetEnvironmentVariable(Variable, "http://127.0.0.1:8080");
        try
        {
            ServiceCollection services = new();
            _ = services.AddSingleton<IConfiguration>(new ConfigurationBuilder().AddEnvironmentVariables().Build());
            PrivatemodeConfigurationException exception =
                Assert.Throws<PrivatemodeConfigurationException>(() => HostSettings.Resolve(services.AddPrivatemode()));
            Assert.Contains($"{Setting} is set in code", exception.Message, StringComparison.Ordinal);
        }
        finally
        {
            Environment.SetEnvironmentVariable(Variable, null);
        }
    }

    // Applications can bind the options themselves, and configuration must not turn verification off there either.
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void ConfigurationBinder_OfTheOptionsThemselves_DoesNotSetIt(bool withPrivateMembers)
    {
        IConfiguration configuration = new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["Transport:DangerousUnverifiedLocalProxy"] = "http://127.0.0.1:8080",
            ["Transport:UseDangerousUnverifiedLocalProxy"] = "http://127.0.0.1:8080",
            ["Transport:_localProxy"] = "http://127.0.0.1:8080",
            ["Transport:ResponseTimeout"] = "00:00:07",
        }).Build();
        PrivatemodeOptions bound = new();
        configuration.Bind(bound, binder => binder.BindNonPublicProperties = withPrivateMembers);
        TransportOptions created = configuration.GetSection("Transport").Get<TransportOptions>(binder => binder.BindNonPublicProperties = withPrivateMembers)!;
        ServiceCollection services = new();
        _ = services.AddOptions<PrivatemodeOptions>().Bind(configuration);
        foreach (TransportOptions options in (TransportOptions[])[bound.Transport, created, HostSettings.Resolve(services).Transport])
        {
            Assert.Null(options.DangerousUnverifiedLocalProxy);
            Assert.Equal(TimeSpan.FromSeconds(7), options.ResponseTimeout);
        }
    }

    [Fact]
    public void Code_SetsItAndTakesItBack()
    {
        TransportOptions options = new();
        options.UseDangerousUnverifiedLocalProxy(new Uri("http://127.0.0.1:8080"));
        Assert.Equal("http://127.0.0.1:8080/", options.DangerousUnverifiedLocalProxy!.AbsoluteUri);
        options.UseDangerousUnverifiedLocalProxy(null);
        Assert.Null(options.DangerousUnverifiedLocalProxy);
    }

    // A service that wants a newer protocol is the one situation in which a fallback would be tempting.
    [Fact]
    public async Task Service_ThatRefusesTheProtocol_IsNotReplacedByTheProxy()
    {
        await using FakeLocalProxy proxy = await FakeLocalProxy.StartAsync();
        await using PrivatemodeTestDeployment deployment = await PrivatemodeTestDeployment.StartAsync();
        await using PrivatemodeClient client = deployment.CreateClient();
        foreach (Fault fault in (Fault[])[Fault.UnencryptedError(400), Fault.UnencryptedError(426), Fault.NewerResponseFormat])
        {
            deployment.Faults.Inject(fault);
            PrivatemodeServiceException exception = await Assert.ThrowsAsync<PrivatemodeServiceException>(
                () => client.AsIChatClient("gpt-oss-120b").GetResponseAsync("canary").OrTimeout());
            Assert.Equal(ServiceFailureReason.ClientTooOld, exception.Reason);
        }

        Assert.Empty(proxy.Requests);
        Assert.Equal(3, deployment.Requests.Count);
        Assert.DoesNotContain("canary", System.Text.Encoding.Latin1.GetString(deployment.GetReceivedBytes()), StringComparison.Ordinal);
    }

    [Fact]
    public void EncryptingComposition_WithTheAddress_IsRefused()
    {
        PrivatemodeOptions options = new();
        options.Transport.UseDangerousUnverifiedLocalProxy(new Uri("http://127.0.0.1:8080"));
        Assert.Throws<InvalidOperationException>(() => ClientComposition.Create(options));
    }

    [Fact]
    public async Task TestDeployment_TakesThePlaceOfTheProxy()
    {
        await using PrivatemodeTestDeployment deployment = await PrivatemodeTestDeployment.StartAsync();
        PrivatemodeOptions options = new();
        options.Transport.UseDangerousUnverifiedLocalProxy(new Uri("http://127.0.0.1:8080"));
        deployment.ConfigureClient(options);
        await using PrivatemodeClient client = new(options);
        ChatResponse response = await client.AsIChatClient("gpt-oss-120b").GetResponseAsync("hi").OrTimeout();
        Assert.True(response.GetPrivatemodeReceipt()!.IsVerified);
    }

    [Fact]
    public async Task EnvironmentKey_IsNotSent()
    {
        await using FakeLocalProxy proxy = await FakeLocalProxy.StartAsync();
        Environment.SetEnvironmentVariable(PrivatemodeOptions.ApiKeyEnvironmentVariable, "from-the-environment");
        try
        {
            await using PrivatemodeClient client = proxy.CreateClient();
            _ = await client.AsIChatClient("gpt-oss-120b").GetResponseAsync("hi").OrTimeout();
        }
        finally
        {
            Environment.SetEnvironmentVariable(PrivatemodeOptions.ApiKeyEnvironmentVariable, null);
        }

        Assert.DoesNotContain("Authorization", Assert.Single(proxy.Requests).Headers.Keys);
    }

    [Fact]
    public async Task SystemProxy_IsNotUsed()
    {
        await using FakeLocalProxy proxy = await FakeLocalProxy.StartAsync();
        await using RawServer other = new("HTTP/1.1 200 OK");
        IWebProxy before = HttpClient.DefaultProxy;
        HttpClient.DefaultProxy = new EverythingThrough(other.Address);
        try
        {
            await using PrivatemodeClient client = proxy.CreateClient();
            Assert.NotEmpty((await client.AsIChatClient("gpt-oss-120b").GetResponseAsync("hi").OrTimeout()).Text);
        }
        finally
        {
            HttpClient.DefaultProxy = before;
        }

        Assert.DoesNotContain(other.Heads, head => head.Contains("/v1/chat/completions", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Host_WithALocalProxy_ServesAllClientsAndIsDegraded()
    {
        await using FakeLocalProxy proxy = await FakeLocalProxy.StartAsync();
        ServiceCollection services = HostSettings.With();
        _ = services.AddPrivatemode(options => options.Transport.UseDangerousUnverifiedLocalProxy(proxy.Address));
        _ = services.AddPrivatemodeChatClient("gpt-oss-120b");
        _ = services.AddPrivatemodeEmbeddingGenerator("qwen3-embedding-4b");
        _ = services.AddHttpClient("other").UsePrivatemodeHandler();
        _ = services.AddLogging().AddHealthChecks().AddPrivatemodeHealthCheck();
        await using ServiceProvider provider = services.BuildServiceProvider();

        _ = proxy.Model.Reply("Hello");
        Assert.Equal("Hello", (await provider.GetRequiredService<IChatClient>().GetResponseAsync("hi").OrTimeout()).Text);
        Assert.NotEmpty(await provider.GetRequiredService<IEmbeddingGenerator<string, Embedding<float>>>().GenerateAsync(["a"]).OrTimeout());
        Assert.Same(provider.GetRequiredService<PrivatemodeClient>().OpenAI, provider.GetRequiredService<OpenAIClient>());
        using HttpClient http = provider.GetRequiredService<IHttpClientFactory>().CreateClient("other");
        Assert.Contains("glm-5.3", await http.GetStringAsync(new Uri("/v1/models", UriKind.Relative)).OrTimeout(), StringComparison.Ordinal);
        int requests = proxy.Requests.Count;

        HealthReport health = await provider.GetRequiredService<HealthCheckService>().CheckHealthAsync().OrTimeout();
        HealthReportEntry entry = Assert.Single(health.Entries.Values);
        Assert.Equal(HealthStatus.Degraded, entry.Status);
        Assert.Contains("Not verified by this client", entry.Description, StringComparison.Ordinal);
        Assert.Equal(requests, proxy.Requests.Count);
    }

    [Fact]
    public async Task Host_WithHandlersOfTheApplication_IsRefused()
    {
        ServiceCollection services = HostSettings.With();
        _ = services.AddPrivatemode(options => options.Transport.UseDangerousUnverifiedLocalProxy(new Uri("http://127.0.0.1:8080")));
        _ = services.AddHttpClient("Privatemode.AI").AddHttpMessageHandler(() => new PassingHandler());
        await using ServiceProvider provider = services.BuildServiceProvider();
        PrivatemodeConfigurationException exception =
            Assert.Throws<PrivatemodeConfigurationException>(provider.GetRequiredService<PrivatemodeClient>);
        Assert.Contains("Handlers were added", exception.Message, StringComparison.Ordinal);
    }

    // No other configuration may reach what sends plaintext, or reads an answer without decrypting it.
    [Theory]
    [InlineData(@"\b(Use)?DangerousUnverifiedLocalProxy\b", "ClientComposition.cs", "LocalProxyComposition.cs", "LocalProxyOptionsValidator.cs",
        "OptionNames.cs", "OptionsValidator.cs", "PrivatemodeClient.cs", "PrivatemodeRegistration.cs", "PrivatemodeServiceException.cs", "SettingNames.cs",
        "TransportOptions.cs")]
    [InlineData(@"\bLocalProxyComposition\b", "LocalProxyComposition.cs", "PrivatemodeClient.cs")]
    [InlineData(@"\bLocalProxyTransport\b", "LocalProxyComposition.cs", "LocalProxyTransport.cs")]
    [InlineData(@"\bLocalProxyAnswers\b", "LocalProxyAnswers.cs", "LocalProxyTransport.cs")]
    [InlineData(@"\bLocalProxyEvents\b", "LocalProxyAnswers.cs", "LocalProxyEvents.cs")]
    [InlineData(@"\bUnencryptedContent\b", "LocalProxyComposition.cs", "LocalProxyTransport.cs")]
    [InlineData(@"\bReadUnencrypted\b", "DecryptedDocument.cs", "LocalProxyAnswers.cs", "LocalProxyEvents.cs")]
    [InlineData(@"\bPlaintext\b", "FormRequestBody.cs", "LocalProxyTransport.cs", "RequestBody.cs")]
    [InlineData(@"\bApiKeys\.None\b", "OptionsValidator.cs")]
    [InlineData(@"\bisAuthenticated: ", "LocalProxyAnswers.cs", "LocalProxyTransport.cs")]
    [InlineData(@"\bEncryptionReceipt\.Unverified\b", "LocalProxyTransport.cs")]
    public void Source_ThatNeitherVerifiesNorEncrypts_IsUsedInItsPlacesOnly(string name, params string[] files) => Assert.Equal(
        files,
        RepositoryFiles.Sources("Privatemode.AI").Where(path => Regex.IsMatch(WithoutComments(File.ReadAllText(path)), name))
            .Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal));

    private static string WithoutComments(string source) => Regex.Replace(source, "^ *//.*$", "", RegexOptions.Multiline);

    private static PrivatemodeClient Client(string address, Action<PrivatemodeOptions>? configure = null) => Client(new Uri(address), configure);

    private static PrivatemodeClient Client(Uri address, Action<PrivatemodeOptions>? configure = null)
    {
        PrivatemodeOptions options = new();
        options.Transport.UseDangerousUnverifiedLocalProxy(address);
        configure?.Invoke(options);
        return new PrivatemodeClient(options);
    }

    private sealed class EverythingThrough(Uri address) : IWebProxy
    {
        public ICredentials? Credentials { get; set; }

        public Uri? GetProxy(Uri destination) => address;

        public bool IsBypassed(Uri host) => false;
    }
}
