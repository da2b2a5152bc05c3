using Microsoft.Extensions.DependencyInjection;
using Microsoft.SemanticKernel;

namespace Privatemode.AI.EcosystemTests.SemanticKernel;

/// <summary>A missing API key was reported as "Value cannot be null", and an API key in place of the model ID was registered and would have been sent as
/// one.</summary>
public sealed class WrongArgumentsTests
{
    private const string Model = "gpt-oss-120b";
    private const string Key = "0b5cbb0e-1f0a-4c0e-9a53-0c6b0a4f8f7d";

    public static TheoryData<string> Methods() => [.. Registrations.Keys];

    private static Dictionary<string, Action<string, string>> Registrations { get; } = new()
    {
        ["chat completion"] = (model, key) => Kernel.CreateBuilder().AddPrivatemodeChatCompletion(model, key),
        ["chat client"] = (model, key) => Kernel.CreateBuilder().AddPrivatemodeChatClient(model, key),
        ["embeddings"] = (model, key) => Kernel.CreateBuilder().AddPrivatemodeEmbeddingGenerator(model, key),
        ["audio"] = (model, key) => Kernel.CreateBuilder().AddPrivatemodeAudioToText(model, key),
        ["chat completion of services"] = (model, key) => new ServiceCollection().AddPrivatemodeChatCompletion(model, key),
        ["audio of services"] = (model, key) => new ServiceCollection().AddPrivatemodeAudioToText(model, key),
    };

    [Theory]
    [MemberData(nameof(Methods))]
    public void NoApiKey_IsExplainedLikeByTheClient(string method)
    {
        string text = Assert.Throws<PrivatemodeConfigurationException>(() => new PrivatemodeClient("")).Message;
        string portal = text[text.IndexOf("API keys are created", StringComparison.Ordinal)..];
        foreach (string? missing in (string?[])[null, "", "  "])
        {
            ArgumentException exception = Assert.ThrowsAny<ArgumentException>(() => Registrations[method](Model, missing!));
            Assert.Equal(("apiKey", missing is null), (exception.ParamName, exception is ArgumentNullException));
            Assert.StartsWith("There is no API key.", exception.Message, StringComparison.Ordinal);
            Assert.Contains("PRIVATEMODE_API_KEY", exception.Message, StringComparison.Ordinal);
            Assert.Contains(portal, exception.Message, StringComparison.Ordinal);
        }
    }

    [Theory]
    [MemberData(nameof(Methods))]
    public void SwappedArguments_AreRefused_WithoutTheKey(string method)
    {
        foreach ((string model, string key) in (ReadOnlySpan<(string, string)>)
            [(Key, Model), (Key, "some key"), ("secret-key", Model), ("secret-key", "openai/gpt-oss-120b"), ("secret-key", "whisper-large-v3"),
             ("secret-key", "qwen3-embedding-4b"), ("sk-secret-key", "secret-key"), (Key, Key)])
        {
            ArgumentException exception = Assert.Throws<ArgumentException>(() => Registrations[method](model, key));
            Assert.StartsWith("Pass the model ID first, and the API key after it", exception.Message, StringComparison.Ordinal);
            Assert.DoesNotContain("secret", exception.ToString(), StringComparison.Ordinal);
            Assert.DoesNotContain(Key, exception.ToString(), StringComparison.Ordinal);
        }
    }

    [Theory]
    [MemberData(nameof(Methods))]
    public void RightArguments_AreRegistered(string method)
    {
        foreach (string key in (string[])[Key, "test-api-key", "key-c", "pm_live_0123456789"])
        {
            Registrations[method](Model, key);
            Registrations[method]("some-future-model", key);
        }
    }
}
