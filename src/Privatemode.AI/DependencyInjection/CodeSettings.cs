using System.ClientModel;
using System.Globalization;
using Microsoft.Extensions.Options;

namespace Privatemode.AI.DependencyInjection;

/// <summary>The callback of one <c>AddPrivatemode</c> call. Calls for the same account add up, but only one may set the key and the endpoint.</summary>
/// <param name="account">The account.</param>
/// <param name="call">The number of the call for this account, from 1.</param>
/// <param name="configure">The application's callback.</param>
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
