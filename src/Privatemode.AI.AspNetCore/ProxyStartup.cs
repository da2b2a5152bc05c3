using System.Net;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using Privatemode.AI.AspNetCore.Gate;

namespace Privatemode.AI.AspNetCore;

/// <summary>Marks that the proxy is registered, and records whether its endpoints were mapped.</summary>
internal sealed class PrivatemodeProxyMarker
{
    private int _isMapped;

    /// <exception cref="InvalidOperationException">The endpoints were mapped before.</exception>
    public void Map()
    {
        if (Interlocked.Exchange(ref _isMapped, 1) == 1)
        {
            throw new InvalidOperationException("MapPrivatemode was called before. Call it once: limits and keys are those of one proxy.");
        }
    }
}

/// <summary>Refuses to start with invalid settings, or on an address that other machines can use without TLS or keys.</summary>
internal sealed class ProxyStartup(IServiceProvider provider, ProxyGate gate, IOptions<PrivatemodeProxyOptions> options) : IHostedLifecycleService
{
    /// <exception cref="PrivatemodeConfigurationException">A setting is invalid.</exception>
    public Task StartingAsync(CancellationToken cancellationToken)
    {
        _ = options.Value;
        if (provider.GetRequiredService<IOptionsMonitor<PrivatemodeOptions>>().CurrentValue.Transport.DangerousUnverifiedLocalProxy is not null)
        {
            throw new PrivatemodeConfigurationException(
                "Transport.DangerousUnverifiedLocalProxy",
                "A proxy in front of Privatemode's own proxy would not verify. Remove UseDangerousUnverifiedLocalProxy: this proxy verifies and encrypts.");
        }

        return Task.CompletedTask;
    }

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>Checks the addresses, which are known when the server has started. Until then, the gate refuses callers on other machines.</summary>
    /// <exception cref="PrivatemodeConfigurationException">An address can be reached by callers that the settings do not protect.</exception>
    public Task StartedAsync(CancellationToken cancellationToken)
    {
        foreach (string address in provider.GetService<IServer>()?.Features.Get<IServerAddressesFeature>()?.Addresses ?? [])
        {
            RequireProtected(address);
        }

        return Task.CompletedTask;
    }

    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    private void RequireProtected(string text)
    {
        BindingAddress address = BindingAddress.Parse(text);
        if (address.IsUnixPipe || address.IsNamedPipe || IsLoopback(address.Host))
        {
            return;
        }

        ProxyOptionsValidator.Faults faults = new();
        if (gate.MissingForRemoteCallers(address.Scheme == Uri.UriSchemeHttps) is { } missing)
        {
            if (missing.StartsWith("TLS", StringComparison.Ordinal))
            {
                faults.Add(
                    nameof(PrivatemodeProxyOptions.DangerousAllowUnencryptedRemoteCallers),
                    $"is not set, and {text} has no TLS: others on the network could read prompts. Configure a certificate, listen on a loopback address, " +
                    "or set this option.");
            }

            if (missing.EndsWith("caller keys", StringComparison.Ordinal))
            {
                faults.Add(
                    nameof(PrivatemodeProxyOptions.DangerousAllowAnyRemoteCaller),
                    $"is not set, and no caller keys are configured for {text}: others on the network could use your API key. Set CallerKeys, " +
                    "CallerKeyFiles or UseCallerKeyAsApiKey, listen on a loopback address, or set this option.");
            }
        }

        if (options.Value.AllowedHosts.Count == 0)
        {
            faults.Add(nameof(PrivatemodeProxyOptions.AllowedHosts), $"is empty. List the host names under which callers reach {text}.");
        }

        faults.ThrowIfAny();
    }

    private static bool IsLoopback(string host) => host.Equals("localhost", StringComparison.OrdinalIgnoreCase)
        || (IPAddress.TryParse(host, out IPAddress? address) && ProxyGate.IsLoopback(address));
}
