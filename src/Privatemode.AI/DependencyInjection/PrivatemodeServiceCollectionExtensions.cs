using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.Configuration;
using Privatemode.AI;
using Privatemode.AI.DependencyInjection;

// Where hosts look for methods of this kind.
#pragma warning disable IDE0130
namespace Microsoft.Extensions.DependencyInjection;
#pragma warning restore IDE0130

/// <summary>Registers Privatemode in a host.</summary>
/// <remarks>
/// <para><c>AddPrivatemode</c> registers, as singletons, <see cref="PrivatemodeClient"/> and the sealed <c>OpenAI.OpenAIClient</c>, which Semantic Kernel and
/// others find. There can be one account without a key; <c>AddKeyedPrivatemode</c> registers others, whose account keys are the service keys their services
/// are resolved with. An account key is a name of your own, not an API key: it appears in logs and messages.</para>
/// <para>Settings come from the section, by default <c>Privatemode</c> of the application's configuration and <c>Privatemode:Accounts:</c><em>key</em>,
/// and for the account without a key from the environment variable <c>PRIVATEMODE_API_KEY</c>. Code wins over configuration, and configuration over the
/// environment. Settings are checked when the host starts: one <see cref="PrivatemodeConfigurationException"/> names all invalid and unknown
/// settings.</para>
/// <para>Calls for the same account are combined: all of their sections are read, and their callbacks run in order, so that a later callback overrides an
/// earlier one. Two calls that set the API key (<see cref="PrivatemodeOptions.ApiKey"/>, <see cref="PrivatemodeOptions.Credential"/> or
/// <see cref="PrivatemodeOptions.ApiKeyAccessor"/>) or the endpoint to different values are an error that names both calls, and two sections with
/// different values for the same setting are an error that names both sections. To replace a setting on purpose, for example in a test, use
/// <c>PostConfigure&lt;PrivatemodeOptions&gt;</c>.</para>
/// <para>Resolving a service of an account that is not registered throws a <see cref="PrivatemodeConfigurationException"/> that lists the registered
/// accounts. So does resolving <see cref="PrivatemodeClient"/> without a key if all accounts have one.</para>
/// <para>Requests go through the HTTP client <c>Privatemode.AI</c> (with an account key, <c>Privatemode.AI:</c><em>key</em>) of the application's
/// factory. Handlers added to it by name, after this, see encrypted requests and may not change them; handlers for all clients of the application
/// are left out. Its primary handler may be replaced by one that <see cref="TransportOptions.HttpMessageHandler"/> accepts.</para>
/// </remarks>
public static class PrivatemodeServiceCollectionExtensions
{
    /// <summary>Registers the account without a key, with the settings of the application's configuration.</summary>
    /// <param name="services">The services.</param>
    /// <returns>The services.</returns>
    /// <exception cref="PrivatemodeConfigurationException">Another <c>OpenAIClient</c> is registered without a key.</exception>
    public static IServiceCollection AddPrivatemode(this IServiceCollection services) => PrivatemodeRegistration.Add(services, null, null, Ignore(null));

    /// <summary>Registers the account without a key.</summary>
    /// <param name="services">The services.</param>
    /// <param name="configure">Settings in code; they win over the configuration.</param>
    /// <returns>The services.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="configure"/> is <see langword="null"/>.</exception>
    /// <exception cref="PrivatemodeConfigurationException">Another <c>OpenAIClient</c> is registered without a key.</exception>
    public static IServiceCollection AddPrivatemode(this IServiceCollection services, Action<PrivatemodeOptions> configure)
    {
        ArgumentNullException.ThrowIfNull(configure);
        return PrivatemodeRegistration.Add(services, null, null, Ignore(configure));
    }

    /// <summary>Registers the account without a key, with settings that depend on other services.</summary>
    /// <inheritdoc cref="AddPrivatemode(IServiceCollection, Action{PrivatemodeOptions})"/>
    public static IServiceCollection AddPrivatemode(this IServiceCollection services, Action<IServiceProvider, PrivatemodeOptions> configure)
    {
        ArgumentNullException.ThrowIfNull(configure);
        return PrivatemodeRegistration.Add(services, null, null, configure);
    }

    /// <summary>Registers the account without a key, with settings from this section.</summary>
    /// <inheritdoc cref="AddPrivatemode(IServiceCollection, IConfigurationSection, Action{PrivatemodeOptions})"/>
    public static IServiceCollection AddPrivatemode(this IServiceCollection services, IConfigurationSection section)
    {
        ArgumentNullException.ThrowIfNull(section);
        return PrivatemodeRegistration.Add(services, null, section, Ignore(null));
    }

    /// <summary>Registers the account without a key, with settings from this section and in code.</summary>
    /// <param name="services">The services.</param>
    /// <param name="section">Where the settings are.</param>
    /// <param name="configure">Settings in code; they win over the section.</param>
    /// <returns>The services.</returns>
    /// <exception cref="PrivatemodeConfigurationException">Another <c>OpenAIClient</c> is registered without a key.</exception>
    public static IServiceCollection AddPrivatemode(
        this IServiceCollection services, IConfigurationSection section, Action<PrivatemodeOptions> configure)
    {
        ArgumentNullException.ThrowIfNull(section);
        ArgumentNullException.ThrowIfNull(configure);
        return PrivatemodeRegistration.Add(services, null, section, Ignore(configure));
    }

    /// <summary>Registers a further account, with the settings of the application's configuration.</summary>
    /// <param name="services">The services.</param>
    /// <param name="accountKey">A name for it, also that of its options. Not its API key: it appears in logs and messages.</param>
    /// <returns>The services.</returns>
    /// <exception cref="ArgumentException">The key is null or empty.</exception>
    /// <exception cref="PrivatemodeConfigurationException">Another <c>OpenAIClient</c> has this key.</exception>
    public static IServiceCollection AddKeyedPrivatemode(this IServiceCollection services, string accountKey)
    {
        ArgumentException.ThrowIfNullOrEmpty(accountKey);
        return PrivatemodeRegistration.Add(services, accountKey, null, Ignore(null));
    }

    /// <summary>Registers a further account: <c>[FromKeyedServices(accountKey)] PrivatemodeClient</c> and <c>OpenAIClient</c>.</summary>
    /// <param name="services">The services.</param>
    /// <param name="accountKey">A name for it, also that of its options. Not its API key: it appears in logs and messages.</param>
    /// <param name="configure">Settings in code; they win over the configuration.</param>
    /// <returns>The services.</returns>
    /// <exception cref="ArgumentException">The key is null or empty.</exception>
    /// <exception cref="PrivatemodeConfigurationException">Another <c>OpenAIClient</c> has this key.</exception>
    public static IServiceCollection AddKeyedPrivatemode(
        this IServiceCollection services, string accountKey, Action<PrivatemodeOptions> configure)
    {
        ArgumentException.ThrowIfNullOrEmpty(accountKey);
        ArgumentNullException.ThrowIfNull(configure);
        return PrivatemodeRegistration.Add(services, accountKey, null, Ignore(configure));
    }

    /// <summary>Registers a further account, with settings that depend on other services.</summary>
    /// <inheritdoc cref="AddKeyedPrivatemode(IServiceCollection, string, Action{PrivatemodeOptions})"/>
    public static IServiceCollection AddKeyedPrivatemode(
        this IServiceCollection services, string accountKey, Action<IServiceProvider, PrivatemodeOptions> configure)
    {
        ArgumentException.ThrowIfNullOrEmpty(accountKey);
        ArgumentNullException.ThrowIfNull(configure);
        return PrivatemodeRegistration.Add(services, accountKey, null, configure);
    }

    /// <summary>Registers a further account, with settings from this section.</summary>
    /// <inheritdoc cref="AddKeyedPrivatemode(IServiceCollection, string, IConfigurationSection, Action{PrivatemodeOptions})"/>
    public static IServiceCollection AddKeyedPrivatemode(this IServiceCollection services, string accountKey, IConfigurationSection section)
    {
        ArgumentException.ThrowIfNullOrEmpty(accountKey);
        ArgumentNullException.ThrowIfNull(section);
        return PrivatemodeRegistration.Add(services, accountKey, section, Ignore(null));
    }

    /// <summary>Registers a further account, with settings from this section and in code.</summary>
    /// <inheritdoc cref="AddKeyedPrivatemode(IServiceCollection, string, Action{PrivatemodeOptions})"/>
    /// <param name="services">The services.</param>
    /// <param name="accountKey">A name for it, also that of its options. Not its API key: it appears in logs and messages.</param>
    /// <param name="section">Where the settings are.</param>
    /// <param name="configure">Settings in code; they win over the section.</param>
    public static IServiceCollection AddKeyedPrivatemode(
        this IServiceCollection services, string accountKey, IConfigurationSection section, Action<PrivatemodeOptions> configure)
    {
        ArgumentException.ThrowIfNullOrEmpty(accountKey);
        ArgumentNullException.ThrowIfNull(section);
        ArgumentNullException.ThrowIfNull(configure);
        return PrivatemodeRegistration.Add(services, accountKey, section, Ignore(configure));
    }

    /// <summary>Registers an <see cref="IChatClient"/> for one model.</summary>
    /// <param name="services">The services, which also need <c>AddPrivatemode</c> or <c>AddKeyedPrivatemode</c>, before or after.</param>
    /// <param name="modelId">Id of the model, for example <c>gpt-oss-120b</c>.</param>
    /// <param name="accountKey">The key of the account; null for the one without a key.</param>
    /// <param name="serviceId">Its service key; null for the chat client without a key.</param>
    /// <returns>The services.</returns>
    /// <exception cref="ArgumentException">The model's id is null or empty.</exception>
    public static IServiceCollection AddPrivatemodeChatClient(
        this IServiceCollection services, string modelId, string? accountKey = null, string? serviceId = null)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentException.ThrowIfNullOrEmpty(modelId);
        return services.AddKeyedSingleton<IChatClient>(
            serviceId, (provider, _) => AccountServices.ClientOf(provider, accountKey).AsIChatClient(modelId));
    }

    /// <summary>Registers an <see cref="IEmbeddingGenerator{TInput, TEmbedding}"/> for one model.</summary>
    /// <param name="services">The services, which also need <c>AddPrivatemode</c> or <c>AddKeyedPrivatemode</c>, before or after.</param>
    /// <param name="modelId">Id of the model, for example <c>qwen3-embedding-4b</c>.</param>
    /// <param name="dimensions">Dimensions of the embeddings when a call names none; null for the model's own number.</param>
    /// <param name="accountKey">The key of the account; null for the one without a key.</param>
    /// <param name="serviceId">Its service key; null for the generator without a key.</param>
    /// <returns>The services.</returns>
    /// <exception cref="ArgumentException">The model's id is null or empty.</exception>
    public static IServiceCollection AddPrivatemodeEmbeddingGenerator(
        this IServiceCollection services, string modelId, int? dimensions = null, string? accountKey = null, string? serviceId = null)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentException.ThrowIfNullOrEmpty(modelId);
        return services.AddKeyedSingleton<IEmbeddingGenerator<string, Embedding<float>>>(
            serviceId, (provider, _) => AccountServices.ClientOf(provider, accountKey).AsIEmbeddingGenerator(modelId, dimensions));
    }

    /// <summary>Registers an <see cref="ISpeechToTextClient"/> for one model.</summary>
    /// <param name="services">The services, which also need <c>AddPrivatemode</c> or <c>AddKeyedPrivatemode</c>, before or after.</param>
    /// <param name="modelId">Id of the model, for example <c>whisper-large-v3</c>.</param>
    /// <param name="accountKey">The key of the account; null for the one without a key.</param>
    /// <param name="serviceId">Its service key; null for the client without a key.</param>
    /// <returns>The services.</returns>
    /// <exception cref="ArgumentException">The model's id is null or empty.</exception>
    [Experimental("MEAI001")]
    public static IServiceCollection AddPrivatemodeSpeechToTextClient(
        this IServiceCollection services, string modelId, string? accountKey = null, string? serviceId = null)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentException.ThrowIfNullOrEmpty(modelId);
        return services.AddKeyedSingleton<ISpeechToTextClient>(
            serviceId, (provider, _) => AccountServices.ClientOf(provider, accountKey).AsISpeechToTextClient(modelId));
    }

    private static Action<IServiceProvider, PrivatemodeOptions>? Ignore(Action<PrivatemodeOptions>? configure) =>
        configure is null ? null : (_, options) => configure(options);
}
