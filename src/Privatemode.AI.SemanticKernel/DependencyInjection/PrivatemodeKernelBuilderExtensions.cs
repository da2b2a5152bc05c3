using Microsoft.Extensions.AI;
using Microsoft.SemanticKernel.AudioToText;
using Microsoft.SemanticKernel.ChatCompletion;
using Privatemode.AI;
using Privatemode.AI.SemanticKernel.DependencyInjection;

// Where Semantic Kernel's users look for methods of this kind.
#pragma warning disable IDE0130
namespace Microsoft.SemanticKernel;
#pragma warning restore IDE0130

/// <summary>Provides extension methods that register Privatemode services in an <see cref="IKernelBuilder"/>.</summary>
/// <remarks>
/// <para>A service uses an API key (always the second text), a <see cref="PrivatemodeClient"/>, or an account of the host, which <c>AddPrivatemode</c> or
/// <c>AddKeyedPrivatemode</c> registers with its settings. It never uses an <c>OpenAIClient</c> of the container, whoever registered it.</para>
/// <para>A kernel that was built without a host does not dispose its services. Create a <see cref="PrivatemodeClient"/> and pass it in order to end its session
/// and wipe its secrets at a time of your choice.</para>
/// </remarks>
public static class PrivatemodeKernelBuilderExtensions
{
    /// <summary>Registers an <see cref="IChatCompletionService"/> with function calling that uses an API key, as a singleton.</summary>
    /// <param name="builder">The kernel builder.</param>
    /// <param name="modelId">The model ID, for example <c>gpt-oss-120b</c>.</param>
    /// <param name="apiKey">The API key. Services of the same container with the same key share a client, which the container owns.</param>
    /// <param name="serviceId">The service ID, or <see langword="null"/>, the default, to register the service without one.</param>
    /// <returns>The kernel builder.</returns>
    /// <remarks>Resolving the service throws a <see cref="PrivatemodeConfigurationException"/> if the text is not only an API key.</remarks>
    /// <exception cref="ArgumentNullException"><paramref name="builder"/>, <paramref name="modelId"/> or <paramref name="apiKey"/> is <see
    /// langword="null"/>.</exception>
    /// <exception cref="ArgumentException"><paramref name="modelId"/> or <paramref name="apiKey"/> is empty.</exception>
    public static IKernelBuilder AddPrivatemodeChatCompletion(this IKernelBuilder builder, string modelId, string apiKey, string? serviceId = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentException.ThrowIfNullOrWhiteSpace(apiKey);
        _ = Registration.AddChatCompletion(builder.Services, modelId, serviceId, KernelClients.With(builder.Services, apiKey));
        return builder;
    }

    /// <summary>Registers an <see cref="IChatCompletionService"/> with function calling that uses a client, as a singleton.</summary>
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

    /// <summary>Registers an <see cref="IChatCompletionService"/> with function calling that uses an account of the host, as a singleton.</summary>
    /// <param name="builder">The kernel builder.</param>
    /// <param name="modelId">The model ID, for example <c>gpt-oss-120b</c>.</param>
    /// <param name="account">The account, or <see langword="null"/>, the default, for the one that <c>AddPrivatemode</c> registers.</param>
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
        _ = Registration.AddChatCompletion(builder.Services, modelId, serviceId, provider => KernelClients.Of(provider, account, serviceId));
        return builder;
    }

    /// <summary>Registers an <see cref="IChatClient"/> that invokes the functions of the kernel that uses an API key, as a singleton.</summary>
    /// <param name="builder">The kernel builder.</param>
    /// <param name="modelId">The model ID, for example <c>gpt-oss-120b</c>.</param>
    /// <param name="apiKey">The API key. Services of the same container with the same key share a client, which the container owns.</param>
    /// <param name="serviceId">The service ID, or <see langword="null"/>, the default, to register the service without one.</param>
    /// <returns>The kernel builder.</returns>
    /// <remarks>Resolving the service throws a <see cref="PrivatemodeConfigurationException"/> if the text is not only an API key.</remarks>
    /// <exception cref="ArgumentNullException"><paramref name="builder"/>, <paramref name="modelId"/> or <paramref name="apiKey"/> is <see
    /// langword="null"/>.</exception>
    /// <exception cref="ArgumentException"><paramref name="modelId"/> or <paramref name="apiKey"/> is empty.</exception>
    public static IKernelBuilder AddPrivatemodeChatClient(this IKernelBuilder builder, string modelId, string apiKey, string? serviceId = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentException.ThrowIfNullOrWhiteSpace(apiKey);
        Registration.AddChatClient(builder.Services, modelId, serviceId, KernelClients.With(builder.Services, apiKey));
        return builder;
    }

    /// <summary>Registers an <see cref="IChatClient"/> that invokes the functions of the kernel that uses a client, as a singleton.</summary>
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

    /// <summary>Registers an <see cref="IChatClient"/> that invokes the functions of the kernel that uses an account of the host, as a singleton.</summary>
    /// <param name="builder">The kernel builder.</param>
    /// <param name="modelId">The model ID, for example <c>gpt-oss-120b</c>.</param>
    /// <param name="account">The account, or <see langword="null"/>, the default, for the one that <c>AddPrivatemode</c> registers.</param>
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
        Registration.AddChatClient(builder.Services, modelId, serviceId, provider => KernelClients.Of(provider, account, serviceId));
        return builder;
    }

    /// <summary>Registers an <see cref="IEmbeddingGenerator{TInput, TEmbedding}"/> that uses an API key, as a singleton.</summary>
    /// <param name="builder">The kernel builder.</param>
    /// <param name="modelId">The model ID, for example <c>qwen3-embedding-4b</c>.</param>
    /// <param name="apiKey">The API key. Services of the same container with the same key share a client, which the container owns.</param>
    /// <param name="dimensions">The number of dimensions of the embeddings if a call does not specify it, at least 1; or <see langword="null"/>, the
    /// default, for the model's own number.</param>
    /// <param name="serviceId">The service ID, or <see langword="null"/>, the default, to register the service without one.</param>
    /// <returns>The kernel builder.</returns>
    /// <remarks>Resolving the service throws a <see cref="PrivatemodeConfigurationException"/> if the text is not only an API key.</remarks>
    /// <exception cref="ArgumentNullException"><paramref name="builder"/>, <paramref name="modelId"/> or <paramref name="apiKey"/> is <see
    /// langword="null"/>.</exception>
    /// <exception cref="ArgumentException"><paramref name="modelId"/> or <paramref name="apiKey"/> is empty.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="dimensions"/> is less than 1.</exception>
    public static IKernelBuilder AddPrivatemodeEmbeddingGenerator(
        this IKernelBuilder builder, string modelId, string apiKey, int? dimensions = null, string? serviceId = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentException.ThrowIfNullOrWhiteSpace(apiKey);
        Registration.AddEmbeddingGenerator(builder.Services, modelId, dimensions, serviceId, KernelClients.With(builder.Services, apiKey));
        return builder;
    }

    /// <summary>Registers an <see cref="IEmbeddingGenerator{TInput, TEmbedding}"/> that uses a client, as a singleton.</summary>
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

    /// <summary>Registers an <see cref="IEmbeddingGenerator{TInput, TEmbedding}"/> that uses an account of the host, as a singleton.</summary>
    /// <param name="builder">The kernel builder.</param>
    /// <param name="modelId">The model ID, for example <c>qwen3-embedding-4b</c>.</param>
    /// <param name="account">The account, or <see langword="null"/>, the default, for the one that <c>AddPrivatemode</c> registers.</param>
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
        Registration.AddEmbeddingGenerator(builder.Services, modelId, dimensions, serviceId, provider => KernelClients.Of(provider, account, serviceId));
        return builder;
    }

    /// <summary>Registers an <see cref="IAudioToTextService"/> that uses an API key, as a singleton.</summary>
    /// <param name="builder">The kernel builder.</param>
    /// <param name="modelId">The model ID, for example <c>whisper-large-v3</c>.</param>
    /// <param name="apiKey">The API key. Services of the same container with the same key share a client, which the container owns.</param>
    /// <param name="serviceId">The service ID, or <see langword="null"/>, the default, to register the service without one.</param>
    /// <returns>The kernel builder.</returns>
    /// <remarks>Resolving the service throws a <see cref="PrivatemodeConfigurationException"/> if the text is not only an API key.</remarks>
    /// <exception cref="ArgumentNullException"><paramref name="builder"/>, <paramref name="modelId"/> or <paramref name="apiKey"/> is <see
    /// langword="null"/>.</exception>
    /// <exception cref="ArgumentException"><paramref name="modelId"/> or <paramref name="apiKey"/> is empty.</exception>
    public static IKernelBuilder AddPrivatemodeAudioToText(this IKernelBuilder builder, string modelId, string apiKey, string? serviceId = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentException.ThrowIfNullOrWhiteSpace(apiKey);
        _ = Registration.AddAudioToText(builder.Services, modelId, serviceId, KernelClients.With(builder.Services, apiKey));
        return builder;
    }

    /// <summary>Registers an <see cref="IAudioToTextService"/> that uses a client, as a singleton.</summary>
    /// <param name="builder">The kernel builder.</param>
    /// <param name="modelId">The model ID, for example <c>whisper-large-v3</c>.</param>
    /// <param name="client">The client. It is not disposed with the container.</param>
    /// <param name="serviceId">The service ID, or <see langword="null"/>, the default, to register the service without one.</param>
    /// <returns>The kernel builder.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="builder"/>, <paramref name="modelId"/> or <paramref name="client"/> is <see
    /// langword="null"/>.</exception>
    /// <exception cref="ArgumentException"><paramref name="modelId"/> is empty.</exception>
    public static IKernelBuilder AddPrivatemodeAudioToText(this IKernelBuilder builder, string modelId, PrivatemodeClient client, string? serviceId = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(client);
        _ = Registration.AddAudioToText(builder.Services, modelId, serviceId, _ => client);
        return builder;
    }

    /// <summary>Registers an <see cref="IAudioToTextService"/> that uses an account of the host, as a singleton.</summary>
    /// <param name="builder">The kernel builder.</param>
    /// <param name="modelId">The model ID, for example <c>whisper-large-v3</c>.</param>
    /// <param name="account">The account, or <see langword="null"/>, the default, for the one that <c>AddPrivatemode</c> registers.</param>
    /// <param name="serviceId">The service ID, or <see langword="null"/>, the default, to register the service without one.</param>
    /// <returns>The kernel builder.</returns>
    /// <remarks>Resolving the service throws a <see cref="PrivatemodeConfigurationException"/> if the account is not registered, or if
    /// <paramref name="account"/> is <see langword="null"/> and <paramref name="serviceId"/> is the service key of an account.</remarks>
    /// <exception cref="ArgumentNullException"><paramref name="builder"/> or <paramref name="modelId"/> is <see langword="null"/>.</exception>
    /// <exception cref="ArgumentException"><paramref name="modelId"/> is empty.</exception>
    public static IKernelBuilder AddPrivatemodeAudioToText(
        this IKernelBuilder builder, string modelId, RegisteredAccount? account = null, string? serviceId = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        _ = Registration.AddAudioToText(builder.Services, modelId, serviceId, provider => KernelClients.Of(provider, account, serviceId));
        return builder;
    }
}
