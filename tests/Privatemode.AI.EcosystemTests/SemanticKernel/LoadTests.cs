using System.Diagnostics;
using System.Text.Json.Nodes;
using Microsoft.SemanticKernel;
using Microsoft.SemanticKernel.ChatCompletion;
using Privatemode.AI.Testing;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.EcosystemTests.SemanticKernel;

/// <summary>Large prompts, many kernels at the same time, and clients that are disposed while they work.</summary>
public sealed class LoadTests : KernelTest
{
    private const int Megabyte = 1 << 20;

    private TaskCompletionSource? _go;

    public LoadTests() => ScriptAll = true;

    protected override void Configure(PrivatemodeTestDeploymentOptions options) => options.BeforeStreamEvent = async (index, _) =>
    {
        if (index > 1 && _go is { } go)
        {
            await go.Task;
        }
    };

    [Theory]
    [InlineData(KernelLayer.Chat)]
    [InlineData(KernelLayer.ChatStream)]
    [InlineData(KernelLayer.Function)]
    [InlineData(KernelLayer.ClientStream)]
    public async Task PromptOfAMegabyte_ArrivesWhole(KernelLayer layer)
    {
        string prompt = string.Concat(Enumerable.Range(0, Megabyte / 16).Select(number => $"{number:d15} "));
        Assert.Equal(Megabyte, prompt.Length);
        Assert.Equal(Answer, await layer.AskAsync(layer.Build(ModelId, Client), prompt));
        Assert.Equal(prompt, (string?)ChatBodies[0]["messages"]![0]!["content"]);
        AssertSentEncrypted("000000000012345 ");
    }

    [Theory]
    [InlineData(KernelLayer.Prompt)]
    [InlineData(KernelLayer.PromptStream)]
    public async Task AnswerOfAMegabyte_ArrivesWhole(KernelLayer layer)
    {
        string answer = string.Concat(Enumerable.Range(0, Megabyte / 1024).Select(number => $"{number:d1023} "));
        _ = Deployment.Model.Reply(answer);
        Assert.Equal(answer, await layer.AskAsync(layer.Build(ModelId, Client), Question));
    }

    [Fact]
    public async Task ToolResultOfAMegabyte_ArrivesWhole()
    {
        string result = new('x', Megabyte);
        ScriptCall("Big-read", "{}");
        Kernel kernel = CreateKernel();
        kernel.Plugins.AddFromFunctions("Big", [KernelFunctionFactory.CreateFromMethod(() => result, "read")]);
        Assert.Equal(Answer, await KernelLayer.LoopStream.AskAsync(kernel, Question));
        Assert.Equal(result, (string?)ChatBodies[1]["messages"]![2]!["content"]);
    }

    [Fact]
    public async Task FiftyKernels_OverOneClient_EachGetsItsAnswer()
    {
        KernelLayer[] loops = [.. KernelLayers.All.Where(layer => layer.IsLoop())];
        Deployment.Model.SetFallback(Echo);
        string[] answers = await Task.WhenAll(Enumerable.Range(0, 50).Select(number => Task.Run(async () =>
        {
            KernelLayer layer = loops[number % loops.Length];
            Kernel kernel = layer.Build(ModelId, Client, builder => builder.Plugins.AddFromFunctions(
                "Clock", [KernelFunctionFactory.CreateFromMethod((int agent) => $"result {agent} of kernel {number}", "read")]));
            return await layer.AskAsync(kernel, $"agent {number}, name {layer.WireName("Clock", "read")}");
        }))).OrTimeout();
        Assert.Equal(Enumerable.Range(0, 50).Select(number => $"result {number} of kernel {number}"), answers);
        Assert.Equal(100, ChatBodies.Count);
        Assert.InRange(Deployment.KeyExchangeCount, 1, 4);

        // Calls the function with the number of the agent first, then answers with its result.
        static ScriptedAnswer Echo(RecordedRequest request)
        {
            JsonArray messages = JsonNode.Parse(request.DecryptedBody!)!["messages"]!.AsArray();
            if ((string?)messages[^1]!["role"] == "tool")
            {
                return ScriptedAnswer.Text((string)messages[^1]!["content"]!);
            }

            string[] words = ((string)messages[0]!["content"]!).Split(' ');
            return ScriptedAnswer.ToolCall(words[^1], $$"""{"agent":{{words[1].TrimEnd(',')}}}""");
        }
    }

    [Theory]
    [InlineData(KernelLayer.ChatStream)]
    [InlineData(KernelLayer.PromptStream)]
    [InlineData(KernelLayer.ClientStream)]
    public async Task ClientDisposed_WhileAStreamIsRead_TheStreamFinishes(KernelLayer layer)
    {
        PrivatemodeClient client = Deployment.CreateClient();
        _go = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Kernel kernel = layer.Build(ModelId, client);
        IAsyncEnumerable<StreamingKernelContent> updates = layer == KernelLayer.ChatStream
            ? kernel.GetRequiredService<IChatCompletionService>().GetStreamingChatMessageContentsAsync(Question)
            : kernel.InvokePromptStreamingAsync(Question);
        string text = "";
        await foreach (StreamingKernelContent update in updates.WithTimeout())
        {
            text += update;
            await client.DisposeAsync();
            _ = _go.TrySetResult();
        }

        Assert.Equal(Answer, text);
    }

    [Theory]
    [InlineData(KernelLayer.Chat)]
    [InlineData(KernelLayer.Prompt)]
    [InlineData(KernelLayer.Client)]
    public async Task ClientDisposed_WhileARequestRuns_EndsTheCall(KernelLayer layer)
    {
        PrivatemodeClient client = Deployment.CreateClient();
        Deployment.Faults.Inject(Fault.NoResponse);
        Task<string> asking = layer.AskAsync(layer.Build(ModelId, client), Question);
        await SpinAsync(() => Deployment.Requests.Count == 1);
        await client.DisposeAsync();
        _ = await Assert.ThrowsAsync<ObjectDisposedException>(() => asking.OrTimeout());
    }

    [Theory]
    [InlineData(KernelLayer.Loop)]
    [InlineData(KernelLayer.LoopStream)]
    [InlineData(KernelLayer.ClientLoop)]
    public async Task ClientDisposed_InAFunction_EndsTheCall(KernelLayer layer)
    {
        PrivatemodeClient client = Deployment.CreateClient();
        ScriptCall(layer.WireName("Weather", "get_weather"));
        WeatherPlugin.Called.Value = _ => client.Dispose();
        Kernel kernel = layer.Build(ModelId, client, builder => builder.Plugins.AddFromType<WeatherPlugin>("Weather"));
        _ = await Assert.ThrowsAsync<ObjectDisposedException>(() => layer.AskAsync(kernel, Question));
        Assert.Single(Deployment.Requests);
    }

    private static async Task SpinAsync(Func<bool> condition)
    {
        Stopwatch watch = Stopwatch.StartNew();
        while (!condition())
        {
            Assert.True(watch.Elapsed < TestTimeouts.Default);
            await Task.Yield();
        }
    }
}
