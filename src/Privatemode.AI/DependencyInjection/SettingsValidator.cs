using Microsoft.Extensions.Options;
using Privatemode.AI.Internal;
using Privatemode.AI.Verification;

namespace Privatemode.AI.DependencyInjection;

/// <summary>Performs the same checks as a client when the host starts, and reports the names in the configuration.</summary>
internal sealed class SettingsValidator(PrivatemodeAccount account) : IValidateOptions<PrivatemodeOptions>
{
    /// <exception cref="PrivatemodeConfigurationException">Settings are missing or invalid. The message names all of them.</exception>
    public ValidateOptionsResult Validate(string? name, PrivatemodeOptions options)
    {
        if (name != account.OptionsName)
        {
            return ValidateOptionsResult.Skip;
        }

        OptionsFaults inCode = new();
        _ = OptionsValidator.Check(options, inCode);
        if (options.Verification.Hardware is not null)
        {
            _ = inCode.Try(() => VerificationSettings.OptionsOf(options.Verification.Hardware));
        }

        OptionsFaults all = new();
        foreach (PrivatemodeConfigurationException fault in options.Faults.All.Concat(inCode.All.Select(WithPath)))
        {
            all.Add(fault);
        }

        all.ThrowIfAny();
        return ValidateOptionsResult.Success;
    }

    private PrivatemodeConfigurationException WithPath(PrivatemodeConfigurationException fault)
    {
        string setting = $"{account.SectionPath}:{OptionNames.KeyOf(fault.Setting)}";
        string name = fault.IsApiKeyError ? setting : $"{setting} (or {nameof(PrivatemodeOptions)}.{fault.Setting})";
        return new PrivatemodeConfigurationException(setting, $"{name}: {fault.Message}");
    }
}
