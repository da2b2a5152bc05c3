using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Privatemode.AI.AspNetCore.Calls;

// Where applications look for methods of this kind.
#pragma warning disable IDE0130
namespace Microsoft.AspNetCore.Builder;
#pragma warning restore IDE0130

/// <summary>Provides methods that add the proxy to an application.</summary>
public static class PrivatemodeEndpointRouteBuilderExtensions
{
    /// <summary>Maps the routes of the proxy: <c>/v1/chat/completions</c>, <c>/v1/responses</c>, <c>/v1/messages</c> and the others.</summary>
    /// <param name="endpoints">The application. <c>AddPrivatemodeProxy</c> must have been called for its services.</param>
    /// <returns>A builder for conventions of all routes.</returns>
    /// <exception cref="InvalidOperationException"><c>AddPrivatemodeProxy</c> was not called, or this method was called before.</exception>
    public static IEndpointConventionBuilder MapPrivatemode(this IEndpointRouteBuilder endpoints) => endpoints.MapPrivatemode("");

    /// <summary>Maps the routes of the proxy below a path.</summary>
    /// <param name="endpoints">The application. <c>AddPrivatemodeProxy</c> must have been called for its services.</param>
    /// <param name="prefix">The path, for example <c>/ai</c>.</param>
    /// <returns>A builder for conventions of all routes.</returns>
    /// <exception cref="InvalidOperationException"><c>AddPrivatemodeProxy</c> was not called, or this method was called before.</exception>
    public static IEndpointConventionBuilder MapPrivatemode(this IEndpointRouteBuilder endpoints, string prefix)
    {
        ArgumentNullException.ThrowIfNull(endpoints);
        ArgumentNullException.ThrowIfNull(prefix);
        ProxyEndpoint proxy = endpoints.ServiceProvider.GetService<ProxyEndpoint>()
            ?? throw new InvalidOperationException("Call services.AddPrivatemodeProxy() before MapPrivatemode().");
        return ProxyRoutes.Map(endpoints, prefix, proxy);
    }
}
