using Microsoft.Extensions.DependencyInjection;
using Microsoft.SemanticKernel.AudioToText;
using Microsoft.SemanticKernel.ChatCompletion;
using Privatemode.AI;
using Privatemode.AI.SemanticKernel.DependencyInjection;

// Where Semantic Kernel's users look for methods of this kind.
#pragma warning disable IDE0130
namespace Microsoft.SemanticKernel;
#pragma warning restore IDE0130

/// <summary>Provides extension methods that register Semantic Kernel services of Privatemode in an <see cref="IServiceCollection"/>.</summary>
/// <remarks>
/// <para>A service uses an API key (always the second text), a <see cref="PrivatemodeClient"/>, or an account of the host, which <c>AddPrivatemode</c> or
/// <c>AddKeyedPrivatemode</c> registers with its settings. It never uses an <c>OpenAIClient</c> of the container, whoever registered it.</para>
/// <para>For chat clients, embedding generators and speech-to-text clients, use the methods of the package Privatemode.AI.</para>
/// </remarks>
public static class PrivatemodeKernelServiceCollectionExtensions
{
    /// <summary>Registers an <see cref="IChatCompletionService"/> with function calling that uses an API key, as a singleton.</summary>
    /// <param name="services">The service collection.</param>
    /// <param name="modelId">The model ID, for example <c>gpt-oss-120b</c>.</param>
    /// <param name="apiKey">The API key. Services of the same container with the same key share a client, which the container owns.</param>
    /// <param name="serviceId">The service ID, or <see langword="null"/>, the default, to register the service without one.</param>
    /// <returns>The service collection.</returns>
    /// <remarks>Resolving the service throws a <see cref="PrivatemodeConfigurationException"/> if the text is not only an API key.</remarks>
    /// <exception cref="ArgumentNullException"><paramref name="services"/>, <paramref name="modelId"/> or <paramref name="apiKey"/> is <see
    /// langword="null"/>.</exception>
    /// <exception cref="ArgumentException"><paramref name="modelId"/> or <paramref name="apiKey"/> is empty.</exception>
    public static IServiceCollection AddPrivatemodeChatCompletion(this IServiceCollection services, string modelId, string apiKey, string? serviceId = null)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentException.ThrowIfNullOrWhiteSpace(apiKey);
        return Registration.AddChatCompletion(services, modelId, serviceId, KernelClients.With(services, apiKey));
    }

    /// <summary>Registers an <see cref="IChatCompletionService"/> with function calling that uses a client, as a singleton.</summary>
    /// <param name="services">The service collection.</param>
    /// <param name="modelId">The model ID, for example <c>gpt-oss-120b</c>.</param>
    /// <param name="client">The client. It is not disposed with the container.</param>
    /// <param name="serviceId">The service ID, or <see langword="null"/>, the default, to register the service without one.</param>
    /// <returns>The service collection.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="services"/>, <paramref name="modelId"/> or <paramref name="client"/> is <see
    /// langword="null"/>.</exception>
    /// <exception cref="ArgumentException"><paramref name="modelId"/> is empty.</exception>
    public static IServiceCollection AddPrivatemodeChatCompletion(
        this IServiceCollection services, string modelId, PrivatemodeClient client, string? serviceId = null)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentNullException.ThrowIfNull(client);
        return Registration.AddChatCompletion(services, modelId, serviceId, _ => client);
    }

    /// <summary>Registers an <see cref="IChatCompletionService"/> with function calling that uses an account of the host, as a singleton.</summary>
    /// <param name="services">The service collection.</param>
    /// <param name="modelId">The model ID, for example <c>gpt-oss-120b</c>.</param>
    /// <param name="account">The account, or <see langword="null"/>, the default, for the one that <c>AddPrivatemode</c> registers.</param>
    /// <param name="serviceId">The service ID, or <see langword="null"/>, the default, to register the service without one.</param>
    /// <returns>The service collection.</returns>
    /// <remarks>Resolving the service throws a <see cref="PrivatemodeConfigurationException"/> if the account is not registered, or if
    /// <paramref name="account"/> is <see langword="null"/> and <paramref name="serviceId"/> is the service key of an account.</remarks>
    /// <exception cref="ArgumentNullException"><paramref name="services"/> or <paramref name="modelId"/> is <see langword="null"/>.</exception>
    /// <exception cref="ArgumentException"><paramref name="modelId"/> is empty.</exception>
    public static IServiceCollection AddPrivatemodeChatCompletion(
        this IServiceCollection services, string modelId, RegisteredAccount? account = null, string? serviceId = null)
    {
        ArgumentNullException.ThrowIfNull(services);
        return Registration.AddChatCompletion(services, modelId, serviceId, provider => KernelClients.Of(provider, account, serviceId));
    }

    /// <summary>Registers an <see cref="IAudioToTextService"/> that uses an API key, as a singleton.</summary>
    /// <param name="services">The service collection.</param>
    /// <param name="modelId">The model ID, for example <c>whisper-large-v3</c>.</param>
    /// <param name="apiKey">The API key. Services of the same container with the same key share a client, which the container owns.</param>
    /// <param name="serviceId">The service ID, or <see langword="null"/>, the default, to register the service without one.</param>
    /// <returns>The service collection.</returns>
    /// <remarks>Resolving the service throws a <see cref="PrivatemodeConfigurationException"/> if the text is not only an API key.</remarks>
    /// <exception cref="ArgumentNullException"><paramref name="services"/>, <paramref name="modelId"/> or <paramref name="apiKey"/> is <see
    /// langword="null"/>.</exception>
    /// <exception cref="ArgumentException"><paramref name="modelId"/> or <paramref name="apiKey"/> is empty.</exception>
    public static IServiceCollection AddPrivatemodeAudioToText(this IServiceCollection services, string modelId, string apiKey, string? serviceId = null)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentException.ThrowIfNullOrWhiteSpace(apiKey);
        return Registration.AddAudioToText(services, modelId, serviceId, KernelClients.With(services, apiKey));
    }

    /// <summary>Registers an <see cref="IAudioToTextService"/> that uses a client, as a singleton.</summary>
    /// <param name="services">The service collection.</param>
    /// <param name="modelId">The model ID, for example <c>whisper-large-v3</c>.</param>
    /// <param name="client">The client. It is not disposed with the container.</param>
    /// <param name="serviceId">The service ID, or <see langword="null"/>, the default, to register the service without one.</param>
    /// <returns>The service collection.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="services"/>, <paramref name="modelId"/> or <paramref name="client"/> is <see
    /// langword="null"/>.</exception>
    /// <exception cref="ArgumentException"><paramref name="modelId"/> is empty.</exception>
    public static IServiceCollection AddPrivatemodeAudioToText(
        this IServiceCollection services, string modelId, PrivatemodeClient client, string? serviceId = null)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentNullException.ThrowIfNull(client);
        return Registration.AddAudioToText(services, modelId, serviceId, _ => client);
    }

    /// <summary>Registers an <see cref="IAudioToTextService"/> that uses an account of the host, as a singleton.</summary>
    /// <param name="services">The service collection.</param>
    /// <param name="modelId">The model ID, for example <c>whisper-large-v3</c>.</param>
    /// <param name="account">The account, or <see langword="null"/>, the default, for the one that <c>AddPrivatemode</c> registers.</param>
    /// <param name="serviceId">The service ID, or <see langword="null"/>, the default, to register the service without one.</param>
    /// <returns>The service collection.</returns>
    /// <remarks>Resolving the service throws a <see cref="PrivatemodeConfigurationException"/> if the account is not registered, or if
    /// <paramref name="account"/> is <see langword="null"/> and <paramref name="serviceId"/> is the service key of an account.</remarks>
    /// <exception cref="ArgumentNullException"><paramref name="services"/> or <paramref name="modelId"/> is <see langword="null"/>.</exception>
    /// <exception cref="ArgumentException"><paramref name="modelId"/> is empty.</exception>
    public static IServiceCollection AddPrivatemodeAudioToText(
        this IServiceCollection services, string modelId, RegisteredAccount? account = null, string? serviceId = null)
    {
        ArgumentNullException.ThrowIfNull(services);
        return Registration.AddAudioToText(services, modelId, serviceId, provider => KernelClients.Of(provider, account, serviceId));
    }
}
