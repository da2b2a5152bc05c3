namespace Privatemode.AI.AspNetCore;

/// <summary>Represents the settings of the proxy that <c>MapPrivatemode</c> adds to an application.</summary>
/// <remarks>
/// <para>The settings are read from the section <c>PrivatemodeProxy</c> of the application's configuration, and the callback of <c>AddPrivatemodeProxy</c>
/// takes precedence. All settings are checked by <c>MapPrivatemode</c> or, if it is not called, when the host starts: one
/// <see cref="PrivatemodeConfigurationException"/> lists all invalid settings. Later changes have no effect, except changes of the content of
/// <see cref="CallerKeyFiles"/>.</para>
/// <para>The API key of the service and the verification settings are those of the account without a service key (<c>AddPrivatemode</c>, section
/// <c>Privatemode</c>).</para>
/// </remarks>
public sealed class PrivatemodeProxyOptions
{
    /// <summary>Gets the caller keys, one of which a caller must send as <c>Authorization: Bearer</c>, <c>x-api-key</c> or <c>api-key</c>.</summary>
    /// <value>At most 10,000 keys, including those in <see cref="CallerKeyFiles"/>, each of them only once. A key has 16 to 512 printable ASCII characters and
    /// no spaces. The default is an empty list. If there are no caller keys, and <see cref="UseCallerKeyAsApiKey"/> is <see langword="false"/>, callers on
    /// this machine need no key, and callers on other machines are refused unless <see cref="DangerousAllowAnyRemoteCaller"/> is
    /// <see langword="true"/>.</value>
    /// <remarks>You choose these keys for this proxy. They are not API keys of the service.</remarks>
    public IList<string> CallerKeys { get; } = [];

    /// <summary>Gets the paths of files with further caller keys, one on each line. Empty lines and lines that begin with <c>#</c> are skipped.</summary>
    /// <value>The default is an empty list.</value>
    /// <remarks>A file contains at least one key and has at most 8 MiB. When a request arrives, the files are checked for changes, at most once a second. If a
    /// changed file cannot be read or contains an invalid key, the keys that were read before stay valid, and an error is logged.</remarks>
    public IList<string> CallerKeyFiles { get; } = [];

    /// <summary>Gets or sets a value that indicates whether the key that a caller sends is used as the API key for the caller's requests.</summary>
    /// <value>The default is <see langword="false"/>: all requests use the API key of the account.</value>
    /// <remarks>This option cannot be combined with <see cref="CallerKeys"/>, <see cref="CallerKeyFiles"/> or an API key of the account. Each key has its own
    /// session.</remarks>
    public bool UseCallerKeyAsApiKey { get; set; }

    /// <summary>Gets the host names that the <c>Host</c> header of a request can have, besides the names of loopback addresses.</summary>
    /// <value>At most 1,000 host names or addresses without a port; IPv6 addresses are in brackets. <c>*.example.org</c> stands for all names below
    /// <c>example.org</c>. The default is an empty list.</value>
    /// <remarks>
    /// <para>The check prevents web pages from reaching the proxy under another host name (DNS rebinding). <c>localhost</c>,
    /// <c>127.0.0.1</c> and <c>[::1]</c> are always accepted on loopback connections, and on other connections only if they are listed.</para>
    /// <para>An application that listens on an address other than loopback does not start while the list is empty.</para>
    /// </remarks>
    public IList<string> AllowedHosts { get; } = [];

    /// <summary>Gets the origins of web pages that can send requests to the proxy, besides pages of this application.</summary>
    /// <value>At most 1,000 origins, each with a scheme, a host and an optional port, for example <c>https://chat.example.org</c>. The default is an empty
    /// list: only pages of this application can send requests.</value>
    /// <remarks>To let web pages of other origins read the answers, the application must also send CORS headers: call <c>UseCors</c>.</remarks>
    public IList<string> AllowedOrigins { get; } = [];

    /// <summary>Gets or sets a value that indicates whether callers on other machines may connect without TLS. This is insecure.</summary>
    /// <value>The default is <see langword="false"/>.</value>
    /// <remarks>Prompts, answers and caller keys then cross the network unencrypted. Set this option only if something in front of the application, on the same
    /// machine or in the same pod, terminates TLS.</remarks>
    public bool DangerousAllowUnencryptedRemoteCallers { get; set; }

    /// <summary>Gets or sets a value that indicates whether callers on other machines are accepted if there are no caller keys. This is insecure.</summary>
    /// <value>The default is <see langword="false"/>.</value>
    /// <remarks>Every program that can reach the port can then use your API key. The option has no effect if caller keys are configured or if
    /// <see cref="UseCallerKeyAsApiKey"/> is <see langword="true"/>: every caller must then send a key.</remarks>
    public bool DangerousAllowAnyRemoteCaller { get; set; }

    /// <summary>Gets or sets a value that indicates whether <c>/healthz</c> and <c>/readyz</c> accept any host name.</summary>
    /// <value>The default is <see langword="false"/>: any host name is accepted only if the request comes from this machine.</value>
    /// <remarks>Kubernetes probes use the pod's IP address as the <c>Host</c> header.</remarks>
    public bool AllowAnyHostForHealthChecks { get; set; }

    /// <summary>Gets or sets a value that indicates whether <c>/metrics</c> can be read without a caller key.</summary>
    /// <value>The default is <see langword="false"/>.</value>
    public bool AllowAnonymousMetrics { get; set; }

    /// <summary>Gets the model names that are replaced by model IDs of the service, for programs that use the model names of other providers.</summary>
    /// <value>At most 1,000 entries. A key is a model name of at most 128 letters, digits and <c>._:/@-</c>, or the beginning of names followed by <c>*</c>. A
    /// value is a model ID of the service and cannot itself be a key. Names are case-sensitive. The default is an empty dictionary.</value>
    /// <remarks>A model ID of the service is never replaced. An exact name takes precedence over a pattern, and a longer pattern over a shorter one. If the
    /// service does not offer the model of an alias, a warning is logged, and chats and transcriptions use the model in <see cref="DefaultModels"/>.</remarks>
    public IDictionary<string, string> Aliases { get; } = new Dictionary<string, string>(StringComparer.Ordinal);

    /// <summary>Gets or sets a value that indicates whether names of other providers' models, such as <c>claude-*</c>, <c>gpt-4o</c> and <c>whisper-1</c>,
    /// stand for a model for the same task.</summary>
    /// <remarks>A model ID of the service, such as <c>gpt-oss-120b</c>, is never replaced.</remarks>
    /// <value>The default is <see langword="true"/>.</value>
    public bool UseDefaultAliases { get; set; } = true;

    /// <summary>Gets the models that the names of <see cref="UseDefaultAliases"/> stand for.</summary>
    /// <remarks>If the service does not offer a model that is set here, a warning is logged, and the default of that property of
    /// <see cref="ProxyDefaultModels"/> applies. <see cref="ProxyDefaultModels.Embeddings"/> is always used as it is set, without a warning.</remarks>
    public ProxyDefaultModels DefaultModels { get; } = new();

    /// <summary>Gets the context window sizes in tokens, by model ID, which the Codex CLI reads from the model list.</summary>
    /// <value>At most 1,000 entries with 1,024 to 10,000,000 tokens. The default is an empty dictionary.</value>
    /// <remarks>Add the models whose sizes this package does not know; without an entry, their size is 131,072 tokens. An entry takes precedence over a size
    /// that this package knows. Model lists for other programs do not contain sizes.</remarks>
    public IDictionary<string, int> ContextWindows { get; } = new Dictionary<string, int>(StringComparer.Ordinal);

    /// <summary>Gets or sets a value that indicates whether tools that the service does not have are left out of requests to <c>/v1/messages</c> and
    /// <c>/v1/responses</c>.</summary>
    /// <value>The default is <see langword="false"/>: requests with such tools are refused, unless <see cref="ResponsesOptions.HostedTools"/> of the account is
    /// <see cref="HostedToolPolicy.LeaveOut"/>.</value>
    /// <remarks>These are tools that the provider of an API runs on its own servers, such as web search, and tools that only the provider's models know, such
    /// as <c>bash</c> and <c>local_shell</c>. A request whose <c>tool_choice</c> names such a tool and a chat with <c>web_search_options</c> are always
    /// refused. The header <c>Privatemode-Left-Out-Tools</c> of the answer lists the types of the tools that were left out.</remarks>
    public bool LeaveOutHostedTools { get; set; }

    /// <summary>Gets or sets a value that indicates whether the requests of one session of an assistant share the service's prompt cache.</summary>
    /// <value>The default is <see langword="false"/>: the prompt cache scope of the account applies, which by default shares no prompts. A <c>cache_salt</c>
    /// in a request takes precedence, unless <see cref="IgnoreCallerCacheSalt"/> is <see langword="true"/>.</value>
    /// <remarks>The session is named by the body member <c>prompt_cache_key</c> or the header <c>X-Claude-Code-Session-Id</c>, <c>session-id</c> or
    /// <c>x-session-id</c>, with 1 to 256 printable ASCII characters. Sessions of different caller keys are different. The name is never sent, but the service
    /// can see which requests belong to the same session. This option cannot be combined with a prompt cache scope of the account.</remarks>
    public bool SessionPromptCache { get; set; }

    /// <summary>Gets or sets the secret from which the salts of <see cref="SessionPromptCache"/> are derived.</summary>
    /// <value>At least 32 random bytes, Base64-encoded in the configuration. The default is <see langword="null"/>: each process generates its own.</value>
    /// <remarks>Set the same secret in all replicas so that they share cached prompts. It can be set only if <see cref="SessionPromptCache"/> is
    /// <see langword="true"/>.</remarks>
    public byte[]? PromptCacheSecret { get; set; }

    /// <summary>Gets or sets a value that indicates whether a <c>cache_salt</c> in a request is removed.</summary>
    /// <value>The default is <see langword="false"/>.</value>
    public bool IgnoreCallerCacheSalt { get; set; }

    /// <summary>Gets or sets the rate limits for all requests together.</summary>
    /// <value>The default is <see langword="null"/>: no limits. With <see cref="UseCallerKeyAsApiKey"/>, the limits apply to each API key separately, and are
    /// ignored if <see cref="CallerRateLimit"/> is set.</value>
    public ProxyRateLimits? RateLimit { get; set; }

    /// <summary>Gets or sets the rate limits for each caller key.</summary>
    /// <value>The default is <see langword="null"/>: no limits. All callers without a key share the limits of one key.</value>
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
    /// <para>Except for documents, a body counts twice until the proxy has edited it, to reserve memory for the edited copy. After that, it counts once, until
    /// the service begins to answer. A request for which no memory is free within 5 seconds is answered with status 503, or 529 if it uses Anthropic's
    /// API. One caller key uses at most half of the memory, or what one request of the largest size needs if that is more.</para>
    /// <para>The memory that the client needs to send a request is not counted: the body once more and, for JSON that has less than 64 KiB or more than 64
    /// members, the encrypted body, which is twice as large. A container therefore needs up to four times this size, and memory for answers that are not
    /// streamed.</para>
    /// </remarks>
    public long MaxBufferedBytes { get; set; } = 512L * 1024 * 1024;

    /// <summary>Gets or sets the idle time after which a keep-alive event or comment is sent on a stream.</summary>
    /// <value>From 1 second to 2 minutes, or <see cref="Timeout.InfiniteTimeSpan"/> to send none. The default is 10 seconds.</value>
    public TimeSpan KeepAliveInterval { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>Gets or sets the maximum time that a request for the model list waits for the service.</summary>
    /// <value>From 0.1 to 30 seconds. The default is 2.5 seconds, because some assistants stop waiting after 3 seconds. After this time, the answer is the last
    /// list, if it is less than 24 hours old, or an error.</value>
    public TimeSpan ModelListTimeout { get; set; } = TimeSpan.FromSeconds(2.5);

    /// <summary>Gets or sets the maximum time for which calls in progress delay the shutdown of the application.</summary>
    /// <value>From zero to 10 minutes. The default is 30 seconds.</value>
    /// <remarks>Calls that are still in progress 2 seconds before the end of this time (or after half of it, if it is shorter than 4 seconds) end with an error
    /// that tells the callers to retry. This value becomes <c>HostOptions.ShutdownTimeout</c> of the application, unless the application sets that property
    /// later.</remarks>
    public TimeSpan ShutdownTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>Whether a request needs a key of its caller.</summary>
    internal bool RequiresCallerKey => UseCallerKeyAsApiKey || CallerKeys.Count > 0 || CallerKeyFiles.Count > 0;
}

/// <summary>Represents the models that the default aliases of the proxy stand for.</summary>
public sealed class ProxyDefaultModels
{
    /// <summary>Gets or sets the model for chat requests that name a model of another provider.</summary>
    /// <value>A model ID, or <see langword="null"/>, the default, for the first listed model that supports tool calling.</value>
    public string? Chat { get; set; }

    /// <summary>Gets or sets the model for chat requests that name a small model of another provider, such as <c>claude-haiku-4-5</c>.</summary>
    /// <value>A model ID, or <see langword="null"/>, the default, for the first listed model that supports tool calling and has <c>flash</c> or <c>mini</c> in
    /// its ID. Without such a model, <see cref="Chat"/> applies.</value>
    public string? SmallChat { get; set; }

    /// <summary>Gets or sets the model for embedding requests that name a model of another provider.</summary>
    /// <value>A model ID, or <see langword="null"/>, the default, for the first listed embedding model.</value>
    /// <remarks>Vectors of different models cannot be compared, so set this property if vectors are stored. Otherwise, the model stays the same only while the
    /// process runs. With <see cref="PrivatemodeProxyOptions.UseCallerKeyAsApiKey"/>, it stays the same for each API key, but only for the 1,024 keys whose
    /// model lists were retrieved most recently.</remarks>
    public string? Embeddings { get; set; }

    /// <summary>Gets or sets the model for transcription requests that name a model of another provider.</summary>
    /// <value>A model ID, or <see langword="null"/>, the default, for the first listed transcription model.</value>
    public string? Transcription { get; set; }
}
