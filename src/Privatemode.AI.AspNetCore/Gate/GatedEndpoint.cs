using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Privatemode.AI.AspNetCore.Errors;
using Privatemode.AI.AspNetCore.Status;

namespace Privatemode.AI.AspNetCore.Gate;

/// <summary>Puts the gate in front of endpoints that are not of the proxy itself.</summary>
internal static class GatedEndpoint
{
    /// <summary>Adds the gate to endpoints, whatever else the application adds to them.</summary>
    /// <param name="endpoints">The endpoints.</param>
    /// <param name="route">Their route in the log lines of refused requests.</param>
    /// <param name="needs">What the gate asks for.</param>
    public static void Add(IEndpointConventionBuilder endpoints, string route, GateNeeds needs) => endpoints.Finally(endpoint =>
    {
        if (endpoint.RequestDelegate is { } next)
        {
            endpoint.RequestDelegate = context => RunAsync(context, route, needs, next);
        }
    });

    private static async Task RunAsync(HttpContext context, string route, GateNeeds needs, RequestDelegate next)
    {
        ProxyGate gate = context.RequestServices.GetService<ProxyGate>()
            ?? throw new InvalidOperationException("Call builder.Services.AddPrivatemodeProxy() before RequirePrivatemodeCaller().");
        if (gate.Check(context, needs, out _) is not { } error)
        {
            await next(context).ConfigureAwait(false);
            return;
        }

        TimeProvider time = context.RequestServices.GetRequiredService<TimeProvider>();
        ProxyRequestRecord record = ProxyRequestRecord.Begin(route, ProxyDialect.OpenAI, time);
        (record.Status, record.Outcome, record.ErrorType) = (error.Status, "refused", error.LoggedCode);
        try
        {
            await ErrorBody.WriteAsync(context, error, record.Dialect, record.ProxyId).ConfigureAwait(false);
        }
        finally
        {
            context.RequestServices.GetRequiredService<ProxyTelemetry>().Ended(record);
        }
    }
}
