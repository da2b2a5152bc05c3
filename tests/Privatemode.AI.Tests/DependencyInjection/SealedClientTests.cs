using System.Text;
using Microsoft.Extensions.DependencyInjection;
using Privatemode.AI.Testing;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.Tests.DependencyInjection;

/// <summary>HTTP clients of other libraries, from the factory of a host.</summary>
public sealed class SealedClientTests : IAsyncLifetime
{
    private const string Body = """{"model":"gpt-oss-120b","messages":[{"role":"user","content":"hi"}]}""";

    private PrivatemodeTestDeployment _deployment = null!;

    public async Task InitializeAsync() => _deployment = await PrivatemodeTestDeployment.StartAsync();

    public async Task DisposeAsync() => await _deployment.DisposeAsync();

    [Theory]
    [InlineData(null)]
    [InlineData("second")]
    public async Task Send_ClientOfTheFactory_IsSealed(string? serviceKey)
    {
        await using ServiceProvider provider = Provider(services => services.AddHttpClient("other").AddPrivatemodeHandler(serviceKey), serviceKey);
        using HttpClient http = provider.GetRequiredService<IHttpClientFactory>().CreateClient("other");
        Assert.Equal((_deployment.Endpoint, Timeout.InfiniteTimeSpan), (http.BaseAddress, http.Timeout));
        using HttpResponseMessage response = await PostAsync(http);
        Assert.Contains("You said: hi", await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.NotNull(response.GetPrivatemodeReceipt());
        Assert.DoesNotContain("\"hi\"", Assert.Single(_deployment.Requests).WireText, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Send_BaseAddressOfAnotherHost_IsRefused()
    {
        await using ServiceProvider provider = Provider(services => services.AddHttpClient(
            "other", http => http.BaseAddress = new Uri("https://api.example.com")).AddPrivatemodeHandler());
        using HttpClient http = provider.GetRequiredService<IHttpClientFactory>().CreateClient("other");
        Assert.Equal("other-host", (await Assert.ThrowsAsync<PrivatemodeWouldLeakException>(() => PostAsync(http))).Refused);
        Assert.Empty(_deployment.AllRequests);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Create_AnotherPrimaryHandlerTookOver_IsRefused(bool forAllClients)
    {
        await using ServiceProvider provider = Provider(services =>
        {
            IHttpClientBuilder builder = services.AddHttpClient("other").AddPrivatemodeHandler();
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

    [Fact]
    public async Task Create_OtherClients_AreLeftAlone()
    {
        await using ServiceProvider provider = Provider(services =>
        {
            services.AddHttpClient("other").AddPrivatemodeHandler();
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
        services.AddHttpClient("other").AddPrivatemodeHandler();
        await using (ServiceProvider provider = services.BuildServiceProvider())
        {
            using HttpClient http = provider.GetRequiredService<IHttpClientFactory>().CreateClient("other");
            using HttpResponseMessage response = await PostAsync(http);
        }

        await client.ConnectAsync().OrTimeout();
    }

    [Fact]
    public void Add_WithoutABuilder_IsRefused() =>
        Assert.Throws<ArgumentNullException>(() => PrivatemodeHttpClientBuilderExtensions.AddPrivatemodeHandler(null!));

    private ServiceProvider Provider(Action<IServiceCollection> configure, string? serviceKey = null)
    {
        ServiceCollection services = new();
        services.AddKeyedSingleton(serviceKey, (_, _) => _deployment.CreateClient());
        configure(services);
        return services.BuildServiceProvider();
    }

    private static async Task<HttpResponseMessage> PostAsync(HttpClient http)
    {
        using StringContent body = new(Body, Encoding.UTF8, "application/json");
        return await http.PostAsync(new Uri("/v1/chat/completions", UriKind.Relative), body).OrTimeout();
    }
}
