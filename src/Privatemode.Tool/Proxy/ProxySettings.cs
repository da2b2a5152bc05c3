using System.Net;
using System.Security.Cryptography;
using Microsoft.Extensions.Logging;
using Privatemode.AI;
using Privatemode.AI.AspNetCore;
using Privatemode.Tool.Services;

namespace Privatemode.Tool.Proxy;

/// <summary>The settings of a proxy. The defaults are those of the commands that start one for a program; the command <c>proxy</c> sets those of
/// <c>privatemode-proxy</c>.</summary>
internal sealed record ProxySettings
{
    public required ServiceSettings Service { get; init; }

    /// <summary>The directory of the log of manifests and of collateral, if <see cref="ServiceSettings.Workspace"/> is null.</summary>
    public required string DefaultWorkspace { get; init; }

    /// <summary>The addresses to listen on; empty for both loopback addresses of <c>localhost</c>.</summary>
    public IReadOnlyList<IPAddress> Listen { get; init; } = [IPAddress.Loopback];

    /// <summary>The port; 0 for one that is free.</summary>
    public int Port { get; init; }

    public ReloadingCertificate? Certificate { get; init; }

    public IReadOnlyList<string> CallerKeys { get; init; } = [];

    public IReadOnlyList<string> CallerKeyFiles { get; init; } = [];

    /// <summary>Whether each caller's key is the API key, because the proxy has none.</summary>
    public bool UsesCallerKeyAsApiKey { get; init; }

    /// <summary>The names under which callers on other machines reach the proxy.</summary>
    public IReadOnlyList<string> AllowedHosts { get; init; } = [];

    public IReadOnlyList<KeyValuePair<string, string>> Aliases { get; init; } = [];

    public bool LeavesOutHostedTools { get; init; }

    public bool UsesSessionPromptCache { get; init; }

    /// <summary>The secret of <see cref="UsesSessionPromptCache"/> that several proxies share; null for random bytes of this process.</summary>
    public byte[]? PromptCacheSecret { get; init; }

    /// <summary>The key that encrypts reasoning for callers to keep; empty for a random key of this process.</summary>
    public byte[] ReasoningKey { get; init; } = [];

    public bool IgnoresCallerCacheSalt { get; init; }

    public ProxyRateLimits? RateLimit { get; init; }

    public bool IsUnprotectedListenerAllowed { get; init; }

    public PromptCacheScope PromptCache { get; init; } = PromptCacheScope.None;

    public GpuRevocationPolicy GpuRevocation { get; init; } = GpuRevocationPolicy.Strict;

    public HardwarePolicy Hardware { get; init; } = HardwarePolicy.Default;

    /// <summary>Whether requests and answers are written to files in the workspace, unencrypted.</summary>
    public bool DumpsRequests { get; init; }

    /// <summary>Whether adopted manifests are also logged in the form of <c>privatemode-proxy</c>.</summary>
    public bool MirrorsManifestLog { get; init; }

    public LogLevel LogLevel { get; init; } = LogLevel.Information;

    public bool LogsJson { get; init; }

    /// <summary>Zeroes the secrets that came from files. Nothing may use these settings afterwards.</summary>
    public void ZeroSecrets()
    {
        CryptographicOperations.ZeroMemory(PromptCacheSecret);
        CryptographicOperations.ZeroMemory(ReasoningKey);
    }
}
