using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.SemanticKernel.AudioToText;
using Microsoft.SemanticKernel.ChatCompletion;
using Privatemode.AI;
using Privatemode.AI.SemanticKernel.DependencyInjection;

// Users of Semantic Kernel find the methods in this namespace.
#pragma warning disable IDE0130
namespace Microsoft.SemanticKernel;
#pragma warning restore IDE0130

/// <summary>Provides extension methods that register Semantic Kernel services of Privatemode in an <see cref="IServiceCollection"/>.</summary>
/// <remarks>
/// <para>A service uses an API key (always the second string argument), a <see cref="PrivatemodeClient"/>, or an account that <c>AddPrivatemode</c> or
/// <c>AddKeyedPrivatemode</c> registers, including the settings of that account. A service never uses an <c>OpenAIClient</c> that is registered in the
/// container.</para>
/// <para>For chat clients, embedding generators and speech-to-text clients, use the methods of the package Privatemode.AI. They take no API
/// key: the first string argument of <c>AddKeyedPrivatemodeChatClient</c> and the other keyed methods is a service key, and the second one the model ID.</para>
/// </remarks>
public static class PrivatemodeKernelServiceCollectionExtensions
{
    /// <summary>Registers a singleton <see cref="IChatCompletionService"/> that authenticates with an API key and supports function calling.</summary>
    /// <param name="services">The service collection.</param>
    /// <param name="modelId">The model ID, for example <c>gpt-oss-120b</c>.</param>
    /// <param name="apiKey">The API key. Services of the same container with the same key share one client, which is disposed with the container.</param>
    /// <param name="serviceId">The service ID, or <see langword="null"/>, the default, to register the service without one.</param>
    /// <returns>The service collection.</returns>
    /// <remarks>Resolving the service throws a <see cref="PrivatemodeConfigurationException"/> if <paramref name="apiKey"/> contains more
    /// than the key, such as quotation marks or a line break.</remarks>
    /// <exception cref="ArgumentNullException"><paramref name="services"/>, <paramref name="modelId"/> or <paramref name="apiKey"/> is <see
    /// langword="null"/>.</exception>
    /// <exception cref="ArgumentException"><paramref name="modelId"/> is empty, <paramref name="apiKey"/> is empty or white space, or one of them looks like
    /// the other, for example because they are in the wrong order.</exception>
    public static IServiceCollection AddPrivatemodeChatCompletion(this IServiceCollection services, string modelId, string apiKey, string? serviceId = null)
    {
        ArgumentNullException.ThrowIfNull(services);
        return Registration.AddChatCompletion(services, modelId, serviceId, KernelClients.ForApiKey(services, modelId, apiKey));
    }

    /// <summary>Registers a singleton <see cref="IChatCompletionService"/> that uses the specified client and supports function calling.</summary>
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

    /// <summary>Registers a singleton <see cref="IChatCompletionService"/> that uses a registered account and supports function calling.</summary>
    /// <param name="services">The service collection.</param>
    /// <param name="modelId">The model ID, for example <c>gpt-oss-120b</c>.</param>
    /// <param name="account">The account, or <see langword="null"/>, the default, for the account without a service key.</param>
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
        return Registration.AddChatCompletion(services, modelId, serviceId, provider => KernelClients.ForAccount(provider, account, serviceId));
    }

    /// <summary>Registers a singleton <see cref="IAudioToTextService"/> that authenticates with an API key.</summary>
    /// <param name="services">The service collection.</param>
    /// <param name="modelId">The model ID, for example <c>whisper-large-v3</c>.</param>
    /// <param name="apiKey">The API key. Services of the same container with the same key share one client, which is disposed with the container.</param>
    /// <param name="serviceId">The service ID, or <see langword="null"/>, the default, to register the service without one.</param>
    /// <returns>The service collection.</returns>
    /// <remarks>Resolving the service throws a <see cref="PrivatemodeConfigurationException"/> if <paramref name="apiKey"/> contains more
    /// than the key, such as quotation marks or a line break.</remarks>
    /// <exception cref="ArgumentNullException"><paramref name="services"/>, <paramref name="modelId"/> or <paramref name="apiKey"/> is <see
    /// langword="null"/>.</exception>
    /// <exception cref="ArgumentException"><paramref name="modelId"/> is empty, <paramref name="apiKey"/> is empty or white space, or one of them looks like
    /// the other, for example because they are in the wrong order.</exception>
    [Experimental("SKEXP0001")]
    public static IServiceCollection AddPrivatemodeAudioToText(this IServiceCollection services, string modelId, string apiKey, string? serviceId = null)
    {
        ArgumentNullException.ThrowIfNull(services);
        return Registration.AddAudioToText(services, modelId, serviceId, KernelClients.ForApiKey(services, modelId, apiKey));
    }

    /// <summary>Registers a singleton <see cref="IAudioToTextService"/> that uses the specified client.</summary>
    /// <param name="services">The service collection.</param>
    /// <param name="modelId">The model ID, for example <c>whisper-large-v3</c>.</param>
    /// <param name="client">The client. It is not disposed with the container.</param>
    /// <param name="serviceId">The service ID, or <see langword="null"/>, the default, to register the service without one.</param>
    /// <returns>The service collection.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="services"/>, <paramref name="modelId"/> or <paramref name="client"/> is <see
    /// langword="null"/>.</exception>
    /// <exception cref="ArgumentException"><paramref name="modelId"/> is empty.</exception>
    [Experimental("SKEXP0001")]
    public static IServiceCollection AddPrivatemodeAudioToText(
        this IServiceCollection services, string modelId, PrivatemodeClient client, string? serviceId = null)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentNullException.ThrowIfNull(client);
        return Registration.AddAudioToText(services, modelId, serviceId, _ => client);
    }

    /// <summary>Registers a singleton <see cref="IAudioToTextService"/> that uses a registered account.</summary>
    /// <param name="services">The service collection.</param>
    /// <param name="modelId">The model ID, for example <c>whisper-large-v3</c>.</param>
    /// <param name="account">The account, or <see langword="null"/>, the default, for the account without a service key.</param>
    /// <param name="serviceId">The service ID, or <see langword="null"/>, the default, to register the service without one.</param>
    /// <returns>The service collection.</returns>
    /// <remarks>Resolving the service throws a <see cref="PrivatemodeConfigurationException"/> if the account is not registered, or if
    /// <paramref name="account"/> is <see langword="null"/> and <paramref name="serviceId"/> is the service key of an account.</remarks>
    /// <exception cref="ArgumentNullException"><paramref name="services"/> or <paramref name="modelId"/> is <see langword="null"/>.</exception>
    /// <exception cref="ArgumentException"><paramref name="modelId"/> is empty.</exception>
    [Experimental("SKEXP0001")]
    public static IServiceCollection AddPrivatemodeAudioToText(
        this IServiceCollection services, string modelId, RegisteredAccount? account = null, string? serviceId = null)
    {
        ArgumentNullException.ThrowIfNull(services);
        return Registration.AddAudioToText(services, modelId, serviceId, provider => KernelClients.ForAccount(provider, account, serviceId));
    }
}
