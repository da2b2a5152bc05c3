using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;
using Privatemode.AI.Internal;
using static Privatemode.AI.Internal.OptionNames;

namespace Privatemode.AI.DependencyInjection;

/// <summary>Writes the configuration to the options, before the application's code changes them. It uses no reflection, and its exceptions name the
/// setting.</summary>
internal sealed class SettingsBinder(PrivatemodeAccount account, IConfiguration? configuration) : IConfigureNamedOptions<PrivatemodeOptions>
{
    // The prompt cache is one option in the configuration: its scope and the salt.
    private static readonly HashSet<string> Groups = new(
        [
            nameof(PrivatemodeOptions.Verification), nameof(PrivatemodeOptions.Transport), nameof(PrivatemodeOptions.Media),
            nameof(PrivatemodeOptions.Responses),
        ],
        StringComparer.OrdinalIgnoreCase);

    public void Configure(PrivatemodeOptions options) => Configure(Options.DefaultName, options);

    public void Configure(string? name, PrivatemodeOptions options)
    {
        if (name != account.OptionsName)
        {
            return;
        }

        (options.AccountKey, options.SectionPath) = (account.AccountKey, account.SectionPath);
        IConfigurationSection[] sections =
            [.. account.Sections.Select(given => given ?? configuration?.GetSection(account.DefaultSection)).OfType<IConfigurationSection>()];
        if (configuration is not null && !sections.Any(section => section.Exists()))
        {
            options.SectionHint = SettingNames.HintAt(configuration, account);
        }

        // Two sections of one path can come from two configurations, and have different values.
        sections = [.. sections.DistinctBy(section => (section.Path.ToUpperInvariant(), TextOf(section)))];
        for (int i = 0; i < sections.Length; i++)
        {
            Bind(new SettingsReader(sections[i]), options);
            RefuseContradictions(sections[..i], sections[i], options);
        }
    }

    /// <summary>Refuses sections of several calls that set the same setting to different values, because it is not clear which value is meant.</summary>
    private static void RefuseContradictions(IConfigurationSection[] before, IConfigurationSection section, PrivatemodeOptions options)
    {
        foreach (string key in KeysOf(section))
        {
            IConfigurationSection setting = section.GetSection(key);
            string text = TextOf(setting);
            if (Array.Find(before, other => other.GetSection(key) is var same && same.Exists() && TextOf(same) != text) is { } contrary)
            {
                options.Faults.Add(new PrivatemodeConfigurationException(
                    setting.Path,
                    $"{setting.Path}: {contrary.Path}:{key} has a different value, and AddPrivatemode was given both sections. Remove one of them."));
            }
        }
    }

    /// <summary>The options that a section sets, including those in groups. The keys of one option, such as a manifest's mode and digests, stay together.
    /// </summary>
    private static IEnumerable<string> KeysOf(IConfigurationSection section) => section.GetChildren()
        .Where(child => !child.Key.Equals(PrivatemodeAccount.Accounts, StringComparison.OrdinalIgnoreCase))
        .SelectMany(child => Groups.Contains(child.Key) ? child.GetChildren().Select(option => $"{child.Key}:{option.Key}") : [child.Key]);

    /// <summary>A setting, with all settings below it, as one text for comparisons.</summary>
    private static string TextOf(IConfigurationSection setting)
    {
        IEnumerable<string> below = setting.AsEnumerable(makePathsRelative: true)
            .Where(entry => entry.Value is not null)
            .Select(entry => $"{entry.Key.ToUpperInvariant()}={entry.Value}")
            .Order(StringComparer.Ordinal);
        return string.Join('\n', below.Prepend($"={setting.Value}"));
    }

    /// <summary>Reads each setting that exists. Other options keep their values.</summary>
    internal static void Read(SettingsReader settings, PrivatemodeOptions options)
    {
        options.ApiKey = settings.Text(nameof(options.ApiKey), new SettingForm("an API key")) ?? options.ApiKey;
        options.Endpoint = settings.Address(nameof(options.Endpoint), "an https address without a path; http for loopback only") ?? options.Endpoint;
        Read(settings, options.Verification);
        Read(settings, options.Transport);
        options.PromptCache.Scope = PolicySettings.PromptCacheOf(settings) ?? options.PromptCache.Scope;
        options.Media.Remote = settings.Name<RemoteMediaPolicy>(KeyOf(OptionNames.RemoteMedia)) ?? options.Media.Remote;
        options.Media.MaxFetchedImages =
            settings.Count(KeyOf(OptionNames.MaxFetchedImages), OptionsValidator.MaxFetchedImages) ?? options.Media.MaxFetchedImages;
        options.Responses.HostedTools = settings.Name<HostedToolPolicy>(KeyOf(OptionNames.HostedTools)) ?? options.Responses.HostedTools;
        options.Responses.ReasoningKey =
            settings.Bytes(KeyOf(OptionNames.ReasoningKey), OptionsValidator.ReasoningKeySize) ?? options.Responses.ReasoningKey;
        options.WarmUp = settings.Name<WarmUpMode>(nameof(options.WarmUp)) ?? options.WarmUp;
        options.MaxSessions = settings.Count(nameof(options.MaxSessions), OptionsValidator.MaxSessions) ?? options.MaxSessions;
        options.LogEncryptedContent = settings.Flag(nameof(options.LogEncryptedContent)) ?? options.LogEncryptedContent;
    }

    private static void Read(SettingsReader settings, VerificationOptions options)
    {
        if (PolicySettings.ManifestOf(settings) is { } manifest)
        {
            options.Manifest = manifest;
            options.Configured = (settings.NameOf(KeyOf(OptionNames.Manifest)), manifest);
        }

        options.Hardware = PolicySettings.HardwareOf(settings, options.Hardware);
        options.Lifetime = settings.Time(
            KeyOf(OptionNames.VerificationLifetime), SettingForm.Range(OptionsValidator.MinVerificationLifetime, OptionsValidator.MaxTimeout))
            ?? options.Lifetime;
        options.GpuRevocation = PolicySettings.GpuRevocationOf(settings) ?? options.GpuRevocation;
        options.CollateralDirectory = settings.Text(KeyOf(OptionNames.CollateralDirectory), new SettingForm("a directory")) ?? options.CollateralDirectory;
        options.CollateralEndpoint =
            settings.Address(KeyOf(OptionNames.CollateralEndpoint), "an https address without a query; http for loopback only") ?? options.CollateralEndpoint;
        options.DangerousAcceptAnyUnnamedWorkloadAsSecretService =
            settings.Flag(KeyOf(OptionNames.UnnamedSecretService)) ?? options.DangerousAcceptAnyUnnamedWorkloadAsSecretService;
    }

    private static void Read(SettingsReader settings, TransportOptions options)
    {
        SettingForm timeout = SettingForm.UpTo(OptionsValidator.MaxTimeout);
        options.ResponseTimeout = settings.Time(KeyOf(OptionNames.ResponseTimeout), timeout) ?? options.ResponseTimeout;
        options.IdleTimeout = settings.Time(KeyOf(OptionNames.IdleTimeout), timeout) ?? options.IdleTimeout;
    }

    /// <summary>Reads one section, which must not contain anything else.</summary>
    private void Bind(SettingsReader settings, PrivatemodeOptions options)
    {
        Read(settings, options);
        if (account.AccountKey is null)
        {
            settings.Skip(PrivatemodeAccount.Accounts);
        }

        settings.RefuseOthers();
        foreach (PrivatemodeConfigurationException fault in settings.Faults)
        {
            options.Faults.Add(fault);
        }
    }
}
