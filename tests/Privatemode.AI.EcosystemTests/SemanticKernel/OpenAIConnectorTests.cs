using System.ClientModel;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.SemanticKernel;
using Microsoft.SemanticKernel.Connectors.OpenAI;
using Privatemode.AI.IntegrationTests.Canary;
using Privatemode.AI.Testing;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.EcosystemTests.SemanticKernel;

/// <summary>Semantic Kernel's own OpenAI connector, over the encrypted client.</summary>
[Collection(ListeningAlone.Name)]
public sealed class OpenAIConnectorTests : KernelTest
{
    public OpenAIConnectorTests() => ScriptAll = true;

    public static TheoryData<KernelLayer> Layers() =>
        [KernelLayer.Chat, KernelLayer.ChatStream, KernelLayer.Prompt, KernelLayer.PromptStream, KernelLayer.Loop, KernelLayer.LoopStream];

    protected override void Configure(PrivatemodeTestDeploymentOptions options) => options.TimeProvider = new ImmediateTimeProvider();

    [Theory]
    [MemberData(nameof(Layers))]
    public async Task Question_IsAnsweredEncrypted(KernelLayer layer)
    {
        if (layer.IsLoop())
        {
            ScriptCall();
        }

        Assert.Equal(Answer, await layer.AskAsync(Build(), Question));
        Assert.Equal(layer.IsLoop() ? 2 : 1, ChatBodies.Count);
        AssertSentEncrypted("umbrella");
    }

    [Theory]
    [MemberData(nameof(Layers))]
    public async Task Errors_OfThisLibrary_AreNotWrapped(KernelLayer layer)
    {
        Deployment.Faults.Inject(Fault.TamperEvent(0));
        _ = await Assert.ThrowsAsync<PrivatemodeIntegrityException>(() => layer.AskAsync(Build(), Question));
        Deployment.Evidence.Defect = EvidenceDefect.WrongNonce;
        await using PrivatemodeClient fresh = Deployment.CreateClient();
        _ = await Assert.ThrowsAsync<PrivatemodeVerificationException>(() => layer.AskAsync(Build(fresh), Question));
    }

    [Theory]
    [MemberData(nameof(Layers))]
    public async Task Errors_OfTheService_AreThoseOfTheOpenAIClient_WrappedUnlessStreamed(KernelLayer layer)
    {
        Deployment.Faults.Inject(Fault.EncryptedError(400, "The prompt is too long."));
        Exception exception = await Assert.ThrowsAnyAsync<Exception>(() => layer.AskAsync(Build(), Question));
        Assert.Equal(layer.IsStreaming(), exception is not HttpOperationException);
        Assert.Equal(400, Assert.IsAssignableFrom<ClientResultException>(exception.InnerException ?? exception).Status);
    }

    // The failure is told to the model: this connector does not know what it means.
    [Fact]
    public async Task FailureOfVerification_InsideAFunction_IsToldToTheModel()
    {
        ScriptCall("Weather-fail", """{"isSecurity":true}""");
        Assert.Equal(Answer, await KernelLayer.Loop.AskAsync(Build(), Question));
        Assert.Contains("not genuine", (string?)ChatBodies[1]["messages"]![2]!["content"], StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Layers))]
    public async Task Canary_NothingOfTheSentinelLeaves(KernelLayer layer)
    {
        CapturingLoggerFactory logs = new();
        using TelemetryListener telemetry = new();
        await using PrivatemodeClient client = Deployment.CreateClient(options => options.LoggerFactory = logs);
        Deployment.Model.SetFallback(_ => ScriptedAnswer.Text($"{Sentinel.Text} answer"));
        if (layer.IsLoop())
        {
            _ = Deployment.Model.ReplyWithToolCall(ToolName, $$"""{"city":"{{Sentinel.Text}}"}""");
        }

        Kernel kernel = Build(client, builder => builder.Services.AddSingleton<ILoggerFactory>(logs));
        OpenAIPromptExecutionSettings settings = new()
        {
            ChatSystemPrompt = Sentinel.Text,
            User = Sentinel.Text,
            FunctionChoiceBehavior = layer.IsLoop() ? FunctionChoiceBehavior.Auto() : null,
        };
        _ = await layer.AskAsync(kernel, Sentinel.Text, settings);
        Deployment.Faults.Inject(Fault.TamperEvent(0));
        Exception exception = await Assert.ThrowsAsync<PrivatemodeIntegrityException>(() => layer.AskAsync(kernel, Sentinel.Text, settings));
        Assert.Empty(Sentinel.FoundIn(exception.ToString()));
        Assert.Empty(Sentinel.FoundIn(Deployment.GetReceivedBytes()));
        Assert.All(Deployment.AllRequests, request => Assert.Empty(Sentinel.FoundIn(request.WireResponseText)));
        Assert.All(telemetry.Texts, text => Assert.Empty(Sentinel.FoundIn(text)));
        Assert.All(logs.Lines.Where(line => line.Split(' ', 3)[1] != nameof(LogLevel.Trace)), line => Assert.Empty(Sentinel.FoundIn(line)));
        Assert.All(
            logs.Lines.Where(line => line.StartsWith("Privatemode", StringComparison.Ordinal)), line => Assert.Empty(Sentinel.FoundIn(line)));
    }

    private Kernel Build(PrivatemodeClient? client = null, Action<IKernelBuilder>? configure = null)
    {
        IKernelBuilder builder = Kernel.CreateBuilder();
        builder.AddOpenAIChatCompletion(ModelId, (client ?? Client).OpenAI);
        builder.Plugins.AddFromType<WeatherPlugin>("Weather");
        configure?.Invoke(builder);
        return builder.Build();
    }
}
