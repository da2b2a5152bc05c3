using Microsoft.Extensions.Options;
using Privatemode.AI.Pipeline;
using Privatemode.AI.Sessions;

namespace Privatemode.AI.DependencyInjection;

/// <summary>The same checks as of a client, when the host starts and under the names the configuration has.</summary>
internal sealed class SettingsValidator(PrivatemodeAccount account) : IValidateOptions<PrivatemodeOptions>
{
    /// <exception cref="PrivatemodeConfigurationException">A setting is missing or not acceptable.</exception>
    public ValidateOptionsResult Validate(string? name, PrivatemodeOptions options)
    {
        if (name != account.OptionsName)
        {
            return ValidateOptionsResult.Skip;
        }

        try
        {
            DemandKey(options);
            _ = SettingsCheck.Demand(options);
            _ = TrustAnchors.OptionsOf(options.Hardware);
            return ValidateOptionsResult.Success;
        }
        catch (PrivatemodeConfigurationException exception)
        {
            string setting = $"{account.SectionPath}:{exception.Setting}";
            throw new PrivatemodeConfigurationException(setting, $"{setting} (or {nameof(PrivatemodeOptions)}.{exception.Setting}): {exception.Message}");
        }
    }

    /// <summary>The key in the environment belongs to the account without a name; for others it would be somebody else's.</summary>
    private void DemandKey(PrivatemodeOptions options)
    {
        if (account.AccountKey is not null && options is { ApiKey: null, Credential: null, ApiKeyAccessor: null })
        {
            throw new PrivatemodeConfigurationException(
                nameof(options.ApiKey),
                    $"The account '{account.AccountKey}' has no API key. Set one; {PrivatemodeOptions.ApiKeyVariable} is not used for accounts with a key.");
        }
    }
}
