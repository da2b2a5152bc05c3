using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.AI;
using Microsoft.SemanticKernel.AudioToText;
using Microsoft.SemanticKernel.ChatCompletion;
using Privatemode.AI;
using Privatemode.AI.SemanticKernel.DependencyInjection;

// Users of Semantic Kernel find the methods in this namespace.
#pragma warning disable IDE0130
namespace Microsoft.SemanticKernel;
#pragma warning restore IDE0130

/// <summary>Provides extension methods that register Privatemode services in an <see cref="IKernelBuilder"/>.</summary>
/// <remarks>
/// <para>A service uses an API key (always the second string argument), a <see cref="PrivatemodeClient"/>, or an account that <c>AddPrivatemode</c> or
/// <c>AddKeyedPrivatemode</c> registers, including the settings of that account. A service never uses an <c>OpenAIClient</c> that is registered in the
/// container.</para>
/// <para>A kernel that is built without a host does not dispose its services, so the client that is created for an API key exists until the process ends. To
/// end its session and clear its secrets earlier, create a <see cref="PrivatemodeClient"/>, pass it to these methods, and dispose it.</para>
/// </remarks>
public static class PrivatemodeKernelBuilderExtensions
{
    /// <summary>Registers a singleton <see cref="IChatCompletionService"/> that authenticates with an API key and supports function calling.</summary>
    /// <param name="builder">The kernel builder.</param>
    /// <param name="modelId">The model ID, for example <c>gpt-oss-120b</c>.</param>
    /// <param name="apiKey">The API key. Services of the same container with the same key share one client, which is disposed with the container.</param>
    /// <param name="serviceId">The service ID, or <see langword="null"/>, the default, to register the service without one.</param>
    /// <returns>The kernel builder.</returns>
    /// <remarks>Resolving the service throws a <see cref="PrivatemodeConfigurationException"/> if <paramref name="apiKey"/> contains more
    /// than the key, such as quotation marks or a line break.</remarks>
    /// <exception cref="ArgumentNullException"><paramref name="builder"/>, <paramref name="modelId"/> or <paramref name="apiKey"/> is <see
    /// langword="null"/>.</exception>
    /// <exception cref="ArgumentException"><paramref name="modelId"/> is empty, <paramref name="apiKey"/> is empty or white space, or one of them looks like
    /// the other, for example because they are in the wrong order.</exception>
    public static IKernelBuilder AddPrivatemodeChatCompletion(this IKernelBuilder builder, string modelId, string apiKey, string? serviceId = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        _ = Registration.AddChatCompletion(builder.Services, modelId, serviceId, KernelClients.ForApiKey(builder.Services, modelId, apiKey));
        return builder;
    }

    /// <summary>Registers a singleton <see cref="IChatCompletionService"/> that uses the specified client and supports function calling.</summary>
    /// <param name="builder">The kernel builder.</param>
    /// <param name="modelId">The model ID, for example <c>gpt-oss-120b</c>.</param>
    /// <param name="client">The client. It is not disposed with the container.</param>
    /// <param name="serviceId">The service ID, or <see langword="null"/>, the default, to register the service without one.</param>
    /// <returns>The kernel builder.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="builder"/>, <paramref name="modelId"/> or <paramref name="client"/> is <see
    /// langword="null"/>.</exception>
    /// <exception cref="ArgumentException"><paramref name="modelId"/> is empty.</exception>
    public static IKernelBuilder AddPrivatemodeChatCompletion(this IKernelBuilder builder, string modelId, PrivatemodeClient client, string? serviceId = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(client);
        _ = Registration.AddChatCompletion(builder.Services, modelId, serviceId, _ => client);
        return builder;
    }

    /// <summary>Registers a singleton <see cref="IChatCompletionService"/> that uses a registered account and supports function calling.</summary>
    /// <param name="builder">The kernel builder.</param>
    /// <param name="modelId">The model ID, for example <c>gpt-oss-120b</c>.</param>
    /// <param name="account">The account, or <see langword="null"/>, the default, for the account without a service key.</param>
    /// <param name="serviceId">The service ID, or <see langword="null"/>, the default, to register the service without one.</param>
    /// <returns>The kernel builder.</returns>
    /// <remarks>Resolving the service throws a <see cref="PrivatemodeConfigurationException"/> if the account is not registered, or if
    /// <paramref name="account"/> is <see langword="null"/> and <paramref name="serviceId"/> is the service key of an account.</remarks>
    /// <exception cref="ArgumentNullException"><paramref name="builder"/> or <paramref name="modelId"/> is <see langword="null"/>.</exception>
    /// <exception cref="ArgumentException"><paramref name="modelId"/> is empty.</exception>
    public static IKernelBuilder AddPrivatemodeChatCompletion(
        this IKernelBuilder builder, string modelId, RegisteredAccount? account = null, string? serviceId = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        _ = Registration.AddChatCompletion(builder.Services, modelId, serviceId, provider => KernelClients.ForAccount(provider, account, serviceId));
        return builder;
    }

    /// <summary>Registers a singleton <see cref="IChatClient"/> that authenticates with an API key and invokes functions.</summary>
    /// <param name="builder">The kernel builder.</param>
    /// <param name="modelId">The model ID, for example <c>gpt-oss-120b</c>.</param>
    /// <param name="apiKey">The API key. Services of the same container with the same key share one client, which is disposed with the container.</param>
    /// <param name="serviceId">The service ID, or <see langword="null"/>, the default, to register the service without one.</param>
    /// <returns>The kernel builder.</returns>
    /// <remarks>Resolving the service throws a <see cref="PrivatemodeConfigurationException"/> if <paramref name="apiKey"/> contains more
    /// than the key, such as quotation marks or a line break.</remarks>
    /// <exception cref="ArgumentNullException"><paramref name="builder"/>, <paramref name="modelId"/> or <paramref name="apiKey"/> is <see
    /// langword="null"/>.</exception>
    /// <exception cref="ArgumentException"><paramref name="modelId"/> is empty, <paramref name="apiKey"/> is empty or white space, or one of them looks like
    /// the other, for example because they are in the wrong order.</exception>
    public static IKernelBuilder AddPrivatemodeChatClient(this IKernelBuilder builder, string modelId, string apiKey, string? serviceId = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        Registration.AddChatClient(builder.Services, modelId, serviceId, KernelClients.ForApiKey(builder.Services, modelId, apiKey));
        return builder;
    }

    /// <summary>Registers a singleton <see cref="IChatClient"/> that uses the specified client and invokes functions.</summary>
    /// <param name="builder">The kernel builder.</param>
    /// <param name="modelId">The model ID, for example <c>gpt-oss-120b</c>.</param>
    /// <param name="client">The client. It is not disposed with the container.</param>
    /// <param name="serviceId">The service ID, or <see langword="null"/>, the default, to register the service without one.</param>
    /// <returns>The kernel builder.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="builder"/>, <paramref name="modelId"/> or <paramref name="client"/> is <see
    /// langword="null"/>.</exception>
    /// <exception cref="ArgumentException"><paramref name="modelId"/> is empty.</exception>
    public static IKernelBuilder AddPrivatemodeChatClient(this IKernelBuilder builder, string modelId, PrivatemodeClient client, string? serviceId = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(client);
        Registration.AddChatClient(builder.Services, modelId, serviceId, _ => client);
        return builder;
    }

    /// <summary>Registers a singleton <see cref="IChatClient"/> that uses a registered account and invokes functions.</summary>
    /// <param name="builder">The kernel builder.</param>
    /// <param name="modelId">The model ID, for example <c>gpt-oss-120b</c>.</param>
    /// <param name="account">The account, or <see langword="null"/>, the default, for the account without a service key.</param>
    /// <param name="serviceId">The service ID, or <see langword="null"/>, the default, to register the service without one.</param>
    /// <returns>The kernel builder.</returns>
    /// <remarks>Resolving the service throws a <see cref="PrivatemodeConfigurationException"/> if the account is not registered, or if
    /// <paramref name="account"/> is <see langword="null"/> and <paramref name="serviceId"/> is the service key of an account.</remarks>
    /// <exception cref="ArgumentNullException"><paramref name="builder"/> or <paramref name="modelId"/> is <see langword="null"/>.</exception>
    /// <exception cref="ArgumentException"><paramref name="modelId"/> is empty.</exception>
    public static IKernelBuilder AddPrivatemodeChatClient(
        this IKernelBuilder builder, string modelId, RegisteredAccount? account = null, string? serviceId = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        Registration.AddChatClient(builder.Services, modelId, serviceId, provider => KernelClients.ForAccount(provider, account, serviceId));
        return builder;
    }

    /// <summary>Registers a singleton <see cref="IEmbeddingGenerator{TInput, TEmbedding}"/> that authenticates with an API key.</summary>
    /// <param name="builder">The kernel builder.</param>
    /// <param name="modelId">The model ID, for example <c>qwen3-embedding-4b</c>.</param>
    /// <param name="apiKey">The API key. Services of the same container with the same key share one client, which is disposed with the container.</param>
    /// <param name="dimensions">The number of dimensions of the embeddings if a call does not specify it, at least 1; or <see langword="null"/>, the
    /// default, for the model's own number.</param>
    /// <param name="serviceId">The service ID, or <see langword="null"/>, the default, to register the service without one.</param>
    /// <returns>The kernel builder.</returns>
    /// <remarks>Resolving the service throws a <see cref="PrivatemodeConfigurationException"/> if <paramref name="apiKey"/> contains more
    /// than the key, such as quotation marks or a line break.</remarks>
    /// <exception cref="ArgumentNullException"><paramref name="builder"/>, <paramref name="modelId"/> or <paramref name="apiKey"/> is <see
    /// langword="null"/>.</exception>
    /// <exception cref="ArgumentException"><paramref name="modelId"/> is empty, <paramref name="apiKey"/> is empty or white space, or one of them looks like
    /// the other, for example because they are in the wrong order.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="dimensions"/> is less than 1.</exception>
    public static IKernelBuilder AddPrivatemodeEmbeddingGenerator(
        this IKernelBuilder builder, string modelId, string apiKey, int? dimensions = null, string? serviceId = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        Registration.AddEmbeddingGenerator(builder.Services, modelId, dimensions, serviceId, KernelClients.ForApiKey(builder.Services, modelId, apiKey));
        return builder;
    }

    /// <summary>Registers a singleton <see cref="IEmbeddingGenerator{TInput, TEmbedding}"/> that uses the specified client.</summary>
    /// <param name="builder">The kernel builder.</param>
    /// <param name="modelId">The model ID, for example <c>qwen3-embedding-4b</c>.</param>
    /// <param name="client">The client. It is not disposed with the container.</param>
    /// <param name="dimensions">The number of dimensions of the embeddings if a call does not specify it, at least 1; or <see langword="null"/>, the
    /// default, for the model's own number.</param>
    /// <param name="serviceId">The service ID, or <see langword="null"/>, the default, to register the service without one.</param>
    /// <returns>The kernel builder.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="builder"/>, <paramref name="modelId"/> or <paramref name="client"/> is <see
    /// langword="null"/>.</exception>
    /// <exception cref="ArgumentException"><paramref name="modelId"/> is empty.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="dimensions"/> is less than 1.</exception>
    public static IKernelBuilder AddPrivatemodeEmbeddingGenerator(
        this IKernelBuilder builder, string modelId, PrivatemodeClient client, int? dimensions = null, string? serviceId = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(client);
        Registration.AddEmbeddingGenerator(builder.Services, modelId, dimensions, serviceId, _ => client);
        return builder;
    }

    /// <summary>Registers a singleton <see cref="IEmbeddingGenerator{TInput, TEmbedding}"/> that uses a registered account.</summary>
    /// <param name="builder">The kernel builder.</param>
    /// <param name="modelId">The model ID, for example <c>qwen3-embedding-4b</c>.</param>
    /// <param name="account">The account, or <see langword="null"/>, the default, for the account without a service key.</param>
    /// <param name="dimensions">The number of dimensions of the embeddings if a call does not specify it, at least 1; or <see langword="null"/>, the
    /// default, for the model's own number.</param>
    /// <param name="serviceId">The service ID, or <see langword="null"/>, the default, to register the service without one.</param>
    /// <returns>The kernel builder.</returns>
    /// <remarks>Resolving the service throws a <see cref="PrivatemodeConfigurationException"/> if the account is not registered, or if
    /// <paramref name="account"/> is <see langword="null"/> and <paramref name="serviceId"/> is the service key of an account.</remarks>
    /// <exception cref="ArgumentNullException"><paramref name="builder"/> or <paramref name="modelId"/> is <see langword="null"/>.</exception>
    /// <exception cref="ArgumentException"><paramref name="modelId"/> is empty.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="dimensions"/> is less than 1.</exception>
    public static IKernelBuilder AddPrivatemodeEmbeddingGenerator(
        this IKernelBuilder builder, string modelId, RegisteredAccount? account = null, int? dimensions = null, string? serviceId = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        Registration.AddEmbeddingGenerator(
            builder.Services, modelId, dimensions, serviceId, provider => KernelClients.ForAccount(provider, account, serviceId));
        return builder;
    }

    /// <summary>Registers a singleton <see cref="IAudioToTextService"/> that authenticates with an API key.</summary>
    /// <param name="builder">The kernel builder.</param>
    /// <param name="modelId">The model ID, for example <c>whisper-large-v3</c>.</param>
    /// <param name="apiKey">The API key. Services of the same container with the same key share one client, which is disposed with the container.</param>
    /// <param name="serviceId">The service ID, or <see langword="null"/>, the default, to register the service without one.</param>
    /// <returns>The kernel builder.</returns>
    /// <remarks>Resolving the service throws a <see cref="PrivatemodeConfigurationException"/> if <paramref name="apiKey"/> contains more
    /// than the key, such as quotation marks or a line break.</remarks>
    /// <exception cref="ArgumentNullException"><paramref name="builder"/>, <paramref name="modelId"/> or <paramref name="apiKey"/> is <see
    /// langword="null"/>.</exception>
    /// <exception cref="ArgumentException"><paramref name="modelId"/> is empty, <paramref name="apiKey"/> is empty or white space, or one of them looks like
    /// the other, for example because they are in the wrong order.</exception>
    [Experimental("SKEXP0001")]
    public static IKernelBuilder AddPrivatemodeAudioToText(this IKernelBuilder builder, string modelId, string apiKey, string? serviceId = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        _ = Registration.AddAudioToText(builder.Services, modelId, serviceId, KernelClients.ForApiKey(builder.Services, modelId, apiKey));
        return builder;
    }

    /// <summary>Registers a singleton <see cref="IAudioToTextService"/> that uses the specified client.</summary>
    /// <param name="builder">The kernel builder.</param>
    /// <param name="modelId">The model ID, for example <c>whisper-large-v3</c>.</param>
    /// <param name="client">The client. It is not disposed with the container.</param>
    /// <param name="serviceId">The service ID, or <see langword="null"/>, the default, to register the service without one.</param>
    /// <returns>The kernel builder.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="builder"/>, <paramref name="modelId"/> or <paramref name="client"/> is <see
    /// langword="null"/>.</exception>
    /// <exception cref="ArgumentException"><paramref name="modelId"/> is empty.</exception>
    [Experimental("SKEXP0001")]
    public static IKernelBuilder AddPrivatemodeAudioToText(this IKernelBuilder builder, string modelId, PrivatemodeClient client, string? serviceId = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(client);
        _ = Registration.AddAudioToText(builder.Services, modelId, serviceId, _ => client);
        return builder;
    }

    /// <summary>Registers a singleton <see cref="IAudioToTextService"/> that uses a registered account.</summary>
    /// <param name="builder">The kernel builder.</param>
    /// <param name="modelId">The model ID, for example <c>whisper-large-v3</c>.</param>
    /// <param name="account">The account, or <see langword="null"/>, the default, for the account without a service key.</param>
    /// <param name="serviceId">The service ID, or <see langword="null"/>, the default, to register the service without one.</param>
    /// <returns>The kernel builder.</returns>
    /// <remarks>Resolving the service throws a <see cref="PrivatemodeConfigurationException"/> if the account is not registered, or if
    /// <paramref name="account"/> is <see langword="null"/> and <paramref name="serviceId"/> is the service key of an account.</remarks>
    /// <exception cref="ArgumentNullException"><paramref name="builder"/> or <paramref name="modelId"/> is <see langword="null"/>.</exception>
    /// <exception cref="ArgumentException"><paramref name="modelId"/> is empty.</exception>
    [Experimental("SKEXP0001")]
    public static IKernelBuilder AddPrivatemodeAudioToText(
        this IKernelBuilder builder, string modelId, RegisteredAccount? account = null, string? serviceId = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        _ = Registration.AddAudioToText(builder.Services, modelId, serviceId, provider => KernelClients.ForAccount(provider, account, serviceId));
        return builder;
    }
}
