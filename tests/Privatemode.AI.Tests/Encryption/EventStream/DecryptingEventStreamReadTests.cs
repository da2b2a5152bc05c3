using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.Tests.Encryption.EventStream;

public sealed class DecryptingEventStreamReadTests : IDisposable
{
    private readonly OpeningScene _scene = new();

    public static TheoryData<string> WaysToRead => OpeningScene.WaysToRead;

    [Theory]
    [InlineData("span", 1)]
    [InlineData("array", 1)]
    [InlineData("memory async", 1)]
    [InlineData("array async", 1)]
    [InlineData("span", 7)]
    [InlineData("array async", 100)]
    [InlineData("array", 100_000)]
    [InlineData("memory async", 100_000)]
    public async Task Read_InPiecesOfAnySize_GivesTheWholeStream(string way, int size)
    {
        string encryptedStream = _scene.Source.Whole();
        for (int i = 0; i < encryptedStream.Length; i += 1000)
        {
            _scene.Network.Deliver(encryptedStream.Substring(i, Math.Min(1000, encryptedStream.Length - i)));
        }

        Assert.Equal(ChoiceStream.WholeDecrypted, await _scene.ReadToEndAsync(way, size));
    }

    [Fact]
    public async Task Read_ByTextReader_GivesTheLines()
    {
        _scene.Network.Deliver(_scene.Source.Whole());
        using StreamReader reader = new(_scene.Stream);
        Assert.Equal(ChoiceStream.WholeDecrypted, await reader.ReadToEndAsync().OrTimeout());
    }

    [Fact]
    public async Task CopyToAsync_WholeStream_GivesItAll()
    {
        _scene.Network.Deliver(_scene.Source.Whole());
        using MemoryStream copy = new();
        await _scene.Stream.CopyToAsync(copy).OrTimeout();
        Assert.Equal(ChoiceStream.WholeDecrypted, System.Text.Encoding.UTF8.GetString(copy.ToArray()));
    }

    [Theory]
    [MemberData(nameof(WaysToRead))]
    public async Task Read_OneEventArrived_ReturnsItWithoutWaitingForMore(string way)
    {
        (string one, string two) = (_scene.Source.Delta("one"), _scene.Source.Delta("two"));

        // The event is whole at the end of its line; even the empty line after it is not waited for.
        _scene.Network.Deliver(one.TrimEnd('\n') + "\n");
        Assert.Equal($"data: {ChoiceStream.DeltaJson("one")}\n\n", await _scene.ReadTextAsync(way));
        Assert.Equal(1, _scene.Network.Reads);

        Task<string> next = _scene.ReadTextAsync(way);
        await _scene.Network.WaitsAsync();
        Assert.False(next.IsCompleted);
        _scene.Network.Deliver("\n" + two);
        Assert.Equal($"data: {ChoiceStream.DeltaJson("two")}\n\n", await next);
        Assert.Equal(2, _scene.Network.Reads);
    }

    [Theory]
    [MemberData(nameof(WaysToRead))]
    public async Task Read_NothingToHandOutYet_WaitsForTheWholeEvent(string way)
    {
        string one = _scene.Source.Delta("one");
        _scene.Network.Deliver(": comment\n\n");
        _scene.Network.Deliver("event: x\nid: 4\n");
        _scene.Network.Deliver(one[..100]);
        Task<string> read = _scene.ReadTextAsync(way);
        await _scene.Network.WaitsAsync();
        Assert.False(read.IsCompleted);
        _scene.Network.Deliver(one[100..]);
        Assert.Equal($"data: {ChoiceStream.DeltaJson("one")}\n\n", await read);
    }

    [Theory]
    [MemberData(nameof(WaysToRead))]
    public async Task Read_AfterTheEnd_ReturnsZeroForEverWithoutTheNetwork(string way)
    {
        _scene.Network.Deliver(_scene.Source.Whole());
        Assert.Equal(ChoiceStream.WholeDecrypted, await _scene.ReadToEndAsync(way));
        int reads = _scene.Network.Reads;
        for (int i = 0; i < 3; i++)
        {
            Assert.Equal("", await _scene.ReadTextAsync(way));
        }

        Assert.Equal(reads, _scene.Network.Reads);

        // Without waiting for Dispose, which those who read to the end may leave out.
        Assert.Equal(1, _scene.Owner.Disposals);
    }

    [Theory]
    [MemberData(nameof(WaysToRead))]
    public async Task Read_ZeroBytes_ReturnsAtOnce(string way)
    {
        Assert.Equal("", await _scene.ReadTextAsync(way, 0));
        Assert.Equal(0, _scene.Network.Reads);
        _scene.Network.Deliver(_scene.Source.Whole());
        Assert.Equal("data:", await _scene.ReadTextAsync(way, 5));
        Assert.Equal("", await _scene.ReadTextAsync(way, 0));
        Assert.Equal(ChoiceStream.WholeDecrypted[5..], await _scene.ReadToEndAsync(way));
    }

    [Fact]
    public void Read_BadArguments_Throws()
    {
        Assert.Throws<ArgumentNullException>(() => _scene.Stream.Read(null!, 0, 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => _scene.Stream.Read(new byte[3], -1, 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => _scene.Stream.Read(new byte[3], 1, 3));
        Assert.Throws<ArgumentNullException>(() => { _ = _scene.Stream.ReadAsync(null!, 0, 0); });
        Assert.Throws<ArgumentOutOfRangeException>(() => { _ = _scene.Stream.ReadAsync(new byte[3], 1, 3); });
    }

    [Fact]
    public void EverythingButReading_IsNotSupported()
    {
        Assert.True(_scene.Stream.CanRead);
        Assert.False(_scene.Stream.CanSeek);
        Assert.False(_scene.Stream.CanWrite);
        Assert.Throws<NotSupportedException>(() => _scene.Stream.Length);
        Assert.Throws<NotSupportedException>(() => _scene.Stream.Position);
        Assert.Throws<NotSupportedException>(() => _scene.Stream.Position = 0);
        Assert.Throws<NotSupportedException>(() => _scene.Stream.Seek(0, SeekOrigin.Begin));
        Assert.Throws<NotSupportedException>(() => _scene.Stream.SetLength(0));
        Assert.Throws<NotSupportedException>(() => _scene.Stream.Write([], 0, 0));
        _scene.Stream.Flush();
    }

    public void Dispose() => _scene.Dispose();
}
