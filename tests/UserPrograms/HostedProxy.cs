using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Privatemode.AI;

namespace UserPrograms;

/// <summary>An application that hosts the proxy on a free port of this machine, with a key for its callers.</summary>
public static class HostedProxy
{
    public static WebApplication Create(Action<PrivatemodeOptions> configure, string callerKey)
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Services.AddPrivatemodeProxy(proxy =>
        {
            proxy.CallerKeys.Add(callerKey);
            proxy.Aliases["assistant"] = "gpt-oss-120b";
        }).AddPrivatemode(configure);

        WebApplication app = builder.Build();
        app.MapPrivatemode();
        return app;
    }
}
