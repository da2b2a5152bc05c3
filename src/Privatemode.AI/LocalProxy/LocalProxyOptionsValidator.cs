using Privatemode.AI.Internal;

namespace Privatemode.AI.LocalProxy;

/// <summary>Checks the settings of a client that sends to a local proxy. Settings that concern verification or encryption are refused, because they would
/// have no effect.</summary>
internal static class LocalProxyOptionsValidator
{
    /// <summary>Adds a fault for each invalid setting.</summary>
    public static void Check(PrivatemodeOptions options, OptionsFaults faults)
    {
        _ = faults.Try(() => ValidateAddress(options.Transport.DangerousUnverifiedLocalProxy!));
        foreach (string setting in ConflictingSettings(options))
        {
            faults.Add(new PrivatemodeConfigurationException(
                setting,
                $"{setting} has no effect with {OptionNames.LocalProxy}: the proxy verifies and encrypts instead of this client. Remove one of the two."));
        }
    }

    /// <exception cref="PrivatemodeConfigurationException">The address could belong to another machine, or is not only an address.</exception>
    private static void ValidateAddress(Uri address)
    {
        bool isAddress = address.IsAbsoluteUri && (address.Scheme == Uri.UriSchemeHttp || address.Scheme == Uri.UriSchemeHttps)
            && Loopback.IsAddress(address) && address.AbsolutePath == "/" && address.Query.Length == 0 && address.Fragment.Length == 0
            && address.UserInfo.Length == 0;
        if (!isAddress)
        {
            throw new PrivatemodeConfigurationException(
                OptionNames.LocalProxy,
                $"{OptionNames.LocalProxy} must consist of scheme, loopback address and port, for example http://127.0.0.1:8080, without /v1. A name such " +
                "as localhost is refused, because it can resolve to another machine.");
        }
    }

    private static IEnumerable<string> ConflictingSettings(PrivatemodeOptions options)
    {
        VerificationOptions verification = options.Verification;
        (string Setting, bool IsSet)[] settings =
        [
            (nameof(options.Endpoint), options.Endpoint != PrivatemodeOptions.DefaultEndpoint),
            (OptionNames.Manifest, !ReferenceEquals(verification.Manifest, VerificationOptions.DefaultManifest)),
            (OptionNames.Hardware, verification.Hardware != HardwarePolicy.Default),
            (OptionNames.VerificationLifetime, verification.Lifetime != VerificationOptions.DefaultLifetime),
            (OptionNames.GpuRevocation, !ReferenceEquals(verification.GpuRevocation, GpuRevocationPolicy.Strict)),
            (OptionNames.CollateralDirectory, verification.CollateralDirectory is not null),
            (OptionNames.CollateralCache, verification.CollateralCache is not null),
            (OptionNames.CollateralEndpoint, verification.CollateralEndpoint is not null),
            (OptionNames.OnVerified, verification.OnVerified is not null),
            (OptionNames.UnnamedSecretService, verification.DangerousAcceptAnyUnnamedWorkloadAsSecretService),
            (OptionNames.InsecureLoopbackTrust, verification.InsecureLoopbackTrust is not null),
            (OptionNames.HttpMessageHandler, options.Transport.HttpMessageHandler is not null),
            (OptionNames.AnyHandlerOnLoopback, options.Transport.InsecureAcceptAnyHandlerOnLoopback),
            (nameof(options.LogEncryptedContent), options.LogEncryptedContent),
        ];
        return settings.Where(setting => setting.IsSet).Select(setting => setting.Setting);
    }
}
