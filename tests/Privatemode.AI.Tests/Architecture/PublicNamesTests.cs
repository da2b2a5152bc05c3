using System.ClientModel.Primitives;
using System.Reflection;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.SemanticKernel;
using OpenAI;
using Privatemode.AI.SemanticKernel;
using Privatemode.AI.Testing;

namespace Privatemode.AI.Tests.Architecture;

/// <summary>The public types of the libraries and of the connector for Semantic Kernel.</summary>
public sealed class PublicNamesTests : PublicNameRules
{
    private protected override IEnumerable<Type> Ours =>
    [
        .. typeof(PrivatemodeClient).Assembly.GetExportedTypes(), .. typeof(PrivatemodePromptExecutionSettings).Assembly.GetExportedTypes(),
        .. typeof(PrivatemodeTestDeployment).Assembly.GetExportedTypes(),
    ];

    private protected override IEnumerable<string> Prefixed =>
    [
        "PrivatemodeClient", "PrivatemodeOptions", "PrivatemodeOpenAIClient", "PrivatemodeHttpMessageHandler", "PrivatemodeTestDeployment",
        "PrivatemodeTestDeploymentOptions", "PrivatemodeModelFactory", "PrivatemodeChatCompletionService", "PrivatemodeAudioToTextService",
        "PrivatemodePromptExecutionSettings", "PrivatemodeAudioToTextExecutionSettings", "PrivatemodeRequestOptions",
    ];

    private protected override IEnumerable<Assembly> Others =>
    [
        typeof(IChatClient).Assembly, typeof(OpenAIClient).Assembly, typeof(ClientPipeline).Assembly, typeof(IServiceCollection).Assembly,
        typeof(HttpClient).Assembly, typeof(object).Assembly, typeof(Kernel).Assembly,
    ];
}
