using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;

namespace Privatemode.AI.SemanticKernel.DependencyInjection;

/// <summary>The clients of a kernel's services: one for each API key, which all services with that key share, or that of the host.</summary>
/// <param name="loggerFactory">Where the clients log to; null for nowhere.</param>
internal sealed class KernelClients(ILoggerFactory? loggerFactory = null) : IDisposable, IAsyncDisposable
{
    private readonly Dictionary<string, PrivatemodeClient> _clients = new(StringComparer.Ordinal);
    private readonly Lock _lock = new();

    /// <summary>Says how a service finds its client; an API key is used for the client of this container only.</summary>
    public static Func<IServiceProvider, PrivatemodeClient> With(IServiceCollection services, string apiKey)
    {
        services.TryAddSingleton(provider => new KernelClients(provider.GetService<ILoggerFactory>()));
        return provider => provider.GetRequiredService<KernelClients>().Get(apiKey);
    }

    /// <summary>Finds the client of a registered account.</summary>
    /// <param name="provider">The services.</param>
    /// <param name="account">The account; null for the one without a service key.</param>
    /// <param name="serviceId">The service ID; null if there is none.</param>
    /// <exception cref="PrivatemodeConfigurationException">The account is not registered, or the service ID was probably meant as the account.</exception>
    public static PrivatemodeClient Of(IServiceProvider provider, RegisteredAccount? account, string? serviceId)
    {
        // Whoever mistakes one for the other would use the API key, and pay from the account, of somebody else.
        bool isAccount = serviceId is not null &&
            provider.GetService<IServiceProviderIsKeyedService>()?.IsKeyedService(typeof(PrivatemodeClient), serviceId) == true;
        return account is null && isAccount
            ? throw new PrivatemodeConfigurationException(
                nameof(RegisteredAccount),
                $"The service ID '{serviceId}' is the service key of a Privatemode account, and the service does not say which account it uses. Pass " +
                $"RegisteredAccount.Keyed(\"{serviceId}\") as account to use that one, or RegisteredAccount.Default.")
            : provider.GetRequiredPrivatemodeClient(account);
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
