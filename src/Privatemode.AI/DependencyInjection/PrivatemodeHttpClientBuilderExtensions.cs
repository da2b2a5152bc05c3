using Microsoft.Extensions.Http;
using Privatemode.AI;
using Privatemode.AI.DependencyInjection;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Provides an extension method that lets the HTTP clients of other libraries send with <see cref="PrivatemodeHttpMessageHandler"/>.</summary>
public static class PrivatemodeHttpClientBuilderExtensions
{
    /// <summary>Makes <see cref="PrivatemodeHttpMessageHandler"/> the primary handler: requests are encrypted or refused, except requests for the model list,
    /// which are sent unencrypted.</summary>
    /// <param name="builder">The builder of the HTTP client.</param>
    /// <param name="account">The account that the client uses, or <see langword="null"/>, the default, for the account without a service key. It can be
    /// registered before or after this call.</param>
    /// <returns>The builder.</returns>
    /// <remarks>
    /// <para>If another primary handler replaces this one, for example in a filter for all clients, creating the client or sending with it throws a
    /// <see cref="PrivatemodeConfigurationException"/>, because requests would be sent unencrypted. Further handlers, the factory's logging included, run
    /// before this one and see prompts and answers; header values are not logged.</para>
    /// <para>The base address is the configured endpoint unless one is set already. The timeout of the client is switched off;
    /// <see cref="TransportOptions.ResponseTimeout"/> and <see cref="TransportOptions.IdleTimeout"/> apply. Retries and timeouts that an application
    /// adds to all of its clients apply to this client too; each retry is encrypted anew.</para>
    /// <para>Creating the client throws a <see cref="PrivatemodeConfigurationException"/> if the account is not registered.</para>
    /// </remarks>
    /// <exception cref="ArgumentNullException"><paramref name="builder"/> is <see langword="null"/>.</exception>
    public static IHttpClientBuilder UsePrivatemodeHandler(this IHttpClientBuilder builder, RegisteredAccount? account = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        string name = builder.Name;

        // The first filter is the outermost: its code after the others runs last.
        builder.Services.Insert(0, ServiceDescriptor.Singleton<IHttpMessageHandlerBuilderFilter>(new EncryptingClientFilter(name)));
        return builder
            .ConfigurePrimaryHttpMessageHandler(provider => AccountServices.ClientOf(provider, account?.ServiceKey).CreateHandler())
            .ConfigureHttpClient((provider, http) =>
            {
                // The handlers that this client sends with, regardless of the order in which they were built.
                EncryptingClientCheck.ThrowIfNotEncrypted(provider.GetRequiredService<IHttpMessageHandlerFactory>().CreateHandler(name));
                http.BaseAddress ??= AccountServices.ClientOf(provider, account?.ServiceKey).Endpoint;
                http.Timeout = Timeout.InfiniteTimeSpan;
            })
            .RedactLoggedHeaders(static _ => true);
    }
}
