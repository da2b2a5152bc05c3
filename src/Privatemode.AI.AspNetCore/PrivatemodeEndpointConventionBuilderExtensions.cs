using Privatemode.AI.AspNetCore.Gate;

// Where applications look for methods of this kind.
#pragma warning disable IDE0130
namespace Microsoft.AspNetCore.Builder;
#pragma warning restore IDE0130

/// <summary>Provides extension methods that apply the checks of the proxy for Privatemode to endpoints of an application.</summary>
public static class PrivatemodeEndpointConventionBuilderExtensions
{
    /// <summary>Applies the checks of the proxy (connection, host, origin and caller key) to other endpoints of the application.</summary>
    /// <typeparam name="TBuilder">The type of the builder.</typeparam>
    /// <param name="builder">The builder of the endpoints.</param>
    /// <returns>The builder.</returns>
    /// <remarks>Rate limits do not apply to these endpoints. A refused request is answered with an error in OpenAI's format. WebSocket handshakes are refused
    /// as well. The application must also call <c>AddPrivatemodeProxy</c> on its service collection; otherwise, each request fails with an
    /// <see cref="InvalidOperationException"/>.</remarks>
    /// <exception cref="ArgumentNullException"><paramref name="builder"/> is <see langword="null"/>.</exception>
    public static TBuilder RequirePrivatemodeCaller<TBuilder>(this TBuilder builder)
        where TBuilder : IEndpointConventionBuilder
    {
        ArgumentNullException.ThrowIfNull(builder);
        GatedEndpoint.Add(builder, "other", GateNeeds.Key);
        return builder;
    }
}
