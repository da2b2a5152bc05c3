namespace Privatemode.AI.Tests;

/// <summary>A mocked client does what it overrides. Everything else fails loudly instead of sending something.</summary>
public sealed class MockedClientsTests
{
    [Fact]
    public async Task Members_NotOverridden_Throw()
    {
        TextCompletionRequest request = new("x");
        BareCompletions completions = new();
        BareCatalog catalog = new();
        Func<Task>[] calls =
        [
            () => new BareDocuments().PartitionAsync(Stream.Null),
            () => completions.CompleteAsync(request),
            () => Task.FromResult(completions.CompleteStreamingAsync(request)),
            () => Task.FromResult(completions.ModelId),
            () => catalog.ListAsync(),
            () => catalog.RefreshAsync(),
            () => catalog.FindAsync("x"),
        ];
        foreach (Func<Task> call in calls)
        {
            NotSupportedException thrown = await Assert.ThrowsAsync<NotSupportedException>(call);
            Assert.Matches("^Bare(Documents|Completions|Catalog) does not override [A-Z][A-Za-z]+\\. ", thrown.Message);
        }
    }

    [Fact]
    public void Changed_RaisedByAMock_ReachesAllHandlers()
    {
        BareCatalog catalog = new();
        List<ModelsChangedEventArgs> seen = [];
        EventHandler<ModelsChangedEventArgs> removed = (_, change) => seen.Add(change);
        catalog.Changed += (_, _) => throw new InvalidOperationException("of a handler");
        catalog.Changed += removed;
        catalog.Changed += (sender, change) =>
        {
            Assert.Same(catalog, sender);
            seen.Add(change);
        };
        ModelsChangedEventArgs first = new() { Models = [new ModelInfo { Id = "m" }] };
        catalog.Raise(first);
        Assert.Equal([first, first], seen);
        catalog.Changed -= removed;
        catalog.Raise(first);
        Assert.Equal(3, seen.Count);
        Assert.Empty(first.Added.Concat(first.Removed));
    }

    [Fact]
    public void Models_WithEqualLists_AreEqual()
    {
        ModelInfo model = new() { Id = "m", Tasks = ["generate"], Aliases = ["a"] };
        Assert.Equal(model, model with { Tasks = ["generate"], Aliases = ["a"] });
        Assert.Equal(model.GetHashCode(), (model with { Tasks = ["generate"] }).GetHashCode());
        ModelInfo[] others =
        [
            model with { Id = "n" },
            model with { Tasks = [] },
            model with { Aliases = [] },
            model with { OwnedBy = "o" },
            model with { CreatedAt = DateTimeOffset.UnixEpoch },
        ];
        Assert.All(others, other => Assert.NotEqual(model, other));
    }

    private sealed class BareDocuments : DocumentClient;

    private sealed class BareCompletions : TextCompletionClient;

    private sealed class BareCatalog : ModelCatalog
    {
        public void Raise(ModelsChangedEventArgs change) => OnChanged(change);
    }
}
