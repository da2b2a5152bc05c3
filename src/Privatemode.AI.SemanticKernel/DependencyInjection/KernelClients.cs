using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;

namespace Privatemode.AI.SemanticKernel.DependencyInjection;

/// <summary>The clients of the services in a container that authenticate with API keys: one for each API key.</summary>
/// <param name="loggerFactory">The logger factory of the clients; null if the container has no logging.</param>
internal sealed class KernelClients(ILoggerFactory? loggerFactory = null) : IDisposable, IAsyncDisposable
{
    private readonly Dictionary<string, PrivatemodeClient> _clients = new(StringComparer.Ordinal);
    private readonly Lock _lock = new();

    /// <summary>Returns a function that gets the client for an API key from a container.</summary>
    /// <param name="services">The services of the container.</param>
    /// <param name="apiKey">The API key.</param>
    /// <param name="modelId">The model ID, to recognize arguments in the wrong order.</param>
    /// <exception cref="ArgumentException">There is no API key, or it is in the place of the model ID.</exception>
    public static Func<IServiceProvider, PrivatemodeClient> ForApiKey(IServiceCollection services, string modelId, string apiKey)
    {
        ApiKeyArgument.Validate(modelId, apiKey);
        services.TryAddSingleton(provider => new KernelClients(provider.GetService<ILoggerFactory>()));
        return provider => provider.GetRequiredService<KernelClients>().Get(apiKey);
    }

    /// <summary>Gets the client of a registered account.</summary>
    /// <param name="provider">The services.</param>
    /// <param name="account">The account; null for the account without a service key.</param>
    /// <param name="serviceId">The service ID; null if the service is registered without one.</param>
    /// <exception cref="PrivatemodeConfigurationException">The account is not registered, or no account is given and the service ID is the service key of
    /// one.</exception>
    public static PrivatemodeClient ForAccount(IServiceProvider provider, RegisteredAccount? account, string? serviceId)
    {
        // A service ID that was meant as the account would silently select the default account and its API key.
        bool isAccount = serviceId is not null &&
            provider.GetService<IServiceProviderIsKeyedService>()?.IsKeyedService(typeof(PrivatemodeClient), serviceId) == true;
        if (account is null && isAccount)
        {
            throw new PrivatemodeConfigurationException(
                nameof(RegisteredAccount),
                $"The service ID '{serviceId}' is also the service key of a Privatemode account, so it is not clear which account the service uses. Pass " +
                $"RegisteredAccount.Keyed(\"{serviceId}\") as account to use that account, or RegisteredAccount.Default for the one that AddPrivatemode " +
                "registered.");
        }

        if (account is null && provider.GetService<PrivatemodeClient>() is null)
        {
            throw new PrivatemodeConfigurationException(
                nameof(RegisteredAccount),
                "The service has no API key, and no account is registered. Pass an API key or a PrivatemodeClient to the method that registers the service, " +
                "or call AddPrivatemode() on the services of the kernel or of the host.");
        }

        return provider.GetRequiredPrivatemodeClient(account);
    }

    public PrivatemodeClient Get(string apiKey)
    {
        lock (_lock)
        {
            if (!_clients.TryGetValue(apiKey, out PrivatemodeClient? client))
            {
                _clients[apiKey] = client = new PrivatemodeClient(new PrivatemodeOptions { ApiKey = apiKey, LoggerFactory = loggerFactory });
            }

            return client;
        }
    }

    public void Dispose()
    {
        lock (_lock)
        {
            foreach (PrivatemodeClient client in _clients.Values)
            {
                client.Dispose();
            }

            _clients.Clear();
        }
    }

    public ValueTask DisposeAsync()
    {
        Dispose();
        return default;
    }
}
