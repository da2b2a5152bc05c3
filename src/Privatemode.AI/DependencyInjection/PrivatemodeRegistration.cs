using System.ClientModel;
using System.Globalization;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using OpenAI;
using Privatemode.AI.Internal;

namespace Privatemode.AI.DependencyInjection;

/// <summary>Registers the services of <c>AddPrivatemode</c> and <c>AddKeyedPrivatemode</c>.</summary>
internal static class PrivatemodeRegistration
{
    public static IServiceCollection Add(
        IServiceCollection services, string? accountKey, IConfigurationSection? section, Action<IServiceProvider, PrivatemodeOptions>? configure)
    {
        ArgumentNullException.ThrowIfNull(services);
        PrivatemodeAccount? known = Find(services, accountKey);
        PrivatemodeAccount account = known ?? new PrivatemodeAccount(accountKey);
        if (known is null)
        {
            AddAccount(services, account);
            AddOptions(services, account);
        }

        if (section is not null || known is null)
        {
            account.Sections.Add(section);
        }

        int call = ++account.Calls;
        if (configure is not null)
        {
            _ = services.AddSingleton<IConfigureOptions<PrivatemodeOptions>>(
                provider => new CodeSettings(account, call, options => configure(provider, options)));
        }

        return services;
    }

    private static PrivatemodeAccount? Find(IServiceCollection services, string? accountKey)
    {
        // Names of sections are not case-sensitive, keys of services are: two accounts would silently use one API key.
        PrivatemodeAccount? account = services
            .Where(service => !service.IsKeyedService)
            .Select(service => service.ImplementationInstance)
            .OfType<PrivatemodeAccount>()
            .FirstOrDefault(account => string.Equals(account.AccountKey, accountKey, StringComparison.OrdinalIgnoreCase));
        if (account is not null && account.AccountKey != accountKey)
        {
            throw new PrivatemodeConfigurationException(
                nameof(PrivatemodeServiceCollectionExtensions.AddKeyedPrivatemode),
                $"The service keys '{account.AccountKey}' and '{accountKey}' differ only in case, and both would read the configuration section " +
                $"{account.DefaultSection}. Use one of them everywhere.");
        }

        return account;
    }

    private static void AddAccount(IServiceCollection services, PrivatemodeAccount account)
    {
        RequireNoOther(services, account);
        _ = services.AddSingleton(account);
        AccountServices.AddClient(services, account, provider => Create(provider, account));
        _ = services.AddKeyedSingleton<OpenAIClient>(
            account.AccountKey, (provider, _) => AccountServices.ClientOf(provider, account.AccountKey).OpenAI);
        PrivatemodeHttp.Add(services, account);
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IHostedService, PrivatemodeStartup>());
    }

    private static void AddOptions(IServiceCollection services, PrivatemodeAccount account)
    {
        // First: settings from code come later and take precedence, regardless of the order of registration.
        services.Insert(0, ServiceDescriptor.Singleton<IConfigureOptions<PrivatemodeOptions>>(
            provider => new SettingsBinder(account, provider.GetService<IConfiguration>())));
        // First too: code of the application that runs later, in PostConfigure, replaces the policy on purpose.
        services.Insert(0, ServiceDescriptor.Singleton<IPostConfigureOptions<PrivatemodeOptions>>(new ConfiguredManifestCheck(account)));
        _ = services.AddOptions<PrivatemodeOptions>(account.OptionsName).ValidateOnStart();
        _ = services.AddSingleton<IValidateOptions<PrivatemodeOptions>>(new SettingsValidator(account));
    }

    private static void RequireNoOther(IServiceCollection services, PrivatemodeAccount account)
    {
        bool isTaken = services.Any(service => service.ServiceType == typeof(OpenAIClient) && Equals(service.ServiceKey, account.AccountKey));
        if (isTaken)
        {
            throw new PrivatemodeConfigurationException(
                nameof(OpenAIClient),
                    account.AccountKey is null
                        ? "Another OpenAIClient is registered without a service key, and resolving one would return either. Register Privatemode with a " +
                          "service key, AddKeyedPrivatemode(\"privatemode\", …), or the other client with AddKeyedSingleton."
                        : $"Another OpenAIClient is registered with the service key '{account.AccountKey}'. Use another service key.");
        }
    }

    private static PrivatemodeClient Create(IServiceProvider provider, PrivatemodeAccount account)
    {
        PrivatemodeOptions options = provider.GetRequiredService<IOptionsMonitor<PrivatemodeOptions>>().Get(account.OptionsName).Clone();
        options.LoggerFactory ??= provider.GetService<ILoggerFactory>();
        if (options.Transport.DangerousUnverifiedLocalProxy is not null)
        {
            PrivatemodeHttp.RequireNoHandlers(provider, account);
            return new PrivatemodeClient(options);
        }

        options.FactoryHandler = options.Transport.HttpMessageHandler is null ? PrivatemodeHttp.Create(provider, account) : null;
        return new PrivatemodeClient(options);
    }
}

/// <summary>The callback of one <c>AddPrivatemode</c> call, numbered from 1. Calls for the same account are combined, but only one call can set the key and the
/// endpoint.</summary>
internal sealed class CodeSettings(PrivatemodeAccount account, int call, Action<PrivatemodeOptions> configure) : IConfigureNamedOptions<PrivatemodeOptions>
{
    public void Configure(PrivatemodeOptions options) => Configure(Options.DefaultName, options);

    public void Configure(string? name, PrivatemodeOptions options)
    {
        if (name != account.OptionsName)
        {
            return;
        }

        (string? Key, ApiKeyCredential? Credential, Func<CancellationToken, ValueTask<string?>>? Accessor) keyBefore =
            (options.ApiKey, options.Credential, options.ApiKeyAccessor);
        Uri endpointBefore = options.Endpoint;
        configure(options);
        if (keyBefore != (options.ApiKey, options.Credential, options.ApiKeyAccessor))
        {
            Note(options, nameof(options.ApiKey), "the API key (ApiKey, Credential or ApiKeyAccessor)");
        }

        if (endpointBefore != options.Endpoint)
        {
            Note(options, nameof(options.Endpoint), nameof(options.Endpoint));
        }
    }

    private void Note(PrivatemodeOptions options, string setting, string what)
    {
        if (!options.SetByCall.TryAdd(setting, call))
        {
            string path = $"{account.SectionPath}:{setting}";
            string add = account.AccountKey is null ? "AddPrivatemode" : $"AddKeyedPrivatemode(\"{account.AccountKey}\")";
            string number = call.ToString(CultureInfo.InvariantCulture);
            string before = options.SetByCall[setting].ToString(CultureInfo.InvariantCulture);
            options.Faults.Add(new PrivatemodeConfigurationException(
                path,
                $"{path}: {add} is called more than once, and calls {before} and {number} set {what} to different values. Remove one, or register a " +
                "second account with AddKeyedPrivatemode. To replace a setting on purpose, in a test for example, use PostConfigure<PrivatemodeOptions>."));
        }
    }
}

/// <summary>Refuses a manifest policy from code that differs from a configured one. The configuration can belong to those who decide which manifests are
/// accepted, and code must not silently accept others.</summary>
internal sealed class ConfiguredManifestCheck(PrivatemodeAccount account) : IPostConfigureOptions<PrivatemodeOptions>
{
    public void PostConfigure(string? name, PrivatemodeOptions options)
    {
        if (name == account.OptionsName && options.Verification.Configured is var (setting, policy) && !policy.IsSame(options.Verification.Manifest))
        {
            options.Faults.Add(new PrivatemodeConfigurationException(
                setting,
                $"{setting}: code sets {nameof(PrivatemodeOptions)}.{OptionNames.Manifest} to another policy than the configuration. Remove the policy from " +
                "one of them. To replace it on purpose, in a test for example, use PostConfigure<PrivatemodeOptions>."));
        }
    }
}
