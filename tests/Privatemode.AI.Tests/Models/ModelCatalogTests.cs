using System.ClientModel;
using Privatemode.AI.Pipeline.Calls;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.Tests.Models;

public sealed class ModelCatalogTests
{
    private readonly ManualTimeProvider _time = new();
    private readonly ModelCatalog _catalog;
    private Func<Task<IReadOnlyList<ModelInfo>>> _download;
    private int _readings;

    public ModelCatalogTests()
    {
        _download = Offer("a", "b");
        _catalog = new ModelCatalog(
            new ApiKeys(new ApiKeyCredential("key")), 1,
            apiKey =>
            {
                Assert.Null(apiKey);
                _ = Interlocked.Increment(ref _readings);
                return _download();
            },
            _time);
    }

    [Fact]
    public async Task List_IsKeptForTenMinutes()
    {
        await ListAsync();
        _time.Advance(TimeSpan.FromMinutes(10) - TimeSpan.FromTicks(1));
        await ListAsync();
        Assert.Equal(1, _readings);

        _time.Advance(TimeSpan.FromTicks(1));
        await ListAsync();
        Assert.Equal(2, _readings);

        await RefreshAsync();
        Assert.Equal(3, _readings);
    }

    [Fact]
    public async Task List_KeptWhileTheClockWasSetBack_IsReadAnew()
    {
        await ListAsync();
        _time.JumpTo(_time.GetUtcNow().AddHours(-1));
        await ListAsync();
        Assert.Equal(2, _readings);
    }

    [Fact]
    public async Task List_AskedForByManyAtOnce_IsReadOnce()
    {
        TaskCompletionSource<IReadOnlyList<ModelInfo>> reading = new();
        _download = () => reading.Task;
        using CancellationTokenSource cancel = new();

        Task<IReadOnlyList<ModelInfo>> impatient = _catalog.ListAsync(cancellationToken: cancel.Token);
        Task<IReadOnlyList<ModelInfo>>[] others = [.. Enumerable.Range(0, 10).Select(i => i % 2 == 0 ? _catalog.RefreshAsync() : _catalog.ListAsync())];
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => impatient.OrTimeout());
        reading.SetResult([new ModelInfo { Id = "only" }]);

        Assert.All(await Task.WhenAll(others).OrTimeout(), models => Assert.Equal("only", Assert.Single(models).Id));
        Assert.Equal(1, _readings);
    }

    [Fact]
    public async Task List_ThatFails_IsReadAnewNextTime()
    {
        _download = () => Task.FromException<IReadOnlyList<ModelInfo>>(Failure());
        await Assert.ThrowsAsync<PrivatemodeServiceException>(() => ListAsync());

        _download = Offer("a");
        Assert.Single(await ListAsync());
    }

    [Fact]
    public async Task Find_KnowsWhatIsListed()
    {
        Assert.Equal("b", (await FindAsync("b"))!.Id);
        Assert.Null(await FindAsync("B"));
        await Assert.ThrowsAsync<ArgumentException>(() => _catalog.FindAsync(""));
    }

    [Fact]
    public async Task Find_WhatIsNotListed_LooksAgainOnceAMinute()
    {
        Assert.Null(await FindAsync("new"));
        _download = Offer("a", "new");
        Assert.Null(await FindAsync("new"));
        Assert.Equal(1, _readings);

        _time.Advance(TimeSpan.FromMinutes(1));
        Assert.NotNull(await FindAsync("new"));
        Assert.Equal(2, _readings);
    }

    [Fact]
    public async Task Changed_IsRaisedForWhatAppearedAndIsGone()
    {
        List<ModelsChangedEventArgs> changes = [];
        _catalog.Changed += (sender, change) =>
        {
            Assert.Same(_catalog, sender);
            changes.Add(change);
        };
        await ListAsync();
        await RefreshAsync();
        Assert.Empty(changes);

        _download = Offer("b", "c");
        await RefreshAsync();

        ModelsChangedEventArgs change = Assert.Single(changes);
        Assert.Equal("c", Assert.Single(change.Added).Id);
        Assert.Equal("a", Assert.Single(change.Removed).Id);
        Assert.Equal(["b", "c"], change.Models.Select(model => model.Id));
    }

    [Fact]
    public async Task Changed_HandlerThatThrows_BreaksNeitherCallersNorOtherHandlers()
    {
        int told = 0;
        _catalog.Changed += (_, _) => throw new InvalidOperationException("handler");
        _catalog.Changed += (_, _) => told++;
        await ListAsync();
        _download = Offer("c");

        Assert.Single(await RefreshAsync());
        Assert.Equal(1, told);
    }

    [Fact]
    public async Task Explain_ModelUnavailable_SaysWhatThereIsAndKeepsTheRest()
    {
        PrivatemodeServiceException original = Unavailable();

        PrivatemodeModelUnavailableException explained =
            Assert.IsType<PrivatemodeModelUnavailableException>(await _catalog.ExplainAsync(original, null, CancellationToken.None).OrTimeout());

        Assert.Equal(["a", "b"], explained.AvailableModelIds);
        Assert.Equal($"{original.Message} Models of the service: a, b.", explained.Message);
        Assert.Equal(
            (ServiceFailureReason.ModelUnavailable, 404, "code", "words", true, "id", TimeSpan.FromSeconds(1)),
            (explained.Reason, explained.Status, explained.ErrorCode, explained.ServerMessage, explained.IsServerMessageAuthenticated, explained.RequestId,
                explained.RetryAfter));
    }

    [Fact]
    public async Task Explain_ManyModels_TheMessageStaysShort()
    {
        _download = Offer([.. Enumerable.Range(0, 50).Select(i => $"model-{i}")]);

        var explained = (PrivatemodeModelUnavailableException)await _catalog.ExplainAsync(Unavailable(), null, CancellationToken.None).OrTimeout();

        Assert.Equal(50, explained.AvailableModelIds.Count);
        Assert.EndsWith("model-19, and more.", explained.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Explain_ListCannotBeRetrieved_NamesTheModelsOfTheLastList()
    {
        await ListAsync();
        _time.Advance(TimeSpan.FromHours(1));
        _download = () => Task.FromException<IReadOnlyList<ModelInfo>>(Unavailable());

        var explained = (PrivatemodeModelUnavailableException)await _catalog.ExplainAsync(Unavailable(), null, CancellationToken.None).OrTimeout();

        Assert.Equal(["a", "b"], explained.AvailableModelIds);
        Assert.Equal(2, _readings);
    }

    [Fact]
    public async Task Explain_ListDoesNotCome_WaitsFiveSeconds()
    {
        _download = () => new TaskCompletionSource<IReadOnlyList<ModelInfo>>().Task;
        Task<Exception> explaining = _catalog.ExplainAsync(Unavailable(), null, CancellationToken.None);
        await _time.TimerAsync(wait => wait == TimeSpan.FromSeconds(5)).OrTimeout();
        Assert.False(explaining.IsCompleted);

        _time.Advance(TimeSpan.FromSeconds(5));

        var explained = Assert.IsType<PrivatemodeModelUnavailableException>(await explaining.OrTimeout());
        Assert.Empty(explained.AvailableModelIds);
        Assert.Equal(Unavailable().Message, explained.Message);
    }

    [Fact]
    public async Task Explain_AnythingElse_IsLeftAlone()
    {
        foreach (Exception exception in (Exception[])[Failure(), new InvalidOperationException("x")])
        {
            Assert.Same(exception, await _catalog.ExplainAsync(exception, null, CancellationToken.None).OrTimeout());
        }

        Assert.Equal(0, _readings);
    }

    private static Func<Task<IReadOnlyList<ModelInfo>>> Offer(params string[] ids) =>
        () => Task.FromResult<IReadOnlyList<ModelInfo>>([.. ids.Select(id => new ModelInfo { Id = id })]);

    private static PrivatemodeServiceException Failure() => new(ServiceFailureReason.Unreachable, "away");

    private static PrivatemodeServiceException Unavailable() => new(ServiceFailureReason.ModelUnavailable, "No such model.")
    {
        Status = 404,
        ErrorCode = "code",
        ServerMessage = "words",
        IsServerMessageAuthenticated = true,
        RequestId = "id",
        RetryAfter = TimeSpan.FromSeconds(1),
    };

    [Fact]
    public async Task List_WithACancellationTokenAlone_Compiles()
    {
        TaskCompletionSource<IReadOnlyList<ModelInfo>> reading = new();
        _download = () => reading.Task;
        using CancellationTokenSource cancel = new();
        Task<IReadOnlyList<ModelInfo>>[] cancelled =
        [
            _catalog.ListAsync(cancel.Token), _catalog.ListAsync(cancellationToken: cancel.Token), _catalog.RefreshAsync(cancel.Token),
        ];
        Task<IReadOnlyList<ModelInfo>>[] others = [_catalog.ListAsync(), _catalog.ListAsync(default), _catalog.RefreshAsync()];
        await cancel.CancelAsync();
        foreach (Task<IReadOnlyList<ModelInfo>> list in cancelled)
        {
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => list.OrTimeout());
        }

        reading.SetResult([new ModelInfo { Id = "only" }]);
        Assert.All(await Task.WhenAll(others).OrTimeout(), list => Assert.Single(list));
    }

    private Task<IReadOnlyList<ModelInfo>> ListAsync() => _catalog.ListAsync().OrTimeout();

    private Task<IReadOnlyList<ModelInfo>> RefreshAsync() => _catalog.RefreshAsync().OrTimeout();

    private Task<ModelInfo?> FindAsync(string id) => _catalog.FindAsync(id).OrTimeout();
}
