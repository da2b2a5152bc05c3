using Privatemode.AI.Encryption;
using Privatemode.AI.Encryption.EventStream;
using Privatemode.AI.Receipts;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.Tests.Encryption.EventStream;

public sealed class DecryptingEventStreamDisposeTests : IDisposable
{
    private readonly OpeningScene _scene = new();

    public static TheoryData<string> WaysToRead => OpeningScene.WaysToRead;

    [Theory]
    [InlineData(false, 0)]
    [InlineData(true, 0)]
    [InlineData(false, 10)]
    [InlineData(true, 10)]
    [InlineData(false, 100_000)]
    [InlineData(true, 100_000)]
    public async Task Dispose_BetweenReads_ReleasesEverythingOnce(bool async, int bytesRead)
    {
        if (bytesRead > 0)
        {
            _scene.Network.Deliver(_scene.Source.Whole());
            _ = await _scene.ReadTextAsync("memory async", bytesRead);
        }

        for (int i = 0; i < 2; i++)
        {
            await DisposeAsync(async);
            await DisposeAsync(!async);
            Assert.Equal((1, 1), (_scene.Owner.Disposals, _scene.Network.Disposals));
        }
    }

    [Fact]
    public async Task Scope_IsDisposed_PlaintextOfTheLastEventsIsNotKept()
    {
        _scene.Network.Deliver(_scene.Source.Whole());
        ReceiptScope scope = ReceiptScope.Begin();
        scope.SetAnswer(_scene.Stream, receipt: null, error: null);
        _ = await _scene.ReadTextAsync("memory async", 10);

        // The OpenAI client disposes it when it cannot read an event; the exception names the member that it could not read.
        await DisposeAsync(async: true);
        Assert.NotEmpty(_scene.Stream.LastEvents);
        await scope.DisposeAsync();
        Assert.Empty(_scene.Stream.LastEvents);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Dispose_APermitThrows_TheConnectionIsClosed(bool async)
    {
        using ChoiceStream source = new();
        using ScriptedStream network = new();
        EventDecryptor opener = source.Opener(out ExchangeCipher cipher);
        DecryptingEventStream stream = new(network, opener, new CountedDisposable(cipher, new ThrowingPermit()));
        _ = await Assert.ThrowsAsync<InvalidOperationException>(async () =>
        {
            if (async)
            {
                await stream.DisposeAsync();
            }
            else
            {
                stream.Dispose();
            }
        });
        Assert.Equal(1, network.Disposals);
    }

    [Theory]
    [MemberData(nameof(WaysToRead))]
    public async Task Read_AfterDispose_Throws(string way)
    {
        _scene.Network.Deliver(_scene.Source.Whole());
        _ = await _scene.ReadTextAsync(way, 10);
        await DisposeAsync(async: true);
        Assert.False(_scene.Stream.CanRead);
        await Assert.ThrowsAsync<ObjectDisposedException>(() => _scene.ReadTextAsync(way));
        await Assert.ThrowsAsync<ObjectDisposedException>(() => _scene.ReadTextAsync(way, 0));
    }

    [Theory]
    [InlineData("span", false, "disposed")]
    [InlineData("span", true, "broken")]
    [InlineData("span", false, "end")]
    [InlineData("memory async", true, "disposed")]
    [InlineData("memory async", false, "broken")]
    [InlineData("memory async", true, "end")]
    public async Task Dispose_DuringARead_EndsTheReadWithoutAnIntegrityFailure(string way, bool async, string reaction)
    {
        // The caller closed the stream: that is no attack, whatever the network says then.
        _scene.Network.OnDisposal = reaction switch
        {
            "disposed" => () => throw new ObjectDisposedException("network"),
            "broken" => () => throw new IOException("aborted"),
            _ => () => [],
        };
        Task<string> read = _scene.ReadTextAsync(way);
        await _scene.Network.WaitsAsync();
        await DisposeAsync(async);
        await Assert.ThrowsAsync<ObjectDisposedException>(() => read);
        Assert.Equal((1, 1), (_scene.Owner.Disposals, _scene.Network.Disposals));
        await DisposeAsync(!async);
        Assert.Equal((1, 1), (_scene.Owner.Disposals, _scene.Network.Disposals));
    }

    [Theory]
    [InlineData("span")]
    [InlineData("memory async")]
    public async Task Dispose_WhileAReadWaits_LeavesItsBuffersToIt(string way)
    {
        _scene.Network.OnDisposal = null;
        Task<string> read = _scene.ReadTextAsync(way);
        await _scene.Network.WaitsAsync();
        _scene.Stream.Dispose();
        Assert.Equal((0, 1), (_scene.Owner.Disposals, _scene.Network.Disposals));
        Assert.False(_scene.Stream.CanRead);
        await Assert.ThrowsAsync<ObjectDisposedException>(() => _scene.ReadTextAsync("memory async"));
        Assert.Equal(0, _scene.Owner.Disposals);

        _scene.Network.Deliver(_scene.Source.Whole());
        await Assert.ThrowsAsync<ObjectDisposedException>(() => read);
        Assert.Equal((1, 1), (_scene.Owner.Disposals, _scene.Network.Disposals));
    }

    [Theory]
    [MemberData(nameof(WaysToRead))]
    public async Task Read_WhileAnotherReadWaits_IsRefused(string way)
    {
        Task<string> first = _scene.ReadTextAsync("memory async");
        await _scene.Network.WaitsAsync();
        await Assert.ThrowsAsync<InvalidOperationException>(() => _scene.ReadTextAsync(way));
        await Assert.ThrowsAsync<InvalidOperationException>(() => _scene.ReadTextAsync(way, 0));
        _scene.Network.Deliver(_scene.Source.Whole());
        Assert.Equal(ChoiceStream.WholeDecrypted, await first);
        Assert.Equal("", await _scene.ReadTextAsync(way));
    }

    [Fact]
    public async Task Dispose_AfterAReadThatThrew_ReleasesEverythingOnce()
    {
        _scene.Network.Fail(new InvalidOperationException("odd"));
        await Assert.ThrowsAsync<InvalidOperationException>(() => _scene.ReadTextAsync("memory async"));
        _scene.Network.Fail(new InvalidOperationException("odd"));
        Assert.Throws<InvalidOperationException>(() => _scene.Stream.Read(new byte[1]));
        _scene.Stream.Dispose();
        Assert.Equal((1, 1), (_scene.Owner.Disposals, _scene.Network.Disposals));
    }

    [Fact]
    public async Task Dispose_JustWhenAReadEnds_IsNeverLost()
    {
        for (int round = 0; round < 2000; round++)
        {
            using OpeningScene scene = new();
            using Barrier barrier = new(2);
            Task reading = TestTimeouts.OnOwnThread(() =>
            {
                barrier.SignalAndWait();
                while (true)
                {
                    // Empty reads begin and end as fast as anything can.
                    try
                    {
                        _ = scene.Stream.Read([]);
                    }
                    catch (ObjectDisposedException)
                    {
                        return true;
                    }
                }
            });
            barrier.SignalAndWait();
            scene.Stream.Dispose();
            await reading;
            Assert.Equal((1, 1), (scene.Owner.Disposals, scene.Network.Disposals));
        }
    }

    public void Dispose() => _scene.Dispose();

    private async Task DisposeAsync(bool async)
    {
        if (async)
        {
            await _scene.Stream.DisposeAsync();
        }
        else
        {
            _scene.Stream.Dispose();
        }
    }

    private sealed class ThrowingPermit : IDisposable
    {
        public void Dispose() => throw new InvalidOperationException("the limiter's own");
    }
}
