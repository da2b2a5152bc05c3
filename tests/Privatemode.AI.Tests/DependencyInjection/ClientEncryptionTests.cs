using System.Text;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Http;
using Privatemode.AI.Testing;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.Tests.DependencyInjection;

/// <summary>HTTP clients of other libraries, from the factory of a host.</summary>
public sealed class ClientEncryptionTests : IAsyncLifetime
{
    private const string Body = """{"model":"gpt-oss-120b","messages":[{"role":"user","content":"hi"}]}""";

    private PrivatemodeTestDeployment _deployment = null!;

    public async Task InitializeAsync() => _deployment = await PrivatemodeTestDeployment.StartAsync();

    public async Task DisposeAsync() => await _deployment.DisposeAsync();

    [Theory]
    [InlineData(null)]
    [InlineData("second")]
    public async Task Send_ClientOfTheFactory_IsEncrypted(string? accountKey)
    {
        await using ServiceProvider provider = Provider(
            services => services.AddHttpClient("other").UsePrivatemodeHandler(RegisteredAccounts.Of(accountKey)), accountKey);
        using HttpClient http = provider.GetRequiredService<IHttpClientFactory>().CreateClient("other");
        Assert.Equal((_deployment.Endpoint, Timeout.InfiniteTimeSpan), (http.BaseAddress, http.Timeout));
        using HttpResponseMessage response = await PostAsync(http);
        Assert.Contains("You said: hi", await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.NotNull(response.GetPrivatemodeReceipt());
        Assert.DoesNotContain("\"hi\"", Assert.Single(_deployment.Requests).WireBodyText, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Send_BaseAddressOfAnotherHost_IsRefused()
    {
        await using ServiceProvider provider = Provider(services => services.AddHttpClient(
            "other", http => http.BaseAddress = new Uri("https://api.example.com")).UsePrivatemodeHandler());
        using HttpClient http = provider.GetRequiredService<IHttpClientFactory>().CreateClient("other");
        Assert.Equal("other-host", (await Assert.ThrowsAsync<PrivatemodeWouldLeakException>(() => PostAsync(http))).ErrorType);
        Assert.Empty(_deployment.AllRequests);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Create_AnotherPrimaryHandlerTookOver_IsRefused(bool forAllClients)
    {
        await using ServiceProvider provider = Provider(services =>
        {
            IHttpClientBuilder builder = services.AddHttpClient("other").UsePrivatemodeHandler();
            if (forAllClients)
            {
                services.ConfigureAll<Microsoft.Extensions.Http.HttpClientFactoryOptions>(
                    options => options.HttpMessageHandlerBuilderActions.Add(handlers => handlers.PrimaryHandler = new FakeHandler()));
            }
            else
            {
                builder.ConfigurePrimaryHttpMessageHandler(() => new FakeHandler());
            }
        });
        IHttpClientFactory factory = provider.GetRequiredService<IHttpClientFactory>();
        Assert.Equal("PrimaryHandler", Assert.Throws<PrivatemodeConfigurationException>(() => factory.CreateClient("other")).Setting);
    }

    [Theory]
    [InlineData(false, false)]
    [InlineData(true, false)]
    [InlineData(true, true)]
    public async Task Create_FilterReplacesThePrimaryHandlerAfterAllOthers_IsRefused(bool inFront, bool clears)
    {
        using FakeHandler network = new();
        ReplacingFilter filter = new(handlers => Replace(handlers, network, clears));
        await using ServiceProvider provider = Provider(filter, inFront);
        IHttpClientFactory factory = provider.GetRequiredService<IHttpClientFactory>();
        Assert.Equal("PrimaryHandler", Assert.Throws<PrivatemodeConfigurationException>(() => factory.CreateClient("other")).Setting);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Send_HandlerOfTheFactoryWithThePrimaryReplacedAfterAllOthers_IsRefused(bool async)
    {
        using FakeHandler network = new();
        await using ServiceProvider provider = Provider(new ReplacingFilter(handlers => Replace(handlers, network, clears: false)), inFront: true);
        using HttpMessageInvoker handler = new(provider.GetRequiredService<IHttpMessageHandlerFactory>().CreateHandler("other"));
        using HttpRequestMessage request = new(HttpMethod.Post, new Uri(_deployment.Endpoint, "/v1/chat/completions")) { Content = new StringContent(Body) };
        PrivatemodeConfigurationException exception = async
            ? await Assert.ThrowsAsync<PrivatemodeConfigurationException>(() => handler.SendAsync(request, default))
            : Assert.Throws<PrivatemodeConfigurationException>(() => handler.Send(request, default));
        Assert.Equal("PrimaryHandler", exception.Setting);
        Assert.Empty(network.Requests);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Send_FilterPutsAHandlerAbove_IsEncrypted(bool inFront)
    {
        ReplacingFilter filter = new(handlers => handlers.PrimaryHandler = new PassingHandler { InnerHandler = handlers.PrimaryHandler });
        await using ServiceProvider provider = Provider(filter, inFront);
        using HttpClient http = provider.GetRequiredService<IHttpClientFactory>().CreateClient("other");
        using HttpResponseMessage response = await PostAsync(http);
        Assert.NotNull(response.GetPrivatemodeReceipt());
        Assert.DoesNotContain("\"hi\"", Assert.Single(_deployment.Requests).WireBodyText, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Create_OtherClients_AreLeftAlone()
    {
        await using ServiceProvider provider = Provider(services =>
        {
            services.AddHttpClient("other").UsePrivatemodeHandler();
            services.AddHttpClient("plain").ConfigurePrimaryHttpMessageHandler(() => new FakeHandler());
        });
        using HttpClient http = provider.GetRequiredService<IHttpClientFactory>().CreateClient("plain");
        Assert.Null(http.BaseAddress);
        using HttpResponseMessage response = await http.GetAsync(new Uri("https://api.example.com"));
        Assert.True(response.IsSuccessStatusCode);
    }

    [Fact]
    public async Task Dispose_HandlerOfTheFactory_LeavesTheClientAlone()
    {
        await using PrivatemodeClient client = _deployment.CreateClient();
        ServiceCollection services = new();
        services.AddSingleton(client);
        services.AddHttpClient("other").UsePrivatemodeHandler();
        await using (ServiceProvider provider = services.BuildServiceProvider())
        {
            using HttpClient http = provider.GetRequiredService<IHttpClientFactory>().CreateClient("other");
            using HttpResponseMessage response = await PostAsync(http);
        }

        await client.ConnectAsync().OrTimeout();
    }

    [Fact]
    public void Add_WithoutABuilder_IsRefused() =>
        Assert.Throws<ArgumentNullException>(() => PrivatemodeHttpClientBuilderExtensions.UsePrivatemodeHandler(null!));

    /// <summary>A filter of the application's, before everything or in front of everything.</summary>
    private ServiceProvider Provider(IHttpMessageHandlerBuilderFilter filter, bool inFront) => Provider(services =>
    {
        IHttpClientBuilder other = services.AddHttpClient("other");
        services.AddSingleton(filter);
        other.UsePrivatemodeHandler();
        if (inFront)
        {
            services.Remove(services.Single(service => service.ImplementationInstance == filter));
            services.Insert(0, ServiceDescriptor.Singleton(filter));
        }
    });

    private static void Replace(HttpMessageHandlerBuilder handlers, FakeHandler network, bool clears)
    {
        handlers.PrimaryHandler = network;
        if (clears)
        {
            handlers.AdditionalHandlers.Clear();
        }
    }

    private ServiceProvider Provider(Action<IServiceCollection> configure, string? accountKey = null)
    {
        ServiceCollection services = new();
        services.AddKeyedSingleton(accountKey, (_, _) => _deployment.CreateClient());
        configure(services);
        return services.BuildServiceProvider();
    }

    private static async Task<HttpResponseMessage> PostAsync(HttpClient http)
    {
        using StringContent body = new(Body, Encoding.UTF8, "application/json");
        return await http.PostAsync(new Uri("/v1/chat/completions", UriKind.Relative), body).OrTimeout();
    }
}
