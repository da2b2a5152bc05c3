using Microsoft.Extensions.AI;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.SemanticKernel;
using Microsoft.SemanticKernel.AudioToText;
using Microsoft.SemanticKernel.ChatCompletion;

namespace Privatemode.AI.SemanticKernel.DependencyInjection;

/// <summary>Registers the services for the extension methods of kernel builders and service collections.</summary>
internal static class Registration
{
    public static IServiceCollection AddChatCompletion(
        IServiceCollection services, string modelId, string? serviceId, Func<IServiceProvider, PrivatemodeClient> client)
    {
        ArgumentException.ThrowIfNullOrEmpty(modelId);
        return services.AddKeyedSingleton<IChatCompletionService>(
            serviceId, (provider, _) => new PrivatemodeChatCompletionService(modelId, client(provider)));
    }

    public static IServiceCollection AddAudioToText(
        IServiceCollection services, string modelId, string? serviceId, Func<IServiceProvider, PrivatemodeClient> client)
    {
        ArgumentException.ThrowIfNullOrEmpty(modelId);
        return services.AddKeyedSingleton<IAudioToTextService>(serviceId, (provider, _) => new PrivatemodeAudioToTextService(modelId, client(provider)));
    }

    public static void AddChatClient(
        IServiceCollection services, string modelId, string? serviceId, Func<IServiceProvider, PrivatemodeClient> client)
    {
        ArgumentException.ThrowIfNullOrEmpty(modelId);
        _ = services.AddKeyedSingleton<IChatClient>(serviceId, (provider, _) => new ChatClientBuilder(client(provider).AsIChatClient(modelId))
            .UseKernelFunctionInvocation(provider.GetService<ILoggerFactory>())
            .Use(inner => new KernelChatClient(inner))
            .Build(provider));
    }

    public static void AddEmbeddingGenerator(
        IServiceCollection services, string modelId, int? dimensions, string? serviceId, Func<IServiceProvider, PrivatemodeClient> client)
    {
        ArgumentException.ThrowIfNullOrEmpty(modelId);
        if (dimensions is { } number)
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(number, 1, nameof(dimensions));
        }

        _ = services.AddKeyedSingleton<IEmbeddingGenerator<string, Embedding<float>>>(
            serviceId, (provider, _) => client(provider).AsIEmbeddingGenerator(modelId, dimensions));
    }
}
