using Privatemode.AI;
using Privatemode.AI.DependencyInjection;

// The namespace in which hosts expect methods of this kind.
#pragma warning disable IDE0130
namespace Microsoft.Extensions.DependencyInjection;
#pragma warning restore IDE0130

/// <summary>Provides an extension method that returns the client of a registered Privatemode account.</summary>
public static class PrivatemodeServiceProviderExtensions
{
    /// <summary>Returns the client of a registered account.</summary>
    /// <param name="provider">The service provider.</param>
    /// <param name="account">The account, or <see langword="null"/>, the default, for the account without a service key.</param>
    /// <returns>The client. The service provider owns it and disposes it.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="provider"/> is <see langword="null"/>.</exception>
    /// <exception cref="PrivatemodeConfigurationException">The account is not registered, or its settings are invalid. The message lists the registered
    /// accounts, or the invalid settings.</exception>
    public static PrivatemodeClient GetRequiredPrivatemodeClient(this IServiceProvider provider, RegisteredAccount? account = null)
    {
        ArgumentNullException.ThrowIfNull(provider);
        return AccountServices.ClientOf(provider, account?.ServiceKey);
    }
}
