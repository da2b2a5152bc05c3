namespace Privatemode.AI.AspNetCore;

/// <summary>Represents the settings of the proxy that <c>MapPrivatemode</c> adds to an application.</summary>
/// <remarks>
/// <para>The settings are read from the section <c>PrivatemodeProxy</c> of the application's configuration, and the callback of <c>AddPrivatemodeProxy</c>
/// takes precedence. All settings are checked when the host starts: one <see cref="PrivatemodeConfigurationException"/> lists all invalid settings.
/// They cannot be changed after that, except the content of <see cref="CallerKeyFiles"/>.</para>
/// <para>The API key of the service and the settings of the verification are those of the account without a service key (<c>AddPrivatemode</c>, section
/// <c>Privatemode</c>).</para>
/// </remarks>
public sealed class PrivatemodeProxyOptions
{
    /// <summary>Gets the caller keys. A caller must send one of them as <c>Authorization: Bearer</c>, <c>x-api-key</c> or <c>api-key</c>.</summary>
    /// <value>Each has 16 to 512 printable ASCII characters, no two are equal, and there are at most 10,000. The default is an empty list: callers on this
    /// machine need no key, and others are refused.</value>
    /// <remarks>They are keys of this proxy, chosen by you, and not API keys of the service.</remarks>
    public IList<string> CallerKeys { get; } = [];

    /// <summary>Gets the paths of files with further caller keys, one on each line. Empty lines and lines that begin with <c>#</c> are skipped.</summary>
    /// <value>The default is an empty list.</value>
    /// <remarks>A file that changes is read again within a second of the next request. If it cannot be read or contains an invalid key then, the keys that were
    /// read before stay valid and an error is logged.</remarks>
    public IList<string> CallerKeyFiles { get; } = [];

    /// <summary>Gets or sets a value that indicates whether the key that a caller sends is used as the API key for its requests.</summary>
    /// <value>The default is <see langword="false"/>: all requests use the API key of the account.</value>
    /// <remarks>It cannot be combined with <see cref="CallerKeys"/>, <see cref="CallerKeyFiles"/>, or an API key of the account. Each key has its own session.
    /// </remarks>
    public bool UseCallerKeyAsApiKey { get; set; }

    /// <summary>Gets the host names that the <c>Host</c> header of a request can have, besides the names of loopback addresses.</summary>
    /// <value>Host names or addresses without a port; <c>*.example.org</c> stands for all names below <c>example.org</c>. The default is an empty list.</value>
    /// <remarks>
    /// <para>The check prevents web pages from reaching the proxy under a host name of their own (DNS rebinding). <c>localhost</c>,
    /// <c>127.0.0.1</c> and <c>[::1]</c> are always accepted on loopback connections, and nowhere else unless they are listed.</para>
    /// <para>An application that listens on an address other than loopback does not start while the list is empty.</para>
    /// </remarks>
    public IList<string> AllowedHosts { get; } = [];

    /// <summary>Gets the origins of web pages that can send requests to the proxy, besides pages of this application.</summary>
    /// <value>Scheme, host and port, for example <c>https://chat.example.org</c>. The default is an empty list: requests with another <c>Origin</c> are
    /// refused.</value>
    /// <remarks>Browsers also need CORS headers to read the answers: add the application's <c>UseCors</c>.</remarks>
    public IList<string> AllowedOrigins { get; } = [];

    /// <summary>Gets or sets a value that indicates whether callers on other machines may connect without TLS. This is insecure.</summary>
    /// <value>The default is <see langword="false"/>.</value>
    /// <remarks>Prompts, answers and caller keys then cross the network unencrypted. Set it only if something in front of the application, on the same machine
    /// or in the same pod, terminates TLS.</remarks>
    public bool DangerousAllowUnencryptedRemoteCallers { get; set; }

    /// <summary>Gets or sets a value that indicates whether callers on other machines need no caller key. This is insecure.</summary>
    /// <value>The default is <see langword="false"/>.</value>
    /// <remarks>Every program that can reach the port can then use your API key.</remarks>
    public bool DangerousAllowAnyRemoteCaller { get; set; }

    /// <summary>Gets or sets a value that indicates whether <c>/healthz</c> and <c>/readyz</c> accept any host name.</summary>
    /// <value>The default is <see langword="false"/>: any name is accepted from this machine only.</value>
    /// <remarks>The probes of Kubernetes send the address of the pod as host name.</remarks>
    public bool AllowAnyHostForHealthChecks { get; set; }

    /// <summary>Gets or sets a value that indicates whether <c>/metrics</c> can be read without a caller key.</summary>
    /// <value>The default is <see langword="false"/>.</value>
    public bool AllowAnonymousMetrics { get; set; }

    /// <summary>Gets the model names that are replaced by model IDs of the service, for programs that use the model names of other vendors.</summary>
    /// <value>Names of at most 128 letters, digits and <c>._:/@-</c>; <c>*</c> at the end of a key stands for any characters. The values are model IDs of the
    /// service. At most 1,000. The default is an empty dictionary.</value>
    /// <remarks>A model ID of the service is never replaced. An exact name takes precedence over a pattern, and a longer pattern over a shorter one.</remarks>
    public IDictionary<string, string> Aliases { get; } = new Dictionary<string, string>(StringComparer.Ordinal);

    /// <summary>Gets or sets a value that indicates whether names such as <c>claude-*</c>, <c>gpt-*</c> and <c>whisper-1</c> stand for a model that does the
    /// same task.</summary>
    /// <value>The default is <see langword="true"/>.</value>
    public bool UseDefaultAliases { get; set; } = true;

    /// <summary>Gets the models that <see cref="UseDefaultAliases"/> stand for.</summary>
    public ProxyDefaultModels DefaultModels { get; } = new();

    /// <summary>Gets the context windows of models whose size this package does not know, in tokens, by model ID.</summary>
    /// <value>From 1,024 to 10,000,000. The default is an empty dictionary.</value>
    public IDictionary<string, int> ContextWindows { get; } = new Dictionary<string, int>(StringComparer.Ordinal);

    /// <summary>Gets or sets a value that indicates whether tools that run at another vendor, such as web search, are left out of requests.</summary>
    /// <value>The default is <see langword="false"/>: requests with such tools are refused.</value>
    /// <remarks>The answer lists the types of these tools in the header <c>Privatemode-Left-Out-Tools</c>.</remarks>
    public bool LeaveOutHostedTools { get; set; }

    /// <summary>Gets or sets a value that indicates whether the requests of one session of an assistant share the service's prompt cache.</summary>
    /// <value>The default is <see langword="false"/>: no two requests share it, unless the caller sends a <c>cache_salt</c> of its own.</value>
    /// <remarks>A session is what the caller names in <c>prompt_cache_key</c>, <c>X-Claude-Code-Session-Id</c>, <c>session-id</c> or <c>x-session-id</c>,
    /// together with its caller key. The name is never sent. The service then sees which requests belong to one session.</remarks>
    public bool SessionPromptCache { get; set; }

    /// <summary>Gets or sets the secret from which the salts of <see cref="SessionPromptCache"/> are derived.</summary>
    /// <value>At least 32 bytes; Base64 in the configuration. The default is <see langword="null"/>: random bytes for each process. Several replicas need the
    /// same secret.</value>
    public byte[]? PromptCacheSecret { get; set; }

    /// <summary>Gets or sets a value that indicates whether a <c>cache_salt</c> in a request is removed.</summary>
    /// <value>The default is <see langword="false"/>.</value>
    public bool IgnoreCallerCacheSalt { get; set; }

    /// <summary>Gets or sets the limits of all requests together.</summary>
    /// <value>The default is <see langword="null"/>: no limits. With <see cref="UseCallerKeyAsApiKey"/> each key has these limits for itself.</value>
    public ProxyRateLimits? RateLimit { get; set; }

    /// <summary>Gets or sets the limits of each caller key.</summary>
    /// <value>The default is <see langword="null"/>: no limits.</value>
    public ProxyRateLimits? CallerRateLimit { get; set; }

    /// <summary>Gets or sets the maximum size of a JSON request, in bytes.</summary>
    /// <value>From 65,536 to 67,108,864 (64 MiB), which is the default. Encryption doubles the size, and the service accepts 128 MiB.</value>
    public long MaxRequestBodyBytes { get; set; } = ProxyOptionsValidator.MaxRequestBodySize;

    /// <summary>Gets or sets the maximum size of a transcription request, in bytes.</summary>
    /// <value>From 1,048,576 (1 MiB) to 53,477,376 (51 MiB), which is the default.</value>
    public long MaxTranscriptionBytes { get; set; } = ProxyOptionsValidator.MaxTranscriptionSize;

    /// <summary>Gets or sets the maximum size of a request that extracts text from a document, in bytes.</summary>
    /// <value>From 1,048,576 (1 MiB) to 26,214,272 (128 bytes less than 25 MiB), which is the default.</value>
    public long MaxDocumentBytes { get; set; } = ProxyOptionsValidator.MaxDocumentSize;

    /// <summary>Gets or sets the maximum total size of the request bodies in memory at the same time, in bytes.</summary>
    /// <value>At least twice the largest of the three request size limits. The default is 536,870,912 (512 MiB).</value>
    /// <remarks>
    /// <para>Except for documents, a body counts twice until the proxy has edited it, to reserve memory for the edited copy. After
    /// that it counts once, until the service begins to answer. A request for which no memory is free within 5 seconds gets status 503, or 529 if it uses
    /// Anthropic's API.</para>
    /// <para>The memory that the client needs to send a request is not counted: the body once more and, for JSON, the encrypted body, which is twice as
    /// large. A container therefore needs up to four times this size, and memory for answers that are not streamed.</para>
    /// </remarks>
    public long MaxBufferedBytes { get; set; } = 512L * 1024 * 1024;

    /// <summary>Gets or sets the idle time after which a keep-alive event or comment is sent on a stream.</summary>
    /// <value>From 1 second to 2 minutes, or <see cref="Timeout.InfiniteTimeSpan"/> for none. The default is 10 seconds.</value>
    public TimeSpan KeepAliveInterval { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>Gets or sets the longest time that a request for the model list waits for the service.</summary>
    /// <value>From 0.1 to 30 seconds. The default is 2.5 seconds: some assistants give up after 3.</value>
    public TimeSpan ModelListTimeout { get; set; } = TimeSpan.FromSeconds(2.5);

    /// <summary>Gets or sets the longest time for which running streams delay the end of the application.</summary>
    /// <value>From zero to 10 minutes. The default is 30 seconds.</value>
    /// <remarks>Calls that still run 2 seconds before this time has passed, or after half of it if it is shorter than 4 seconds, end with an error that
    /// tells their callers to call again. It is the <c>ShutdownTimeout</c> of the application's <c>HostOptions</c>, unless the application sets that one
    /// later.</remarks>
    public TimeSpan ShutdownTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>Whether a request needs a key of its caller.</summary>
    internal bool RequiresCallerKey => UseCallerKeyAsApiKey || CallerKeys.Count > 0 || CallerKeyFiles.Count > 0;
}

/// <summary>Represents the models that the default aliases of the proxy stand for.</summary>
public sealed class ProxyDefaultModels
{
    /// <summary>Gets or sets the model for chats.</summary>
    /// <value>A model ID, or <see langword="null"/>, the default, for the first model of the service that calls tools.</value>
    public string? Chat { get; set; }

    /// <summary>Gets or sets the model for chats with names of small models, such as <c>claude-haiku-4-5</c>.</summary>
    /// <value>A model ID, or <see langword="null"/>, the default, for a model of the service with <c>flash</c> or <c>mini</c> in its ID, or else the model for
    /// chats.</value>
    public string? SmallChat { get; set; }

    /// <summary>Gets or sets the model for embeddings.</summary>
    /// <value>A model ID, or <see langword="null"/>, the default, for the first embedding model of the service.</value>
    /// <remarks>Vectors of different models cannot be compared: set this property if vectors are stored. Otherwise the model stays the same only while the
    /// process runs. With <see cref="PrivatemodeProxyOptions.UseCallerKeyAsApiKey"/>, it stays the same for each API key, but only for the 1,024 keys whose
    /// model lists were retrieved most recently.</remarks>
    public string? Embeddings { get; set; }

    /// <summary>Gets or sets the model for transcriptions.</summary>
    /// <value>A model ID, or <see langword="null"/>, the default, for the first transcription model of the service.</value>
    public string? Transcription { get; set; }
}
