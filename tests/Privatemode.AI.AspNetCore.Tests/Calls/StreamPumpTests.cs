using System.IO.Pipelines;
using System.Text;
using System.Threading.Tasks.Sources;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Options;
using Privatemode.AI.AspNetCore.Calls;
using Privatemode.AI.AspNetCore.Errors;
using Privatemode.AI.AspNetCore.Status;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.AspNetCore.Tests.Calls;

/// <summary>The pump alone: keep-alive frames between the pieces of events, and where they may not be.</summary>
public sealed class StreamPumpTests
{
    private const string Frame = "event: ping\ndata: {\"type\": \"ping\"}\n\n";
    private readonly ManualTimeProvider _time = new();

    [Fact]
    public async Task Frames_TenThousandRandomInterleavings_AreNeverInsideAnEvent()
    {
        Random random = new(7);
        using KeepAliveClock clock = NewClock();
        int frames = 0;
        for (int round = 0; round < 200; round++)
        {
            byte[] events = Encoding.UTF8.GetBytes(string.Concat(Enumerable.Range(0, 50).Select(
                i => $"event: e{i}\ndata: {{\"n\":{i},\"text\":\"{new string('x', random.Next(80))}\"}}\n\n")));
            using MemoryStream written = new();
            ProxyCall call = NewCall(written);
            await using (StreamPump pump = new(call, clock, static _ => { }, static () => { }))
            {
                await pump.CopyAsync(new PiecesStream(events, random, () => SilenceAsync(random, clock)), new UsageScan()).OrTimeout();
            }

            string text = Encoding.UTF8.GetString(written.ToArray());
            frames += (text.Length - text.Replace(Frame, "", StringComparison.Ordinal).Length) / Frame.Length;
            Assert.Equal(Encoding.UTF8.GetString(events), text.Replace(Frame, "", StringComparison.Ordinal));
            Assert.All(text.Split("\n\n", StringSplitOptions.RemoveEmptyEntries), part => Assert.Matches("^event: [a-z0-9]+\ndata: \\{.*\\}$", part));
        }

        Assert.True(frames > 200, $"There were {frames} frames.");
    }

    [Fact]
    public async Task KeepAlive_WhileTheCallerTakesNothing_WritesOneFrameAndDoesNotWait()
    {
        using KeepAliveClock clock = NewClock();
        StalledStream stalled = new();
        await using (StreamPump pump = new(NewCall(stalled), clock, static _ => { }, static () => { }))
        {
            for (int second = 0; second < 100; second++)
            {
                _time.Advance(TimeSpan.FromSeconds(1));
            }

            await stalled.Flushing.Task.OrTimeout();
            Assert.Equal(Frame.Length, stalled.Written);
            stalled.Release.SetResult();
        }

        Assert.Equal(0, clock.Count);
    }

    [Fact]
    public async Task Copy_WhileTheCallerTakesNothing_ReadsNoMore()
    {
        using KeepAliveClock clock = NewClock();
        using UsageScan usage = new();
        StalledStream stalled = new();
        CountingStream answer = new();
        await using StreamPump pump = new(NewCall(stalled), clock, static _ => { }, static () => { });
        Task copying = pump.CopyAsync(answer, usage);
        await stalled.Flushing.Task.OrTimeout();
        Assert.Equal(1, answer.Reads);
        stalled.Release.SetResult();
        await copying.OrTimeout();
        Assert.Equal(CountingStream.AllBytes, stalled.Written);
    }

    [Fact]
    public async Task KeepAlive_FlushThatEndsWhileItIsLookedAt_LeavesTheStreamFree()
    {
        using KeepAliveClock clock = NewClock();
        LateWriter writer = new();
        ProxyCall call = NewCall(Stream.Null);
        call.Context.Features.Set<IHttpResponseBodyFeature>(new WriterFeature(writer));
        StreamPump pump = new(call, clock, static _ => { }, static () => { });
        _time.Advance(clock.Interval);
        Assert.Equal(1, writer.Flushes);

        // It would wait forever for the frame.
        await pump.DisposeAsync().AsTask().OrTimeout();
    }

    [Fact]
    public async Task KeepAlive_AfterTheEnd_WritesNothing()
    {
        using KeepAliveClock clock = NewClock();
        using MemoryStream written = new();
        await using StreamPump pump = new(NewCall(written), clock, static _ => { }, static () => { });
        await pump.CopyAsync(new MemoryStream("data: 1\n\n"u8.ToArray()), new UsageScan()).OrTimeout();
        _time.Advance(TimeSpan.FromSeconds(30));
        Assert.Equal("data: 1\n\n", Encoding.UTF8.GetString(written.ToArray()));
    }

    [Theory]
    [InlineData("data: {\"usage\":{\"prompt_tokens\":7,\"completion_tokens\":3,\"prompt_tokens_details\":{\"cached_tokens\":2}}}\n\n", 7, 3, 2)]
    [InlineData("{\"usage\":{\"input_tokens\":7,\"output_tokens\":1}} {\"usage\":{\"output_tokens\":9,\"cache_read_input_tokens\":4}}", 7, 9, 4)]
    public void UsageScan_InPiecesOfAnySize_FindsTheLastCounts(string text, long input, long output, long cached)
    {
        byte[] bytes = Encoding.UTF8.GetBytes($"{new string(' ', 40)}\"usage\":null {text}{new string('x', 3000)}");
        for (int size = 1; size < bytes.Length; size += size < 200 ? 1 : 97)
        {
            UsageScan scan = new();
            foreach (byte[] piece in bytes.Chunk(size))
            {
                scan.Add(piece);
            }

            Assert.Equal(new(input, output, cached), scan.Usage);
        }
    }

    [Fact]
    public void UsageScan_TextOfTheAnswerThatItKeeps_IsWipedWhenItGrowsAndAtItsEnd()
    {
        UsageScan scan = new();
        scan.Add("an answer that ends"u8);
        ReadOnlyMemory<byte> small = scan.Carried;
        Assert.True(small.Span.ContainsAnyExcept((byte)0));
        scan.Add("\"usage\":{\"text\":\"of the answer"u8);
        ReadOnlyMemory<byte> large = scan.Carried;
        Assert.True(large.Length > small.Length && large.Span.ContainsAnyExcept((byte)0));
        Assert.False(small.Span.ContainsAnyExcept((byte)0));
        scan.Dispose();
        Assert.False(large.Span.ContainsAnyExcept((byte)0));
    }

    [Theory]
    [InlineData("{\"usage\":{\"prompt_tokens\":-7}}")]
    [InlineData("{\"usage\":{\"prompt_tokens\":\"7\"}}")]
    [InlineData("{\"usage\":{\"prompt_tokens\":7")]
    [InlineData("{\"usage\":{prompt_tokens:7}}")]
    [InlineData("{\"usage\":null}")]
    [InlineData("{\"usage\":{\"\\ud800 and more than the longest name\":1}}")]
    public void UsageScan_WithoutCounts_FindsNone(string text)
    {
        UsageScan scan = new();
        scan.Add(Encoding.UTF8.GetBytes(text));
        Assert.Null(scan.Usage);
    }

    private KeepAliveClock NewClock() => new(_time, Options.Create(new PrivatemodeProxyOptions()));

    private static ProxyCall NewCall(Stream body)
    {
        DefaultHttpContext context = new();
        context.Features.Set<IHttpResponseBodyFeature>(new StreamResponseBodyFeature(body));
        return new ProxyCall(context, ProxyRoutes.Calls.First(route => route.Dialect == ProxyDialect.Anthropic), new ProxyRequestRecord
        {
            Route = "/v1/messages",
            Dialect = ProxyDialect.Anthropic,
            ProxyId = "proxy_1",
            Began = 0,
        });
    }

    /// <summary>Lets the clock look, as often on another thread as on this one.</summary>
    private async ValueTask SilenceAsync(Random random, KeepAliveClock clock)
    {
        if (random.Next(3) == 0)
        {
            _time.Advance(clock.Interval);
        }
        else if (random.Next(3) == 0)
        {
            await Task.Run(() => _time.Advance(clock.Interval));
        }
    }

    /// <summary>Gives out pieces of random size.</summary>
    private sealed class PiecesStream(byte[] bytes, Random random, Func<ValueTask> beforeRead) : MemoryStream(bytes)
    {
        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            await beforeRead();
            return await base.ReadAsync(buffer[..random.Next(1, Math.Min(buffer.Length, 90))], cancellationToken);
        }
    }

    /// <summary>A response whose writer is another one.</summary>
    private sealed class WriterFeature(PipeWriter writer) : IHttpResponseBodyFeature
    {
        public Stream Stream => Stream.Null;

        public PipeWriter Writer => writer;

        public void DisableBuffering()
        {
        }

        public Task StartAsync(CancellationToken cancellationToken = default) => Task.CompletedTask;

        public Task SendFileAsync(string path, long offset, long? count, CancellationToken cancellationToken = default) => throw new NotSupportedException();

        public Task CompleteAsync() => Task.CompletedTask;
    }

    /// <summary>A writer whose flush is pending when it is looked at for the first time, and has ended the second time.</summary>
    private sealed class LateWriter : PipeWriter, IValueTaskSource<FlushResult>
    {
        private int _looks;

        public int Flushes { get; private set; }

        public override void Advance(int bytes)
        {
        }

        public override Memory<byte> GetMemory(int sizeHint = 0) => new byte[Math.Max(sizeHint, 256)];

        public override Span<byte> GetSpan(int sizeHint = 0) => GetMemory(sizeHint).Span;

        public override void CancelPendingFlush()
        {
        }

        public override void Complete(Exception? exception = null)
        {
        }

        public override ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default)
        {
            Flushes++;
            return new ValueTask<FlushResult>(this, 0);
        }

        public FlushResult GetResult(short token) => default;

        public ValueTaskSourceStatus GetStatus(short token) => _looks++ == 0 ? ValueTaskSourceStatus.Pending : ValueTaskSourceStatus.Succeeded;

        public void OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) => continuation(state);
    }

    /// <summary>An answer that is always ready, in ten reads.</summary>
    private sealed class CountingStream : MemoryStream
    {
        public const int AllBytes = 1000;

        public int Reads { get; private set; }

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            if (Reads == 10)
            {
                return new(0);
            }

            Reads++;
            buffer[..(AllBytes / 10)].Span.Fill((byte)'x');
            return new(AllBytes / 10);
        }
    }

    /// <summary>A caller that takes nothing: flushing waits.</summary>
    private sealed class StalledStream : MemoryStream
    {
        public TaskCompletionSource Flushing { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public TaskCompletionSource Release { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public int Written { get; private set; }

        public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            Written += buffer.Length;
            _ = Flushing.TrySetResult();
            await Release.Task;
        }
    }
}
