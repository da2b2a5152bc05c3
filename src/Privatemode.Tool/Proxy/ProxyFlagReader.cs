using System.CommandLine;
using System.Globalization;
using System.Net;
using System.Text;
using Microsoft.Extensions.Logging;
using Privatemode.AI;
using Privatemode.AI.AspNetCore;
using Privatemode.Tool.CommandLine;
using Privatemode.Tool.Services;

namespace Privatemode.Tool.Proxy;

/// <summary>Checks the flags of <c>privatemode proxy</c>, in the order and with the words of <c>privatemode-proxy</c>.</summary>
internal sealed class ProxyFlagReader(ProxyFlags flags, ParseResult result, ToolContext context)
{
    private const int MinCallerKeyLength = 16;
    private const int MaxCallerKeyLength = 512;
    private const int MaxGracePeriod = 8760;
    private const int ReasoningKeySize = 32;
    private const int MaxSecretLength = 1024;

    private static readonly string[] LoopbackNames = ["localhost", "127.0.0.1", "[::1]"];

    /// <summary>Lines for the log, once there is one.</summary>
    public List<(LogLevel Level, string Text)> Notes { get; } = [];

    /// <exception cref="ToolException">A flag is invalid.</exception>
    public ProxySettings Read()
    {
        bool logsJson = ReadLogFormat();
        LogLevel level = ReadLogLevel(logsJson);
        ReloadingCertificate? certificate = ReadCertificate();
        PromptCacheScope promptCache = ReadPromptCache();
        string? key = ReadKey();
        GpuRevocationPolicy gpu = ReadGpuPolicy();
        ManifestPolicy? manifest = ReadManifest();
        RefuseUnsupported();
        bool isKeyless = key is null && !flags.Common.Demo.Read(result);
        (List<string> callerKeys, List<string> callerKeyFiles) = ReadCallerKeys(isKeyless);
        IReadOnlyList<IPAddress> listen = ReadListen();
        ProxySettings settings = new()
        {
            Service = ReadService(key, manifest),
            DefaultWorkspace = context.CurrentDirectory,
            Port = ReadPort(),
            Listen = listen,
            Certificate = certificate,
            CallerKeys = callerKeys,
            CallerKeyFiles = callerKeyFiles,
            UsesCallerKeyAsApiKey = isKeyless,
            AllowedHosts = ReadAllowedHosts(listen),
            Aliases = [.. flags.Aliases.Read(result).Select(ReadAlias)],
            LeavesOutHostedTools = flags.LeaveOutHostedTools.Read(result),
            UsesSessionPromptCache = flags.SessionPromptCache.Read(result),
            PromptCacheSecret = ReadPromptCacheSecret(),
            ReasoningKey = flags.ReasoningKey.Read(result) is { } reasoning
                ? SecretFile.Read(flags.ReasoningKey.Name, reasoning, ReasoningKeySize, ReasoningKeySize, context)
                : [],
            IgnoresCallerCacheSalt = flags.DisablePromptCache.Read(result),
            RateLimit = ReadRateLimit(),
            IsUnprotectedListenerAllowed = flags.DangerousUnprotectedListener.Read(result),
            PromptCache = promptCache,
            GpuRevocation = gpu,
            Hardware = HardwarePolicy.Default with { DangerousAcceptOutdatedTdxPlatform = flags.DangerousAcceptOutdatedTdxPlatform.Read(result) },
            DumpsRequests = flags.DumpRequests.Read(result),
            MirrorsManifestLog = manifest is null,
            LogLevel = level,
            LogsJson = logsJson,
        };
        RequireProtectedListener(settings);
        return settings;
    }

    private bool ReadLogFormat() => flags.LogFormat.Read(result)?.ToLowerInvariant() switch
    {
        null or "text" => false,
        "json" => true,
        _ => throw ToolException.Setup($"invalid log format \"{flags.LogFormat.Read(result)}\": --log-format must be one of [\"json\" \"text\"]"),
    };

    private LogLevel ReadLogLevel(bool logsJson)
    {
        string word = flags.LogLevel.Read(result) ?? "info";
        if (int.TryParse(word, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int number))
        {
            return number switch { < 0 => LogLevel.Debug, < 4 => LogLevel.Information, < 8 => LogLevel.Warning, _ => LogLevel.Error };
        }

        LogLevel? level = word.ToLowerInvariant() switch
        {
            "debug" => LogLevel.Debug,
            "info" => LogLevel.Information,
            "warn" or "warning" => LogLevel.Warning,
            "error" => LogLevel.Error,
            _ => null,
        };
        if (level is null)
        {
            Notes.Add((LogLevel.Warning, $"--log-level \"{word}\" is unknown; {(logsJson ? "info" : "warn")} is used."));
        }

        return level ?? (logsJson ? LogLevel.Information : LogLevel.Warning);
    }

    private ReloadingCertificate? ReadCertificate()
    {
        string? certificate = flags.TlsCertificate.Read(result) is { Length: > 0 } one ? one : null;
        string? key = flags.TlsKey.Read(result) is { Length: > 0 } other ? other : null;
        return (certificate, key) switch
        {
            (null, null) => null,
            (not null, not null) => new ReloadingCertificate(context.FullPath(certificate), context.FullPath(key), context.Time),
            _ => throw ToolException.Setup("TLS certificate and key must be provided together"),
        };
    }

    private PromptCacheScope ReadPromptCache()
    {
        string salt = flags.PromptCacheSalt.Read(result) ?? "";
        bool isShared = flags.SharedPromptCache.Read(result);
        if (salt.Length > 0 && !isShared)
        {
            throw ToolException.Setup("getting prompt cache salt: promptCacheSalt is set but sharedPromptCache is not enabled");
        }

        if (flags.DisablePromptCache.Read(result) && isShared)
        {
            throw ToolException.Setup("disable-prompt-cache cannot be combined with sharedPromptCache");
        }

        if (salt.Length > 0 && Encoding.UTF8.GetByteCount(salt) < PromptCacheScope.MinimumSaltBytes)
        {
            throw ToolException.Setup($"promptCacheSalt must have at least {PromptCacheScope.MinimumSaltBytes} bytes");
        }

        return !isShared ? PromptCacheScope.None : salt.Length > 0 ? PromptCacheScope.Shared(salt) : PromptCacheScope.PerClient;
    }

    private byte[]? ReadPromptCacheSecret()
    {
        if (flags.PromptCacheSecret.Read(result) is not { } secret)
        {
            return null;
        }

        return flags.SessionPromptCache.Read(result)
            ? SecretFile.Read(flags.PromptCacheSecret.Name, secret, PromptCacheScope.MinimumSaltBytes, MaxSecretLength, context)
            : throw ToolException.Setup("--prompt-cache-secret needs --session-prompt-cache");
    }

    private string? ReadKey()
    {
        flags.Common.RequireNoConflict(result);
        string? key = KeyReader.Read(flags.Common.ApiKey.Read(result), context, emptyLiteral: "The API key is empty.");
        string? fallback = flags.ApiKeyFallback.Read(result);
        if (fallback is not (null or "never"))
        {
            throw ToolException.Setup("--api-key-fallback: only \"never\" is supported; what other values mean is not public");
        }

        if (fallback is not null && key is null)
        {
            throw ToolException.Setup("--api-key-fallback=never needs --api-key");
        }

        if (key is null && flags.ExitIfRefused.Read(result) && !flags.Common.Demo.Read(result))
        {
            throw ToolException.Setup("--exit-if-refused needs --apiKey: without a key, the deployment is not verified at start");
        }

        return key;
    }

    private GpuRevocationPolicy ReadGpuPolicy()
    {
        string text = flags.GracePeriod.Read(result) ?? "48";
        if (!int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int hours))
        {
            throw ToolException.Usage($"invalid argument \"{text}\" for \"--nvidiaOCSPRevokedGracePeriod\" flag");
        }

        if (hours is < 0 or > MaxGracePeriod)
        {
            throw ToolException.Setup($"nvidiaOCSPRevokedGracePeriod must be between 0 and {MaxGracePeriod} hours");
        }

        return flags.AllowUnknown.Read(result) ? GpuRevocationPolicy.AcceptUnknownOrRecentlyRevoked(TimeSpan.FromHours(hours))
            : hours == 0 ? GpuRevocationPolicy.Strict
            : throw ToolException.Setup(
                "unknown OCSP statuses are disallowed, but revoked statuses are allowed. This is likely to be an erroneous configuration");
    }

    private ManifestPolicy? ReadManifest()
    {
        ManifestPolicy? pinned = flags.Common.ReadManifest(result, context);
        if (flags.ManifestPath.Read(result) is not { Length: > 0 } path)
        {
            return pinned;
        }

        if (pinned is not null)
        {
            throw ToolException.Setup("--manifestPath cannot be combined with --manifest.");
        }

        try
        {
            byte[] manifest = ManifestArgument.ReadFile(context.FullPath(path), path);
            _ = ManifestComparison.Compare(null, manifest);
            return ManifestPolicy.Pinned(manifest);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw ToolException.Setup(
                $"setting up secret manager configuration: failed to read manifest file: {FileErrors.Describe(exception)}", exception);
        }
        catch (PrivatemodeVerificationException exception)
        {
            throw ToolException.Setup($"The manifest file \"{path}\" cannot be read: {exception.Message}", exception);
        }
    }

    private void RefuseUnsupported()
    {
        if (flags.InsecureApiConnection.Read(result))
        {
            throw ToolException.Setup("--insecureAPIConnection is not supported: the connection to the service is always TLS. Leave the flag out.");
        }

        if (flags.CdnBaseUrl.Read(result) is not null)
        {
            throw ToolException.Setup("--cdnBaseURL is not supported: the address of the published manifest is fixed. Leave the flag out.");
        }

        foreach (TextFlag flag in (TextFlag[])[flags.SsEndpoint, flags.CoordinatorEndpoint])
        {
            if (flag.Read(result) is not null)
            {
                Notes.Add((LogLevel.Warning, $"Flag {flag.Name} has been deprecated, direct connection to the secret-service is no longer required"));
            }
        }
    }

    private ServiceSettings ReadService(string? key, ManifestPolicy? manifest) => new()
    {
        IsDemo = flags.Common.Demo.Read(result),
        DemoScript = flags.Common.DemoScript.Read(result) is { } script ? context.FullPath(script) : null,
        ApiKey = key,
        Endpoint = flags.Common.ReadEndpoint(result),
        Workspace = flags.Common.Workspace.Read(result) is { Length: > 0 } workspace ? context.FullPath(workspace) : null,
        Manifest = manifest,
        IsJson = flags.Common.Json.Read(result),
        IsVerbose = flags.Common.Verbose.Read(result),
    };

    private int ReadPort()
    {
        string text = flags.Port.Read(result) ?? "8080";
        return ushort.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out ushort port)
            ? port
            : throw ToolException.Setup($"listening on port \"{text}\": it is not a number from 0 to 65535");
    }

    /// <summary>The addresses; empty for both loopback addresses.</summary>
    private List<IPAddress> ReadListen()
    {
        IReadOnlyList<string> values = flags.Listen.Read(result);
        if (values is ["localhost"])
        {
            return [];
        }

        return values.Count == 0 ? [IPAddress.Loopback] : [.. values.Select(value => value == "localhost" ? IPAddress.Loopback
            : IPAddress.TryParse(value, out IPAddress? address) ? address
            : throw ToolException.Setup($"--listen: \"{value}\" is neither an IP address nor localhost"))];
    }

    private (List<string> Keys, List<string> Files) ReadCallerKeys(bool isKeyless)
    {
        List<string> keys = [], files = [];
        foreach (string value in flags.CallerKeys.Read(result))
        {
            if (value.StartsWith('@'))
            {
                files.Add(context.FullPath(value[1..]));
                RequireReadable(value[1..]);
                continue;
            }

            keys.Add(value.Trim());
            string? fault = keys[^1].Length < MinCallerKeyLength ? $"is too short (at least {MinCallerKeyLength} characters)"
                : keys[^1].Length > MaxCallerKeyLength ? $"is too long (at most {MaxCallerKeyLength} characters)"
                : keys[^1].Any(character => character is <= ' ' or > '~') ? "has characters that are not printable ASCII"
                : null;
            _ = fault is null ? 0 : throw ToolException.Setup($"--caller-keys: key {keys.Count} {fault}");
        }

        return isKeyless && keys.Count + files.Count > 0
            ? throw ToolException.Setup("--caller-keys needs --apiKey: without it, the keys of callers are the API keys")
            : (keys, files);
    }

    private void RequireReadable(string path)
    {
        try
        {
            File.OpenRead(context.FullPath(path)).Dispose();
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw ToolException.Setup($"--caller-keys: the file \"{path}\" cannot be read: {FileErrors.Describe(exception)}", exception);
        }
    }

    private List<string> ReadAllowedHosts(IReadOnlyList<IPAddress> listen)
    {
        IReadOnlyList<string> given = flags.AllowedHosts.Read(result);
        IPAddress[] remote = [.. listen.Where(address => !IPAddress.IsLoopback(address))];
        if (given.Count == 0 && remote.FirstOrDefault(IsAny) is { } any)
        {
            throw ToolException.Setup($"--listen {any} needs --allowed-host NAME, once for each host name or address under which callers reach this machine.");
        }

        // With its own list, the package forgets the loopback names.
        IEnumerable<string> addresses = remote.Where(address => !IsAny(address)).Select(address => new IPEndPoint(address, 0).ToString()[..^2]);
        return given.Count + remote.Length == 0 ? [] : [.. LoopbackNames.Concat(given).Concat(addresses).Distinct(StringComparer.OrdinalIgnoreCase)];
    }

    private static KeyValuePair<string, string> ReadAlias(string value) => value.Split('=', 2) is [{ Length: > 0 } name, { Length: > 0 } model]
        ? new(name.Trim(), model.Trim())
        : throw ToolException.Setup($"--alias: \"{value}\" is not NAME=MODEL");

    private ProxyRateLimits? ReadRateLimit() => flags.RateLimit.Read(result) switch
    {
        null or "none" => null,
        "free" => ProxyRateLimits.FreeTier,
        { } other => throw ToolException.Setup($"--rate-limit: \"{other}\" is neither none nor free"),
    };

    private static void RequireProtectedListener(ProxySettings settings)
    {
        IPAddress? remote = settings.Listen.FirstOrDefault(address => !IPAddress.IsLoopback(address));
        bool hasKeys = settings.UsesCallerKeyAsApiKey || settings.CallerKeys.Count + settings.CallerKeyFiles.Count > 0;
        bool hasTls = settings.Certificate is not null;
        if (remote is null || settings.IsUnprotectedListenerAllowed || (hasKeys && hasTls))
        {
            return;
        }

        string missing = hasTls ? "caller keys" : hasKeys ? "TLS" : "TLS and caller keys";
        string harm = hasTls ? "use your API key" : hasKeys ? "read prompts" : "read prompts and use your API key";
        string remedy = hasTls ? "--caller-keys" : hasKeys ? "--tlsCertPath and --tlsKeyPath" : "--tlsCertPath, --tlsKeyPath and --caller-keys";
        throw ToolException.Setup(
            $"Listening on {remote} without {missing} lets other machines on the network {harm}. Add {remedy}, or --dangerous-unprotected-listener.");
    }

    private static bool IsAny(IPAddress address) => address.Equals(IPAddress.Any) || address.Equals(IPAddress.IPv6Any);
}
