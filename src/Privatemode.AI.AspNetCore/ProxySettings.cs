using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;
using Privatemode.AI.AspNetCore.Gate;

namespace Privatemode.AI.AspNetCore;

/// <summary>Reads the options of the proxy from the application's configuration.</summary>
internal sealed partial class ProxySettings(IConfiguration? configuration) : IConfigureOptions<PrivatemodeProxyOptions>
{
    /// <exception cref="PrivatemodeConfigurationException">A setting is unknown, or its value cannot be read.</exception>
    public void Configure(PrivatemodeProxyOptions options)
    {
        try
        {
            configuration?.GetSection(ProxyOptionsValidator.Section).Bind(options, binder => binder.ErrorOnUnknownConfiguration = true);
        }
        catch (InvalidOperationException exception)
        {
            throw ToError(exception);
        }
    }

    /// <summary>Creates an exception with the name of the setting only: the binder's message quotes the value, which can be a secret.</summary>
    private static PrivatemodeConfigurationException ToError(InvalidOperationException exception)
    {
        const string Section = ProxyOptionsValidator.Section;
        if (exception.InnerException is not null && ValuePath().Matches(exception.Message) is { Count: > 0 } paths)
        {
            string path = paths[^1].Groups[1].Value;
            return new PrivatemodeConfigurationException(path, $"{path} has a value of the wrong form. docs/proxy.md lists what each setting accepts.");
        }

        string names = string.Join(", ", UnknownName().Matches(exception.Message).Select(match => match.Groups[1].Value)
            .Where(name => name != "ErrorOnUnknownConfiguration"));
        return new PrivatemodeConfigurationException(
            Section, $"The section {Section} has unknown settings ({names}). Correct the spelling, or remove them. docs/proxy.md lists all settings.");
    }

    [GeneratedRegex("at '([^']{1,200})'", RegexOptions.CultureInvariant)]
    private static partial Regex ValuePath();

    [GeneratedRegex("'([A-Za-z0-9_.:-]{1,100})'", RegexOptions.CultureInvariant)]
    private static partial Regex UnknownName();
}

/// <summary>Applies the settings of the proxy to the account that it uses.</summary>
internal sealed class ProxyAccountSettings(IOptions<PrivatemodeProxyOptions> proxy, IHttpContextAccessor requests) : IPostConfigureOptions<PrivatemodeOptions>
{
    /// <exception cref="PrivatemodeConfigurationException">The account has a setting that contradicts one of the proxy.</exception>
    public void PostConfigure(string? name, PrivatemodeOptions options)
    {
        if (name != Options.DefaultName)
        {
            return;
        }

        PrivatemodeProxyOptions settings = proxy.Value;
        ProxyOptionsValidator.Faults faults = new();
        if (settings.UseCallerKeyAsApiKey)
        {
            if (options.ApiKey is not null || options.Credential is not null || options.ApiKeyAccessor is not null)
            {
                faults.Add(
                    nameof(settings.UseCallerKeyAsApiKey), "cannot be combined with an API key of the account. Remove one of them: either every caller uses " +
                    "its own API key, or all use the one of the account.");
            }

            // Outside of a request there is no key; the first caller then verifies the deployment.
            options.ApiKeyAccessor = _ => ValueTask.FromResult(requests.HttpContext?.Features.Get<CallerApiKey>()?.Value);
        }

        if (settings.SessionPromptCache)
        {
            if (!ReferenceEquals(options.PromptCache.Scope, PromptCacheScope.None))
            {
                faults.Add(nameof(settings.SessionPromptCache), "cannot be combined with a prompt cache scope of the account. Remove one of them.");
            }

            options.PromptCache.Scope = PromptCacheScope.PerSession(settings.PromptCacheSecret);
        }

        faults.ThrowIfAny();
        if (settings.LeaveOutHostedTools)
        {
            options.Responses.HostedTools = HostedToolPolicy.LeaveOut;
        }
    }
}
