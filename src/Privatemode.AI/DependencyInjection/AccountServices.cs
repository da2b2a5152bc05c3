using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace Privatemode.AI.DependencyInjection;

/// <summary>Finds the client of an account, and says which accounts there are when it is not among them.</summary>
internal static class AccountServices
{
    // One object, so that the account without a key can take its place.
    private static readonly Func<IServiceProvider, PrivatemodeClient> NoAccountWithoutKey = static provider => throw Missing(provider, accountKey: null);

    /// <exception cref="PrivatemodeConfigurationException">There is no such account; it names those there are.</exception>
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
            // Whoever asks for a client without naming the account is told so by us: the container could only say that there is none.
            services.TryAddSingleton(NoAccountWithoutKey);
        }

        _ = services.AddKeyedSingleton(account.AccountKey, (provider, _) => create(provider));
    }

    private static bool IsStandIn(ServiceDescriptor service) =>
        !service.IsKeyedService && ReferenceEquals(service.ImplementationFactory, NoAccountWithoutKey);

    private static PrivatemodeConfigurationException Missing(IServiceProvider provider, string? accountKey)
    {
        string[] accounts = [.. provider.GetServices<PrivatemodeAccount>().Select(account => Name(account.AccountKey)).Distinct(StringComparer.Ordinal)];
        string others = accounts.Length == 0 ? "No account is registered."
            : $"Registered: {string.Join(", ", accounts)}. Name one of them, as accountKey or with [FromKeyedServices].";
        string advice = accountKey is null
            ? "Call AddPrivatemode() to register it."
            : $"Call AddKeyedPrivatemode(\"{accountKey}\") to register it.";
        return new PrivatemodeConfigurationException(nameof(accountKey), $"There is no Privatemode {Name(accountKey)}. {others} {advice}");
    }

    private static string Name(string? accountKey) => accountKey is null ? "account without an account key" : $"account '{accountKey}'";
}
