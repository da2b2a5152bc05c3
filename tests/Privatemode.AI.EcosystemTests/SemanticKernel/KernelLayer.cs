using Microsoft.Extensions.DependencyInjection;
using Microsoft.SemanticKernel;
using Microsoft.SemanticKernel.ChatCompletion;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.EcosystemTests.SemanticKernel;

/// <summary>The ways in which a program asks a model through Semantic Kernel.</summary>
public enum KernelLayer
{
    /// <summary>The chat completion service.</summary>
    Chat,

    /// <summary>The same, streamed.</summary>
    ChatStream,

    /// <summary>A prompt of the kernel.</summary>
    Prompt,

    /// <summary>The same, streamed.</summary>
    PromptStream,

    /// <summary>A function made from a prompt.</summary>
    Function,

    /// <summary>A prompt with functions that are invoked automatically.</summary>
    Loop,

    /// <summary>The same, streamed.</summary>
    LoopStream,

    /// <summary>A function made from a prompt, which the model calls.</summary>
    Nested,

    /// <summary>A prompt of a kernel whose model is a chat client.</summary>
    Client,

    /// <summary>The same, streamed.</summary>
    ClientStream,

    /// <summary>The same with functions that are invoked automatically.</summary>
    ClientLoop,

    /// <summary>The same with a function made from a prompt.</summary>
    ClientNested,
}

/// <summary>Asks the same question through each <see cref="KernelLayer"/>.</summary>
internal static class KernelLayers
{
    public static IEnumerable<KernelLayer> All => Enum.GetValues<KernelLayer>();

    /// <summary>Whether the model is asked a second time, after a function.</summary>
    public static bool IsLoop(this KernelLayer layer) => layer is KernelLayer.Loop or KernelLayer.LoopStream or KernelLayer.ClientLoop;

    /// <summary>Whether the model calls a function that asks a model.</summary>
    public static bool IsNested(this KernelLayer layer) => layer is KernelLayer.Nested or KernelLayer.ClientNested;

    public static bool IsStreaming(this KernelLayer layer) =>
        layer is KernelLayer.ChatStream or KernelLayer.PromptStream or KernelLayer.LoopStream or KernelLayer.ClientStream;

    /// <summary>The name under which the model is told of a function.</summary>
    public static string WireName(this KernelLayer layer, string plugin, string function) =>
        layer is KernelLayer.ClientLoop or KernelLayer.ClientNested ? $"{plugin}_{function}" : $"{plugin}-{function}";

    /// <summary>Builds a kernel for a layer.</summary>
    public static Kernel Build(this KernelLayer layer, string modelId, PrivatemodeClient client, Action<IKernelBuilder>? configure = null)
    {
        IKernelBuilder builder = Kernel.CreateBuilder();
        _ = layer is KernelLayer.Client or KernelLayer.ClientStream or KernelLayer.ClientLoop or KernelLayer.ClientNested
            ? builder.AddPrivatemodeChatClient(modelId, client)
            : builder.AddPrivatemodeChatCompletion(modelId, client);
        configure?.Invoke(builder);
        return builder.Build();
    }

    /// <summary>Asks, and returns the answer. Without settings, functions are invoked automatically where the layer has some.</summary>
    public static async Task<string> AskAsync(
        this KernelLayer layer, Kernel kernel, string question, PromptExecutionSettings? settings = null, CancellationToken cancellationToken = default)
    {
        settings ??= layer.IsLoop() || layer.IsNested()
            ? new() { FunctionChoiceBehavior = FunctionChoiceBehavior.Auto() }
            : null;
        KernelArguments arguments = settings is null ? [] : new(settings);
        ChatHistory history = [new ChatMessageContent(AuthorRole.User, question)];
        switch (layer)
        {
            case KernelLayer.Chat:
                return (await kernel.GetRequiredService<IChatCompletionService>()
                    .GetChatMessageContentAsync(history, settings, kernel, cancellationToken).OrTimeout()).Content!;
            case KernelLayer.ChatStream:
                return await ConcatAsync(kernel.GetRequiredService<IChatCompletionService>()
                    .GetStreamingChatMessageContentsAsync(history, settings, kernel, cancellationToken));
            case KernelLayer.PromptStream or KernelLayer.LoopStream or KernelLayer.ClientStream:
                return await ConcatAsync(kernel.InvokePromptStreamingAsync(question, arguments, cancellationToken: cancellationToken));
            case KernelLayer.Function:
                return (await kernel.CreateFunctionFromPrompt(question).InvokeAsync(kernel, arguments, cancellationToken).OrTimeout()).GetValue<string>()!;
            default:
                return (await kernel.InvokePromptAsync(question, arguments, cancellationToken: cancellationToken).OrTimeout()).GetValue<string>()!;
        }
    }

    private static async Task<string> ConcatAsync<T>(IAsyncEnumerable<T> parts)
    {
        string text = "";
        await foreach (T part in parts.WithTimeout())
        {
            text += part;
        }

        return text;
    }
}
