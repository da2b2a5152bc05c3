using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace Privatemode.AI.DependencyInjection;

/// <summary>Finds the client of an account. The exception for an unknown account lists the registered accounts.</summary>
internal static class AccountServices
{
    // One instance, so that AddClient recognizes and replaces it.
    private static readonly Func<IServiceProvider, PrivatemodeClient> NoAccountWithoutKey = static provider => throw Missing(provider, accountKey: null);

    /// <exception cref="PrivatemodeConfigurationException">The account is not registered; the message lists those that are.</exception>
    public static PrivatemodeClient ClientOf(IServiceProvider provider, string? accountKey) =>
        provider.GetKeyedService<PrivatemodeClient>(accountKey) ?? throw Missing(provider, accountKey);

    /// <summary>Finds the client for a service of one model, such as a chat client.</summary>
    /// <param name="provider">The services.</param>
    /// <param name="serviceKey">The service key of the chat client; null if it has none.</param>
    /// <param name="account">The account; null for the one without a service key.</param>
    /// <exception cref="PrivatemodeConfigurationException">The account is not registered, or the service key was probably meant as the account.</exception>
    public static PrivatemodeClient ClientFor(IServiceProvider provider, string? serviceKey, RegisteredAccount? account)
    {
        // A service key that was meant as the account would silently select the default account and its API key.
        return account is null && serviceKey is not null && provider.GetServices<PrivatemodeAccount>().Any(other => other.AccountKey == serviceKey)
            ? throw new PrivatemodeConfigurationException(
                nameof(RegisteredAccount),
                $"'{serviceKey}' is the service key of a Privatemode account, and a client registered with the same service key does not say which account " +
                $"it uses. Pass {Reference(serviceKey)} as account to use that account, or {Reference(null)} for the one that AddPrivatemode registered.")
            : ClientOf(provider, account?.ServiceKey);
    }

    /// <summary>Registers the client of an account.</summary>
    public static void AddClient(IServiceCollection services, PrivatemodeAccount account, Func<IServiceProvider, PrivatemodeClient> create)
    {
        if (account.AccountKey is null)
        {
            foreach (ServiceDescriptor service in services.Where(IsStale).ToArray())
            {
                _ = services.Remove(service);
            }
        }
        else
        {
            // The container's own error for a client without a service key would not list the accounts.
            services.TryAddSingleton(NoAccountWithoutKey);
        }

        _ = services.AddKeyedSingleton(account.AccountKey, (provider, _) => create(provider));
    }

    private static bool IsStale(ServiceDescriptor service) =>
        !service.IsKeyedService && ReferenceEquals(service.ImplementationFactory, NoAccountWithoutKey);

    private static PrivatemodeConfigurationException Missing(IServiceProvider provider, string? accountKey)
    {
        string[] accounts = [.. provider.GetServices<PrivatemodeAccount>().Select(other => Reference(other.AccountKey)).Distinct(StringComparer.Ordinal)];
        string call = accountKey is null ? "AddPrivatemode()" : $"AddKeyedPrivatemode(\"{accountKey}\")";
        string advice = accounts.Length == 0 ? $"Call {call}; no account is registered."
            : $"Call {call}, or use a registered account: pass it as account, or its service key with [FromKeyedServices]. Registered: " +
              $"{string.Join(", ", accounts)}.";
        string name = accountKey is null ? "account without a service key" : $"account '{accountKey}'";
        return new PrivatemodeConfigurationException(nameof(RegisteredAccount), $"The Privatemode {name} is not registered. {advice}");
    }

    /// <summary>Returns the code expression for an account, for messages.</summary>
    private static string Reference(string? accountKey) => accountKey is null
        ? $"{nameof(RegisteredAccount)}.{nameof(RegisteredAccount.Default)}"
        : $"{nameof(RegisteredAccount)}.{nameof(RegisteredAccount.Keyed)}(\"{accountKey}\")";
}
