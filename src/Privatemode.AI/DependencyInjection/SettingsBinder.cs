using System.Globalization;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;
using static Privatemode.AI.OptionNames;

namespace Privatemode.AI.DependencyInjection;

/// <summary>Puts what the configuration says into the options, before any code of the application's does. By hand: no reflection, and errors that
/// name the setting.</summary>
internal sealed class SettingsBinder(PrivatemodeAccount account, IConfiguration? configuration) : IConfigureNamedOptions<PrivatemodeOptions>
{
    // The prompt cache is one option in the configuration: its scope and the salt.
    private static readonly HashSet<string> Groups = new(
        [nameof(PrivatemodeOptions.Verification), nameof(PrivatemodeOptions.Transport), nameof(PrivatemodeOptions.Media)], StringComparer.OrdinalIgnoreCase);

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

        // Two sections of one path can come from two configurations, and then say different things.
        sections = [.. sections.DistinctBy(section => (section.Path.ToUpperInvariant(), TextOf(section)))];
        for (int i = 0; i < sections.Length; i++)
        {
            Bind(new SettingsReader(sections[i]), options);
            RefuseContradictions(sections[..i], sections[i], options);
        }
    }

    /// <summary>Refuses sections of several calls that give one setting different values: their order does not tell which one is meant.</summary>
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

    /// <summary>The options that a section sets, those in groups included. The keys of one option, such as a manifest's mode and digests, stay together.
    /// </summary>
    private static IEnumerable<string> KeysOf(IConfigurationSection section) => section.GetChildren()
        .Where(child => !child.Key.Equals(PrivatemodeAccount.Accounts, StringComparison.OrdinalIgnoreCase))
        .SelectMany(child => Groups.Contains(child.Key) ? child.GetChildren().Select(option => $"{child.Key}:{option.Key}") : [child.Key]);

    /// <summary>A setting, with all below it, as one text to compare.</summary>
    private static string TextOf(IConfigurationSection setting)
    {
        IEnumerable<string> below = setting.AsEnumerable(makePathsRelative: true)
            .Where(entry => entry.Value is not null)
            .Select(entry => $"{entry.Key.ToUpperInvariant()}={entry.Value}")
            .Order(StringComparer.Ordinal);
        return string.Join('\n', below.Prepend($"={setting.Value}"));
    }

    /// <summary>Reads each setting there is; what is not set stays.</summary>
    internal static void Read(SettingsReader settings, PrivatemodeOptions options)
    {
        options.ApiKey = settings.Text(nameof(options.ApiKey)) ?? options.ApiKey;
        options.Endpoint = Address(settings, nameof(options.Endpoint)) ?? options.Endpoint;
        options.WarmUp = Name<WarmUpMode>(settings, nameof(options.WarmUp)) ?? options.WarmUp;
        options.MaxSessions = Count(settings, nameof(options.MaxSessions)) ?? options.MaxSessions;
        options.LogEncryptedContent = Flag(settings, nameof(options.LogEncryptedContent)) ?? options.LogEncryptedContent;
        Read(settings, options.Verification);
        Read(settings, options.Transport);
        options.PromptCache.Scope = PromptCacheOf(settings) ?? options.PromptCache.Scope;
        options.Media.Remote = Name<RemoteMediaPolicy>(settings, KeyOf(OptionNames.RemoteMedia)) ?? options.Media.Remote;
        options.Media.MaxFetchedImages = Count(settings, KeyOf(OptionNames.MaxFetchedImages)) ?? options.Media.MaxFetchedImages;
    }

    private static void Read(SettingsReader settings, VerificationOptions options)
    {
        options.Manifest = ManifestOf(settings) ?? options.Manifest;
        options.Hardware = HardwareOf(settings, options.Hardware);
        options.EvidenceLifetime = Time(settings, KeyOf(OptionNames.EvidenceLifetime)) ?? options.EvidenceLifetime;
        options.GpuRevocation = GpuRevocationOf(settings) ?? options.GpuRevocation;
        options.CollateralDirectory = settings.Text(KeyOf(OptionNames.CollateralDirectory)) ?? options.CollateralDirectory;
        options.CollateralProxy = Address(settings, KeyOf(OptionNames.CollateralProxy)) ?? options.CollateralProxy;
        options.DangerousAcceptAnyUnnamedWorkloadAsSecretService =
            Flag(settings, KeyOf(OptionNames.UnnamedSecretService)) ?? options.DangerousAcceptAnyUnnamedWorkloadAsSecretService;
    }

    private static void Read(SettingsReader settings, TransportOptions options)
    {
        options.ResponseTimeout = Time(settings, KeyOf(OptionNames.ResponseTimeout)) ?? options.ResponseTimeout;
        options.IdleTimeout = Time(settings, KeyOf(OptionNames.IdleTimeout)) ?? options.IdleTimeout;
    }

    /// <summary>Reads one section, which must not hold anything else.</summary>
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

    private static ManifestPolicy? ManifestOf(SettingsReader settings)
    {
        string prefix = KeyOf(OptionNames.Manifest);
        (string modeKey, string digestKey, string logKey) = ($"{prefix}:Mode", $"{prefix}:Sha256", $"{prefix}:AdoptionLog");
        string? mode = settings.Text(modeKey);
        string[]? digests = settings.List(digestKey);
        string? log = settings.Text(logKey);
        switch (mode?.ToUpperInvariant() ?? (digests is not null ? "PINNED" : log is not null ? "LATEST" : null))
        {
            case null:
                return null;
            case "LATEST" when digests is not null:
                return settings.Refuse<ManifestPolicy>(digestKey, $"{modeKey} is Latest, which uses no digests. Set it to Pinned, or remove this setting.");
            case "LATEST":
                return ManifestPolicy.Latest(log);
            case "PINNED" when log is not null:
                return settings.Refuse<ManifestPolicy>(logKey, "Pinned manifests are not adopted, so nothing is logged. Remove this setting.");
            case "PINNED":
                try
                {
                    return ManifestPolicy.Pinned(digests ?? []);
                }
                catch (ArgumentException)
                {
                    return settings.Refuse<ManifestPolicy>(digestKey, "Set one or more SHA-256 digests of 64 hexadecimal digits each.");
                }

            default:
                return settings.Refuse<ManifestPolicy>(modeKey, "The value is not one of Latest, Pinned. Approve needs a callback and is set in code.");
        }
    }

    private static HardwarePolicy HardwareOf(SettingsReader settings, HardwarePolicy before)
    {
        return before with
        {
            Tees = settings.List(Key(nameof(before.Tees)))?.Select(NamedTee).ToArray() ?? before.Tees,
            AmdProducts = settings.List(Key(nameof(before.AmdProducts)))?.Select(NamedProduct).ToArray() ?? before.AmdProducts,
            AmdChipIds = settings.List(Key(nameof(before.AmdChipIds))) ?? before.AmdChipIds,
            DangerousAcceptOutdatedTdxPlatform =
                Flag(settings, Key(nameof(before.DangerousAcceptOutdatedTdxPlatform))) ?? before.DangerousAcceptOutdatedTdxPlatform,
            RequireUpToDateUnderNewestTcbInfo =
                Flag(settings, Key(nameof(before.RequireUpToDateUnderNewestTcbInfo))) ?? before.RequireUpToDateUnderNewestTcbInfo,
            SuppliedRevocationListMaxAge = Time(settings, Key(nameof(before.SuppliedRevocationListMaxAge))) ?? before.SuppliedRevocationListMaxAge,
        };

        static string Key(string member) => $"{KeyOf(OptionNames.Hardware)}:{member}";

        // The default structures are refused with all other unknown values when the settings are checked.
        static TeeKind NamedTee(string name) => string.IsNullOrWhiteSpace(name) ? default : new TeeKind(name);

        static AmdProduct NamedProduct(string name) => string.IsNullOrWhiteSpace(name) ? default : new AmdProduct(name);
    }

    private static GpuRevocationPolicy? GpuRevocationOf(SettingsReader settings)
    {
        string prefix = KeyOf(OptionNames.GpuRevocation);
        (string modeKey, string graceKey) = ($"{prefix}:Mode", $"{prefix}:RevokedGrace");
        string? mode = settings.Text(modeKey);
        TimeSpan? grace = Time(settings, graceKey);
        switch (mode?.ToUpperInvariant())
        {
            case null or "STRICT" when grace is not null:
                return settings.Refuse<GpuRevocationPolicy>(graceKey, $"Set {modeKey} to AcceptUnknownOrRecentlyRevoked, or remove this setting.");
            case null:
                return null;
            case "STRICT":
                return GpuRevocationPolicy.Strict;
            case "ACCEPTUNKNOWNORRECENTLYREVOKED" when grace is null:
                return settings.Refuse<GpuRevocationPolicy>(graceKey, "Set for how long a revoked certificate is still accepted, for example 2.00:00:00.");
            case "ACCEPTUNKNOWNORRECENTLYREVOKED":
                try
                {
                    return GpuRevocationPolicy.AcceptUnknownOrRecentlyRevoked(grace.Value);
                }
                catch (ArgumentOutOfRangeException)
                {
                    return settings.Refuse<GpuRevocationPolicy>(graceKey, "The value must be from zero to 365 days.");
                }

            default:
                return settings.Refuse<GpuRevocationPolicy>(modeKey, "The value is not one of Strict, AcceptUnknownOrRecentlyRevoked.");
        }
    }

    private static PromptCacheScope? PromptCacheOf(SettingsReader settings)
    {
        string scopeKey = KeyOf(OptionNames.PromptCacheScope);
        const string SaltKey = $"{nameof(PrivatemodeOptions.PromptCache)}:Salt";
        string? scope = settings.Text(scopeKey);
        string? salt = settings.Text(SaltKey);
        switch (scope?.ToUpperInvariant())
        {
            case null or "NONE" or "PERCLIENT" when salt is not null:
                return settings.Refuse<PromptCacheScope>(SaltKey, $"Set {scopeKey} to Shared, or remove this setting.");
            case null:
                return null;
            case "NONE":
                return PromptCacheScope.None;
            case "PERCLIENT":
                return PromptCacheScope.PerClient;
            case "SHARED":
                try
                {
                    return PromptCacheScope.Shared(salt ?? "");
                }
                catch (PrivatemodeConfigurationException exception)
                {
                    return settings.Refuse<PromptCacheScope>(SaltKey, exception.Message);
                }

            default:
                return settings.Refuse<PromptCacheScope>(
                    scopeKey, "The value is not one of None, PerClient, Shared. PerUser needs a callback and is set in code.");
        }
    }

    private static Uri? Address(SettingsReader settings, string key) => settings.Text(key) is not { } text ? null
        : Uri.TryCreate(text, UriKind.Absolute, out Uri? address) ? address
        : settings.Refuse<Uri>(key, "The value is not an absolute URL, for example https://api.privatemode.ai.");

    private static bool? Flag(SettingsReader settings, string key) =>
        settings.Value<bool>(key, text => bool.TryParse(text, out bool value) ? value : null, "true or false");

    private static int? Count(SettingsReader settings, string key) => settings.Value<int>(
        key, text => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int count) ? count : null, "a number");

    // Exactly and in full: the platform also reads 1 as a day, 10:00 as ten hours and, in its lenient form, 24:00:00 as twenty-four days.
    private static TimeSpan? Time(SettingsReader settings, string key) => settings.Value<TimeSpan>(
        key,
        text => text.Count(':') == 2 && TimeSpan.TryParseExact(text, "c", CultureInfo.InvariantCulture, out TimeSpan time) ? time : null,
        "a time in the form [days.]hours:minutes:seconds. Write 00:00:30 for 30 seconds, 00:10:00 for 10 minutes, 1.00:00:00 for a day");

    private static T? Name<T>(SettingsReader settings, string key)
        where T : struct, Enum => settings.Value<T>(
            key, text => Enum.GetNames<T>().Contains(text, StringComparer.OrdinalIgnoreCase) ? Enum.Parse<T>(text, ignoreCase: true) : null,
            $"one of {string.Join(", ", Enum.GetNames<T>())}");
}
