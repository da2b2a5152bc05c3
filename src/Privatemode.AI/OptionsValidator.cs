using System.ClientModel;
using System.Globalization;
using Privatemode.AI.Internal;
using Privatemode.AI.LocalProxy;
using Privatemode.AI.Pipeline.Calls;
using Privatemode.AI.Pipeline.Transport;

namespace Privatemode.AI;

/// <summary>Refuses settings that cannot work or would not be secure; each message names the setting.</summary>
internal static class OptionsValidator
{
    internal const int MaxSessions = 100_000;
    internal const int MaxFetchedImages = 1_000;
    internal const int ReasoningKeySize = ResponsesOptions.ReasoningKeySize;

    internal static readonly TimeSpan MaxTimeout = TimeSpan.FromHours(24);
    internal static readonly TimeSpan MinVerificationLifetime = TimeSpan.FromMinutes(5);

    /// <summary>Checks all settings and returns the source of API keys.</summary>
    /// <exception cref="PrivatemodeConfigurationException">Settings are missing or invalid. The message names all of them.</exception>
    public static ApiKeys Validate(PrivatemodeOptions options)
    {
        OptionsFaults faults = new();
        foreach (PrivatemodeConfigurationException fault in options.Faults.All)
        {
            // A setting that could not be read would be treated as not set, and the default may be weaker than the intended value.
            faults.Add(fault);
        }

        ApiKeys? keys = Check(options, faults);
        faults.ThrowIfAny();
        return keys!;
    }

    /// <summary>Checks all settings and collects the faults.</summary>
    /// <returns>The source of API keys; null if no usable one is set.</returns>
    public static ApiKeys? Check(PrivatemodeOptions options, OptionsFaults faults)
    {
        ApiKeys? keys = null;
        bool isLocalProxy = options.Transport.DangerousUnverifiedLocalProxy is not null;
        _ = faults.Try(() => keys = isLocalProxy && !HasKey(options) ? ApiKeys.None : KeysOf(options));
        if (isLocalProxy)
        {
            LocalProxyOptionsValidator.Check(options, faults);
        }
        else if (faults.Try(() => RequireEndpoint(options)))
        {
            _ = faults.Try(() => RequireLoopback(options));
            _ = faults.Try(() => RequireTestTrust(options));
        }

        _ = faults.Try(() => RequireTimeout(OptionNames.ResponseTimeout, options.Transport.ResponseTimeout));
        _ = faults.Try(() => RequireTimeout(OptionNames.IdleTimeout, options.Transport.IdleTimeout));
        _ = faults.Try(() => RequirePresent(nameof(options.TimeProvider), options.TimeProvider));
        _ = faults.Try(() => RequirePresent(OptionNames.GpuRevocation, options.Verification.GpuRevocation));
        _ = faults.Try(() => RequirePresent(OptionNames.PromptCacheScope, options.PromptCache.Scope));
        _ = faults.Try(() => RequirePresent(OptionNames.Manifest, options.Verification.Manifest));
        _ = faults.Try(() => RequirePresent(OptionNames.Hardware, options.Verification.Hardware));
        _ = faults.Try(() => RequireKnown(OptionNames.RemoteMedia, options.Media.Remote));
        _ = faults.Try(() => RequireKnown(OptionNames.HostedTools, options.Responses.HostedTools));
        _ = faults.Try(() => RequireKnown(nameof(options.WarmUp), options.WarmUp));
        _ = faults.Try(() => RequireHandler(options));
        _ = faults.Try(() => RequireCount(nameof(options.MaxSessions), options.MaxSessions, MaxSessions));
        _ = faults.Try(() => RequireCount(OptionNames.MaxFetchedImages, options.Media.MaxFetchedImages, MaxFetchedImages));
        _ = faults.Try(() => RequireReasoningKey(options.Responses.ReasoningKey.Length));
        _ = faults.Try(() => RequireEvidence(options));
        _ = faults.Try(() => RequireProxy(options));
        return keys;
    }

    /// <summary>Returns whether the options specify an API key. The environment variable is not considered.</summary>
    private static bool HasKey(PrivatemodeOptions options) =>
        options.ApiKeyAccessor is not null || options.Credential is not null || options.ApiKey is not null;

    /// <summary>Returns whether connections are opened by a handler that is not this library's, which can connect to any address.</summary>
    private static bool HasOwnHandler(PrivatemodeOptions options) =>
        options.Transport.HttpMessageHandler is not null && !options.Transport.InsecureAcceptAnyHandlerOnLoopback;

    private static void RequireEndpoint(PrivatemodeOptions options)
    {
        Uri endpoint = options.Endpoint ?? throw new PrivatemodeConfigurationException(
            nameof(options.Endpoint), "Endpoint is null. Do not set it, or set it to an address.");
        if (!endpoint.IsAbsoluteUri || endpoint.AbsolutePath != "/" || endpoint.Query.Length > 0 || endpoint.Fragment.Length > 0
            || endpoint.UserInfo.Length > 0)
        {
            throw new PrivatemodeConfigurationException(
                nameof(options.Endpoint), "Endpoint must be scheme, host and port only, for example https://api.privatemode.ai, without /v1.");
        }

        bool isLocalHttp = endpoint.Scheme == Uri.UriSchemeHttp && endpoint.IsLoopback && !HasOwnHandler(options);
        if (endpoint.Scheme != Uri.UriSchemeHttps && !isLocalHttp)
        {
            throw new PrivatemodeConfigurationException(
                nameof(options.Endpoint), "Endpoint must be https. Plain http is accepted for loopback only, and not with a custom message handler.");
        }
    }

    private static void RequireLoopback(PrivatemodeOptions options)
    {
        if (options.Transport.InsecureAcceptAnyHandlerOnLoopback && !Loopback.IsAddress(options.Endpoint))
        {
            throw new PrivatemodeConfigurationException(
                OptionNames.AnyHandlerOnLoopback,
                    $"{OptionNames.AnyHandlerOnLoopback} requires an endpoint that is a loopback address, such as http://127.0.0.1:5000, not a name.");
        }
    }

    private static void RequireTestTrust(PrivatemodeOptions options)
    {
        if (options.Verification.InsecureLoopbackTrust is not null && (!options.Endpoint.IsLoopback || HasOwnHandler(options)))
        {
            throw new PrivatemodeConfigurationException(
                OptionNames.InsecureLoopbackTrust,
                    $"{OptionNames.InsecureLoopbackTrust} requires a loopback endpoint, and cannot be combined with a custom message handler.");
        }
    }

    private static void RequireHandler(PrivatemodeOptions options)
    {
        if (options.Transport.HttpMessageHandler is not null)
        {
            HandlerChainCheck.ThrowIfUnsafe(options.Transport.HttpMessageHandler, options.Transport.InsecureAcceptAnyHandlerOnLoopback);
        }
    }

    private static void RequireCount(string name, int count, int most)
    {
        if (count < 1 || count > most)
        {
            throw new PrivatemodeConfigurationException(name, $"{name} must be at least 1 and at most {most}.");
        }
    }

    private static void RequireReasoningKey(int length)
    {
        if (length != 0 && length != ReasoningKeySize)
        {
            throw new PrivatemodeConfigurationException(
                OptionNames.ReasoningKey,
                $"{OptionNames.ReasoningKey} has {length} bytes. Use {ReasoningKeySize} random bytes, or do not set it: each client then generates a key.");
        }
    }

    private static void RequireEvidence(PrivatemodeOptions options)
    {
        if (options.Verification.Lifetime < MinVerificationLifetime || options.Verification.Lifetime > MaxTimeout)
        {
            throw new PrivatemodeConfigurationException(
                OptionNames.VerificationLifetime, $"{OptionNames.VerificationLifetime} must be at least 5 minutes and at most 24 hours.");
        }
    }

    private static void RequireProxy(PrivatemodeOptions options)
    {
        if (options.Verification.CollateralEndpoint is { } proxy && !IsProxy(proxy))
        {
            throw new PrivatemodeConfigurationException(
                OptionNames.CollateralEndpoint,
                $"{OptionNames.CollateralEndpoint} must be an https address without query, for example https://collateral.example.com.");
        }
    }

    private static bool IsProxy(Uri address) => address.IsAbsoluteUri && address.Query.Length == 0 && address.UserInfo.Length == 0 &&
        (address.Scheme == Uri.UriSchemeHttps || (address.Scheme == Uri.UriSchemeHttp && address.IsLoopback));

    private static ApiKeys KeysOf(PrivatemodeOptions options)
    {
        if (options.ApiKeyAccessor is not null)
        {
            return new ApiKeys(
                options.ApiKeyAccessor, options.Transport.ResponseTimeout, options.TimeProvider, Describe(options, "returned by ApiKeyAccessor"));
        }

        if (options.Credential is not null)
        {
            return new ApiKeys(options.Credential, Describe(options, "PrivatemodeOptions.Credential"));
        }

        string setting = options.SectionPath is null ? "PrivatemodeOptions.ApiKey" : $"{options.SectionPath}:ApiKey or PrivatemodeOptions.ApiKey";
        string source = Describe(options, setting);
        string? key = options.ApiKey;

        // The key in the environment variable belongs to the account without a service key.
        if (key is null && options.AccountKey is null)
        {
            key = Environment.GetEnvironmentVariable(PrivatemodeOptions.ApiKeyEnvironmentVariable);
            source = Describe(options, $"environment variable {PrivatemodeOptions.ApiKeyEnvironmentVariable}");
        }

        if (string.IsNullOrWhiteSpace(key))
        {
            throw new PrivatemodeConfigurationException(nameof(options.ApiKey), NoKey(options));
        }

        ApiKeys.Validate(key, nameof(options.ApiKey), source);
        return new ApiKeys(new ApiKeyCredential(key), source);
    }

    private static string NoKey(PrivatemodeOptions options)
    {
        string missing = options.AccountKey is null
            ? $"There is no API key. Set {nameof(options.ApiKey)}, {nameof(options.Credential)}, or the environment variable " +
              $"{PrivatemodeOptions.ApiKeyEnvironmentVariable}."
            : $"The account '{options.AccountKey}' has no API key. Set one; {PrivatemodeOptions.ApiKeyEnvironmentVariable} is not used for accounts " +
              "with a service key.";
        return string.Join(' ', ((string?[])[missing, options.SectionHint, $"API keys are created at {ApiKeyErrors.Portal}."]).OfType<string>());
    }

    /// <summary>Returns the name of the API key for messages: the account and the setting, but not the key.</summary>
    private static string Describe(PrivatemodeOptions options, string setting) =>
        options.AccountKey is null ? $"{ApiKeyErrors.AnyKey} ({setting})" : $"{ApiKeyErrors.AnyKey} of the account '{options.AccountKey}' ({setting})";

    private static void RequireTimeout(string name, TimeSpan timeout)
    {
        if (timeout <= TimeSpan.Zero || timeout > MaxTimeout)
        {
            throw new PrivatemodeConfigurationException(name, $"{name} must be longer than zero and at most 24 hours.");
        }
    }

    private static void RequireKnown<T>(string name, T value)
        where T : struct, Enum
    {
        if (!Enum.IsDefined(value))
        {
            throw new PrivatemodeConfigurationException(name, $"{name} must be one of {string.Join(", ", Enum.GetNames<T>())}.");
        }
    }

    private static void RequirePresent(string name, object? value)
    {
        if (value is null)
        {
            throw new PrivatemodeConfigurationException(name, $"{name} is null. Do not set it, or set it to a value.");
        }
    }
}

/// <summary>Collects the faults in the settings of one client for a single exception.</summary>
internal sealed class OptionsFaults
{
    private readonly List<PrivatemodeConfigurationException> _faults = [];

    public IReadOnlyList<PrivatemodeConfigurationException> All => _faults;

    public void Add(PrivatemodeConfigurationException fault) => _faults.Add(fault);

    /// <summary>Runs a check and adds the fault that it throws.</summary>
    /// <returns>Whether it passed, so that dependent checks can be skipped.</returns>
    public bool Try(Action check)
    {
        try
        {
            check();
            return true;
        }
        catch (PrivatemodeConfigurationException fault)
        {
            _faults.Add(fault);
            return false;
        }
    }

    /// <exception cref="PrivatemodeConfigurationException">At least one setting is invalid. <see cref="PrivatemodeConfigurationException.Setting"/> is the
    /// first one, and the message has a line for each.</exception>
    public void ThrowIfAny()
    {
        switch (_faults)
        {
            case []:
                return;
            case [PrivatemodeConfigurationException only]:
                throw new PrivatemodeConfigurationException(only.Setting, only.Message);
            default:
                string count = _faults.Count.ToString(CultureInfo.InvariantCulture);
                throw new PrivatemodeConfigurationException(
                    _faults[0].Setting, $"{count} settings are invalid:{string.Concat(_faults.Select(fault => $"\n* {fault.Message}"))}");
        }
    }
}
