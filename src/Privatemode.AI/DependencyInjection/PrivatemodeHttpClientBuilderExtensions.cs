using Microsoft.Extensions.Http;
using Privatemode.AI;
using Privatemode.AI.DependencyInjection;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Puts <see cref="PrivatemodeHttpMessageHandler"/> under the HTTP clients of other libraries.</summary>
public static class PrivatemodeHttpClientBuilderExtensions
{
    /// <summary>Whatever is sent with this client is sealed or refused.</summary>
    /// <param name="builder">The client, which also needs a <see cref="PrivatemodeClient"/> among the services.</param>
    /// <param name="accountKey">The key of the account; null for the one without a key.</param>
    /// <returns>The builder.</returns>
    /// <remarks>
    /// <para>It becomes the primary handler. When another one takes its place, before or later, in a filter for all clients for example, making the
    /// client or sending with it is a <see cref="PrivatemodeConfigurationException"/>: requests would leave in the clear. Further handlers, the
    /// factory's logging among them, lie above it and see prompts and answers; values of headers are not logged.</para>
    /// <para>The base address is the configured endpoint unless one is set before, and the client's own timeout is switched off:
    /// <see cref="TransportOptions.ResponseTimeout"/> and <see cref="TransportOptions.IdleTimeout"/> hold. Retries and timeouts that an
    /// application adds to all its clients hold here too; each retry is sealed anew.</para>
    /// </remarks>
    /// <exception cref="ArgumentNullException">The builder is null.</exception>
    public static IHttpClientBuilder AddPrivatemodeHandler(this IHttpClientBuilder builder, string? accountKey = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        string name = builder.Name;

        // The first filter is the outermost: what it does after the others, it does last.
        builder.Services.Insert(0, ServiceDescriptor.Singleton<IHttpMessageHandlerBuilderFilter>(new SealedClientFilter(name)));
        return builder
            .ConfigurePrimaryHttpMessageHandler(provider => AccountServices.ClientOf(provider, accountKey).CreateHandler())
            .ConfigureHttpClient((provider, http) =>
            {
                // The very handlers this client sends with, whoever built them in whatever order.
                HandlerChain.DemandSealed(provider.GetRequiredService<IHttpMessageHandlerFactory>().CreateHandler(name));
                http.BaseAddress ??= AccountServices.ClientOf(provider, accountKey).Endpoint;
                http.Timeout = Timeout.InfiniteTimeSpan;
            })
            .RedactLoggedHeaders(static _ => true);
    }
}
