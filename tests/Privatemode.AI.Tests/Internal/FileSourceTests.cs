using Privatemode.AI.Encryption;
using Privatemode.AI.Internal;
using Privatemode.AI.Pipeline.Requests;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.Tests.Internal;

public sealed class FileSourceTests
{
    private static readonly FileLimit Limit = new(1000, "Split it.");

    [Theory]
    [InlineData(true, 1)]
    [InlineData(true, 64)]
    [InlineData(true, 1000)]
    [InlineData(false, 1)]
    [InlineData(false, 63)]
    [InlineData(false, 64)]
    [InlineData(false, 65)]
    [InlineData(false, 1000)]
    public async Task Copy_AnyStream_IsTheFileFromWhereItStands(bool canSeek, int size)
    {
        byte[] file = new byte[size];
        Random.Shared.NextBytes(file);
        using Stream stream = canSeek ? new MemoryStream([1, 2, 3, .. file]) { Position = 3 } : new HiddenLengthStream(file);

        FileSource source = await FileSource.OpenAsync(stream, Limit, default);

        Assert.Equal(canSeek ? size : null, source.Length);
        Assert.Equal(file.Take(64), source.Head.ToArray());
        Assert.Equal(file, await CopyAsync(source));
    }

    [Theory]
    [InlineData(true, 100_000)]
    [InlineData(true, 1_500_000)]
    [InlineData(false, 100_000)]
    [InlineData(false, 1_500_000)]
    public async Task Copy_IntoTheBufferOfThePipeline_IsTheFile(bool canSeek, int size)
    {
        byte[] file = new byte[size];
        Random.Shared.NextBytes(file);
        using Stream stream = canSeek ? new MemoryStream(file) : new HiddenLengthStream(file, 9000);
        FileSource source = await FileSource.OpenAsync(stream, new FileLimit(size, ""), default);
        using PooledBytes bytes = new(canSeek ? size + 1 : 16);
        using PooledWriteStream target = new(bytes, size);

        await source.CopyToAsync(target, async: true, default);

        Assert.True(bytes.Span.SequenceEqual(file));
        Assert.True(target.GetSpan(3).Length >= 3);
    }

    [Fact]
    public async Task Copy_MoreThanThePipelineTakes_IsRefused()
    {
        FileSource source = await FileSource.OpenAsync(new MemoryStream(new byte[100]), Limit, default);
        using PooledBytes bytes = new(16);
        using PooledWriteStream target = new(bytes, 99);
        Assert.Equal("body", (await Assert.ThrowsAsync<PrivatemodeRequestException>(
            async () => await source.CopyToAsync(target, async: true, default))).Member);
    }

    [Fact]
    public async Task Copy_Twice_WorksForAStreamThatSeeksOnly()
    {
        byte[] file = Recording.Wave();
        FileSource seeks = await FileSource.OpenAsync(new MemoryStream(file), Limit, default);
        Assert.Equal(file, await CopyAsync(seeks));
        Assert.Equal(file, await CopyAsync(seeks));
        FileSource flows = await FileSource.OpenAsync(new HiddenLengthStream(file), Limit, default);
        Assert.Equal(file, await CopyAsync(flows));
        await Assert.ThrowsAsync<InvalidOperationException>(() => CopyAsync(flows));
    }

    [Fact]
    public async Task Copy_Synchronous_ReadsAndWritesSynchronously()
    {
        foreach (Stream stream in (Stream[])[new SynchronousStream(Recording.Wave()), new HiddenLengthStream(Recording.Wave())])
        {
            FileSource source = await FileSource.OpenAsync(stream, Limit, default);
            using SynchronousStream copy = new([]);
            ValueTask copying = source.CopyToAsync(copy, async: false, default);
            Assert.True(copying.IsCompletedSuccessfully);
            Assert.Equal(Recording.Wave(), copy.ToArray());
        }
    }

    [Fact]
    public async Task Open_NothingInIt_SaysHowThatHappens()
    {
        using MemoryStream written = new();
        written.Write(Recording.Wave());
        foreach (Stream stream in (Stream[])[written, new MemoryStream(), new HiddenLengthStream([])])
        {
            PrivatemodeRequestException exception = await Assert.ThrowsAsync<PrivatemodeRequestException>(
                async () => await FileSource.OpenAsync(stream, Limit, default));
            Assert.Equal("file", exception.Member);
            Assert.Contains("Position", exception.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Open_TooLargeAndSeekable_IsRefusedAtOnceAndRewound()
    {
        using MemoryStream stream = new(new byte[1002]) { Position = 1 };
        PrivatemodeRequestException exception = await Assert.ThrowsAsync<PrivatemodeRequestException>(
            async () => await FileSource.OpenAsync(stream, Limit, default));
        Assert.Contains("1000 bytes", exception.Message, StringComparison.Ordinal);
        Assert.EndsWith("Split it.", exception.Message, StringComparison.Ordinal);
        Assert.Equal(1, stream.Position);
    }

    [Fact]
    public async Task Copy_TurnsOutTooLarge_IsRefused()
    {
        FileSource source = await FileSource.OpenAsync(new HiddenLengthStream(new byte[1001], 100), Limit, default);
        PrivatemodeRequestException exception = await Assert.ThrowsAsync<PrivatemodeRequestException>(() => CopyAsync(source));
        Assert.Equal("file", exception.Member);
    }

    [Fact]
    public async Task Open_NotReadable_IsTheCallersMistake()
    {
        using FileStream writeOnly = new(Path.GetTempFileName(), FileMode.Open, FileAccess.Write, FileShare.None, 1, FileOptions.DeleteOnClose);
        await Assert.ThrowsAsync<ArgumentException>(async () => await FileSource.OpenAsync(writeOnly, Limit, default));
    }

    [Fact]
    public async Task Copy_Cancelled_Ends()
    {
        FileSource source = await FileSource.OpenAsync(new MemoryStream(new byte[10]), Limit, default);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            async () => await source.CopyToAsync(new MemoryStream(), async: true, new CancellationToken(canceled: true)));
    }

    private static async Task<byte[]> CopyAsync(FileSource source)
    {
        using MemoryStream copy = new();
        await source.CopyToAsync(copy, async: true, default);
        return copy.ToArray();
    }

    /// <summary>Fails when anything but its head is read, or anything at all is written, asynchronously.</summary>
    private sealed class SynchronousStream : MemoryStream
    {
        private bool _hasBegun;

        public SynchronousStream(byte[] content)
        {
            Write(content);
            Position = 0;
        }

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            Assert.False(_hasBegun);
            _hasBegun = Position > 0 || buffer.Length > 64;
            return base.ReadAsync(buffer, cancellationToken);
        }

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) =>
            throw new InvalidOperationException("Asynchronous.");
    }
}
