using System.ClientModel;
using Microsoft.Extensions.Logging;

namespace Privatemode.AI;

/// <summary>Provides the settings of a <see cref="PrivatemodeClient"/>.</summary>
/// <remarks>The client copies the options, with all groups, when it is created. Later changes have no effect.</remarks>
public sealed class PrivatemodeOptions
{
    /// <summary>The name of the environment variable that is read for an API key when no other source of the key is set.</summary>
    /// <remarks>It is not read for an account with a service key, nor with <see cref="TransportOptions.DangerousUnverifiedLocalProxy"/>.</remarks>
    public const string ApiKeyEnvironmentVariable = "PRIVATEMODE_API_KEY";

    internal static readonly Uri DefaultEndpoint = new("https://api.privatemode.ai");

    /// <summary>Gets or sets the API key.</summary>
    /// <value>The default is <see langword="null"/>: the environment variable <c>PRIVATEMODE_API_KEY</c> is used, except by clients that
    /// <c>AddKeyedPrivatemode</c> registers. It is not used either if <see cref="Credential"/>, <see cref="ApiKeyAccessor"/> or
    /// <see cref="TransportOptions.DangerousUnverifiedLocalProxy"/> is set.</value>
    /// <remarks>Set only the key: quotation marks, a leading <c>Bearer</c>, and white space or line breaks around it are refused with a
    /// <see cref="PrivatemodeConfigurationException"/>. The same holds for keys of <see cref="Credential"/> and <see cref="ApiKeyAccessor"/>.</remarks>
    public string? ApiKey { get; set; }

    /// <summary>Gets or sets an API key that can be updated while the client is in use.</summary>
    /// <value>The default is <see langword="null"/>. If it is set, it is used instead of <see cref="ApiKey"/> and the environment.</value>
    /// <remarks>An update applies to calls that begin after it.</remarks>
    public ApiKeyCredential? Credential { get; set; }

    /// <summary>Gets or sets a callback that returns the API key of the current caller, for hosts that serve several tenants.</summary>
    /// <value>The default is <see langword="null"/>. A callback takes precedence over <see cref="Credential"/>, <see cref="ApiKey"/> and the
    /// environment.</value>
    /// <remarks>
    /// <para>It is called once for each call, regardless of retries (for embeddings, once for each request), and also by
    /// <see cref="PrivatemodeClient.ConnectAsync"/>, by <see cref="PrivatemodeClient.VerifyAsync"/> and for the list of models. Several threads can call it at
    /// the same time. It runs in the caller's execution context, where an <see cref="AsyncLocal{T}"/> or the current HTTP request can be read, but without a
    /// <see cref="SynchronizationContext"/>. It gets the cancellation token of the call.</para>
    /// <para>A call waits for the callback for at most <see cref="TransportOptions.ResponseTimeout"/>, and then throws a
    /// <see cref="PrivatemodeServiceException"/> with <see cref="ServiceFailureReason.Timeout"/>. A synchronous call blocks its thread. If the callback
    /// returns <see langword="null"/> or an empty key, the call throws a <see cref="PrivatemodeConfigurationException"/>; no other key is used instead.
    /// Exceptions of the callback are rethrown unchanged. Each key has its own secrets and its own list of models.</para>
    /// <para>Return a key that is already known with <c>ValueTask.FromResult</c>, which does not allocate. The callback must not use a client that has the
    /// same callback, because that client would call it again, endlessly.</para>
    /// </remarks>
    public Func<CancellationToken, ValueTask<string?>>? ApiKeyAccessor { get; set; }

    /// <summary>Gets or sets the address of the service: scheme, host and port.</summary>
    /// <value>An https address without path and query; http is accepted for loopback only. The default is <c>https://api.privatemode.ai</c>.</value>
    public Uri Endpoint { get; set; } = DefaultEndpoint;

    /// <summary>Gets the options for verifying the deployment: manifest, hardware and collateral.</summary>
    public VerificationOptions Verification { get; private set; } = new();

    /// <summary>Gets the options for sending requests: message handler, timeouts and rate limiter.</summary>
    public TransportOptions Transport { get; private set; } = new();

    /// <summary>Gets the options for the service's prompt cache.</summary>
    public PromptCacheOptions PromptCache { get; private set; } = new();

    /// <summary>Gets the options for images that requests reference by URL.</summary>
    public MediaOptions Media { get; private set; } = new();

    /// <summary>Gets the options for the Responses API.</summary>
    public ResponsesOptions Responses { get; private set; } = new();

    /// <summary>Gets or sets a value that specifies whether a host verifies the deployment and establishes a session when it starts.</summary>
    /// <value>The default is <see cref="WarmUpMode.Background"/>. The setting applies only to accounts of <c>AddPrivatemode</c> and
    /// <c>AddKeyedPrivatemode</c>, when their host starts.</value>
    public WarmUpMode WarmUp { get; set; }

    /// <summary>Gets or sets the maximum number of API keys that have a session at the same time.</summary>
    /// <value>From 1 to 100,000. The default is 256.</value>
    /// <remarks>
    /// <para>A further API key replaces the session that was unused for the longest time. If all sessions are in use, the one whose last call began first is
    /// detached: its calls and streams finish, and the next call with its key establishes a new session. At most as many sessions as this setting allows are
    /// detached at the same time. Beyond that, a call with another key waits for up to <see cref="TransportOptions.ResponseTimeout"/> and then throws a
    /// <see cref="PrivatemodeServiceException"/> with <see cref="ServiceFailureReason.Timeout"/>.</para>
    /// <para>A secret that was replaced by a newer one while a stream used it is erased when that stream ends, and does not count.</para>
    /// </remarks>
    public int MaxSessions { get; set; } = 256;

    /// <summary>Gets or sets the factory of the loggers that this library and the OpenAI client's pipeline write to.</summary>
    /// <value>The default is <see langword="null"/>: nothing is logged. For accounts of <c>AddPrivatemode</c> and <c>AddKeyedPrivatemode</c>, the default is
    /// the logger factory of the service container.</value>
    /// <remarks>
    /// <para>This library logs in the category <c>Privatemode.AI</c>: verifications, adopted manifests, refused calls and invalid responses. The OpenAI
    /// client's pipeline logs requests, responses and retries at Debug and failed calls at Warning, with addresses, statuses and the headers that it
    /// considers harmless. Keys are never logged. Unencrypted content is not logged either, except for the errors that <see cref="LogEncryptedContent"/>
    /// describes.</para>
    /// <para>Activities and metrics need no setting: listen to the <see cref="System.Diagnostics.ActivitySource"/> and the
    /// <see cref="System.Diagnostics.Metrics.Meter"/> named <c>Privatemode.AI</c>. The repository's <c>docs/telemetry.md</c> lists all names.</para>
    /// </remarks>
    public ILoggerFactory? LoggerFactory { get; set; }

    /// <summary>Gets or sets a value that indicates whether encrypted request and response bodies are logged too.</summary>
    /// <value>The default is <see langword="false"/>. The setting has no effect without <see cref="LoggerFactory"/>.</value>
    /// <remarks>Bodies are logged as they are sent and received. An error that the service did not encrypt is logged with everything that it quotes. Bodies of
    /// requests through <see cref="PrivatemodeHttpMessageHandler"/> are not logged.</remarks>
    public bool LogEncryptedContent { get; set; }

    /// <summary>Gets or sets the time provider that measures timeouts and the pauses between attempts, and determines whether evidence and secrets are
    /// valid.</summary>
    /// <value>The default is <see cref="TimeProvider.System"/>.</value>
    public TimeProvider TimeProvider { get; set; } = TimeProvider.System;

    /// <summary>The handler of the application's HTTP client factory, which ends with one of this library. Not disposed with the client.</summary>
    internal HttpMessageHandler? FactoryHandler { get; set; }

    /// <summary>The key that the account was registered with; null for the account without a key, and outside of a host.</summary>
    internal string? AccountKey { get; set; }

    /// <summary>The configuration section it was read from; null outside of a host.</summary>
    internal string? SectionPath { get; set; }

    /// <summary>A sentence about similar settings in the configuration, if the section is missing; or null.</summary>
    internal string? SectionHint { get; set; }

    /// <summary>Faults found while sections and <c>AddPrivatemode</c> calls of a host were combined.</summary>
    internal OptionsFaults Faults { get; } = new();

    /// <summary>The number of the <c>AddPrivatemode</c> call that set a setting which only one call may set.</summary>
    internal Dictionary<string, int> SetByCall { get; } = new(StringComparer.Ordinal);

    /// <summary>Copies the options with all groups.</summary>
    internal PrivatemodeOptions Clone()
    {
        PrivatemodeOptions copy = (PrivatemodeOptions)MemberwiseClone();
        copy.Verification = Verification.Clone();
        copy.Transport = Transport.Clone();
        copy.PromptCache = PromptCache.Clone();
        copy.Media = Media.Clone();
        copy.Responses = Responses.Clone();
        return copy;
    }
}

/// <summary>Specifies whether a host verifies the deployment and establishes a session when it starts.</summary>
/// <remarks>Without a warm-up, the first call waits for both.</remarks>
public enum WarmUpMode
{
    /// <summary>The host starts while the warm-up runs in the background. This is the default.</summary>
    /// <remarks>A failure is logged as a warning (<c>WarmUpFailed</c>), and the first call tries again. If <see cref="PrivatemodeOptions.ApiKeyAccessor"/>
    /// returns no API key, nothing is logged.</remarks>
    Background,

    /// <summary>The host waits for the warm-up and does not start if it fails, for example because it takes longer than
    /// <see cref="TransportOptions.ResponseTimeout"/>.</summary>
    /// <remarks>Do not use this value with a <see cref="PrivatemodeOptions.ApiKeyAccessor"/> that returns an API key only while the application serves a
    /// request: it returns none when the host starts, so the host does not start.</remarks>
    Required,

    /// <summary>There is no warm-up; the first call waits.</summary>
    Disabled,
}
