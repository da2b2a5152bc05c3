using System.Buffers;
using Privatemode.AI.Internal;

namespace Privatemode.AI.Tests.Internal;

public sealed class BoundedReaderTests
{
    [Theory]
    [InlineData(0, 0, true)]
    [InlineData(9, 10, true)]
    [InlineData(10, 10, true)]
    [InlineData(11, 10, false)]
    [InlineData(100_000, 10, false)]
    public async Task TryRead_OfAnyLength_TakesNoMoreThanTheLimit(int length, int limit, bool isWhole)
    {
        byte[] content = new byte[length];
        new Random(1).NextBytes(content);
        foreach (bool async in new[] { true, false })
        {
            ArrayBufferWriter<byte> target = new();
            using MemoryStream source = new(content);
            Assert.Equal(isWhole, await BoundedReader.TryReadAsync(source, target, limit, async, CancellationToken.None));
            Assert.Equal(content.AsSpan(0, Math.Min(length, limit)), target.WrittenSpan);
            Assert.True(source.CanRead);
        }
    }

    [Fact]
    public async Task TryRead_CancelledWhileASynchronousReadWaits_ClosesTheStream()
    {
        using CancellationTokenSource cancellation = new();
        using WaitingStream source = new();
        Task<bool> reading = Fakes.TestTimeouts.OnOwnThread(
            () => BoundedReader.TryReadAsync(source, new ArrayBufferWriter<byte>(), 10, async: false, cancellation.Token).Completed());
        await source.IsRead.Task;
        await cancellation.CancelAsync();

        // The stream ends then, as some do; it is not taken for the end of its content.
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => reading);
    }

    private sealed class WaitingStream : MemoryStream
    {
        private readonly ManualResetEventSlim _closed = new();

        public TaskCompletionSource IsRead { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public override int Read(Span<byte> buffer)
        {
            IsRead.SetResult();
            _closed.Wait();
            return 0;
        }

        protected override void Dispose(bool disposing)
        {
            _closed.Set();
            base.Dispose(disposing);
        }
    }
}
