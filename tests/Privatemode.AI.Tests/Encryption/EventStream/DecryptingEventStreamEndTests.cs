using System.Text;
using Privatemode.AI.Encryption;
using Privatemode.AI.Encryption.EventStream;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.Tests.Encryption.EventStream;

/// <summary>A stream that another thread ends, what it keeps of its last events, and callers with one thread only.</summary>
public sealed class DecryptingEventStreamEndTests : IDisposable
{
    private static readonly string FirstDecrypted = $"data: {ChoiceStream.DeltaJson("one")}\n\n";

    private readonly OpeningScene _scene = new();
    private readonly PrivatemodeServiceException _timeout = new(ServiceFailureReason.Timeout, "No event came in time.");

    public void Dispose() => _scene.Dispose();

    [Fact]
    public async Task BreakOff_WhileAReadWaits_LeavesTheStreamToIt()
    {
        Task<string> read = _scene.ReadTextAsync("memory async");
        await _scene.Network.WaitsAsync();
        _scene.Stream.BreakOff(_timeout);
        Assert.Equal((0, 0), (_scene.Owner.Disposals, _scene.Network.Disposals));
        _scene.Network.Deliver(_scene.Source.Whole());
        Assert.Equal(ChoiceStream.WholeDecrypted, await read);
    }

    [Fact]
    public async Task BreakOff_BetweenReads_FailsTheNextAndReleasesEverything()
    {
        _scene.Network.Deliver(_scene.Source.Delta("one"));
        Assert.Equal(FirstDecrypted, await _scene.ReadTextAsync("memory async"));
        _scene.Stream.BreakOff(_timeout);
        Assert.Equal((1, 1), (_scene.Owner.Disposals, _scene.Network.Disposals));
        Assert.Same(_timeout, await Assert.ThrowsAsync<PrivatemodeServiceException>(() => _scene.ReadTextAsync("memory async")));
    }

    [Fact]
    public async Task BreakOff_AfterTheEnd_IsNoFailure()
    {
        _scene.Network.Deliver(_scene.Source.Whole());
        Assert.Equal(ChoiceStream.WholeDecrypted, await _scene.ReadTextAsync("memory async"));
        _scene.Stream.BreakOff(_timeout);
        Assert.Equal("", await _scene.ReadTextAsync("memory async"));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task LastEvents_AreThoseReturnedLast_AfterDisposeOnlyIfTheyWereToBeKept(bool areKept)
    {
        Assert.Equal("", LastEvents());
        _scene.Network.Deliver(_scene.Source.Delta("one"));
        _ = await _scene.ReadTextAsync("memory async");
        Assert.Equal(FirstDecrypted, LastEvents());
        if (areKept)
        {
            KeepLastEvents();
        }

        _scene.Stream.Dispose();
        Assert.Equal(areKept ? FirstDecrypted : "", LastEvents());
    }

    [Fact]
    public async Task LastEvents_Long_AreNotKept()
    {
        _scene.Network.Deliver(_scene.Source.Delta(new string('x', 30_000)));
        _scene.Network.Deliver(_scene.Source.Delta(new string('x', 70_000)));
        _ = await _scene.ReadTextAsync("memory async", 100_000);
        Assert.NotEqual("", LastEvents());
        _ = await _scene.ReadTextAsync("memory async", 100_000);
        Assert.Equal("", LastEvents());
    }

    [Fact]
    public async Task ReadAsync_CallerBlocksItsContext_Ends()
    {
        using PendingStream network = new(Encoding.UTF8.GetBytes(_scene.Source.Whole()));
        DecryptingEventStream stream = Over(network);
        byte[] buffer = new byte[4096];
        await network.AssertEndsWithoutTheContextAsync(() => stream.ReadAsync(buffer).AsTask());
        Assert.StartsWith("data: ", Encoding.UTF8.GetString(buffer), StringComparison.Ordinal);
        await stream.DisposeAsync();
    }

    [Fact]
    public async Task DisposeAsync_CallerBlocksItsContext_Ends()
    {
        using PendingStream network = new();
        await network.AssertEndsWithoutTheContextAsync(() => Over(network).DisposeAsync().AsTask());
    }

    // A synchronous caller may have blocked the last thread of the pool.
    [Fact]
    public void Read_Synchronous_ReadsTheNetworkSynchronously()
    {
        using SynchronousStream network = new(Encoding.UTF8.GetBytes(_scene.Source.Whole()));
        using DecryptingEventStream stream = Over(network);
        byte[] buffer = new byte[4096];
        Assert.Equal(ChoiceStream.WholeDecrypted, Encoding.UTF8.GetString(buffer, 0, stream.Read(buffer)));
    }

    private string LastEvents() => _scene.Stream.LastEvents;

    private void KeepLastEvents() => _scene.Stream.KeepLastEvents();

    private DecryptingEventStream Over(Stream network) => new(network, _scene.Source.Opener(out ExchangeCipher cipher), cipher);

    private sealed class SynchronousStream(byte[] content) : MemoryStream(content)
    {
        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            throw new InvalidOperationException("An asynchronous read.");
    }
}
