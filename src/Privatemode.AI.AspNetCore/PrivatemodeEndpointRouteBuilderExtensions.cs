using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Privatemode.AI.AspNetCore;
using Privatemode.AI.AspNetCore.Calls;
using Privatemode.AI.AspNetCore.Gate;

// Where applications look for methods of this kind.
#pragma warning disable IDE0130
namespace Microsoft.AspNetCore.Builder;
#pragma warning restore IDE0130

/// <summary>Provides extension methods that add the proxy for Privatemode to an application.</summary>
public static class PrivatemodeEndpointRouteBuilderExtensions
{
    /// <summary>Maps the endpoints of the proxy.</summary>
    /// <param name="endpoints">The endpoint route builder, usually the application, whose services must be registered with <c>AddPrivatemodeProxy</c>.</param>
    /// <returns>A builder that adds conventions to all these endpoints, for example <c>RequireAuthorization()</c>. The checks of the proxy still
    /// apply.</returns>
    /// <remarks>
    /// <para>These endpoints accept <c>POST</c> requests in OpenAI's, Anthropic's or Unstructured's format and send them encrypted:
    /// <c>/v1/chat/completions</c>, <c>/v1/completions</c>, <c>/v1/embeddings</c>, <c>/v1/audio/transcriptions</c>, <c>/v1/responses</c>,
    /// <c>/v1/messages</c> and <c>/unstructured/general/v0/general</c>. <c>POST /v1/messages/count_tokens</c> is answered with an estimate, and nothing is
    /// sent. Model lists are at <c>GET /v1/models</c> and <c>GET /v1/models/{id}</c>.</para>
    /// <para>The endpoints <c>/healthz</c> and <c>/readyz</c> are probes, <c>/verification</c> returns the verification result as JSON or as a page, and
    /// <c>/metrics</c> returns metrics for Prometheus.</para>
    /// </remarks>
    /// <exception cref="ArgumentNullException"><paramref name="endpoints"/> is <see langword="null"/>.</exception>
    /// <exception cref="InvalidOperationException"><c>AddPrivatemodeProxy</c> was not called, or this method was called before.</exception>
    /// <exception cref="Privatemode.AI.PrivatemodeConfigurationException">A setting of the proxy or of its account is invalid.</exception>
    public static IEndpointConventionBuilder MapPrivatemode(this IEndpointRouteBuilder endpoints) => endpoints.MapPrivatemode("");

    /// <summary>Maps the endpoints of the proxy below a path.</summary>
    /// <inheritdoc cref="MapPrivatemode(IEndpointRouteBuilder)"/>
    /// <param name="prefix">The path, for example <c>/ai</c> for endpoints such as <c>/ai/v1/chat/completions</c>.</param>
    /// <exception cref="ArgumentNullException"><paramref name="endpoints"/> or <paramref name="prefix"/> is <see langword="null"/>.</exception>
    public static IEndpointConventionBuilder MapPrivatemode(this IEndpointRouteBuilder endpoints, string prefix)
    {
        ArgumentNullException.ThrowIfNull(endpoints);
        ArgumentNullException.ThrowIfNull(prefix);
        PrivatemodeProxyMarker proxy = endpoints.ServiceProvider.GetService<PrivatemodeProxyMarker>()
            ?? throw new InvalidOperationException("Call builder.Services.AddPrivatemodeProxy() before MapPrivatemode().");
        proxy.Map();
        RouteGroupBuilder group = endpoints.MapGroup(prefix);
        _ = ProxyRoutes.Map(group, "", endpoints.ServiceProvider.GetRequiredService<ProxyEndpoint>());

        // The exporter has a handler of its own.
        bool isOpen = endpoints.ServiceProvider.GetRequiredService<IOptions<PrivatemodeProxyOptions>>().Value.AllowAnonymousMetrics;
        GatedEndpoint.Add(group.MapPrometheusScrapingEndpoint("/metrics"), "/metrics", isOpen ? GateNeeds.NoKey : GateNeeds.Key);
        return group;
    }
}
