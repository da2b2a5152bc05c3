using System.Collections.Concurrent;
using System.Text;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Http;
using Microsoft.Extensions.Logging;
using Privatemode.AI.Testing;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.Tests.DependencyInjection;

/// <summary>The application's HTTP client factory may watch sealed requests, and nothing more.</summary>
public sealed class HttpClientFactoryTests : IAsyncLifetime
{
    private const string Sentinel = "the quick brown sentinel";

    private PrivatemodeTestDeployment _deployment = null!;

    public async Task InitializeAsync() => _deployment = await PrivatemodeTestDeployment.StartAsync(new() { TimeProvider = new ImmediateTimeProvider() });

    public async Task DisposeAsync() => await _deployment.DisposeAsync();

    [Fact]
    public async Task HandlerByName_SeesEveryRequestAndOnlyEncryptedBytes()
    {
        Watching watching = new();
        await using ServiceProvider provider = Provider(services => services.AddHttpClient("Privatemode.AI").AddHttpMessageHandler(() => watching));
        Assert.Equal($"You said: {Sentinel}", await ChatAsync(provider));
        Assert.True(watching.Addresses.Count >= 3, "attestation, key exchange and the call");
        Assert.DoesNotContain(Sentinel, Encoding.Latin1.GetString([.. watching.Bodies.SelectMany(body => body)]), StringComparison.Ordinal);
        Assert.Contains(Sentinel, _deployment.Requests[0].DecryptedBody, StringComparison.Ordinal);
    }

    [Fact]
    public async Task HandlerForAllClients_IsLeftOut()
    {
        Watching watching = new();
        await using ServiceProvider provider = Provider(services => services.ConfigureHttpClientDefaults(all => all.AddHttpMessageHandler(() => watching)));
        _ = await ChatAsync(provider);
        Assert.Empty(watching.Addresses);
    }

    [Fact]
    public async Task HandlerAddsAHeader_NothingIsSent()
    {
        await using ServiceProvider provider = Provider(services => services.AddHttpClient("Privatemode.AI")
            .AddHttpMessageHandler(() => new Changing(request => request.Headers.Add("X-Tenant", "acme"))));
        Assert.Equal("changed-request", (await Assert.ThrowsAsync<PrivatemodeWouldLeakException>(() => ChatAsync(provider))).ErrorType);
        Assert.Empty(_deployment.AllRequests);
    }

    [Fact]
    public async Task HandlerReplacesTheBody_NothingIsSent()
    {
        await using ServiceProvider provider = Provider(services => services.AddHttpClient("Privatemode.AI")
            .AddHttpMessageHandler(() => new Changing(request => request.Content = request.Content is null ? null : new StringContent("{}"))));
        Assert.Equal("changed-request", (await Assert.ThrowsAsync<PrivatemodeWouldLeakException>(() => ChatAsync(provider))).ErrorType);
        Assert.Empty(_deployment.Requests);
    }

    [Fact]
    public async Task HandlerSendsAgain_IsStoppedBeforeTheSecond()
    {
        await using ServiceProvider provider = Provider(services => services.AddHttpClient("Privatemode.AI").AddHttpMessageHandler(() => new Twice()));
        Assert.Equal("sent-twice", (await Assert.ThrowsAsync<PrivatemodeWouldLeakException>(() => ChatAsync(provider))).ErrorType);
        Assert.Empty(_deployment.Requests);
    }

    [Fact]
    public async Task OtherUseOfTheNamedHttpClient_IsRefused()
    {
        await using ServiceProvider provider = Provider(_ => { });
        using HttpClient http = provider.GetRequiredService<IHttpClientFactory>().CreateClient("Privatemode.AI");
        PrivatemodeWouldLeakException exception = await Assert.ThrowsAsync<PrivatemodeWouldLeakException>(
            () => http.PostAsync(new Uri(_deployment.Endpoint, "/v1/chat/completions"), new StringContent(Sentinel)));
        Assert.Equal("unprepared-request", exception.ErrorType);
        Assert.Empty(_deployment.AllRequests);
    }

    [Fact]
    public async Task PrimaryHandlerReplaced_IsHeldToTheRulesOfOnesOwn()
    {
        // Test roots and plain http need the library's own connections.
        await using ServiceProvider provider = Provider(services => services.AddHttpClient("Privatemode.AI")
            .ConfigurePrimaryHttpMessageHandler(() => new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false }));
        Assert.Equal("Endpoint", Assert.Throws<PrivatemodeConfigurationException>(() => provider.GetRequiredService<PrivatemodeClient>()).Setting);

        foreach (Func<HttpMessageHandler> primary in (Func<HttpMessageHandler>[])
            [
                () => new SocketsHttpHandler { UseCookies = false }, () => new SocketsHttpHandler { AllowAutoRedirect = false },
                () => new HttpClientHandler { AllowAutoRedirect = false, UseCookies = false }, () => new FakeHandler(), () => new PassingHandler(),
            ])
        {
            await using ServiceProvider other = new ServiceCollection().AddPrivatemode(options => options.ApiKey = "key")
                .AddHttpClient("Privatemode.AI").ConfigurePrimaryHttpMessageHandler(primary).Services.BuildServiceProvider();
            Assert.Equal(
                "Transport.HttpMessageHandler",
                Assert.Throws<PrivatemodeConfigurationException>(() => other.GetRequiredService<PrivatemodeClient>()).Setting);
        }
    }

    [Fact]
    public async Task FilterOfAllClients_ReplacesThePrimaryHandler_IsHeldToTheSameRules()
    {
        using SocketsHttpHandler following = new() { AllowAutoRedirect = true, UseCookies = true };
        await using ServiceProvider provider = new ServiceCollection()
            .AddSingleton<IHttpMessageHandlerBuilderFilter>(new ReplacingFilter(handlers => handlers.PrimaryHandler = following))
            .AddPrivatemode(options => options.ApiKey = "key").BuildServiceProvider();
        Assert.Equal(
            "Transport.HttpMessageHandler",
            Assert.Throws<PrivatemodeConfigurationException>(() => provider.GetRequiredService<PrivatemodeClient>()).Setting);
    }

    [Fact]
    public async Task FilterInFront_ReplacesThePrimaryHandlerAfterTheGuardIsIn_IsRefused()
    {
        using FakeHandler network = new();
        await using ServiceProvider provider = Provider(services => services.Insert(0, ServiceDescriptor.Singleton<IHttpMessageHandlerBuilderFilter>(
            new ReplacingFilter(handlers => handlers.PrimaryHandler = network))));
        Assert.Equal("PrimaryHandler", Assert.Throws<PrivatemodeConfigurationException>(() => provider.GetRequiredService<PrivatemodeClient>()).Setting);
        Assert.Empty(network.Requests);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task FilterOfAllClients_PutsAHandlerAbove_RequestsPass(bool inFront)
    {
        ServiceDescriptor filter = ServiceDescriptor.Singleton<IHttpMessageHandlerBuilderFilter>(
            new ReplacingFilter(handlers => handlers.PrimaryHandler = new PassingHandler { InnerHandler = handlers.PrimaryHandler }));
        await using ServiceProvider provider = Provider(services => services.Insert(inFront ? 0 : services.Count, filter));
        Assert.Equal($"You said: {Sentinel}", await ChatAsync(provider));
    }

    [Fact]
    public async Task Logs_AtTheLowestLevel_HoldNoKeyAndNoContent()
    {
        using LogLines lines = new();
        await using ServiceProvider provider = Provider(services => services
            .AddLogging(logging => logging.SetMinimumLevel(LogLevel.Trace).AddProvider(lines))
            .ConfigureHttpClientDefaults(all => all.RedactLoggedHeaders([]))
            .AddHttpClient("Privatemode.AI").AddDefaultLogger());
        _ = await ChatAsync(provider);
        string all = string.Join('\n', lines.All.Select(line => line.Text));
        Assert.Contains("/v1/chat/completions", all, StringComparison.Ordinal);
        Assert.Contains("Authorization", all, StringComparison.Ordinal);
        Assert.DoesNotContain(_deployment.ApiKey, all, StringComparison.Ordinal);
        Assert.DoesNotContain(Sentinel, all, StringComparison.Ordinal);
    }

    private static async Task<string> ChatAsync(IServiceProvider provider) =>
        (await provider.GetRequiredService<IChatClient>().GetResponseAsync(Sentinel).OrTimeout()).Text;

    private ServiceProvider Provider(Action<IServiceCollection> configure)
    {
        IServiceCollection services = new ServiceCollection().AddPrivatemode(_deployment.ConfigureClient);
        _ = services.AddPrivatemodeChatClient("gpt-oss-120b");
        configure(services);
        return services.BuildServiceProvider();
    }

    private sealed class Watching : DelegatingHandler
    {
        public ConcurrentQueue<Uri> Addresses { get; } = [];

        public ConcurrentQueue<byte[]> Bodies { get; } = [];

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            // Reading a body uses it up, so the key exchange's is looked at through its headers only.
            Addresses.Enqueue(request.RequestUri!);
            _ = request.Headers.UserAgent.Count + request.Headers.Accept.Count;
            HttpResponseMessage response = await base.SendAsync(request, cancellationToken);
            await response.Content.LoadIntoBufferAsync(cancellationToken);
            Bodies.Enqueue(await response.Content.ReadAsByteArrayAsync(cancellationToken));
            return response;
        }
    }

    private sealed class Changing(Action<HttpRequestMessage> change) : DelegatingHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            change(request);
            return base.SendAsync(request, cancellationToken);
        }
    }

    private sealed class Twice : DelegatingHandler
    {
        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            (await base.SendAsync(request, cancellationToken)).Dispose();
            return await base.SendAsync(request, cancellationToken);
        }
    }
}
