using Microsoft.Extensions.AI;
using Privatemode.AI.Testing;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.IntegrationTests.Canary;

/// <summary>The sentinel in everything that embeddings and completions carry: nothing of it is on the wire, in logs or in our exceptions.</summary>
public sealed class AdapterCanaryTests : IAsyncLifetime
{
    private readonly CapturingLoggerFactory _logs = new();
    private readonly List<Exception> _exceptions = [];
    private PrivatemodeTestDeployment _deployment = null!;
    private PrivatemodeClient _client = null!;

    public async Task InitializeAsync()
    {
        _deployment = await PrivatemodeTestDeployment.StartAsync();
        _deployment.Model.SetFallback(_ => ScriptedAnswer.Text($"{Sentinel.Text} answer"));
        _client = _deployment.CreateClient(options =>
        {
            options.LoggerFactory = _logs;
            options.LogEncryptedContent = true;
        });
    }

    public async Task DisposeAsync()
    {
        await _client.DisposeAsync();
        await _deployment.DisposeAsync();
    }

    [Fact]
    public async Task Embeddings_NothingOfTheSentinelLeaves()
    {
        IEmbeddingGenerator<string, Embedding<float>> generator = _client.AsIEmbeddingGenerator("qwen3-embedding-4b");
        foreach (Fault? fault in (Fault?[])[null, Fault.EncryptedError(400, Sentinel.Text), Fault.TamperEvent(0), Fault.UnencryptedEvent(0)])
        {
            Order(fault);
            await TryAsync(() => generator.GenerateAsync([$"{Sentinel.Text}-text", Sentinel.Text], Options("extra")));
        }

        await TryAsync(() => generator.GenerateAsync([Sentinel.Text], Options("input")));
        await TryAsync(() => generator.GenerateAsync([Sentinel.Text], new EmbeddingGenerationOptions { ModelId = Sentinel.NotAModel }));
        AssertNothingLeft("text", "task", "extra");
        Assert.Equal(5, _exceptions.OfType<PrivatemodeException>().Count());

        static TextEmbeddingOptions Options(string name) => new()
        {
            MaxBatchSize = 1,
            MaxDegreeOfParallelism = 1,
            QueryInstruction = $"{Sentinel.Text}-task",
            AdditionalProperties = new() { [name] = $"{Sentinel.Text}-extra" },
        };
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Completions_NothingOfTheSentinelLeaves(bool streamed)
    {
        foreach (Fault? fault in (Fault?[])
            [null, Fault.EncryptedError(400, Sentinel.Text), Fault.TamperEvent(0),
                streamed ? Fault.ReplaceEventWithError(1, Sentinel.Text) : Fault.UnencryptedEvent(0)])
        {
            Order(fault);
            await TryAsync(() => CompleteAsync(Request("extra"), streamed));
        }

        await TryAsync(() => CompleteAsync(Request("prompt"), streamed));
        await TryAsync(() => CompleteAsync(new TextCompletionRequest(Sentinel.Text) { Suffix = $"{Sentinel.Text}-suffix" }, streamed));
        await TryAsync(() => CompleteAsync(new TextCompletionRequest(Sentinel.Text) { ModelId = Sentinel.NotAModel }, streamed));
        AssertNothingLeft("prompt", "stop", "extra");
        Assert.Contains($"{Sentinel.Text}-suffix", _deployment.Requests[^1].DecryptedBody, StringComparison.Ordinal);
        Assert.Equal(6, _exceptions.OfType<PrivatemodeException>().Count());

        static TextCompletionRequest Request(string name) => new($"{Sentinel.Text}-prompt")
        {
            StopSequences = [$"{Sentinel.Text}-stop"],
            Echo = true,
            TopLogProbabilityCount = 1,
            AdditionalProperties = new() { [name] = $"{Sentinel.Text}-extra" },
        };
    }

    private async Task<int> CompleteAsync(TextCompletionRequest request, bool streamed)
    {
        TextCompletionClient client = _client.GetTextCompletionClient("gpt-oss-120b");
        if (!streamed)
        {
            return (await client.CompleteAsync(request)).Choices.Count;
        }

        int events = 0;
        await foreach (TextCompletion part in client.CompleteStreamingAsync(request))
        {
            events += part.Choices.Count;
        }

        return events;
    }

    private void Order(Fault? fault)
    {
        if (fault is not null)
        {
            _deployment.Faults.Inject(fault);
        }
    }

    private async Task TryAsync<T>(Func<Task<T>> call)
    {
        if (await Record.ExceptionAsync(() => call().OrTimeout()) is { } exception)
        {
            _exceptions.Add(exception);
        }
    }

    private void AssertNothingLeft(params string[] places)
    {
        Assert.All(places, place => Assert.Contains($"{Sentinel.Text}-{place}", _deployment.Requests[0].DecryptedBody, StringComparison.Ordinal));
        Assert.Empty(Sentinel.FoundIn(_deployment.GetReceivedBytes()));

        // Whole answers and sealed errors; the last one in a list of faults may show a member on purpose.
        Assert.All(_deployment.Requests.Take(3), request => Assert.Empty(Sentinel.FoundIn(request.WireResponseText)));
        Assert.NotEmpty(_logs.Lines);
        Assert.All(_logs.Lines, line => Assert.Empty(Sentinel.FoundIn(line)));
        Assert.All(_exceptions.OfType<PrivatemodeException>(), exception => Assert.Empty(Sentinel.FoundIn(exception.ToString())));
    }
}
