using System.Globalization;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Privatemode.AI.Benchmarks.Wire;
using Yarp.ReverseProxy.Configuration;

namespace Privatemode.AI.Benchmarks.Proxy;

/// <summary>One process with two proxies: ours, which encrypts, and YARP, which passes on what it receives.</summary>
internal static class ProxyHosts
{
    /// <summary>Serves until standard input ends. Writes both addresses first, then, for each line that it reads, what the process has used.</summary>
    public static async Task<int> RunAsync(Uri endpoint, string meshCa)
    {
        await using PrivatemodeClient client = UnattestedClient.Create(endpoint, Encoding.UTF8.GetString(Convert.FromBase64String(meshCa)));
        await client.ConnectAsync();
        await using WebApplication ours = await StartAsync(
            services =>
            {
                _ = services.AddRoutingCore();
                _ = services.AddPrivatemodeProxy();
                _ = services.PostConfigureAll<PrivatemodeOptions>(options => (options.ApiKey, options.WarmUp) = ("key", WarmUpMode.Disabled));
                _ = services.AddSingleton(client);
            },
            app => app.MapPrivatemode());
        await using WebApplication yarp = await StartAsync(
            services => services.AddReverseProxy().LoadFromMemory(
                [new RouteConfig { RouteId = "all", ClusterId = "all", Match = new RouteMatch { Path = "{**rest}" } }],
                [
                    new ClusterConfig
                    {
                        ClusterId = "all",
                        Destinations = new Dictionary<string, DestinationConfig> { ["one"] = new() { Address = endpoint.OriginalString } },
                    },
                ]),
            app => app.MapReverseProxy());
        Console.WriteLine(AddressOf(yarp));
        Console.WriteLine(AddressOf(ours));
        while (await Console.In.ReadLineAsync() is not null)
        {
            Console.WriteLine(Usage());
        }

        return 0;
    }

    /// <summary>Processor time in ms, and the memory of the process in bytes after everything unused was given back.</summary>
    private static string Usage()
    {
        double cpu = Environment.CpuUsage.TotalTime.TotalMilliseconds;
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        GC.WaitForPendingFinalizers();
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        return string.Create(CultureInfo.InvariantCulture, $"{cpu:F1} {Environment.WorkingSet}");
    }

    private static async Task<WebApplication> StartAsync(Action<IServiceCollection> add, Action<WebApplication> map)
    {
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        _ = builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0");
        add(builder.Services);
        WebApplication app = builder.Build();
        map(app);
        await app.StartAsync();
        return app;
    }

    private static string AddressOf(WebApplication app) =>
        app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First();
}
