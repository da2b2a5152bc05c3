using System.Diagnostics;
using System.Net;
using System.Reflection;
using Microsoft.Extensions.AI;
using Privatemode.AI.Pipeline.Transport;
using Privatemode.AI.Testing;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.Tests;

public sealed class OptionsValidatorTests
{
    private static readonly Uri RealService = new("https://api.privatemode.ai");

    public static TheoryData<string, Action<PrivatemodeOptions>> Refused => new()
    {
        { "Endpoint", options => options.Endpoint = new Uri("http://api.privatemode.ai") },
        { "Endpoint", options => options.Endpoint = new Uri("https://api.privatemode.ai/v1") },
        { "Endpoint", options => options.Endpoint = new Uri("https://api.privatemode.ai/?key=1") },
        { "Endpoint", options => options.Endpoint = new Uri("https://user@api.privatemode.ai") },
        { "Endpoint", options => options.Endpoint = new Uri("ftp://127.0.0.1") },
        { "Endpoint", options => options.Endpoint = new Uri("/v1", UriKind.Relative) },
        { "Endpoint", options => options.Endpoint = null! },
        { "Endpoint", options => options.Transport.HttpMessageHandler = new FakeHandler() },
        { "Verification.InsecureLoopbackTrust", options => options.Endpoint = new Uri("https://api.privatemode.ai") },
        { "Verification.Manifest", options => options.Verification.Manifest = null! },
        { "Verification.Hardware", options => options.Verification.Hardware = null! },
        { "Verification.Hardware", options => options.Verification.Hardware = new HardwarePolicy { AllowedAmdProducts = [new("Rome")] } },
        { "Verification.Hardware", options => options.Verification.Hardware = new HardwarePolicy { AllowedAmdChipIds = ["00"] } },
        { "Verification.Lifetime", options => options.Verification.Lifetime = TimeSpan.FromMinutes(4) },
        { "Verification.Lifetime", options => options.Verification.Lifetime = TimeSpan.FromHours(25) },
        { "Verification.CollateralEndpoint", options => options.Verification.CollateralEndpoint = new Uri("http://example.com") },
        { "Verification.CollateralEndpoint", options => options.Verification.CollateralEndpoint = new Uri("/relative", UriKind.Relative) },
        {
            "Verification.InsecureLoopbackTrust",
            options => (options.Endpoint, options.Transport.HttpMessageHandler) = (new Uri("https://127.0.0.1"), Sockets())
        },
        {
            "Transport.InsecureAcceptAnyHandlerOnLoopback",
            options => (options.Endpoint, options.Transport.InsecureAcceptAnyHandlerOnLoopback) = (RealService, true)
        },
        {
            "Transport.InsecureAcceptAnyHandlerOnLoopback",
            options => (options.Endpoint, options.Transport.InsecureAcceptAnyHandlerOnLoopback) = (new Uri("http://localhost:1"), true)
        },
        { "ApiKey", options => options.ApiKey = "key\n" },
        { "ApiKey", options => options.ApiKey = "schlüssel" },
        { "ApiKey", options => options.ApiKey = "   " },
        { "Transport.ResponseTimeout", options => options.Transport.ResponseTimeout = TimeSpan.Zero },
        { "Transport.ResponseTimeout", options => options.Transport.ResponseTimeout = TimeSpan.FromDays(2) },
        { "Transport.IdleTimeout", options => options.Transport.IdleTimeout = TimeSpan.FromSeconds(-1) },
        { "TimeProvider", options => options.TimeProvider = null! },
        { "Verification.GpuRevocation", options => options.Verification.GpuRevocation = null! },
        { "PromptCache.Scope", options => options.PromptCache.Scope = null! },
        { "Media.Remote", options => options.Media.Remote = (RemoteMediaPolicy)9 },
        { "Responses.HostedTools", options => options.Responses.HostedTools = (HostedToolPolicy)9 },
        { "Responses.ReasoningKey", options => options.Responses.ReasoningKey = new byte[31] },
        { "Responses.ReasoningKey", options => options.Responses.ReasoningKey = new byte[33] },
        { "MaxSessions", options => options.MaxSessions = 0 },
        { "Media.MaxFetchedImages", options => options.Media.MaxFetchedImages = 0 },
        { "Media.MaxFetchedImages", options => options.Media.MaxFetchedImages = 1_001 },
        { "MaxSessions", options => options.MaxSessions = 100_001 },
    };

    [Theory]
    [MemberData(nameof(Refused))]
    public void Create_SettingThatCannotWork_IsNamed(string setting, Action<PrivatemodeOptions> change)
    {
        PrivatemodeOptions options = Working();
        change(options);
        PrivatemodeConfigurationException exception = Assert.Throws<PrivatemodeConfigurationException>(() => new PrivatemodeClient(options));
        Assert.Equal(setting, exception.Setting);
    }

    /// <summary>Whether insecure handlers are accepted, the name, and the handler.</summary>
    public static TheoryData<bool, string, Func<HttpMessageHandler>> RefusedHandlers => new()
    {
        { false, "cookies", () => new SocketsHttpHandler { AllowAutoRedirect = false } },
        { false, "redirects", () => new SocketsHttpHandler { UseCookies = false } },
        { false, "decompression", () => Sockets(handler => handler.AutomaticDecompression = DecompressionMethods.All) },
        { false, "credentials", () => Sockets(handler => handler.Credentials = new NetworkCredential("user", "password")) },
        { false, "cookies below", () => new PassingHandler { InnerHandler = new SocketsHttpHandler { AllowAutoRedirect = false } } },
        { false, "HttpClientHandler", () => new HttpClientHandler { AllowAutoRedirect = false, UseCookies = false } },
        {
            false, "HttpClientHandler below",
            () => new PassingHandler { InnerHandler = new HttpClientHandler { AllowAutoRedirect = false, UseCookies = false } }
        },
        { false, "any other", () => new FakeHandler() },
        { false, "any other below", () => new PassingHandler { InnerHandler = new FakeHandler() } },
        { false, "nothing below", () => new PassingHandler() },
        { false, "disposed", Disposed },
        { true, "cookies", () => new SocketsHttpHandler { AllowAutoRedirect = false, UseProxy = false } },
        { true, "redirects", () => new SocketsHttpHandler { UseCookies = false, UseProxy = false } },
        { true, "proxy", () => Sockets() },
        { true, "HttpClientHandler", () => new HttpClientHandler { AllowAutoRedirect = false, UseCookies = false, UseProxy = false } },
        { true, "nothing below", () => new PassingHandler() },
    };

    [Theory]
    [MemberData(nameof(RefusedHandlers))]
    public void Create_HandlerThatCannotBeGuarded_IsRefused(bool isInsecure, string name, Func<HttpMessageHandler> handler)
    {
        PrivatemodeOptions options = new()
        {
            ApiKey = "key",
            Transport = { InsecureAcceptAnyHandlerOnLoopback = isInsecure, HttpMessageHandler = handler() },
        };
        options.Endpoint = isInsecure ? new Uri("http://127.0.0.1:1") : RealService;
        PrivatemodeConfigurationException exception = Assert.Throws<PrivatemodeConfigurationException>(() => new PrivatemodeClient(options));
        Assert.Equal((name, "Transport.HttpMessageHandler"), (name, exception.Setting));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Create_HandlerThatHasSent_IsAcceptedOnlyIfItPropagatesNothing(bool propagates)
    {
        await using RawServer server = new("HTTP/1.1 200 OK");
        using SocketsHttpHandler handler = Sockets(handler => handler.UseProxy = false);
        handler.ActivityHeadersPropagator = propagates ? DistributedContextPropagator.Current : null;
        using HttpMessageInvoker before = new(handler, disposeHandler: false);
        using HttpResponseMessage response = await before.SendAsync(new HttpRequestMessage(HttpMethod.Get, server.Address), default).OrTimeout();
        Exception? exception = Record.Exception(
            () => new PrivatemodeClient(new PrivatemodeOptions { ApiKey = "key", Transport = { HttpMessageHandler = handler } }).Dispose());
        Assert.Equal(propagates ? "Transport.HttpMessageHandler" : null, (exception as PrivatemodeConfigurationException)?.Setting);
        Assert.Equal(propagates, exception is not null);
    }

    [Fact]
    public async Task Create_HandlersThatHaveSent_AreRefused()
    {
        await using RawServer server = new("HTTP/1.1 200 OK");
        using PassingHandler handler = new() { InnerHandler = Sockets(handler => (handler.UseProxy, handler.ActivityHeadersPropagator) = (false, null)) };
        using HttpMessageInvoker before = new(handler, disposeHandler: false);
        using HttpResponseMessage response = await before.SendAsync(new HttpRequestMessage(HttpMethod.Get, server.Address), default).OrTimeout();
        PrivatemodeOptions options = new() { ApiKey = "key", Transport = { HttpMessageHandler = handler } };
        Assert.Equal("Transport.HttpMessageHandler", Assert.Throws<PrivatemodeConfigurationException>(() => new PrivatemodeClient(options)).Setting);
    }

    /// <summary>Without test roots the manifest comes from its publisher, which is not on this machine.</summary>
    [Fact]
    public async Task Connect_AnyHandlerIsAccepted_NoOtherMachineIsAsked()
    {
        using FakeHandler network = new();
        await using PrivatemodeClient client = new(new PrivatemodeOptions
        {
            ApiKey = "key",
            Endpoint = new Uri("https://127.0.0.1"),
            Transport = { HttpMessageHandler = network, InsecureAcceptAnyHandlerOnLoopback = true },
        });
        PrivatemodeConfigurationException exception = await Assert.ThrowsAsync<PrivatemodeConfigurationException>(() => client.ConnectAsync().OrTimeout());
        Assert.Equal("Transport.InsecureAcceptAnyHandlerOnLoopback", exception.Setting);
        Assert.Empty(network.Requests);
    }

    [Fact]
    public void Create_RealService_NeedsNothingButAKey()
    {
        using PrivatemodeClient client = new("key");
        Assert.NotNull(client.OpenAI);
    }

    [Fact]
    public void Create_WithoutAKey_NamesTheEnvironmentVariable()
    {
        PrivatemodeOptions options = Working();
        options.ApiKey = null;
        PrivatemodeConfigurationException exception = Assert.Throws<PrivatemodeConfigurationException>(() => new PrivatemodeClient(options));
        Assert.Contains("PRIVATEMODE_API_KEY", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Shared_SaltThatIsTooShortOrNoText_IsRefused()
    {
        Assert.Throws<PrivatemodeConfigurationException>(() => PromptCacheScope.Shared(new string('s', 31)));
        Assert.Throws<PrivatemodeConfigurationException>(() => PromptCacheScope.Shared(new string('s', 40) + "\ud800"));
        _ = PromptCacheScope.Shared(new string('ü', 16));
    }

    [Fact]
    public async Task Create_OptionsChangedAfterwards_HaveNoEffect()
    {
        await using PrivatemodeTestDeployment deployment = await PrivatemodeTestDeployment.StartAsync();
        PrivatemodeOptions options = new();
        deployment.ConfigureClient(options);
        await using PrivatemodeClient client = new(options);
        (options.ApiKey, options.Endpoint, options.Verification.InsecureLoopbackTrust) = ("other", new Uri("https://example.com"), null);
        Assert.Equal("You said: hi", (await client.AsIChatClient("gpt-oss-120b").GetResponseAsync("hi").OrTimeout()).Text);
    }

    /// <summary>Every group must be copied, also one that a later version adds.</summary>
    [Fact]
    public void Clone_GroupsOfTheOptions_AreCopiesWithTheSameValues()
    {
        PrivatemodeOptions options = new();
        PrivatemodeOptions copy = options.Clone();
        PropertyInfo[] groups = [.. typeof(PrivatemodeOptions).GetProperties().Where(property => !property.CanWrite || property.SetMethod!.IsPrivate)];
        Assert.Equal(["Media", "PromptCache", "Responses", "Transport", "Verification"], groups.Select(group => group.Name).Order());
        foreach (PropertyInfo group in groups)
        {
            Assert.NotSame(group.GetValue(options), group.GetValue(copy));
            Assert.All(
                group.PropertyType.GetProperties(),
                option => Assert.Equal(option.GetValue(group.GetValue(options)), option.GetValue(group.GetValue(copy))));
        }
    }

    [Fact]
    public async Task Create_EncryptedContentIsToBeLoggedButNowhere_Works()
    {
        await using PrivatemodeTestDeployment deployment = await PrivatemodeTestDeployment.StartAsync();
        await using PrivatemodeClient client = deployment.CreateClient(options => options.LogEncryptedContent = true);
        Assert.Equal("You said: hi", (await client.AsIChatClient("gpt-oss-120b").GetResponseAsync("hi").OrTimeout()).Text);
    }

    [Fact]
    public void Create_KeyIsNull_IsNotTakenFromTheEnvironment() =>
        Assert.Throws<ArgumentNullException>("apiKey", () => new PrivatemodeClient((string)null!));

    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("127.0.0.1", "::1")]
    public async Task Connect_LoopbackNameThatResolvesToLoopback_Connects(params string[] addresses)
    {
        await using PrivatemodeTestDeployment deployment = await PrivatemodeTestDeployment.StartAsync();
        await using PrivatemodeClient byName = ByName(deployment, addresses);
        Assert.Equal("You said: hi", (await byName.AsIChatClient("gpt-oss-120b").GetResponseAsync("hi").OrTimeout()).Text);
    }

    /// <summary>The name counts as loopback, but what counts for sending is the address behind it.</summary>
    [Theory]
    [InlineData]
    [InlineData("192.0.2.1")]
    [InlineData("127.0.0.1", "192.0.2.1")]
    [InlineData("192.0.2.1", "::1")]
    public async Task Connect_LoopbackNameThatResolvesElsewhere_IsRefusedAndNothingIsSent(params string[] addresses)
    {
        await using PrivatemodeTestDeployment deployment = await PrivatemodeTestDeployment.StartAsync();
        await using PrivatemodeClient byName = ByName(deployment, addresses);

        PrivatemodeConfigurationException exception = await Assert.ThrowsAsync<PrivatemodeConfigurationException>(
            () => byName.ConnectAsync().OrTimeout());

        Assert.Equal("Endpoint", exception.Setting);

        // The publisher of the manifest has an address of its own, which is loopback.
        Assert.All(deployment.AllRequests, request => Assert.Equal("/privatemode/v2/manifest.json", request.PathAndQuery.Split('?')[0]));
    }

    /// <summary>A client that reaches the deployment as <c>localhost</c>, with a resolver that says this.</summary>
    private static PrivatemodeClient ByName(PrivatemodeTestDeployment deployment, string[] addresses)
    {
        PrivatemodeOptions options = new();
        deployment.ConfigureClient(options);
        options.Endpoint = new Uri($"http://localhost:{deployment.Endpoint.Port}");
        options.FactoryHandler = HttpTransports.CreateOwn(
            isTestTrust: true, TestTimeouts.Default,
            (name, _) => Task.FromResult<IPAddress[]>(name == "localhost" ? [.. addresses.Select(IPAddress.Parse)] : []));
        return new PrivatemodeClient(options);
    }

    private static PrivatemodeOptions Working() => new()
    {
        ApiKey = "key",
        Endpoint = new Uri("http://127.0.0.1:1"),
        Verification =
        {
            InsecureLoopbackTrust = new InsecureLoopbackTrust
            {
                AmdRootKeySha256 = new Dictionary<AmdProduct, string>(),
                IntelRootKeySha256 = new string('0', 64),
                CollateralEndpoint = new Uri("http://127.0.0.1:1"),
                ManifestEndpoint = new Uri("http://127.0.0.1:1/manifest.json"),
            },
        },
    };

    private static SocketsHttpHandler Sockets(Action<SocketsHttpHandler>? change = null)
    {
        SocketsHttpHandler handler = new() { AllowAutoRedirect = false, UseCookies = false };
        change?.Invoke(handler);
        return handler;
    }

    private static SocketsHttpHandler Disposed()
    {
        SocketsHttpHandler handler = Sockets();
        handler.Dispose();
        return handler;
    }
}
