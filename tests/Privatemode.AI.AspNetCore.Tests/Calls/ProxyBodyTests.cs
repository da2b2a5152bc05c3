using System.IO.Pipelines;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Privatemode.AI.AspNetCore.Calls;
using Privatemode.AI.AspNetCore.Errors;
using Privatemode.AI.AspNetCore.Gate;
using Privatemode.AI.AspNetCore.Internal;
using Privatemode.AI.AspNetCore.Limits;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.AspNetCore.Tests.Calls;

/// <summary>The limit on bodies by itself: the server has the same limit, but an application can host the proxy on another one.</summary>
public sealed class ProxyBodyTests
{
    private const int Limit = 100_000;

    private static readonly ProxyRoute Chat = ProxyRoutes.Calls[0];

    [Theory]
    [InlineData(Limit, true, true)]
    [InlineData(Limit, false, true)]
    [InlineData(Limit + 1, true, false)]
    [InlineData(Limit + 1, false, false)]
    public async Task Read_AtAndAboveTheLimit_IsAcceptedAndRefused(int length, bool isAnnounced, bool isAccepted)
    {
        DefaultHttpContext context = new();
        context.Request.ContentType = "application/json";
        context.Request.ContentLength = isAnnounced ? length : null;
        context.Request.Body = new MemoryStream(new byte[length]);
        BufferBudget budget = new(ProxyParts.Options(), TimeProvider.System, ProxyParts.Telemetry());
        ValueTask<ProxyBody> reading = ReadAsync(context.Request, Chat, Limit, budget);
        if (isAccepted)
        {
            using (ProxyBody body = await reading.AsTask().OrTimeout())
            {
                Assert.Equal(length, body.Length);
                Assert.True(budget.InUse >= 2 * length);
            }
        }
        else
        {
            ProxyError error = (await Assert.ThrowsAsync<ProxyRefusalException>(async () => await reading.AsTask().OrTimeout())).Error;
            Assert.Equal(413, error.Status);
        }

        Assert.Equal(0, budget.InUse);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Read_SlowBody_ReservesNoBudgetForBytesThatHaveNotArrived(bool isAnnounced)
    {
        const int Length = 64 * 1024 * 1024;
        Pipe pipe = new();
        DefaultHttpContext context = new();
        context.Request.ContentType = "application/json";
        context.Request.ContentLength = isAnnounced ? Length : null;
        context.Request.Body = pipe.Reader.AsStream();
        BufferBudget budget = new(ProxyParts.Options(), TimeProvider.System, ProxyParts.Telemetry());
        Task<ProxyBody> reading = ReadAsync(context.Request, Chat, Length, budget).AsTask();
        _ = await pipe.Writer.WriteAsync(new byte[1000]).AsTask().OrTimeout();

        // With the default limits, 260 of them kept all others out when a megabyte was reserved for each.
        Assert.InRange(budget.InUse, 1000, 2 * 64 * 1024);
        byte[] megabyte = new byte[1024 * 1024];
        for (int sent = 1000; sent < Length; sent += megabyte.Length)
        {
            _ = await pipe.Writer.WriteAsync(megabyte.AsMemory(0, Math.Min(megabyte.Length, Length - sent))).AsTask().OrTimeout();
        }

        await pipe.Writer.CompleteAsync();
        using (ProxyBody body = await reading.OrTimeout())
        {
            Assert.Equal(Length, body.Length);
            Assert.Equal(2 * Length, budget.InUse);
        }

        Assert.Equal(0, budget.InUse);
    }

    [Theory]
    [InlineData(80_000)]
    [InlineData(1000)]
    [InlineData(99_000)]
    public async Task Edited_CopyOfAnyLength_CountsBesideTheBodyAndThenInItsPlace(int editedLength)
    {
        BufferBudget budget = new(ProxyParts.Options(), TimeProvider.System, ProxyParts.Telemetry());
        using ProxyBody body = await ReadAsync(budget, Chat, 40_000);
        Assert.InRange(budget.InUse, 80_000, 160_000);

        body.Edited.Append(new byte[editedLength]);
        await body.SettleAsync(isEdited: true, CancellationToken.None).AsTask().OrTimeout();

        Assert.Equal(editedLength, body.Length);
        Assert.InRange(budget.InUse, editedLength, 131_072);
        body.Dispose();
        Assert.Equal(0, budget.InUse);
    }

    [Fact]
    public async Task Edited_NothingWasChanged_ReleasesTheBudgetOfTheCopy()
    {
        BufferBudget budget = new(ProxyParts.Options(), TimeProvider.System, ProxyParts.Telemetry());
        using ProxyBody body = await ReadAsync(budget, Chat, 40_000);

        await body.SettleAsync(isEdited: false, CancellationToken.None).AsTask().OrTimeout();

        Assert.Equal(40_000, body.Length);
        Assert.InRange(budget.InUse, 40_000, 65_536);
        body.Dispose();
        Assert.Equal(0, budget.InUse);
    }

    [Fact]
    public async Task Edited_CopyLargerThanTheLimit_IsRefused()
    {
        BufferBudget budget = new(ProxyParts.Options(), TimeProvider.System, ProxyParts.Telemetry());
        using ProxyBody body = await ReadAsync(budget, Chat, 40_000);
        body.Edited.Append(new byte[Limit + 1]);

        ProxyRefusalException refusal = await Assert.ThrowsAsync<ProxyRefusalException>(
            () => body.SettleAsync(isEdited: true, CancellationToken.None).AsTask().OrTimeout());

        Assert.Equal(413, refusal.Error.Status);
        body.Dispose();
        Assert.Equal(0, budget.InUse);
    }

    [Fact]
    public async Task Document_NeverEdited_CountsOnce()
    {
        BufferBudget budget = new(ProxyParts.Options(), TimeProvider.System, ProxyParts.Telemetry());
        ProxyRoute route = ProxyRoutes.Calls.Single(route => route.Operation == ProxyOperation.Document);
        using ProxyBody body = await ReadAsync(budget, route, 40_000);

        Assert.InRange(budget.InUse, 40_000, 65_536);
    }

    [Theory]
    [InlineData(true, 31)]
    [InlineData(false, 30 + 64)] // the time that the longest one may take
    public async Task Read_BodyArrivesTooSlowly_IsRefusedAndGivesItsMemoryBack(bool isAnnounced, int seconds)
    {
        const int Length = 4 * 1024 * 1024;
        Pipe pipe = new();
        ManualTimeProvider time = new();
        DefaultHttpContext context = new();
        context.Request.ContentType = "application/json";
        context.Request.ContentLength = isAnnounced ? 2000 : null;
        context.Request.Body = pipe.Reader.AsStream();
        BufferBudget budget = new(ProxyParts.Options(), TimeProvider.System, ProxyParts.Telemetry());
        Task<ProxyBody> reading = ReadAsync(context.Request, Chat, Length, budget, time).AsTask();
        _ = await pipe.Writer.WriteAsync(new byte[1000]).AsTask().OrTimeout();
        time.Advance(TimeSpan.FromSeconds(seconds - 1));
        _ = await pipe.Writer.WriteAsync(new byte[500]).AsTask().OrTimeout();
        Assert.False(reading.IsCompleted);

        time.Advance(TimeSpan.FromSeconds(2));
        _ = await pipe.Writer.WriteAsync(new byte[500]).AsTask().OrTimeout();

        ProxyRefusalException refusal = await Assert.ThrowsAsync<ProxyRefusalException>(() => reading.OrTimeout());
        Assert.Equal((400, "The request body was sent too slowly."), (refusal.Error.Status, refusal.Error.Message));
        Assert.Equal(0, budget.InUse);
    }

    [Fact]
    public async Task Read_BodyStopsComing_IsRefusedAndGivesItsMemoryBack()
    {
        Pipe pipe = new();
        ManualTimeProvider time = new();
        DefaultHttpContext context = new();
        context.Request.ContentType = "application/json";
        context.Request.ContentLength = 2000;
        context.Request.Body = pipe.Reader.AsStream();
        BufferBudget budget = new(ProxyParts.Options(), TimeProvider.System, ProxyParts.Telemetry());
        Task<ProxyBody> reading = ReadAsync(context.Request, Chat, Limit, budget, time).AsTask();
        _ = await pipe.Writer.WriteAsync(new byte[1999]).AsTask().OrTimeout();

        await TestTimeouts.UntilAsync(() =>
        {
            time.Advance(TimeSpan.FromSeconds(10));
            return reading.IsCompleted;
        });

        ProxyRefusalException refusal = await Assert.ThrowsAsync<ProxyRefusalException>(() => reading);
        Assert.Equal("The request body was sent too slowly.", refusal.Error.Message);
        Assert.Equal(0, budget.InUse);
    }

    /// <summary>The timer of the deadline can be late on a busy machine.</summary>
    [Fact]
    public async Task Read_BytesArriveAfterTheDeadlineAndBeforeItsTimer_IsRefused()
    {
        DefaultHttpContext context = new();
        context.Request.ContentType = "application/json";
        context.Request.ContentLength = 2;
        context.Request.Body = new MemoryStream("{}"u8.ToArray());
        BufferBudget budget = new(ProxyParts.Options(), TimeProvider.System, ProxyParts.Telemetry());

        ProxyRefusalException refusal = await Assert.ThrowsAsync<ProxyRefusalException>(
            () => ReadAsync(context.Request, Chat, Limit, budget, new LateTimers()).AsTask().OrTimeout());

        Assert.Equal("The request body was sent too slowly.", refusal.Error.Message);
        Assert.Equal(0, budget.InUse);
    }

    [Fact]
    public async Task Read_RefusedInTheMiddle_LetsTheServerReadTheRest()
    {
        Pipe pipe = new();
        PipeBody feature = new(pipe.Reader);
        DefaultHttpContext context = new();
        context.Features.Set<IRequestBodyPipeFeature>(feature);
        context.Request.ContentType = "application/json";
        BufferBudget budget = new(ProxyParts.Options(), TimeProvider.System, ProxyParts.Telemetry());
        Task<ProxyBody> reading = ReadAsync(context.Request, Chat, Limit, budget).AsTask();
        _ = await pipe.Writer.WriteAsync(new byte[Limit + 1]).AsTask().OrTimeout();
        _ = await Assert.ThrowsAsync<ProxyRefusalException>(() => reading.OrTimeout());

        // Kestrel logged an error for each such request: "the body reader is in an invalid state".
        await pipe.Writer.CompleteAsync();
        ReadResult rest = await pipe.Reader.ReadAsync().AsTask().OrTimeout();
        Assert.True(rest.IsCompleted && rest.Buffer.IsEmpty);
    }

    [Fact]
    public void Buffer_ManyLargeOnesOnManyThreads_LeaveNoMemoryBehind()
    {
        const int Size = 32 * 1024 * 1024;
        long before = GC.GetTotalMemory(forceFullCollection: true);
        using CountdownEvent done = new(8);
        using ManualResetEventSlim measured = new();
        Thread[] threads = [.. Enumerable.Range(0, 8).Select(i => new Thread(() =>
        {
            using (PooledBuffer buffer = new(0))
            {
                buffer.EnsureCapacity(Size);
                buffer.Append("body"u8);
            }

            _ = done.Signal();
            measured.Wait(); // the pool keeps what it has for a thread only as long as the thread runs
        }))];
        Array.ForEach(threads, thread => thread.Start());
        done.Wait();
        long left = GC.GetTotalMemory(forceFullCollection: true) - before;
        measured.Set();
        Array.ForEach(threads, thread => thread.Join());

        // With the shared pool, one array for each thread was left. Other tests allocate at the same time.
        Assert.InRange(left, long.MinValue, 4 * Size);
    }

    private sealed class PipeBody(PipeReader reader) : IRequestBodyPipeFeature
    {
        public PipeReader Reader => reader;
    }

    private static async Task<ProxyBody> ReadAsync(BufferBudget budget, ProxyRoute route, int length)
    {
        DefaultHttpContext context = new();
        context.Request.ContentType = route.IsForm ? "multipart/form-data; boundary=b" : "application/json";
        context.Request.ContentLength = length;
        context.Request.Body = new MemoryStream(new byte[length]);
        return await ReadAsync(context.Request, route, Limit, budget).AsTask().OrTimeout();
    }

    private static ValueTask<ProxyBody> ReadAsync(HttpRequest request, ProxyRoute route, long limit, BufferBudget budget, TimeProvider? time = null) =>
        ProxyBody.ReadAsync(request, route, limit, budget, ProxyCaller.Unknown, time ?? TimeProvider.System, CancellationToken.None);

    /// <summary>An hour passes between two looks at the clock, and no timer fires.</summary>
    private sealed class LateTimers : TimeProvider
    {
        private long _hours;

        public override long GetTimestamp() => Interlocked.Increment(ref _hours) * 3600 * TimestampFrequency;

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
            System.CreateTimer(_ => { }, null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }
}
