using System.CommandLine;
using Privatemode.Tool.CommandLine;

namespace Privatemode.Tool.Proxy;

/// <summary>The flags of <c>privatemode proxy</c>: all flags of <c>privatemode-proxy</c>, with the same names and defaults, and additional ones.</summary>
internal sealed class ProxyFlags
{
    public CommonOptions Common { get; } = new()
    {
        What = "proxy",
        ApiKey = new("--apiKey", "KEY|@FILE", "The API key, or @ and the path of a file that contains it. Without it, each caller's key is used", "--api-key"),
        ApiEndpoint = new("--apiEndpoint", "HOST[:PORT]", "The address of the service [default: api.privatemode.ai:443]", "--api-endpoint"),
        Workspace = new("--workspace", "DIR", "The directory of the manifest log, of cached collateral and of dumps [default: .]"),
    };

    public TextFlag LogFormat { get; } = new("--log-format", "text|json", "The format of log lines on stderr [default: text]");

    public TextFlag LogLevel { get; } = new(
        "--log-level", "LEVEL", "debug, info, warn, error, or a number as in Go's slog (-4, 0, 4, 8) [default: info]", "-l");

    public TextFlag TlsCertificate { get; } = new(
        "--tlsCertPath", "FILE", "The TLS certificate and its chain in PEM, reloaded when it changes", "--tls-cert-path");

    public TextFlag TlsKey { get; } = new("--tlsKeyPath", "FILE", "The private key of the certificate in PEM", "--tls-key-path");

    public TextFlag PromptCacheSalt { get; } = new(
        "--promptCacheSalt", "SALT", "Share the prompt cache with all proxies that use this salt (at least 32 bytes)", "--prompt-cache-salt");

    public BoolFlag SharedPromptCache { get; } = new(
        "--sharedPromptCache", "Let all callers share the prompt cache", defaultValue: false, "--shared-prompt-cache");

    public BoolFlag DisablePromptCache { get; } = new("--disable-prompt-cache", "Replace the callers' cache salts with random ones");

    public TextFlag ApiKeyFallback { get; } = new(
        "--api-key-fallback", "never", "Accepted for compatibility, with --api-key only: callers' own API keys are never used");

    public BoolFlag AllowUnknown { get; } = new(
        "--nvidiaOCSPAllowUnknown", "Accept an unknown revocation status of GPUs [default: true]", defaultValue: true, "--nvidia-ocsp-allow-unknown");

    public TextFlag GracePeriod { get; } = new(
        "--nvidiaOCSPRevokedGracePeriod", "HOURS", "How many hours after its revocation a GPU is accepted [default: 48]", "--nvidia-ocsp-revoked-grace-period");

    public TextFlag ManifestPath { get; } = new("--manifestPath", "FILE", "Accept only this manifest, and do not update it", "--manifest-path");

    public TextFlag Port { get; } = new("--port", "PORT", "The port, or 0 for any free port [default: 8080]");

    public BoolFlag DumpRequests { get; } = new(
        "--dumpRequests", "Write requests and answers to files in the workspace, unencrypted", defaultValue: false, "--dump-requests");

    public ListFlag Listen { get; } = new("--listen", "ADDRESS", "An IP address to listen on, or localhost. Can be repeated [default: 127.0.0.1]");

    public ListFlag CallerKeys { get; } = new(
        "--caller-keys", "KEY|@FILE",
        "A key that callers must present, or @ and the path of a file with one key per line, reloaded when it changes. Can be repeated");

    public ListFlag AllowedHosts { get; } = new(
        "--allowed-host", "NAME", "A host name under which callers on other machines reach the proxy. Can be repeated");

    public ListFlag Aliases { get; } = new("--alias", "NAME=MODEL", "Another name for a model. Can be repeated");

    public BoolFlag LeaveOutHostedTools { get; } = new("--leave-out-hosted-tools", "Remove tools that run at a provider, instead of refusing the request");

    public BoolFlag SessionPromptCache { get; } = new("--session-prompt-cache", "Use a separate prompt cache for each session of an assistant");

    public TextFlag PromptCacheSecret { get; } = new(
        "--prompt-cache-secret", "@FILE", "The secret of --session-prompt-cache that several proxies share: at least 32 random bytes in base64");

    public TextFlag ReasoningKey { get; } = new(
        "--reasoning-key",
        "@FILE",
        "The key that encrypts the reasoning that callers keep: 32 random bytes in base64. Only needed if several proxies serve the same callers");

    public TextFlag RateLimit { get; } = new("--rate-limit", "none|free", "Wait instead of exceeding the limits of the free tier [default: none]");

    public BoolFlag DangerousUnprotectedListener { get; } = new(
        "--dangerous-unprotected-listener", "Allow callers on other machines without TLS or without caller keys");

    public BoolFlag DangerousAcceptOutdatedTdxPlatform { get; } = new(
        "--dangerous-accept-outdated-tdx-platform", "Accept TDX platforms with known vulnerabilities");

    public BoolFlag ExitIfRefused { get; } = new("--exit-if-refused", "End with code 3 if the deployment is refused at start");

    // Flags that privatemode-proxy deprecated, or has only for its developers.
    public TextFlag SsEndpoint { get; } = new("--ssEndpoint", "HOST", "") { Hidden = true };

    public TextFlag CoordinatorEndpoint { get; } = new("--coordinatorEndpoint", "HOST", "") { Hidden = true };

    public BoolFlag InsecureApiConnection { get; } = new("--insecureAPIConnection", "") { Hidden = true };

    public TextFlag CdnBaseUrl { get; } = new("--cdnBaseURL", "URL", "") { Hidden = true };

    /// <summary>Adds the flags that are not common ones.</summary>
    public void AddTo(Command command)
    {
        Option[] flags =
        [
            Port, Listen, CallerKeys, AllowedHosts, ManifestPath, AllowUnknown, GracePeriod, SharedPromptCache, PromptCacheSalt, DisablePromptCache,
            SessionPromptCache, PromptCacheSecret, ReasoningKey,
            ApiKeyFallback, Aliases, LeaveOutHostedTools, RateLimit, TlsCertificate, TlsKey, LogFormat, LogLevel, DumpRequests,
            ExitIfRefused, DangerousUnprotectedListener, DangerousAcceptOutdatedTdxPlatform, SsEndpoint, CoordinatorEndpoint, InsecureApiConnection,
            CdnBaseUrl,
        ];
        foreach (Option flag in flags)
        {
            command.Add(flag);
        }
    }
}
