using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Privatemode.AI.Testing;

namespace Privatemode.AI.AspNetCore.Tests.Hosting;

/// <summary>A test with a deployment, and a proxy in front of it on a free port of the loopback interface.</summary>
public abstract class ProxyTest : IAsyncLifetime
{
    protected const string ModelId = "gpt-oss-120b";
    protected const string ChatPath = "/v1/chat/completions";
    protected const string MessagesPath = "/v1/messages";
    protected const string ResponsesPath = "/v1/responses";

    protected PrivatemodeTestDeployment Deployment { get; private set; } = null!;

    /// <summary>The application with the proxy.</summary>
    protected WebApplication App { get; private set; } = null!;

    /// <summary>The address of the proxy: <c>http://127.0.0.1:port</c>.</summary>
    protected Uri Address { get; private set; } = null!;

    /// <summary>A client of the proxy, without a timeout of its own.</summary>
    protected HttpClient Http { get; private set; } = null!;

    public virtual async Task InitializeAsync()
    {
        PrivatemodeTestDeploymentOptions options = new();
        ConfigureDeployment(options);
        Deployment = await PrivatemodeTestDeployment.StartAsync(options);
        (App, Address) = await StartProxyAsync();
        Http = NewHttp(Address);
    }

    public virtual async Task DisposeAsync()
    {
        Http.Dispose();
        await StopAsync(App);
        await Deployment.DisposeAsync();
    }

    /// <summary>Starts one more proxy in front of the deployment.</summary>
    protected async Task<(WebApplication App, Uri Address)> StartProxyAsync(Action<PrivatemodeProxyOptions>? configure = null)
    {
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        _ = builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0").ConfigureKestrel(ConfigureKestrel);
        _ = builder.Services.AddRoutingCore();
        ConfigureLogging(builder.Logging);
        _ = builder.Services.AddPrivatemodeProxy(proxy =>
        {
            ConfigureProxy(proxy);
            configure?.Invoke(proxy);
        });
        _ = builder.Services.PostConfigureAll<PrivatemodeOptions>(client =>
        {
            Deployment.ConfigureClient(client);
            ConfigureClient(client);
        });
        ConfigureServices(builder.Services);
        WebApplication app = builder.Build();
        Map(app);
        try
        {
            await app.StartAsync();
        }
        catch
        {
            await app.DisposeAsync();
            throw;
        }

        return (app, new Uri(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First()));
    }

    /// <summary>Stops an application at once.</summary>
    protected static async Task StopAsync(WebApplication app)
    {
        using CancellationTokenSource now = new();
        await now.CancelAsync();
        _ = await Record.ExceptionAsync(() => app.StopAsync(now.Token));
        await app.DisposeAsync();
    }

    protected virtual void ConfigureDeployment(PrivatemodeTestDeploymentOptions options)
    {
    }

    protected virtual void ConfigureProxy(PrivatemodeProxyOptions options)
    {
    }

    protected virtual void ConfigureClient(PrivatemodeOptions options)
    {
    }

    protected virtual void ConfigureServices(IServiceCollection services)
    {
    }

    protected virtual void ConfigureLogging(ILoggingBuilder logging)
    {
    }

    protected virtual void ConfigureKestrel(KestrelServerOptions options)
    {
    }

    protected virtual void Map(WebApplication app)
    {
        _ = app.UseRouting();
        _ = app.MapPrivatemode();
    }

    protected static HttpClient NewHttp(Uri address) =>
        new(new SocketsHttpHandler { UseCookies = false, AllowAutoRedirect = false }) { BaseAddress = address, Timeout = Timeout.InfiniteTimeSpan };

    protected static StringContent Json(string text) => new(text, Encoding.UTF8, "application/json");

    protected static string ChatBody(string text = "hi", bool stream = false, string model = ModelId) =>
        $$"""{"model":"{{model}}","stream":{{(stream ? "true" : "false")}},"messages":[{"role":"user","content":"{{text}}"}]}""";

    protected static string MessageBody(string text = "hi", bool stream = false) =>
        $$"""{"model":"{{ModelId}}","max_tokens":64,"stream":{{(stream ? "true" : "false")}},"messages":[{"role":"user","content":"{{text}}"}]}""";

    protected static string ResponseBody(string text = "hi", bool stream = false) =>
        $$"""{"model":"{{ModelId}}","stream":{{(stream ? "true" : "false")}},"input":"{{text}}"}""";

    protected static HttpRequestMessage Post(string path, string json) => new(HttpMethod.Post, path) { Content = Json(json) };

    /// <summary>Opens a connection to the proxy, for what an HTTP client does not send.</summary>
    protected RawConnection Connect() => RawConnection.Open(Address);
}
