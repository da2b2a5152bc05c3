using System.Diagnostics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.SemanticKernel;
using Microsoft.SemanticKernel.ChatCompletion;
using Privatemode.AI.SemanticKernel;
using Privatemode.AI.Testing;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.EcosystemTests.SemanticKernel;

/// <summary>A caller cancels, or stops reading: before, during and after.</summary>
public sealed class CancellationTests : KernelTest
{
    private readonly TaskCompletionSource _reached = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public CancellationTests() => ScriptAll = true;

    /// <summary>The event of a stream before which the deployment waits until the client ends the connection.</summary>
    private int HoldBefore { get; set; } = int.MaxValue;

    public static TheoryData<KernelLayer> Layers() => [.. KernelLayers.All];

    public static TheoryData<KernelLayer> StreamingLayers() => [.. KernelLayers.All.Where(layer => layer.IsStreaming())];

    public static TheoryData<KernelLayer> Loops() => [.. KernelLayers.All.Where(layer => layer.IsLoop())];

    protected override void Configure(PrivatemodeTestDeploymentOptions options) => options.BeforeStreamEvent = async (index, aborted) =>
    {
        if (index >= HoldBefore)
        {
            _reached.TrySetResult();
            await using CancellationTokenRegistration registration = aborted.Register(() => _ended.TrySetResult());
            await _ended.Task.WaitAsync(CancellationToken.None);
            aborted.ThrowIfCancellationRequested();
        }
    };

    [Theory]
    [MemberData(nameof(Layers))]
    public async Task Before_NothingIsSent(KernelLayer layer)
    {
        _ = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => AskAsync(layer, new CancellationToken(canceled: true)));
        Assert.Empty(Deployment.Requests);
    }

    [Theory]
    [MemberData(nameof(Layers))]
    public async Task During_TheCallEnds(KernelLayer layer)
    {
        using CancellationTokenSource cancellation = new();
        Deployment.Faults.Inject(Fault.NoResponse);
        Task<string> asking = AskAsync(layer, cancellation.Token);
        await RequestedAsync(1);
        await cancellation.CancelAsync();
        OperationCanceledException exception = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => asking.OrTimeout());
        AssertKindOf(layer, exception);
        Assert.Single(Deployment.Requests);
    }

    [Theory]
    [MemberData(nameof(StreamingLayers))]
    public async Task InTheMiddleOfAStream_TheCallEnds(KernelLayer layer)
    {
        if (layer.IsLoop())
        {
            // The calls of the first answer, which is held too, are not invoked then.
            WeatherPlugin.Called.Value = _ => Assert.Fail("The function was invoked.");
            _ = Deployment.Model.ReplyWithToolCall(layer.WireName("Weather", "get_weather"), Arguments);
        }

        HoldBefore = 1;
        using CancellationTokenSource cancellation = new();
        Task<string> asking = AskAsync(layer, cancellation.Token);
        await _reached.Task.OrTimeout();
        await cancellation.CancelAsync();
        OperationCanceledException exception = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => asking.OrTimeout());
        AssertKindOf(layer, exception);
        await _ended.Task.OrTimeout();
    }

    [Theory]
    [MemberData(nameof(Layers))]
    public async Task After_TheAnswerStays(KernelLayer layer)
    {
        using CancellationTokenSource cancellation = new();
        string answer = await AskAsync(layer, cancellation.Token);
        await cancellation.CancelAsync();
        Assert.Equal(Answer, answer);

        // The client is not harmed.
        Assert.Equal(Answer, await AskAsync(layer));
    }

    [Theory]
    [MemberData(nameof(Loops))]
    public async Task InAFunction_NoFurtherRequestIsSent(KernelLayer layer)
    {
        using CancellationTokenSource cancellation = new();
        _ = Deployment.Model.ReplyWithToolCall(layer.WireName("Weather", "get_weather"), Arguments);
        WeatherPlugin.Called.Value = _ =>
        {
            cancellation.Cancel();
            cancellation.Token.ThrowIfCancellationRequested();
        };
        OperationCanceledException exception = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => AskAsync(layer, cancellation.Token));
        AssertKindOf(layer, exception);
        Assert.Single(Deployment.Requests);
    }

    [Theory]
    [MemberData(nameof(Loops))]
    public async Task InAFunctionThatDoesNotNotice_NoFurtherRequestIsSent(KernelLayer layer)
    {
        using CancellationTokenSource cancellation = new();
        _ = Deployment.Model.ReplyWithToolCall(layer.WireName("Weather", "get_weather"), Arguments);
        WeatherPlugin.Called.Value = _ => cancellation.Cancel();
        _ = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => AskAsync(layer, cancellation.Token));
        Assert.Single(Deployment.Requests);
    }

    [Fact]
    public async Task FunctionThatGivesUpByItself_IsToldToTheModel()
    {
        ScriptCall();
        WeatherPlugin.Called.Value = _ => throw new OperationCanceledException("The weather service did not answer.");
        Assert.Equal(Answer, await AskAsync(KernelLayer.Loop));
        Assert.StartsWith("Error: Exception while invoking function.", (string?)ChatBodies[1]["messages"]![2]!["content"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task SecondCallOfAnAnswer_IsNotInvokedAfterTheFirstOneCancelled()
    {
        using CancellationTokenSource cancellation = new();
        _ = Deployment.Model.ReplyWithToolCall(ToolName, Arguments).WithToolCall(ToolName, """{"city":"Essen"}""");
        List<string> called = [];
        WeatherPlugin.Called.Value = city =>
        {
            called.Add(city);
            cancellation.Cancel();
        };
        _ = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => AskAsync(KernelLayer.Loop, cancellation.Token));
        Assert.Equal(["Bochum"], called);
    }

    [Theory]
    [InlineData(KernelLayer.ChatStream)]
    [InlineData(KernelLayer.PromptStream)]
    [InlineData(KernelLayer.ClientStream)]
    public async Task Consumer_StopsReading_EndsTheRequest(KernelLayer layer)
    {
        HoldBefore = 2;
        Kernel kernel = Build(layer);
        IAsyncEnumerable<StreamingKernelContent> updates = layer == KernelLayer.ChatStream
            ? kernel.GetRequiredService<IChatCompletionService>().GetStreamingChatMessageContentsAsync(Question)
            : kernel.InvokePromptStreamingAsync(Question);
        await foreach (StreamingKernelContent update in updates.WithTimeout())
        {
            Assert.NotNull(update.GetPrivatemodeReceipt());
            break;
        }

        // The deployment sees the end of the connection.
        await _ended.Task.OrTimeout();
        HoldBefore = int.MaxValue;
        Assert.Equal(Answer, await AskAsync(KernelLayer.Chat));
    }

    [Fact]
    public async Task Consumer_StopsAtACall_TheFunctionIsNotInvoked()
    {
        ScriptCall();
        WeatherPlugin.Called.Value = _ => Assert.Fail("The function was invoked.");
        Kernel kernel = Build(KernelLayer.LoopStream);
        ChatHistory history = new(Question);
        await foreach (StreamingChatMessageContent update in kernel.GetRequiredService<IChatCompletionService>()
            .GetStreamingChatMessageContentsAsync(history, Auto, kernel).WithTimeout())
        {
            if (update.Items.OfType<StreamingFunctionCallUpdateContent>().Any())
            {
                break;
            }
        }

        Assert.Single(history);
        Assert.Single(Deployment.Requests);
    }

    [Fact]
    public async Task AudioToText_Cancelled_Ends()
    {
        using CancellationTokenSource cancellation = new();
        Deployment.Faults.Inject(Fault.NoResponse);
        Task<IReadOnlyList<TextContent>> asking = new PrivatemodeAudioToTextService(SpeechModelId, Client)
            .GetTextContentsAsync(new AudioContent(Recording.Wave(), "audio/wav"), cancellationToken: cancellation.Token);
        await RequestedAsync(1);
        await cancellation.CancelAsync();
        _ = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => asking.OrTimeout());
    }

    /// <summary>The kernel says which function was cancelled; the services do not.</summary>
    private static void AssertKindOf(KernelLayer layer, OperationCanceledException exception) =>
        Assert.Equal(layer is not (KernelLayer.Chat or KernelLayer.ChatStream), exception is KernelFunctionCanceledException);

    private Task<string> AskAsync(KernelLayer layer, CancellationToken cancellationToken = default) =>
        layer.AskAsync(Build(layer), Question, cancellationToken: cancellationToken);

    private Kernel Build(KernelLayer layer) => layer.Build(ModelId, Client, builder => builder.Plugins.AddFromType<WeatherPlugin>("Weather"));

    /// <summary>Waits until the deployment has a number of requests.</summary>
    private async Task RequestedAsync(int count)
    {
        Stopwatch watch = Stopwatch.StartNew();
        while (Deployment.Requests.Count < count)
        {
            Assert.True(watch.Elapsed < TestTimeouts.Default, "The request did not arrive.");
            await Task.Yield();
        }
    }
}
