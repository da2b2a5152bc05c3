using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace Privatemode.AI.DependencyInjection;

/// <summary>Finds the client of an account; the error for an unknown one lists the registered accounts.</summary>
internal static class AccountServices
{
    // One instance, so that AddClient recognizes and replaces it.
    private static readonly Func<IServiceProvider, PrivatemodeClient> NoAccountWithoutKey = static provider => throw Missing(provider, accountKey: null);

    /// <exception cref="PrivatemodeConfigurationException">The account is not registered; the message lists those that are.</exception>
    public static PrivatemodeClient ClientOf(IServiceProvider provider, string? accountKey) =>
        provider.GetKeyedService<PrivatemodeClient>(accountKey) ?? throw Missing(provider, accountKey);

    /// <summary>Registers the client of an account.</summary>
    public static void AddClient(IServiceCollection services, PrivatemodeAccount account, Func<IServiceProvider, PrivatemodeClient> create)
    {
        if (account.AccountKey is null)
        {
            foreach (ServiceDescriptor service in services.Where(IsStandIn).ToArray())
            {
                _ = services.Remove(service);
            }
        }
        else
        {
            // The container's own error for a client without an account key would not say which accounts exist.
            services.TryAddSingleton(NoAccountWithoutKey);
        }

        _ = services.AddKeyedSingleton(account.AccountKey, (provider, _) => create(provider));
    }

    private static bool IsStandIn(ServiceDescriptor service) =>
        !service.IsKeyedService && ReferenceEquals(service.ImplementationFactory, NoAccountWithoutKey);

    private static PrivatemodeConfigurationException Missing(IServiceProvider provider, string? accountKey)
    {
        string[] accounts = [.. provider.GetServices<PrivatemodeAccount>().Select(account => Name(account.AccountKey)).Distinct(StringComparer.Ordinal)];
        string call = accountKey is null ? "AddPrivatemode()" : $"AddKeyedPrivatemode(\"{accountKey}\")";
        string advice = accounts.Length == 0 ? $"Call {call}; no account is registered."
            : $"Call {call}, or pass the key of a registered account as accountKey or with [FromKeyedServices]: {string.Join(", ", accounts)}.";
        return new PrivatemodeConfigurationException(nameof(accountKey), $"The Privatemode {Name(accountKey)} is not registered. {advice}");
    }

    private static string Name(string? accountKey) => accountKey is null ? "account without an account key" : $"account '{accountKey}'";
}
