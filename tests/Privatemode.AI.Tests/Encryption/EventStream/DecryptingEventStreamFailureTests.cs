using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.Tests.Encryption.EventStream;

public sealed class DecryptingEventStreamFailureTests : IDisposable
{
    private static readonly string FirstDecrypted = $"data: {ChoiceStream.DeltaJson("one")}\n\n";

    private readonly OpeningScene _scene = new();

    public static TheoryData<string> WaysToRead => OpeningScene.WaysToRead;

    [Theory]
    [MemberData(nameof(WaysToRead))]
    public async Task Read_FailureInTheSameNetworkRead_ComesAfterTheGoodEvents(string way)
    {
        _scene.Network.Deliver(_scene.Source.Delta("one") + "data: {}\n\n" + _scene.Source.Delta("two"));
        Assert.Equal(FirstDecrypted[..10], await _scene.ReadTextAsync(way, 10));
        Assert.Equal(FirstDecrypted[10..], await _scene.ReadTextAsync(way));
        await AssertFailedForGood(way, "nothing-sealed");
    }

    [Theory]
    [MemberData(nameof(WaysToRead))]
    public async Task Read_NetworkBreaks_IsTruncated(string way)
    {
        _scene.Network.Deliver(_scene.Source.Delta("one"));
        _scene.Network.Fail(new IOException("reset"));
        Assert.Equal(FirstDecrypted, await _scene.ReadTextAsync(way));
        await AssertFailedForGood(way, "truncated-stream");
    }

    [Theory]
    [MemberData(nameof(WaysToRead))]
    public async Task Read_NetworkEndsTooEarly_IsTruncated(string way)
    {
        _scene.Network.Deliver(_scene.Source.Delta("one") + "data: {\"choices\":");
        _scene.Network.End();
        Assert.Equal(FirstDecrypted, await _scene.ReadTextAsync(way));
        await AssertFailedForGood(way, "truncated-stream");
    }

    [Theory]
    [MemberData(nameof(WaysToRead))]
    public async Task Read_NetworkEndsInsteadOfTheLastLineEnd_HandsOutTheEnd(string way)
    {
        _scene.Network.Deliver(_scene.Source.Whole().TrimEnd('\n'));
        _scene.Network.End();
        Assert.Equal(ChoiceStream.WholeDecrypted, await _scene.ReadToEndAsync(way));
    }

    [Theory]
    [MemberData(nameof(WaysToRead))]
    public async Task Read_OpenedError_IsThrownAfterTheEventsBefore(string way)
    {
        _scene.Network.Deliver(_scene.Source.Delta("one") + _scene.Source.Enclave.Event("{\"error\":{}}") + _scene.Source.Whole());
        Assert.Equal(FirstDecrypted, await _scene.ReadTextAsync(way));
        for (int i = 0; i < 3; i++)
        {
            await Assert.ThrowsAsync<PrivatemodeServiceException>(() => _scene.ReadTextAsync(way));
        }

        Assert.Equal(1, _scene.Network.Reads);
    }

    [Theory]
    [MemberData(nameof(WaysToRead))]
    public async Task Read_DataAfterTheEndInTheSameNetworkRead_IsThrownAfterTheEnd(string way)
    {
        _scene.Network.Deliver(_scene.Source.Whole() + "data: more\n\n");
        Assert.Equal(ChoiceStream.WholeDecrypted, await _scene.ReadTextAsync(way));
        await AssertFailedForGood(way, "data-after-end");
    }

    [Theory]
    [MemberData(nameof(WaysToRead))]
    public async Task Read_NetworkTimesOut_ThrowsThatForGoodAndGivesBackWhatItHolds(string way)
    {
        // It says more than that the stream is not whole.
        PrivatemodeServiceException timeout = new(ServiceFailureReason.Timeout, "too slow");
        _scene.Network.Fail(timeout);
        Assert.Same(timeout, await Assert.ThrowsAsync<PrivatemodeServiceException>(() => _scene.ReadTextAsync(way)));
        Assert.Equal(1, _scene.Owner.Disposals);
        _scene.Network.Deliver(_scene.Source.Whole());
        Assert.Same(timeout, await Assert.ThrowsAsync<PrivatemodeServiceException>(() => _scene.ReadTextAsync(way)));
    }

    // A handler of the application can throw any exception of this library from the stream that it returns.
    [Theory]
    [MemberData(nameof(WaysToRead))]
    public async Task Read_NetworkThrowsAnIntegrityException_ThrowsThatForGood(string way)
    {
        PrivatemodeIntegrityException forged = new("truncated-stream", "forged");
        _scene.Network.Fail(forged);
        Assert.Same(forged, await Assert.ThrowsAsync<PrivatemodeIntegrityException>(() => _scene.ReadTextAsync(way)));
        _scene.Network.Deliver(_scene.Source.Whole());
        Assert.Same(forged, await Assert.ThrowsAsync<PrivatemodeIntegrityException>(() => _scene.ReadTextAsync(way)));
    }

    [Theory]
    [InlineData("memory async")]
    [InlineData("array async")]
    public async Task ReadAsync_Cancelled_IsNoFailureOfTheStream(string way)
    {
        using CancellationTokenSource cancellation = new();
        Task<int> read = _scene.ReadAsync(way, new byte[10], cancellation.Token);
        await _scene.Network.WaitsAsync();
        await cancellation.CancelAsync();
        OperationCanceledException thrown = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => read);
        Assert.Equal(cancellation.Token, thrown.CancellationToken);
        _scene.Network.Deliver(_scene.Source.Whole());
        Assert.Equal(ChoiceStream.WholeDecrypted, await _scene.ReadToEndAsync(way));
    }

    [Fact]
    public async Task Read_FailedStreamReadOverAndOver_StackTraceStaysShort()
    {
        _scene.Network.End();
        PrivatemodeIntegrityException first = await Assert.ThrowsAsync<PrivatemodeIntegrityException>(() => _scene.ReadTextAsync("memory async"));
        for (int i = 0; i < 200; i++)
        {
            Assert.Same(first, Record.Exception(() => _scene.Stream.Read(new byte[1])));
        }

        Assert.InRange(first.StackTrace!.Length, 1, 5000);
    }

    public void Dispose() => _scene.Dispose();

    private async Task AssertFailedForGood(string way, string failure)
    {
        PrivatemodeIntegrityException first = await Assert.ThrowsAsync<PrivatemodeIntegrityException>(() => _scene.ReadTextAsync(way));
        Assert.Equal((failure, "/v1/chat/completions", "sdk_0"), (first.ErrorType, first.EndpointPath, first.RequestId));
        int reads = _scene.Network.Reads;
        Assert.Same(first, await Assert.ThrowsAsync<PrivatemodeIntegrityException>(() => _scene.ReadTextAsync(way)));
        Assert.Same(first, await Assert.ThrowsAsync<PrivatemodeIntegrityException>(() => _scene.ReadTextAsync("memory async", 1)));
        Assert.Equal(reads, _scene.Network.Reads);

        _scene.Stream.Dispose();
        Assert.Equal((1, 1), (_scene.Owner.Disposals, _scene.Network.Disposals));
    }
}
