namespace Privatemode.AI.AspNetCore;

/// <summary>Provides options for the proxy that <c>MapPrivatemode</c> adds to an application.</summary>
/// <remarks>They are read when the host starts, from the section <c>PrivatemodeProxy</c> of the configuration and from code.</remarks>
public sealed class PrivatemodeProxyOptions
{
    /// <summary>Gets the keys of the callers: 16 to 512 printable ASCII characters each, at most 10,000, no two equal. The default is empty.</summary>
    public IList<string> CallerKeys { get; } = [];

    /// <summary>Gets the paths of files with keys of callers, one a line; lines that begin with <c>#</c> are comments. The default is empty.</summary>
    public IList<string> CallerKeyFiles { get; } = [];

    /// <summary>Gets or sets a value that indicates whether the key of the caller is the API key of the service. The default is <see langword="false"/>.</summary>
    public bool UseCallerKeyAsApiKey { get; set; }

    /// <summary>Gets the names that callers may use for this host: host names or addresses, without a port.</summary>
    /// <value>The default is <c>localhost</c>, <c>127.0.0.1</c> and <c>[::1]</c>.</value>
    public IList<string> AllowedHosts { get; } = ["localhost", "127.0.0.1", "[::1]"];

    /// <summary>Gets the origins of web pages that may call, such as <c>https://chat.example.org</c>. The default is empty.</summary>
    public IList<string> AllowedOrigins { get; } = [];

    /// <summary>Gets or sets a value that indicates whether callers on other machines may use connections without TLS.</summary>
    /// <value>The default is <see langword="false"/>. With it, prompts and answers cross the network unencrypted.</value>
    public bool DangerousAllowUnencryptedRemoteCallers { get; set; }

    /// <summary>Gets or sets a value that indicates whether callers on other machines need no key.</summary>
    /// <value>The default is <see langword="false"/>. With it, everyone who reaches the port uses your API key.</value>
    public bool DangerousAllowAnyRemoteCaller { get; set; }

    /// <summary>Gets or sets a value that indicates whether health probes may use any host name. The default is <see langword="false"/>.</summary>
    public bool HealthFromAnyHost { get; set; }

    /// <summary>Gets or sets a value that indicates whether metrics are served without a key. The default is <see langword="false"/>.</summary>
    public bool OpenMetrics { get; set; }

    /// <summary>Gets other names of models: a name, or the beginning of names followed by <c>*</c>, and the model that is used. The default is empty.</summary>
    public IDictionary<string, string> Aliases { get; } = new Dictionary<string, string>(StringComparer.Ordinal);

    /// <summary>Gets or sets a value that indicates whether names of other vendors' models are served by models of this service.</summary>
    /// <value>The default is <see langword="true"/>.</value>
    public bool DefaultAliases { get; set; } = true;

    /// <summary>Gets the models that serve names of other vendors' models.</summary>
    public ProxyDefaultModels DefaultModels { get; } = new();

    /// <summary>Gets the context windows of models, in tokens, from 1,024 to 10,000,000. The default is empty: a built-in table is used.</summary>
    public IDictionary<string, int> ContextWindows { get; } = new Dictionary<string, int>(StringComparer.Ordinal);

    /// <summary>Gets or sets a value that indicates whether tools that the vendor of an API runs are left out of requests instead of refused.</summary>
    /// <value>The default is <see langword="false"/>.</value>
    public bool LeaveOutHostedTools { get; set; }

    /// <summary>Gets or sets a value that indicates whether the calls of one session of one caller share cached prompts.</summary>
    /// <value>The default is <see langword="false"/>.</value>
    public bool SessionPromptCache { get; set; }

    /// <summary>Gets or sets the secret from which the prompt cache's salts are derived: 32 bytes or more, or <see langword="null"/>.</summary>
    /// <value>The default is <see langword="null"/>: random for the process. Several replicas need the same one.</value>
#pragma warning disable CA1819 // A secret of the configuration; it is read once.
    public byte[]? PromptCacheSecret { get; set; }
#pragma warning restore CA1819

    /// <summary>Gets or sets a value that indicates whether the <c>cache_salt</c> of a caller is removed. The default is <see langword="false"/>.</summary>
    public bool IgnoreCallerCacheSalt { get; set; }

    /// <summary>Gets or sets the limits of the whole proxy. The default is <see langword="null"/>: no limits.</summary>
    public ProxyRateLimits? RateLimit { get; set; }

    /// <summary>Gets or sets the limits of each caller. The default is <see langword="null"/>: no limits.</summary>
    public ProxyRateLimits? CallerRateLimit { get; set; }

    /// <summary>Gets or sets the size of the largest JSON body, in bytes, from 64 KiB to 64 MiB. The default is 64 MiB.</summary>
    public long MaxRequestBodyBytes { get; set; } = 64 * 1024 * 1024;

    /// <summary>Gets or sets the size of the largest form of a transcription, in bytes, from 1 MiB to 51 MiB. The default is 51 MiB.</summary>
    public long MaxTranscriptionBytes { get; set; } = 51 * 1024 * 1024;

    /// <summary>Gets or sets the size of the largest form of a document, in bytes, from 1 MiB to 25 MiB less 128 bytes, which is the default.</summary>
    public long MaxDocumentBytes { get; set; } = 25 * 1024 * 1024 - 128;

    /// <summary>Gets or sets how many bytes the bodies of all requests in flight may have together. The default is 512 MiB.</summary>
    public long MaxBufferedBytes { get; set; } = 512 * 1024 * 1024;

    /// <summary>Gets or sets the time after which a silent stream is kept alive, from 1 to 120 seconds.</summary>
    /// <value>The default is 10 seconds. <see cref="Timeout.InfiniteTimeSpan"/> switches it off.</value>
    public TimeSpan KeepAliveInterval { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>Gets or sets how long a request waits for the list of models, from 0.1 to 30 seconds. The default is 2.5 seconds.</summary>
    public TimeSpan ModelListTimeout { get; set; } = TimeSpan.FromSeconds(2.5);

    /// <summary>Gets or sets how long streams may go on after the host was asked to stop, up to 10 minutes. The default is 30 seconds.</summary>
    public TimeSpan ShutdownTimeout { get; set; } = TimeSpan.FromSeconds(30);
}

/// <summary>Provides the models that serve names of other vendors' models.</summary>
public sealed class ProxyDefaultModels
{
    /// <summary>Gets or sets the model for chats, or <see langword="null"/> for the first one with tools that the service lists.</summary>
    public string? Chat { get; set; }

    /// <summary>Gets or sets the model for small chats, or <see langword="null"/> for a small one with tools that the service lists.</summary>
    public string? SmallChat { get; set; }

    /// <summary>Gets or sets the model for embeddings, or <see langword="null"/> for the first one that the service lists.</summary>
    public string? Embeddings { get; set; }

    /// <summary>Gets or sets the model for transcriptions, or <see langword="null"/> for the first one that the service lists.</summary>
    public string? Transcription { get; set; }
}
