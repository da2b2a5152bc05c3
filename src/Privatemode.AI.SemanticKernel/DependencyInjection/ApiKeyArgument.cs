using Privatemode.AI.Internal;

namespace Privatemode.AI.SemanticKernel.DependencyInjection;

/// <summary>Checks the API key of a registration. Messages contain neither argument, because each can be the key.</summary>
internal static class ApiKeyArgument
{
    private const string Missing =
        "There is no API key. Pass one, or call AddPrivatemode() on the services, which reads the environment variable PRIVATEMODE_API_KEY and the " +
        "configuration, and register the service with the model ID only. API keys are created at https://portal.privatemode.ai.";

    // The beginnings of the IDs of models, without the publisher.
    private static readonly string[] Families =
    [
        "gpt-", "qwen", "gemma-", "llama-", "glm-", "kimi-", "mistral-", "deepseek-", "whisper-", "voxtral-", "claude-", "multilingual-e5",
    ];

    /// <exception cref="ArgumentNullException">The key is null.</exception>
    /// <exception cref="ArgumentException">The key is empty or white space, or it and the model ID are probably in the wrong order.</exception>
    public static void Validate(string modelId, string apiKey)
    {
        if (apiKey is null)
        {
            throw new ArgumentNullException(nameof(apiKey), Missing);
        }

        if (string.IsNullOrWhiteSpace(apiKey))
        {
            throw new ArgumentException(Missing, nameof(apiKey));
        }

        if (IsModelId(apiKey) || (modelId is not null && MemberNames.LooksLikeApiKey(modelId)))
        {
            throw new ArgumentException(
                "Pass the model ID first, and the API key after it: the model ID looks like an API key, or the API key like a model ID.", nameof(apiKey));
        }
    }

    private static bool IsModelId(string text)
    {
        string name = text[(text.LastIndexOf('/') + 1)..];
        return Array.Exists(Families, family => name.StartsWith(family, StringComparison.OrdinalIgnoreCase));
    }
}
