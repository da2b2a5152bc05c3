using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Http;
using Microsoft.Extensions.Options;
using Privatemode.AI.Internal;
using Privatemode.AI.Pipeline.Transport;

namespace Privatemode.AI.DependencyInjection;

/// <summary>Sends through the application's HTTP client factory, whose handlers see only encrypted requests. A request that one of
/// them changes is refused.</summary>
internal static class PrivatemodeHttp
{
    public static void Add(IServiceCollection services, PrivatemodeAccount account)
    {
        _ = services.AddHttpClient(account.HttpClientName)

            // Handlers for all clients of an application, such as retries and short timeouts, would cut off long answers or send an
            // encrypted request twice. Handlers that are added to this client by name, later, stay.
            .ConfigureAdditionalHttpMessageHandlers((handlers, _) => handlers.Clear())
            .ConfigurePrimaryHttpMessageHandler(provider => HttpTransports.CreateOwn(HasTestTrust(provider, account)))

            // The pool renews its own connections; the client lives as long as the application and gets its handler once.
            .SetHandlerLifetime(Timeout.InfiniteTimeSpan)

            // The factory's four lines for each request contain less than this library's events. An application that needs them adds them to this client.
            .RemoveAllLoggers()
            .RedactLoggedHeaders(static _ => true);

        // The first filter is the outermost: its code after the others runs last.
        services.Insert(0, ServiceDescriptor.Singleton<IHttpMessageHandlerBuilderFilter>(provider => new GuardFilter(account, provider)));
    }

    /// <summary>Returns the handler of the account's HTTP client. It must not be disposed.</summary>
    /// <exception cref="PrivatemodeConfigurationException">The application's primary handler does not meet the requirements, or the guard would not be directly
    /// above it.</exception>
    public static HttpMessageHandler Create(IServiceProvider provider, PrivatemodeAccount account)
    {
        HttpMessageHandler handler = provider.GetRequiredService<IHttpMessageHandlerFactory>().CreateHandler(account.HttpClientName);
        return HandlerChainCheck.IsGuarded(handler) ? handler : throw new PrivatemodeConfigurationException(
            nameof(HttpMessageHandlerBuilder.PrimaryHandler),
            $"A filter gives the HTTP client '{account.HttpClientName}' another primary handler after Privatemode has checked it. Leave this client out of " +
            $"the filter, or set it with {nameof(HttpClientBuilderExtensions.ConfigurePrimaryHttpMessageHandler)}.");
    }

    /// <summary>Refuses additional handlers for an account with a local proxy. Its client does not use the account's HTTP client, so these handlers would never
    /// be called.</summary>
    /// <exception cref="PrivatemodeConfigurationException">The application added handlers to the HTTP client.</exception>
    public static void RequireNoHandlers(IServiceProvider provider, PrivatemodeAccount account)
    {
        HttpMessageHandler handler = provider.GetRequiredService<IHttpMessageHandlerFactory>().CreateHandler(account.HttpClientName);
        if (HandlerChainCheck.From(handler).Any(
            part => part is not (OutboundGuardHandler or LoopbackRoutingHandler) && part.GetType().Assembly != typeof(IHttpClientFactory).Assembly))
        {
            throw new PrivatemodeConfigurationException(
                OptionNames.LocalProxy,
                $"Handlers were added to the HTTP client '{account.HttpClientName}', which is not used with {OptionNames.LocalProxy}. Remove one of the two.");
        }
    }

    private static bool HasTestTrust(IServiceProvider provider, PrivatemodeAccount account) =>
        SettingsOf(provider, account).Verification.InsecureLoopbackTrust is not null;

    private static PrivatemodeOptions SettingsOf(IServiceProvider provider, PrivatemodeAccount account) =>
        provider.GetRequiredService<IOptionsMonitor<PrivatemodeOptions>>().Get(account.OptionsName);

    /// <summary>Puts the guard directly above the handler that sends.</summary>
    private sealed class GuardFilter(PrivatemodeAccount account, IServiceProvider provider) : IHttpMessageHandlerBuilderFilter
    {
        public Action<HttpMessageHandlerBuilder> Configure(Action<HttpMessageHandlerBuilder> next) => builder =>
        {
            next(builder);
            if (builder.Name == account.HttpClientName)
            {
                builder.PrimaryHandler = Guard(builder.PrimaryHandler);
            }
        };

        /// <summary>Wraps the primary handler. The application's own handler must meet the requirements of
        /// <see cref="TransportOptions.HttpMessageHandler"/>.</summary>
        private HttpMessageHandler Guard(HttpMessageHandler primary)
        {
            PrivatemodeOptions settings = SettingsOf(provider, account).Clone();
            if (HandlerChainCheck.From(primary).Last() is not LoopbackRoutingHandler)
            {
                settings.Transport.HttpMessageHandler = primary;
                _ = OptionsValidator.Validate(settings);
            }

            return HandlerChainCheck.Guard(primary, settings.Transport.InsecureAcceptAnyHandlerOnLoopback);
        }
    }
}
