using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.Configuration;
using Privatemode.AI;
using Privatemode.AI.DependencyInjection;
using Privatemode.AI.Internal;

// The namespace in which hosts expect methods of this kind.
#pragma warning disable IDE0130
namespace Microsoft.Extensions.DependencyInjection;
#pragma warning restore IDE0130

/// <summary>Provides extension methods that register Privatemode accounts and their clients in an <see cref="IServiceCollection"/>.</summary>
/// <remarks>
/// <para><c>AddPrivatemode</c> registers <see cref="PrivatemodeClient"/> and the encrypting <c>OpenAI.OpenAIClient</c>, which Semantic Kernel and other
/// libraries find, as singletons. <c>AddKeyedPrivatemode</c> registers the same services of a further account with a service key. The service key is a
/// name of your choice, not an API key: it appears in logs and messages.</para>
/// <para><c>AddPrivatemodeChatClient</c> registers a chat client, and <c>AddKeyedPrivatemodeChatClient</c> one with a service key of its own. Embedding
/// generators and speech-to-text clients have the same two methods. All use the account registered with <c>AddPrivatemode</c> unless another one is given as
/// a <see cref="RegisteredAccount"/>.</para>
/// <para>Settings are read from the given section, or from <c>Privatemode</c> in the application's configuration and, for an account with a service key,
/// from <c>Privatemode:Accounts:</c><em>serviceKey</em>. The account without a service key also uses the environment variable
/// <c>PRIVATEMODE_API_KEY</c>. Code takes precedence over configuration, and configuration over the environment, except that code and
/// configuration must not set different policies for <see cref="VerificationOptions.Manifest"/>. All settings are checked when the host starts: one
/// <see cref="PrivatemodeConfigurationException"/> names all invalid and unknown settings.</para>
/// <para>Calls for the same account are combined: all of their sections are read, and their callbacks run in order, so that a later callback overrides an
/// earlier one. Two calls that set the API key (<see cref="PrivatemodeOptions.ApiKey"/>, <see cref="PrivatemodeOptions.Credential"/> or
/// <see cref="PrivatemodeOptions.ApiKeyAccessor"/>) or the endpoint to different values are an error that names both calls, and two sections with
/// different values for the same setting are an error that names both sections. To replace a setting on purpose, for example in a test, use
/// <c>PostConfigure&lt;PrivatemodeOptions&gt;</c>.</para>
/// <para>Resolving a service of an account that is not registered throws a <see cref="PrivatemodeConfigurationException"/> that lists the registered
/// accounts. So does resolving <see cref="PrivatemodeClient"/> without a service key if all accounts have one.</para>
/// <para>Requests are sent with the HTTP client <c>Privatemode.AI</c> (for an account with a service key, <c>Privatemode.AI:</c><em>serviceKey</em>) of the
/// application's <see cref="IHttpClientFactory"/>. Handlers that are added to it by name, after this registration, see encrypted requests and must not
/// change them; handlers for all clients of the application are removed from it. Its primary handler can be replaced by one that
/// <see cref="TransportOptions.HttpMessageHandler"/> accepts.</para>
/// </remarks>
public static class PrivatemodeServiceCollectionExtensions
{
    /// <summary>Registers <see cref="PrivatemodeClient"/> and the encrypting <c>OpenAIClient</c> without a service key, with settings from the
    /// section <c>Privatemode</c> of the application's configuration. The API key can also be in the environment variable
    /// <c>PRIVATEMODE_API_KEY</c>.</summary>
    /// <param name="services">The service collection.</param>
    /// <returns>The service collection.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="services"/> is <see langword="null"/>.</exception>
    /// <exception cref="PrivatemodeConfigurationException">Another <c>OpenAIClient</c> is already registered without a service key.</exception>
    public static IServiceCollection AddPrivatemode(this IServiceCollection services) => PrivatemodeRegistration.Add(services, null, null, configure: null);

    /// <summary>Registers <see cref="PrivatemodeClient"/> and the encrypting <c>OpenAIClient</c> without a service key, with settings from the
    /// section <c>Privatemode</c> of the application's configuration and from code.</summary>
    /// <inheritdoc cref="AddPrivatemode(IServiceCollection)"/>
    /// <param name="configure">A callback that changes the settings. It takes precedence over the configuration.</param>
    /// <exception cref="ArgumentNullException"><paramref name="services"/> or <paramref name="configure"/> is <see langword="null"/>.</exception>
    public static IServiceCollection AddPrivatemode(this IServiceCollection services, Action<PrivatemodeOptions> configure)
    {
        ArgumentNullException.ThrowIfNull(configure);
        return PrivatemodeRegistration.Add(services, null, null, WithoutServices(configure));
    }

    /// <summary>Registers <see cref="PrivatemodeClient"/> and the encrypting <c>OpenAIClient</c> without a service key, with settings from the
    /// section <c>Privatemode</c> of the application's configuration, and from code that uses other services.</summary>
    /// <inheritdoc cref="AddPrivatemode(IServiceCollection, Action{PrivatemodeOptions})"/>
    public static IServiceCollection AddPrivatemode(this IServiceCollection services, Action<IServiceProvider, PrivatemodeOptions> configure)
    {
        ArgumentNullException.ThrowIfNull(configure);
        return PrivatemodeRegistration.Add(services, null, null, configure);
    }

    /// <summary>Registers <see cref="PrivatemodeClient"/> and the encrypting <c>OpenAIClient</c> without a service key, with settings from a
    /// configuration section.</summary>
    /// <inheritdoc cref="AddPrivatemode(IServiceCollection)"/>
    /// <param name="section">The section that holds the settings.</param>
    /// <exception cref="ArgumentNullException"><paramref name="services"/> or <paramref name="section"/> is <see langword="null"/>.</exception>
    public static IServiceCollection AddPrivatemode(this IServiceCollection services, IConfigurationSection section)
    {
        ArgumentNullException.ThrowIfNull(section);
        return PrivatemodeRegistration.Add(services, null, section, configure: null);
    }

    /// <summary>Registers <see cref="PrivatemodeClient"/> and the encrypting <c>OpenAIClient</c> without a service key, with settings from a
    /// configuration section and from code.</summary>
    /// <inheritdoc cref="AddPrivatemode(IServiceCollection)"/>
    /// <param name="section">The section that holds the settings.</param>
    /// <param name="configure">A callback that changes the settings. It takes precedence over the section.</param>
    /// <exception cref="ArgumentNullException"><paramref name="services"/>, <paramref name="section"/> or <paramref name="configure"/> is
    /// <see langword="null"/>.</exception>
    public static IServiceCollection AddPrivatemode(
        this IServiceCollection services, IConfigurationSection section, Action<PrivatemodeOptions> configure)
    {
        ArgumentNullException.ThrowIfNull(section);
        ArgumentNullException.ThrowIfNull(configure);
        return PrivatemodeRegistration.Add(services, null, section, WithoutServices(configure));
    }

    /// <summary>Registers <see cref="PrivatemodeClient"/> and the encrypting <c>OpenAIClient</c> with a service key, for a further account, with settings from
    /// the section <c>Privatemode:Accounts:</c><em>serviceKey</em> of the application's configuration.</summary>
    /// <param name="services">The service collection.</param>
    /// <param name="serviceKey">The service key of the account's <see cref="PrivatemodeClient"/> and <c>OpenAIClient</c>, and the name of its
    /// <see cref="PrivatemodeOptions"/>. It is not an API key: it appears in logs and messages. The environment variable <c>PRIVATEMODE_API_KEY</c> is not
    /// used.</param>
    /// <returns>The service collection.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="services"/> or <paramref name="serviceKey"/> is <see langword="null"/>.</exception>
    /// <exception cref="ArgumentException"><paramref name="serviceKey"/> is empty.</exception>
    /// <exception cref="PrivatemodeConfigurationException">Another <c>OpenAIClient</c> is already registered with this service key, or an account is registered
    /// with a service key that differs only in case.</exception>
    public static IServiceCollection AddKeyedPrivatemode(this IServiceCollection services, string serviceKey)
    {
        ArgumentException.ThrowIfNullOrEmpty(serviceKey);
        return PrivatemodeRegistration.Add(services, serviceKey, null, configure: null);
    }

    /// <summary>Registers <see cref="PrivatemodeClient"/> and the encrypting <c>OpenAIClient</c> with a service key, for a further account, with settings from
    /// the section <c>Privatemode:Accounts:</c><em>serviceKey</em> of the application's configuration and from code.</summary>
    /// <inheritdoc cref="AddKeyedPrivatemode(IServiceCollection, string)"/>
    /// <param name="configure">A callback that changes the settings. It takes precedence over the configuration.</param>
    /// <exception cref="ArgumentNullException"><paramref name="services"/>, <paramref name="serviceKey"/> or <paramref name="configure"/> is
    /// <see langword="null"/>.</exception>
    public static IServiceCollection AddKeyedPrivatemode(
        this IServiceCollection services, string serviceKey, Action<PrivatemodeOptions> configure)
    {
        ArgumentException.ThrowIfNullOrEmpty(serviceKey);
        ArgumentNullException.ThrowIfNull(configure);
        return PrivatemodeRegistration.Add(services, serviceKey, null, WithoutServices(configure));
    }

    /// <summary>Registers <see cref="PrivatemodeClient"/> and the encrypting <c>OpenAIClient</c> with a service key, for a further account, with settings from
    /// the section <c>Privatemode:Accounts:</c><em>serviceKey</em> of the application's configuration, and from code that uses other services.</summary>
    /// <inheritdoc cref="AddKeyedPrivatemode(IServiceCollection, string, Action{PrivatemodeOptions})"/>
    public static IServiceCollection AddKeyedPrivatemode(
        this IServiceCollection services, string serviceKey, Action<IServiceProvider, PrivatemodeOptions> configure)
    {
        ArgumentException.ThrowIfNullOrEmpty(serviceKey);
        ArgumentNullException.ThrowIfNull(configure);
        return PrivatemodeRegistration.Add(services, serviceKey, null, configure);
    }

    /// <summary>Registers <see cref="PrivatemodeClient"/> and the encrypting <c>OpenAIClient</c> with a service key, for a further account, with settings from
    /// a configuration section.</summary>
    /// <inheritdoc cref="AddKeyedPrivatemode(IServiceCollection, string)"/>
    /// <param name="section">The section that holds the settings.</param>
    /// <exception cref="ArgumentNullException"><paramref name="services"/>, <paramref name="serviceKey"/> or <paramref name="section"/> is
    /// <see langword="null"/>.</exception>
    public static IServiceCollection AddKeyedPrivatemode(this IServiceCollection services, string serviceKey, IConfigurationSection section)
    {
        ArgumentException.ThrowIfNullOrEmpty(serviceKey);
        ArgumentNullException.ThrowIfNull(section);
        return PrivatemodeRegistration.Add(services, serviceKey, section, configure: null);
    }

    /// <summary>Registers <see cref="PrivatemodeClient"/> and the encrypting <c>OpenAIClient</c> with a service key, for a further account, with settings from
    /// a configuration section and from code.</summary>
    /// <inheritdoc cref="AddKeyedPrivatemode(IServiceCollection, string)"/>
    /// <param name="section">The section that holds the settings.</param>
    /// <param name="configure">A callback that changes the settings. It takes precedence over the section.</param>
    /// <exception cref="ArgumentNullException"><paramref name="services"/>, <paramref name="serviceKey"/>, <paramref name="section"/> or
    /// <paramref name="configure"/> is <see langword="null"/>.</exception>
    public static IServiceCollection AddKeyedPrivatemode(
        this IServiceCollection services, string serviceKey, IConfigurationSection section, Action<PrivatemodeOptions> configure)
    {
        ArgumentException.ThrowIfNullOrEmpty(serviceKey);
        ArgumentNullException.ThrowIfNull(section);
        ArgumentNullException.ThrowIfNull(configure);
        return PrivatemodeRegistration.Add(services, serviceKey, section, WithoutServices(configure));
    }

    /// <summary>Registers an <see cref="IChatClient"/> for a model, as a singleton without a service key.</summary>
    /// <param name="services">The service collection. The account can be registered before or after this call.</param>
    /// <param name="modelId">The model ID, for example <c>gpt-oss-120b</c>.</param>
    /// <param name="account">The account that the chat client uses, or <see langword="null"/>, the default, for the account without a service key.</param>
    /// <returns>A builder that adds middleware to the chat client, such as <c>UseFunctionInvocation()</c> and <c>UseDistributedCache()</c>.</returns>
    /// <remarks>Resolving the chat client throws a <see cref="PrivatemodeConfigurationException"/> if the account is not registered.</remarks>
    /// <exception cref="ArgumentNullException"><paramref name="services"/> or <paramref name="modelId"/> is <see langword="null"/>.</exception>
    /// <exception cref="ArgumentException"><paramref name="modelId"/> is empty.</exception>
    /// <exception cref="PrivatemodeRequestException"><paramref name="modelId"/> contains white space or other characters that are not allowed, or has more
    /// than 128 characters.</exception>
    public static ChatClientBuilder AddPrivatemodeChatClient(this IServiceCollection services, string modelId, RegisteredAccount? account = null) =>
        AddChatClient(services, serviceKey: null, modelId, account);

    /// <summary>Registers an <see cref="IChatClient"/> for a model, as a singleton with a service key.</summary>
    /// <param name="services">The service collection. The account can be registered before or after this call.</param>
    /// <param name="serviceKey">The service key of the chat client. It is not an API key: it appears in logs and messages.</param>
    /// <param name="modelId">The model ID, for example <c>gpt-oss-120b</c>.</param>
    /// <param name="account">The account that the chat client uses, or <see langword="null"/>, the default, for the account without a service key.</param>
    /// <returns>A builder that adds middleware to the chat client, such as <c>UseFunctionInvocation()</c> and <c>UseDistributedCache()</c>.</returns>
    /// <remarks>Resolving the chat client throws a <see cref="PrivatemodeConfigurationException"/> if the account is not registered, or if
    /// <paramref name="account"/> is <see langword="null"/> and <paramref name="serviceKey"/> is the service key of an account.</remarks>
    /// <exception cref="ArgumentNullException"><paramref name="services"/>, <paramref name="serviceKey"/> or <paramref name="modelId"/> is
    /// <see langword="null"/>.</exception>
    /// <exception cref="ArgumentException"><paramref name="serviceKey"/> or <paramref name="modelId"/> is empty.</exception>
    /// <exception cref="PrivatemodeRequestException"><paramref name="modelId"/> contains white space or other characters that are not allowed, or has more
    /// than 128 characters.</exception>
    public static ChatClientBuilder AddKeyedPrivatemodeChatClient(
        this IServiceCollection services, string serviceKey, string modelId, RegisteredAccount? account = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(serviceKey);
        return AddChatClient(services, serviceKey, modelId, account);
    }

    /// <summary>Registers an <see cref="IEmbeddingGenerator{TInput, TEmbedding}"/> for a model, as a singleton without a service key.</summary>
    /// <param name="services">The service collection. The account can be registered before or after this call.</param>
    /// <param name="modelId">The model ID, for example <c>qwen3-embedding-4b</c>.</param>
    /// <param name="account">The account that the generator uses, or <see langword="null"/>, the default, for the account without a service key.</param>
    /// <param name="defaultModelDimensions">The number of dimensions of the embeddings if a call does not specify it, at least 1; or <see langword="null"/>,
    /// the default, for the model's own number.</param>
    /// <returns>A builder that adds middleware to the generator, such as <c>UseDistributedCache()</c> and <c>UseOpenTelemetry()</c>.</returns>
    /// <remarks>Resolving the generator throws a <see cref="PrivatemodeConfigurationException"/> if the account is not registered.</remarks>
    /// <exception cref="ArgumentNullException"><paramref name="services"/> or <paramref name="modelId"/> is <see langword="null"/>.</exception>
    /// <exception cref="ArgumentException"><paramref name="modelId"/> is empty.</exception>
    /// <exception cref="PrivatemodeRequestException"><paramref name="modelId"/> contains white space or other characters that are not allowed, or has more
    /// than 128 characters.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="defaultModelDimensions"/> is less than 1.</exception>
    public static EmbeddingGeneratorBuilder<string, Embedding<float>> AddPrivatemodeEmbeddingGenerator(
        this IServiceCollection services, string modelId, RegisteredAccount? account = null, int? defaultModelDimensions = null) =>
        AddEmbeddingGenerator(services, serviceKey: null, modelId, account, defaultModelDimensions);

    /// <summary>Registers an <see cref="IEmbeddingGenerator{TInput, TEmbedding}"/> for a model, as a singleton with a service key.</summary>
    /// <param name="services">The service collection. The account can be registered before or after this call.</param>
    /// <param name="serviceKey">The service key of the generator. It is not an API key: it appears in logs and messages.</param>
    /// <param name="modelId">The model ID, for example <c>qwen3-embedding-4b</c>.</param>
    /// <param name="account">The account that the generator uses, or <see langword="null"/>, the default, for the account without a service key.</param>
    /// <param name="defaultModelDimensions">The number of dimensions of the embeddings if a call does not specify it, at least 1; or <see langword="null"/>,
    /// the default, for the model's own number.</param>
    /// <returns>A builder that adds middleware to the generator, such as <c>UseDistributedCache()</c> and <c>UseOpenTelemetry()</c>.</returns>
    /// <remarks>Resolving the generator throws a <see cref="PrivatemodeConfigurationException"/> if the account is not registered, or if
    /// <paramref name="account"/> is <see langword="null"/> and <paramref name="serviceKey"/> is the service key of an account.</remarks>
    /// <exception cref="ArgumentNullException"><paramref name="services"/>, <paramref name="serviceKey"/> or <paramref name="modelId"/> is
    /// <see langword="null"/>.</exception>
    /// <exception cref="ArgumentException"><paramref name="serviceKey"/> or <paramref name="modelId"/> is empty.</exception>
    /// <exception cref="PrivatemodeRequestException"><paramref name="modelId"/> contains white space or other characters that are not allowed, or has more
    /// than 128 characters.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="defaultModelDimensions"/> is less than 1.</exception>
    public static EmbeddingGeneratorBuilder<string, Embedding<float>> AddKeyedPrivatemodeEmbeddingGenerator(
        this IServiceCollection services, string serviceKey, string modelId, RegisteredAccount? account = null, int? defaultModelDimensions = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(serviceKey);
        return AddEmbeddingGenerator(services, serviceKey, modelId, account, defaultModelDimensions);
    }

    /// <summary>Registers an <see cref="ISpeechToTextClient"/> for a model, as a singleton without a service key.</summary>
    /// <param name="services">The service collection. The account can be registered before or after this call.</param>
    /// <param name="modelId">The model ID, for example <c>whisper-large-v3</c>.</param>
    /// <param name="account">The account that the client uses, or <see langword="null"/>, the default, for the account without a service key.</param>
    /// <returns>A builder that adds middleware to the client, such as <c>UseLogging()</c> and <c>UseOpenTelemetry()</c>.</returns>
    /// <remarks>Resolving the client throws a <see cref="PrivatemodeConfigurationException"/> if the account is not registered.</remarks>
    /// <exception cref="ArgumentNullException"><paramref name="services"/> or <paramref name="modelId"/> is <see langword="null"/>.</exception>
    /// <exception cref="ArgumentException"><paramref name="modelId"/> is empty.</exception>
    /// <exception cref="PrivatemodeRequestException"><paramref name="modelId"/> contains white space or other characters that are not allowed, or has more
    /// than 128 characters.</exception>
    [Experimental("MEAI001")]
    public static SpeechToTextClientBuilder AddPrivatemodeSpeechToTextClient(
        this IServiceCollection services, string modelId, RegisteredAccount? account = null) =>
        AddSpeechToTextClient(services, serviceKey: null, modelId, account);

    /// <summary>Registers an <see cref="ISpeechToTextClient"/> for a model, as a singleton with a service key.</summary>
    /// <param name="services">The service collection. The account can be registered before or after this call.</param>
    /// <param name="serviceKey">The service key of the client. It is not an API key: it appears in logs and messages.</param>
    /// <param name="modelId">The model ID, for example <c>whisper-large-v3</c>.</param>
    /// <param name="account">The account that the client uses, or <see langword="null"/>, the default, for the account without a service key.</param>
    /// <returns>A builder that adds middleware to the client, such as <c>UseLogging()</c> and <c>UseOpenTelemetry()</c>.</returns>
    /// <remarks>Resolving the client throws a <see cref="PrivatemodeConfigurationException"/> if the account is not registered, or if
    /// <paramref name="account"/> is <see langword="null"/> and <paramref name="serviceKey"/> is the service key of an account.</remarks>
    /// <exception cref="ArgumentNullException"><paramref name="services"/>, <paramref name="serviceKey"/> or <paramref name="modelId"/> is
    /// <see langword="null"/>.</exception>
    /// <exception cref="ArgumentException"><paramref name="serviceKey"/> or <paramref name="modelId"/> is empty.</exception>
    /// <exception cref="PrivatemodeRequestException"><paramref name="modelId"/> contains white space or other characters that are not allowed, or has more
    /// than 128 characters.</exception>
    [Experimental("MEAI001")]
    public static SpeechToTextClientBuilder AddKeyedPrivatemodeSpeechToTextClient(
        this IServiceCollection services, string serviceKey, string modelId, RegisteredAccount? account = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(serviceKey);
        return AddSpeechToTextClient(services, serviceKey, modelId, account);
    }

    private static ChatClientBuilder AddChatClient(IServiceCollection services, string? serviceKey, string modelId, RegisteredAccount? account)
    {
        ArgumentNullException.ThrowIfNull(services);
        _ = ModelIds.Validate(nameof(modelId), modelId);
        return services.AddKeyedChatClient(
            serviceKey, provider => AccountServices.ClientFor(provider, serviceKey, account).AsIChatClient(modelId));
    }

    private static EmbeddingGeneratorBuilder<string, Embedding<float>> AddEmbeddingGenerator(
        IServiceCollection services, string? serviceKey, string modelId, RegisteredAccount? account, int? defaultModelDimensions)
    {
        ArgumentNullException.ThrowIfNull(services);
        _ = ModelIds.Validate(nameof(modelId), modelId);
        if (defaultModelDimensions is { } number)
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(number, 1, nameof(defaultModelDimensions));
        }

        return services.AddKeyedEmbeddingGenerator(
            serviceKey, provider => AccountServices.ClientFor(provider, serviceKey, account).AsIEmbeddingGenerator(modelId, defaultModelDimensions));
    }

    [Experimental("MEAI001")]
    private static SpeechToTextClientBuilder AddSpeechToTextClient(
        IServiceCollection services, string? serviceKey, string modelId, RegisteredAccount? account)
    {
        ArgumentNullException.ThrowIfNull(services);
        _ = ModelIds.Validate(nameof(modelId), modelId);
        return services.AddKeyedSpeechToTextClient(
            serviceKey, provider => AccountServices.ClientFor(provider, serviceKey, account).AsISpeechToTextClient(modelId));
    }

    private static Action<IServiceProvider, PrivatemodeOptions> WithoutServices(Action<PrivatemodeOptions> configure) =>
        (_, options) => configure(options);
}
