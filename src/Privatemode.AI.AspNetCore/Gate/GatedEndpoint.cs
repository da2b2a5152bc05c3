using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Privatemode.AI.AspNetCore.Errors;

namespace Privatemode.AI.AspNetCore.Gate;

/// <summary>Puts the gate in front of endpoints that are not of the proxy itself.</summary>
internal static class GatedEndpoint
{
    /// <summary>Adds the gate to endpoints, whatever else the application adds to them.</summary>
    public static void Add(IEndpointConventionBuilder endpoints, GateNeeds needs) => endpoints.Finally(endpoint =>
    {
        if (endpoint.RequestDelegate is { } next)
        {
            endpoint.RequestDelegate = context => RunAsync(context, needs, next);
        }
    });

    private static Task RunAsync(HttpContext context, GateNeeds needs, RequestDelegate next)
    {
        ProxyGate gate = context.RequestServices.GetService<ProxyGate>()
            ?? throw new InvalidOperationException("Call builder.Services.AddPrivatemodeProxy() before RequirePrivatemodeCaller().");
        if (gate.Check(context, needs, out _) is not { } error)
        {
            return next(context);
        }

        TimeProvider time = context.RequestServices.GetRequiredService<TimeProvider>();
        return ErrorBody.WriteAsync(context, error, ProxyDialect.OpenAI, $"proxy_{Guid.CreateVersion7(time.GetUtcNow()):D}");
    }
}
