using Privatemode.AI.AspNetCore.Gate;

// Where applications look for methods of this kind.
#pragma warning disable IDE0130
namespace Microsoft.AspNetCore.Builder;
#pragma warning restore IDE0130

/// <summary>Provides extension methods that apply the checks of the proxy for Privatemode to endpoints of an application.</summary>
public static class PrivatemodeEndpointConventionBuilderExtensions
{
    /// <summary>Applies the checks of the proxy to other endpoints of the application: connection, host, origin and caller key.</summary>
    /// <typeparam name="TBuilder">The type of the builder.</typeparam>
    /// <param name="builder">The endpoints.</param>
    /// <returns>The builder.</returns>
    /// <remarks>Rate limits do not apply to them. A refused request gets an error in OpenAI's format. Call
    /// <c>AddPrivatemodeProxy</c> first.</remarks>
    /// <exception cref="ArgumentNullException"><paramref name="builder"/> is <see langword="null"/>.</exception>
    public static TBuilder RequirePrivatemodeCaller<TBuilder>(this TBuilder builder)
        where TBuilder : IEndpointConventionBuilder
    {
        ArgumentNullException.ThrowIfNull(builder);
        GatedEndpoint.Add(builder, "other", GateNeeds.Key);
        return builder;
    }
}
