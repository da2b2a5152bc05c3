using Privatemode.AI.Internal;
using Privatemode.AI.Verification;
using static Privatemode.AI.Internal.OptionNames;

namespace Privatemode.AI.DependencyInjection;

/// <summary>Reads the options that are objects, each from several settings. Each method returns null if none of its settings exists.</summary>
internal static class PolicySettings
{
    private static readonly SettingForm ManifestMode = new("without it, Pinned if digests are set", "Latest", "Pinned")
    {
        Meaning = "The way in which the accepted manifest is chosen.",
    };

    private static readonly SettingForm ManifestDigests = new("SHA-256 digests, 64 hexadecimal digits each; required for Pinned, refused otherwise")
    {
        Meaning = "The digests of the accepted manifests.",
    };

    private static readonly SettingForm LogDirectory = new("a directory; for Latest only")
    {
        Meaning = "The directory of the adopted manifests and their log.",
    };

    private static readonly SettingForm GpuMode = new(
        "", nameof(GpuRevocationPolicy.Strict), nameof(GpuRevocationPolicy.AcceptUnknownOrRecentlyRevoked))
    {
        Meaning = "Which revocation states of the service's GPUs are accepted.",
    };

    private static readonly SettingForm RevocationGracePeriod = new(
        SettingForm.Range(TimeSpan.Zero, GpuRevocationPolicy.MaxGracePeriod).Text + "; required for AcceptUnknownOrRecentlyRevoked, refused otherwise")
    {
        Meaning = "The time for which a certificate is still accepted after its revocation.",
    };

    private static readonly SettingForm CacheScope = new(
        "", nameof(PromptCacheScope.None), nameof(PromptCacheScope.PerClient), nameof(PromptCacheScope.Shared));

    private static readonly SettingForm CacheSalt = new($"text of {PromptCacheScope.MinimumSaltBytes} bytes or more; required for Shared, refused otherwise")
    {
        Meaning = "The secret salt of all clients that share the prompt cache.",
    };

    public static ManifestPolicy? ManifestOf(SettingsReader settings)
    {
        string prefix = KeyOf(OptionNames.Manifest);
        (string modeKey, string digestKey, string logKey) = ($"{prefix}:Mode", $"{prefix}:Sha256", $"{prefix}:LogDirectory");
        string? mode = settings.Text(modeKey, ManifestMode);
        string[]? digests = settings.List(digestKey, ManifestDigests);
        string? log = settings.Text(logKey, LogDirectory);
        switch (mode?.ToUpperInvariant() ?? (digests is not null ? "PINNED" : log is not null ? "LATEST" : null))
        {
            case null:
                return null;
            case "LATEST" when digests is not null:
                return settings.Refuse<ManifestPolicy>(digestKey, $"{modeKey} is Latest, which uses no digests. Set it to Pinned, or remove this setting.");
            case "LATEST":
                return ManifestPolicy.Latest(log);
            case "PINNED":
                if (log is not null)
                {
                    settings.Refuse(logKey, "Pinned manifests are not adopted, so nothing is logged. Remove this setting.");
                }

                return PinnedOf(settings, digestKey, digests ?? []);
            default:
                if (digests is not null)
                {
                    _ = PinnedOf(settings, digestKey, digests); // reports invalid digests too
                }

                return settings.Refuse<ManifestPolicy>(
                    modeKey, $"The value is not one of {ManifestMode.Choices}. RequireApproval needs a callback and is set in code.");
        }
    }

    public static HardwarePolicy HardwareOf(SettingsReader settings, HardwarePolicy before)
    {
        return before with
        {
            AllowedTees = settings.List(Key(nameof(before.AllowedTees)), new SettingForm("", VerificationSettings.Tees))?.Select(NamedTee).ToArray()
                ?? before.AllowedTees,
            AllowedAmdProducts = settings.List(
                Key(nameof(before.AllowedAmdProducts)), new SettingForm("", VerificationSettings.AmdProducts))?.Select(NamedProduct).ToArray()
                ?? before.AllowedAmdProducts,
            AllowedAmdChipIds = settings.List(Key(nameof(before.AllowedAmdChipIds)), new SettingForm("chip IDs, 128 hexadecimal digits each"))
                ?? before.AllowedAmdChipIds,
            DangerousAcceptOutdatedTdxPlatform =
                settings.Flag(Key(nameof(before.DangerousAcceptOutdatedTdxPlatform))) ?? before.DangerousAcceptOutdatedTdxPlatform,
            RequireNewestTdxTcbInfo =
                settings.Flag(Key(nameof(before.RequireNewestTdxTcbInfo))) ?? before.RequireNewestTdxTcbInfo,
            MaxAmdFallbackRevocationListAge = settings.Time(
                Key(nameof(before.MaxAmdFallbackRevocationListAge)),
                SettingForm.Range(TimeSpan.Zero, VerificationSettings.MaxSuppliedRevocationListAge)) ?? before.MaxAmdFallbackRevocationListAge,
        };

        static string Key(string member) => $"{KeyOf(OptionNames.Hardware)}:{member}";

        // Default structures are refused with all other unknown values when the settings are checked.
        static TeeKind NamedTee(string name) => string.IsNullOrWhiteSpace(name) ? default : new TeeKind(name);

        static AmdProduct NamedProduct(string name) => string.IsNullOrWhiteSpace(name) ? default : new AmdProduct(name);
    }

    public static GpuRevocationPolicy? GpuRevocationOf(SettingsReader settings)
    {
        string prefix = KeyOf(OptionNames.GpuRevocation);
        (string modeKey, string graceKey) = ($"{prefix}:Mode", $"{prefix}:RevocationGracePeriod");
        string? mode = settings.Text(modeKey, GpuMode);
        TimeSpan? grace = settings.Time(graceKey, RevocationGracePeriod);
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
                return LenientOf(settings, graceKey, grace.Value);
            default:
                if (grace is { } period)
                {
                    _ = LenientOf(settings, graceKey, period); // reports an invalid period too
                }

                return settings.Refuse<GpuRevocationPolicy>(modeKey, $"The value is not one of {GpuMode.Choices}.");
        }
    }

    public static PromptCacheScope? PromptCacheOf(SettingsReader settings)
    {
        string scopeKey = KeyOf(OptionNames.PromptCacheScope);
        const string SaltKey = $"{nameof(PrivatemodeOptions.PromptCache)}:Salt";
        string? scope = settings.Text(scopeKey, CacheScope);
        string? salt = settings.Text(SaltKey, CacheSalt);
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
                return SharedOf(settings, SaltKey, salt ?? "");
            default:
                if (salt is not null)
                {
                    _ = SharedOf(settings, SaltKey, salt); // reports an invalid salt too
                }

                return settings.Refuse<PromptCacheScope>(
                    scopeKey, $"The value is not one of {CacheScope.Choices}. PerUser and PerSession are set in code.");
        }
    }

    private static ManifestPolicy? PinnedOf(SettingsReader settings, string key, string[] digests) =>
        Create(settings, key, () => ManifestPolicy.Pinned(digests), "Set one or more SHA-256 digests of 64 hexadecimal digits each.");

    private static GpuRevocationPolicy? LenientOf(SettingsReader settings, string key, TimeSpan grace) =>
        Create(settings, key, () => GpuRevocationPolicy.AcceptUnknownOrRecentlyRevoked(grace), "The value must be from zero to 365 days.");

    private static PromptCacheScope? SharedOf(SettingsReader settings, string key, string salt) =>
        Create(settings, key, () => PromptCacheScope.Shared(salt));

    /// <summary>Creates a policy, or reports why its value is not accepted.</summary>
    /// <param name="fault">What is wrong with the value; null for the message of the exception, which does not contain it.</param>
    private static T? Create<T>(SettingsReader settings, string key, Func<T> create, string? fault = null)
        where T : class
    {
        try
        {
            return create();
        }
        catch (Exception exception) when (exception is PrivatemodeConfigurationException || (fault is not null && exception is ArgumentException))
        {
            return settings.Refuse<T>(key, fault ?? exception.Message);
        }
    }
}
