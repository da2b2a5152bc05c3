using Microsoft.SemanticKernel;
using Privatemode.AI.Testing;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.EcosystemTests.SemanticKernel;

/// <summary>What a user of Semantic Kernel catches: the exceptions of the library, unchanged, whichever way the model is asked.</summary>
public sealed class ErrorTests : KernelTest
{
    public ErrorTests() => ScriptAll = true;

    public static TheoryData<KernelLayer> Layers() => [.. KernelLayers.All];

    public static TheoryData<KernelLayer> StreamingLayers() => [.. KernelLayers.All.Where(layer => layer.IsStreaming())];

    protected override void Configure(PrivatemodeTestDeploymentOptions options) => options.TimeProvider = new ImmediateTimeProvider();

    [Theory]
    [MemberData(nameof(Layers))]
    public async Task UnknownApiKey_IsAConfigurationException(KernelLayer layer)
    {
        await using PrivatemodeClient client = Deployment.CreateClient(options => options.ApiKey = "key-of-nobody");
        PrivatemodeConfigurationException exception = await Assert.ThrowsAsync<PrivatemodeConfigurationException>(() => AskAsync(layer, client: client));
        Assert.Equal("ApiKey", exception.Setting);
        Assert.DoesNotContain("key-of-nobody", exception.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Layers))]
    public async Task DeploymentThatIsNotGenuine_IsAVerificationException_AndNothingIsSent(KernelLayer layer)
    {
        Deployment.Evidence.Defect = EvidenceDefect.WrongNonce;
        PrivatemodeVerificationException exception = await Assert.ThrowsAsync<PrivatemodeVerificationException>(() => AskAsync(layer));
        Assert.NotEqual("", exception.ErrorType);
        Assert.Empty(Deployment.Requests);
    }

    [Theory]
    [MemberData(nameof(Layers))]
    public async Task UnknownModel_NamesTheOthers(KernelLayer layer)
    {
        // Without the list, the exception does not name them.
        _ = await Client.Models.ListAsync().OrTimeout();
        PrivatemodeModelUnavailableException exception = await Assert.ThrowsAsync<PrivatemodeModelUnavailableException>(
            () => AskAsync(layer, modelId: "gpt-oss-121b"));
        Assert.Contains(ModelId, exception.AvailableModelIds);
    }

    [Theory]
    [MemberData(nameof(Layers))]
    public async Task TamperedAnswer_IsAnIntegrityException(KernelLayer layer)
    {
        FailInTheEnd(layer, Fault.TamperEvent(0));
        PrivatemodeIntegrityException exception = await Assert.ThrowsAsync<PrivatemodeIntegrityException>(() => AskAsync(layer));
        Assert.Equal("not-authentic", exception.ErrorType);
    }

    [Theory]
    [MemberData(nameof(Layers))]
    public async Task UnencryptedAnswer_IsAnIntegrityException(KernelLayer layer)
    {
        FailInTheEnd(layer, Fault.UnencryptedSuccess());
        _ = await Assert.ThrowsAsync<PrivatemodeIntegrityException>(() => AskAsync(layer));
    }

    [Theory]
    [MemberData(nameof(Layers))]
    public async Task RateLimit_StaysAServiceException_WithItsPause(KernelLayer layer)
    {
        FailInTheEnd(layer, Fault.UnencryptedError(429, retryAfter: TimeSpan.FromSeconds(3)), times: 4);
        if (layer.IsNested())
        {
            // The failure of a function is told to the model, which can go on without it.
            Assert.Equal(Answer, await AskAsync(layer));
            Assert.StartsWith("Error", (string?)ChatBodies[^1]["messages"]![2]!["content"], StringComparison.Ordinal);
            return;
        }

        PrivatemodeServiceException exception = await Assert.ThrowsAsync<PrivatemodeServiceException>(() => AskAsync(layer));
        Assert.Equal((ServiceFailureReason.RateLimited, 429, TimeSpan.FromSeconds(3)), (exception.Reason, exception.Status, exception.RetryAfter));
    }

    [Theory]
    [MemberData(nameof(Layers))]
    public async Task RateLimit_OfAMoment_IsRetried(KernelLayer layer)
    {
        FailInTheEnd(layer, Fault.UnencryptedError(429), times: 2);
        Assert.Equal(Answer, await AskAsync(layer));
        Assert.Equal(0, Deployment.Faults.PendingCount);
    }

    [Theory]
    [MemberData(nameof(Layers))]
    public async Task ErrorOfTheModelServer_HasItsStatusAndText(KernelLayer layer)
    {
        FailInTheEnd(layer, Fault.EncryptedError(400, "The prompt is too long."));
        if (layer.IsNested())
        {
            Assert.Equal(Answer, await AskAsync(layer));
            return;
        }

        PrivatemodeServiceException exception = await Assert.ThrowsAsync<PrivatemodeServiceException>(() => AskAsync(layer));
        Assert.Equal((ServiceFailureReason.InvalidRequest, 400), (exception.Reason, exception.Status));
        Assert.Contains("The prompt is too long.", exception.ServerMessage, StringComparison.Ordinal);
        Assert.DoesNotContain("too long", exception.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(StreamingLayers))]
    public async Task StreamWithoutItsEnd_IsAnIntegrityException(KernelLayer layer)
    {
        FailInTheEnd(layer, Fault.RemoveEndMarker);
        PrivatemodeIntegrityException exception = await Assert.ThrowsAsync<PrivatemodeIntegrityException>(() => AskAsync(layer));
        Assert.Equal("truncated-stream", exception.ErrorType);
    }

    [Theory]
    [MemberData(nameof(StreamingLayers))]
    public async Task ErrorInAStream_IsAServiceException(KernelLayer layer)
    {
        FailInTheEnd(layer, Fault.ReplaceEventWithError(2, "out of memory"));
        PrivatemodeServiceException exception = await Assert.ThrowsAsync<PrivatemodeServiceException>(() => AskAsync(layer));
        Assert.Contains("out of memory", exception.ServerMessage, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Layers))]
    public async Task ClientThatIsDisposed_IsAnObjectDisposedException(KernelLayer layer)
    {
        PrivatemodeClient client = Deployment.CreateClient();
        await client.DisposeAsync();
        _ = await Assert.ThrowsAsync<ObjectDisposedException>(() => AskAsync(layer, client: client));
        Assert.Empty(Deployment.Requests);
    }

    /// <summary>Injects a fault into the last request of a layer, or the inner one of nested prompts; the model calls a function before it.</summary>
    private void FailInTheEnd(KernelLayer layer, Fault fault, int times = 1)
    {
        if (layer.IsNested())
        {
            _ = Deployment.Model.ReplyWithToolCall(layer.WireName("Ask", "sky"), "{}");
            BeforeNested = () => Deployment.Faults.Inject(fault, times);
        }
        else if (layer.IsLoop())
        {
            _ = Deployment.Model.ReplyWithToolCall(layer.WireName("Weather", "get_weather"), Arguments);
            WeatherPlugin.Called.Value = _ => Deployment.Faults.Inject(fault, times);
        }
        else
        {
            Deployment.Faults.Inject(fault, times);
        }
    }

    private Action? BeforeNested { get; set; }

    private Task<string> AskAsync(KernelLayer layer, string modelId = ModelId, PrivatemodeClient? client = null)
    {
        Kernel kernel = layer.Build(modelId, client ?? Client, builder => builder.Plugins.AddFromType<WeatherPlugin>("Weather"));
        KernelFunction inner = kernel.CreateFunctionFromPrompt("The sky over Bochum in one word.", functionName: "sky");
        KernelFunction outer = kernel.CreateFunctionFromMethod(
            async (CancellationToken cancellationToken) =>
            {
                BeforeNested?.Invoke();
                return await inner.InvokeAsync<string>(kernel, cancellationToken: cancellationToken);
            },
            "sky");
        _ = kernel.Plugins.AddFromFunctions("Ask", [outer]);
        return layer.AskAsync(kernel, Question);
    }
}
