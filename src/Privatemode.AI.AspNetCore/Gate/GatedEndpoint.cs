using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Privatemode.AI.AspNetCore.Errors;
using Privatemode.AI.AspNetCore.Status;

namespace Privatemode.AI.AspNetCore.Gate;

/// <summary>Puts the gate in front of endpoints of the application.</summary>
internal static class GatedEndpoint
{
    /// <summary>Adds the gate to endpoints, regardless of other conventions that the application adds.</summary>
    /// <param name="endpoints">The endpoints.</param>
    /// <param name="route">The name of their route in the log lines of refused requests.</param>
    /// <param name="needs">The access rules.</param>
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
