using Microsoft.AspNetCore.Http;
using Privatemode.AI.AspNetCore.Gate;

namespace Privatemode.AI.AspNetCore.Status;

/// <summary>Answers probes.</summary>
#pragma warning disable CA1822 // Readiness needs the client.
internal sealed class HealthEndpoints
{
    /// <summary>The process answers.</summary>
    public Task HealthAsync(HttpContext context, ProxyCaller caller) => context.Response.WriteAsync("ok", context.RequestAborted);

    /// <summary>Whether calls can be served.</summary>
    public Task ReadyAsync(HttpContext context, ProxyCaller caller) => context.Response.WriteAsync("ready", context.RequestAborted);
}
#pragma warning restore CA1822
