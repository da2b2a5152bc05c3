using Privatemode.AI.AspNetCore.Gate;
using Privatemode.AI.AspNetCore.Models;
using Privatemode.AI.AspNetCore.Tests.Dialects;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.AspNetCore.Tests.Models;

/// <summary>Which list of models is shown and used when the service does not answer.</summary>
public sealed class ModelDirectoryTests
{
    private readonly ManualTimeProvider _time = new();
    private readonly FakeCatalog _catalog = new();
    private readonly PrivatemodeProxyOptions _options = new();
    private readonly ModelDirectory _directory;

    public ModelDirectoryTests() => _directory = new ModelDirectory(_catalog, _options, new AliasTable(_options, _ => { }), _time);

    public static TheoryData<Exception> Outages { get; } = new(
        new PrivatemodeServiceException(ServiceFailureReason.Unavailable, "x"), new HttpRequestException("x"), new PrivatemodeIntegrityException("x", "x"));

    public static TheoryData<Exception> Refusals { get; } = new(
        new PrivatemodeConfigurationException("ApiKey", "x"), new PrivatemodeVerificationException("x", "x"));

    [Fact]
    public async Task List_ServiceThatDoesNotAnswer_EndsAfterTheLimit()
    {
        Task<ModelListing> list = _directory.ListAsync(ProxyCaller.Unknown, CancellationToken.None);
        await _catalog.Asked.OrTimeout();
        _time.Advance(_options.ModelListTimeout);
        PrivatemodeServiceException exception = await Assert.ThrowsAsync<PrivatemodeServiceException>(() => list.OrTimeout());
        Assert.Equal((ServiceFailureReason.Unavailable, true), (exception.Reason, exception.RetryAfter > TimeSpan.Zero));
    }

    [Theory]
    [MemberData(nameof(Outages))]
    public async Task List_ServiceThatIsAway_IsTheLastOneForADay(Exception outage)
    {
        _catalog.Answer(EditTesting.Models);
        Assert.False((await _directory.ListAsync(ProxyCaller.Unknown, CancellationToken.None)).IsStale);
        _catalog.Fail(outage);
        ModelListing stale = await _directory.ListAsync(ProxyCaller.Unknown, CancellationToken.None);
        Assert.Equal((true, EditTesting.Models.Length), (stale.IsStale, stale.Models.Count));
        _time.Advance(TimeSpan.FromHours(24));
        Assert.Same(outage, await Record.ExceptionAsync(() => _directory.ListAsync(ProxyCaller.Unknown, CancellationToken.None)));
    }

    [Theory]
    [MemberData(nameof(Refusals))]
    public async Task List_KeyOrDeploymentThatIsRefused_IsNotHiddenByAnOldOne(Exception refusal)
    {
        _catalog.Answer(EditTesting.Models);
        _ = await _directory.ListAsync(ProxyCaller.Unknown, CancellationToken.None);
        _catalog.Fail(refusal);
        Assert.Same(refusal, await Record.ExceptionAsync(() => _directory.ListAsync(ProxyCaller.Unknown, CancellationToken.None)));
    }

    [Fact]
    public async Task List_OfAnotherKey_IsNotShown()
    {
        _options.UseCallerKeyAsApiKey = true;
        _catalog.Answer(EditTesting.Models);
        _ = await _directory.ListAsync(new ProxyCaller(-1, "k1"), CancellationToken.None);
        _catalog.Fail(new HttpRequestException("x"));
        Assert.True((await _directory.ListAsync(new ProxyCaller(-1, "k1"), CancellationToken.None)).IsStale);
        _ = await Assert.ThrowsAsync<HttpRequestException>(() => _directory.ListAsync(new ProxyCaller(-1, "k2"), CancellationToken.None));
        Assert.False(_directory.Current(new ProxyCaller(-1, "k2")).HasList);
        Assert.True(_directory.Current(new ProxyCaller(-1, "k1")).HasList);
    }

    [Theory]
    [InlineData(true, "second-embedding")]
    [InlineData(false, "first-embedding")]
    public async Task Embeddings_OfCallersWithTheirOwnKeys_AreOfTheirOwnListsAndStay(bool haveOwnKeys, string model)
    {
        _options.UseCallerKeyAsApiKey = haveOwnKeys;
        ModelInfo first = new() { Id = "first-embedding", Tasks = ["embed"] };
        ModelInfo second = new() { Id = "second-embedding", Tasks = ["embed"] };
        Assert.Equal("first-embedding", await ModelOf("k1", first));
        Assert.Equal(model, await ModelOf("k2", second));
        Assert.Equal("first-embedding", await ModelOf("k1", second, first));
        Assert.Equal(model, await ModelOf("k2", first, second));

        async Task<string> ModelOf(string key, params ModelInfo[] models)
        {
            _catalog.Answer(models);
            ModelAliases aliases = await _directory.LoadAsync(new ProxyCaller(-1, key), CancellationToken.None);
            return aliases.Resolve("text-embedding-3-small", ModelTask.Embeddings);
        }
    }

    [Fact]
    public async Task List_CallerThatGoesAway_IsNoOutage()
    {
        _catalog.Answer(EditTesting.Models);
        _ = await _directory.ListAsync(ProxyCaller.Unknown, CancellationToken.None);
        _catalog.Wait();
        using CancellationTokenSource gone = new();
        Task<ModelListing> list = _directory.ListAsync(ProxyCaller.Unknown, gone.Token);
        await gone.CancelAsync();
        _ = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => list.OrTimeout());
    }

    [Fact]
    public async Task Current_ListOfMoreThanTenMinutes_IsUsedAndAskedForOnceMore()
    {
        Assert.False(_directory.Current(ProxyCaller.Unknown).HasList);
        Assert.Equal(0, _catalog.Count);
        _catalog.Answer(EditTesting.Models);
        _ = await _directory.LoadAsync(ProxyCaller.Unknown, CancellationToken.None);
        Assert.True(_directory.Current(ProxyCaller.Unknown).HasList);
        Assert.Equal(1, _catalog.Count);

        _catalog.Wait();
        _time.Advance(TimeSpan.FromMinutes(10));
        Assert.True(_directory.Current(ProxyCaller.Unknown).HasList);
        Assert.True(_directory.Current(ProxyCaller.Unknown).HasList);
        Assert.Equal(2, _catalog.Count);

        _catalog.Answer([EditTesting.Models[2]]);
        bool isNew = SpinWait.SpinUntil(
            () => _directory.Current(ProxyCaller.Unknown).Resolve("claude-opus-4", ModelTask.Chat) == "glm-5.3", TestTimeouts.Default);
        Assert.True(isNew);
        Assert.Equal(2, _catalog.Count);
    }

    private sealed class FakeCatalog : ModelCatalog
    {
        private readonly TaskCompletionSource _asked = new();
        private TaskCompletionSource<IReadOnlyList<ModelInfo>> _answer = new();

        public int Count { get; private set; }

        public Task Asked => _asked.Task;

        public void Wait() => _answer = new();

        public void Answer(IReadOnlyList<ModelInfo> models)
        {
            if (!_answer.TrySetResult(models))
            {
                _answer = new();
                _answer.SetResult(models);
            }
        }

        public void Fail(Exception exception)
        {
            _answer = new();
            _answer.SetException(exception);
        }

        public override async Task<IReadOnlyList<ModelInfo>> ListAsync(CancellationToken cancellationToken = default)
        {
            Count++;
            _ = _asked.TrySetResult();
            return await _answer.Task.WaitAsync(cancellationToken);
        }
    }
}
