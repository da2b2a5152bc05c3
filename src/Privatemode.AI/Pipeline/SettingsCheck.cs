using System.ClientModel;

namespace Privatemode.AI.Pipeline;

/// <summary>Refuses settings that cannot work or would not be safe; each refusal names the setting.</summary>
internal static class SettingsCheck
{
    private const int MostSessions = 100_000;
    private const int MostFetchedImages = 1_000;

    private static readonly TimeSpan LongestTimeout = TimeSpan.FromHours(24);
    private static readonly TimeSpan ShortestEvidence = TimeSpan.FromMinutes(5);

    /// <summary>Checks all settings and returns where API keys come from.</summary>
    /// <exception cref="PrivatemodeConfigurationException">A setting is missing or not acceptable.</exception>
    public static ApiKeys Demand(PrivatemodeOptions options)
    {
        DemandEndpoint(options);
        DemandTimeout(nameof(options.ResponseTimeout), options.ResponseTimeout);
        DemandTimeout(nameof(options.IdleTimeout), options.IdleTimeout);
        DemandPresent(nameof(options.TimeProvider), options.TimeProvider);
        DemandPresent(nameof(options.GpuRevocation), options.GpuRevocation);
        DemandPresent(nameof(options.PromptCache), options.PromptCache);
        if (!Enum.IsDefined(options.RemoteMedia))
        {
            throw new PrivatemodeConfigurationException(
                nameof(options.RemoteMedia), "RemoteMedia is not one of the known policies; leave it alone for the default.");
        }

        if (!Enum.IsDefined(options.WarmUp))
        {
            throw new PrivatemodeConfigurationException(nameof(options.WarmUp), "WarmUp is not one of the known values; leave it alone for the default.");
        }

        if (options.HttpMessageHandler is not null)
        {
            SendingChain.Demand(options.HttpMessageHandler, options.InsecureAcceptAnyHandlerOnLoopback);
        }

        if (options.InsecureAcceptAnyHandlerOnLoopback && !IsLoopbackAddress(options.Endpoint))
        {
            throw new PrivatemodeConfigurationException(
                nameof(options.InsecureAcceptAnyHandlerOnLoopback),
                    "InsecureAcceptAnyHandlerOnLoopback is for an endpoint that is a loopback address, such as http://127.0.0.1:5000, not a name.");
        }

        if (options.MaxSessions is < 1 or > MostSessions)
        {
            throw new PrivatemodeConfigurationException(nameof(options.MaxSessions), $"MaxSessions must be at least 1 and at most {MostSessions}.");
        }

        if (options.MaxFetchedImages is < 1 or > MostFetchedImages)
        {
            throw new PrivatemodeConfigurationException(
                nameof(options.MaxFetchedImages), $"MaxFetchedImages must be at least 1 and at most {MostFetchedImages}.");
        }

        DemandTrust(options);
        return KeysOf(options);
    }

    /// <summary>Whether an address is on this machine without asking anybody what its name stands for.</summary>
    public static bool IsLoopbackAddress(Uri address) =>
        address.IsLoopback && address.HostNameType is (UriHostNameType.IPv4 or UriHostNameType.IPv6);

    /// <summary>Whether connections are made by a handler that may lead anywhere.</summary>
    private static bool HasOwnHandler(PrivatemodeOptions options) =>
        options.HttpMessageHandler is not null && !options.InsecureAcceptAnyHandlerOnLoopback;

    private static void DemandEndpoint(PrivatemodeOptions options)
    {
        Uri endpoint = options.Endpoint ?? throw new PrivatemodeConfigurationException(
            nameof(options.Endpoint), "Endpoint is null; leave it alone for the default.");
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
                nameof(options.Endpoint), "Endpoint must be https. Plain http is for loopback, and without a message handler of your own.");
        }
    }

    private static void DemandTrust(PrivatemodeOptions options)
    {
        DemandPresent(nameof(options.Manifest), options.Manifest);
        DemandPresent(nameof(options.Hardware), options.Hardware);
        if (options.EvidenceLifetime < ShortestEvidence || options.EvidenceLifetime > LongestTimeout)
        {
            throw new PrivatemodeConfigurationException(
                nameof(options.EvidenceLifetime), "EvidenceLifetime must be at least 5 minutes and at most 24 hours.");
        }

        if (options.CollateralProxy is { } proxy && !IsProxy(proxy))
        {
            throw new PrivatemodeConfigurationException(
                nameof(options.CollateralProxy), "CollateralProxy must be an https address without query, for example https://collateral.example.com.");
        }

        if (options.InsecureLoopbackTrust is not null && (!options.Endpoint.IsLoopback || HasOwnHandler(options)))
        {
            throw new PrivatemodeConfigurationException(
                nameof(options.InsecureLoopbackTrust),
                    "InsecureLoopbackTrust is for a loopback endpoint, and without a message handler of your own.");
        }
    }

    private static bool IsProxy(Uri address) => address.IsAbsoluteUri && address.Query.Length == 0 && address.UserInfo.Length == 0 &&
        (address.Scheme == Uri.UriSchemeHttps || (address.Scheme == Uri.UriSchemeHttp && address.IsLoopback));

    private static ApiKeys KeysOf(PrivatemodeOptions options)
    {
        if (options.ApiKeyAccessor is not null)
        {
            return new ApiKeys(options.ApiKeyAccessor);
        }

        if (options.Credential is not null)
        {
            return new ApiKeys(options.Credential);
        }

        string? key = options.ApiKey ?? Environment.GetEnvironmentVariable(PrivatemodeOptions.ApiKeyVariable);
        if (string.IsNullOrWhiteSpace(key))
        {
            throw new PrivatemodeConfigurationException(
                nameof(options.ApiKey),
                    $"There is no API key. Set {nameof(options.ApiKey)}, {nameof(options.Credential)}, or the environment variable " +
                    $"{PrivatemodeOptions.ApiKeyVariable}.");
        }

        ApiKeys.Demand(key, nameof(options.ApiKey));
        return new ApiKeys(new ApiKeyCredential(key));
    }

    private static void DemandTimeout(string name, TimeSpan timeout)
    {
        if (timeout <= TimeSpan.Zero || timeout > LongestTimeout)
        {
            throw new PrivatemodeConfigurationException(name, $"{name} must be longer than zero and at most 24 hours.");
        }
    }

    private static void DemandPresent(string name, object? value)
    {
        if (value is null)
        {
            throw new PrivatemodeConfigurationException(name, $"{name} is null; leave it alone for the default.");
        }
    }
}
