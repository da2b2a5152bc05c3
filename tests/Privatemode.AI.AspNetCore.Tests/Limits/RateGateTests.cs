using Privatemode.AI.AspNetCore.Errors;
using Privatemode.AI.AspNetCore.Gate;
using Privatemode.AI.AspNetCore.Limits;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.AspNetCore.Tests.Limits;

/// <summary>Limits of requests and tokens, by a clock that tests move.</summary>
public sealed class RateGateTests
{
    private readonly ManualTimeProvider _time = new();

    [Fact]
    public async Task Enter_RequestsOfAMinute_WaitUntilTheFirstIsSixtySecondsOld()
    {
        using RateGate gate = Gate(new() { RequestsPerMinute = 2 });
        using RatePermit first = await gate.EnterAsync(ProxyCaller.Unknown, 1, default);
        _time.Advance(TimeSpan.FromSeconds(10));
        using RatePermit second = await gate.EnterAsync(ProxyCaller.Unknown, 1, default);

        Task<RatePermit> third = gate.EnterAsync(ProxyCaller.Unknown, 1, default).AsTask();
        _time.Advance(TimeSpan.FromSeconds(49));
        Assert.False(third.IsCompleted);
        _time.Advance(TimeSpan.FromSeconds(1.5));

        Assert.InRange((await third.OrTimeout()).Waited, TimeSpan.FromSeconds(50), TimeSpan.FromSeconds(51));
    }

    [Fact]
    public async Task Enter_FreeTier_LetsTwentyPassInAnySixtySeconds()
    {
        using RateGate gate = Gate(ProxyRateLimits.FreeTier);
        List<Task<RatePermit>> tasks = [.. Enumerable.Range(0, 45).Select(_ => gate.EnterAsync(ProxyCaller.Unknown, 10, default).AsTask())];
        Assert.Equal(20, tasks.Count(task => task.IsCompletedSuccessfully));

        _time.Advance(TimeSpan.FromSeconds(60.5));
        await Task.WhenAny(Task.WhenAll(tasks.Take(40)), Task.WhenAll(tasks.Skip(40))).OrTimeout();

        // The last five waited for the longest time that is allowed, and were refused.
        Assert.Equal(40, (await Outcomes(tasks)).Count(passed => passed));
    }

    [Fact]
    public async Task Enter_EstimateAboveTheRest_Waits()
    {
        using RateGate gate = Gate(new() { InputTokensPerMinute = 100 });
        using RatePermit first = await gate.EnterAsync(ProxyCaller.Unknown, 60, default);
        Task<RatePermit> second = gate.EnterAsync(ProxyCaller.Unknown, 60, default).AsTask();
        Assert.False(second.IsCompleted);

        // The service counted less than the estimate.
        first.Charge(new TokenUsage(30, 5, 0));

        using RatePermit passed = await second.OrTimeout();
    }

    [Fact]
    public async Task Enter_EstimateAboveTheLimit_PassesAloneOnly()
    {
        using RateGate gate = Gate(new() { InputTokensPerMinute = 100 });
        using RatePermit alone = await gate.EnterAsync(ProxyCaller.Unknown, 5000, default);
        Task<RatePermit> second = gate.EnterAsync(ProxyCaller.Unknown, 1, default).AsTask();
        Assert.False(second.IsCompleted);

        _time.Advance(TimeSpan.FromSeconds(61));

        // It waited for the longest time and for the window alike; the window came first.
        using RatePermit passed = await second.OrTimeout();
    }

    [Fact]
    public async Task Enter_OutputAtTheLimit_WaitsUntilItLeavesTheWindow()
    {
        using RateGate gate = Gate(new() { OutputTokensPerMinute = 100 });
        RatePermit first = await gate.EnterAsync(ProxyCaller.Unknown, 1, default);
        _time.Advance(TimeSpan.FromSeconds(30));
        first.Charge(new TokenUsage(1, 100, 0));
        first.Dispose();

        Task<RatePermit> second = gate.EnterAsync(ProxyCaller.Unknown, 1, default).AsTask();
        _time.Advance(TimeSpan.FromSeconds(31));
        Assert.False(second.IsCompleted);
        _time.Advance(TimeSpan.FromSeconds(29.5));

        using RatePermit passed = await second.OrTimeout();
    }

    [Theory]
    [InlineData(long.MinValue)]
    [InlineData(long.MaxValue)]
    public async Task Charge_ImplausibleUsage_NeitherFreesCapacityNorOverflows(long tokens)
    {
        using RateGate gate = Gate(new() { OutputTokensPerMinute = 100, InputTokensPerMinute = 1000, RequestsPerMinute = 1, MaxWait = TimeSpan.Zero });
        RatePermit first = await gate.EnterAsync(ProxyCaller.Unknown, 1, default);
        first.Charge(new TokenUsage(tokens, tokens, tokens));
        first.Dispose();

        _ = await Assert.ThrowsAsync<ProxyRefusalException>(() => gate.EnterAsync(ProxyCaller.Unknown, 1, default).AsTask());
    }

    [Fact]
    public async Task Enter_Concurrency_IsGivenBackAtTheEnd()
    {
        using RateGate gate = Gate(new() { ConcurrentRequests = 1 });
        RatePermit first = await gate.EnterAsync(ProxyCaller.Unknown, 1, default);
        Task<RatePermit> second = gate.EnterAsync(ProxyCaller.Unknown, 1, default).AsTask();
        Task<RatePermit> third = gate.EnterAsync(ProxyCaller.Unknown, 1, default).AsTask();

        first.Dispose();
        first.Dispose();

        using RatePermit passed = await second.OrTimeout();
        Assert.False(third.IsCompleted);
    }

    [Fact]
    public async Task Enter_WaitingCallers_PassInTheirOrder()
    {
        using RateGate gate = Gate(new() { InputTokensPerMinute = 100 });
        using RatePermit first = await gate.EnterAsync(ProxyCaller.Unknown, 90, default);
        Task<RatePermit> large = gate.EnterAsync(ProxyCaller.Unknown, 90, default).AsTask();
        Task<RatePermit> small = gate.EnterAsync(ProxyCaller.Unknown, 5, default).AsTask();

        // There is room for the small one, but it came later.
        Assert.False(small.IsCompleted);
        _time.Advance(TimeSpan.FromSeconds(60.5));

        using RatePermit one = await large.OrTimeout();
        using RatePermit two = await small.OrTimeout();
    }

    [Fact]
    public async Task Enter_WaitTooLong_Is429WithTheTimeUntilCapacityIsFree()
    {
        using RateGate gate = Gate(new() { RequestsPerMinute = 1, MaxWait = TimeSpan.FromSeconds(5) });
        using RatePermit first = await gate.EnterAsync(ProxyCaller.Unknown, 1, default);
        Task<RatePermit> second = gate.EnterAsync(ProxyCaller.Unknown, 1, default).AsTask();

        _time.Advance(TimeSpan.FromSeconds(5.5));

        ProxyError error = (await Assert.ThrowsAsync<ProxyRefusalException>(() => second.OrTimeout())).Error;
        Assert.Equal((429, 429, true), (error.Status, error.AnthropicStatus, error.ShouldRetry));
        Assert.InRange(error.RetryAfter!.Value, TimeSpan.FromSeconds(54), TimeSpan.FromSeconds(55));
    }

    [Fact]
    public async Task Enter_QueueIsFull_Is429AtOnce()
    {
        using RateGate gate = Gate(new() { RequestsPerMinute = 1, QueueLength = 1 });
        using RatePermit first = await gate.EnterAsync(ProxyCaller.Unknown, 1, default);
        using CancellationTokenSource gone = new();
        Task<RatePermit> second = gate.EnterAsync(ProxyCaller.Unknown, 1, gone.Token).AsTask();
        _ = await Assert.ThrowsAsync<ProxyRefusalException>(() => gate.EnterAsync(ProxyCaller.Unknown, 1, default).AsTask());

        // One who leaves makes room in the queue.
        await gone.CancelAsync();
        _ = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => second.OrTimeout());
        Assert.False(gate.EnterAsync(ProxyCaller.Unknown, 1, default).AsTask().IsCompleted);
    }

    [Fact]
    public async Task Enter_CallerLimit_IsOfEachCaller()
    {
        using RateGate gate = Gate(null, options => options.CallerRateLimit = new() { RequestsPerMinute = 1, MaxWait = TimeSpan.Zero });
        using RatePermit first = await gate.EnterAsync(new ProxyCaller(0, "a"), 1, default);
        using RatePermit second = await gate.EnterAsync(new ProxyCaller(1, "b"), 1, default);

        _ = await Assert.ThrowsAsync<ProxyRefusalException>(() => gate.EnterAsync(new ProxyCaller(0, "a"), 1, default).AsTask());
    }

    [Fact]
    public async Task Enter_BothLimits_ARefusalOfOneGivesTheOtherBack()
    {
        using RateGate gate = Gate(
            new() { ConcurrentRequests = 1, MaxWait = TimeSpan.Zero },
            options => options.CallerRateLimit = new() { ConcurrentRequests = 1, MaxWait = TimeSpan.Zero });
        RatePermit first = await gate.EnterAsync(new ProxyCaller(0, "a"), 1, default);
        _ = await Assert.ThrowsAsync<ProxyRefusalException>(() => gate.EnterAsync(new ProxyCaller(1, "b"), 1, default).AsTask());
        first.Dispose();

        using RatePermit second = await gate.EnterAsync(new ProxyCaller(1, "b"), 1, default);
    }

    [Fact]
    public async Task Enter_CallersApiKeys_EachHaveTheLimits_AndAreBounded()
    {
        using RateGate gate = Gate(new() { RequestsPerMinute = 1, MaxWait = TimeSpan.Zero }, options => options.UseCallerKeyAsApiKey = true);
        for (int i = 0; i < 3000; i++)
        {
            (await gate.EnterAsync(new ProxyCaller(-1, $"{i}"), 1, default)).Dispose();
        }

        Assert.InRange(gate.CallerCount, 1, 1024);
        _ = await Assert.ThrowsAsync<ProxyRefusalException>(() => gate.EnterAsync(new ProxyCaller(-1, "2999"), 1, default).AsTask());
    }

    [Fact]
    public async Task Enter_MoreThan1024CallersComeBeforeItIsInItsQueue_TheWaitStillEnds()
    {
        using RateGate gate = Gate(
            null, options => options.CallerRateLimit = new() { RequestsPerMinute = 1, MaxWait = TimeSpan.FromSeconds(5) });
        (await gate.EnterAsync(new ProxyCaller(0, "first"), 1, default)).Dispose();

        // The steps of one call, with those of others between them, as with several threads.
        RateQueue queue = Assert.Single(gate.HoldQueuesOf(new ProxyCaller(0, "first")));
        for (int i = 0; i < 1500; i++)
        {
            (await gate.EnterAsync(new ProxyCaller(-1, $"{i}"), 1, default)).Dispose();
        }

        Task<long> waiting = queue.EnterAsync(1, default).AsTask();
        queue.Release();
        _time.Advance(TimeSpan.FromSeconds(5.5));

        _ = await Assert.ThrowsAsync<ProxyRefusalException>(() => waiting.OrTimeout());
        Assert.Same(queue, Assert.Single(gate.HoldQueuesOf(new ProxyCaller(0, "first"))));
    }

    [Fact]
    public async Task Enter_NoLimits_NeverWaits()
    {
        using RateGate gate = Gate(null);
        for (int i = 0; i < 1000; i++)
        {
            Task<RatePermit> entered = gate.EnterAsync(ProxyCaller.Unknown, 1_000_000, default).AsTask();
            Assert.True(entered.IsCompletedSuccessfully);
            (await entered).Dispose();
        }
    }

    [Fact]
    public void Window_RandomCalls_NeverExceedTheLimitInAnySixtySeconds()
    {
        // Against a plain list of all calls.
        TokenWindow window = new(new ProxyRateLimits { RequestsPerMinute = 7, InputTokensPerMinute = 500 });
        List<(TimeSpan At, long Input)> passed = [];
        Random random = new(7);
        TimeSpan now = TimeSpan.Zero;
        for (int i = 0; i < 20_000; i++)
        {
            now += TimeSpan.FromMilliseconds(random.Next(0, 9000));
            long input = random.Next(1, 300);
            TimeSpan wait = window.TimeUntilAvailable(now, input);
            if (wait > TimeSpan.Zero && random.Next(2) == 0)
            {
                now += wait;
                Assert.Equal(TimeSpan.Zero, window.TimeUntilAvailable(now, input));
                wait = TimeSpan.Zero;
            }

            if (wait == TimeSpan.Zero)
            {
                passed.Add((now, input));
                _ = window.Add(now, input);
            }

            (TimeSpan At, long Input)[] recent = [.. passed.SkipWhile(call => call.At <= now - TimeSpan.FromSeconds(59))];
            Assert.True(recent.Length <= 7 && recent.Sum(call => call.Input) <= 500);
        }

        Assert.True(passed.Count > 1000);
    }

    [Fact]
    public async Task Take_BufferIsFull_WaitsFiveSecondsAndThenGivesUp()
    {
        BufferBudget budget = Budget();
        Assert.True(await budget.TakeAsync(70, "", default));
        Task<bool> waiting = budget.TakeAsync(40, "", default).AsTask();
        Task<bool> later = budget.TakeAsync(10, "", default).AsTask();

        // There is room for the later one, but it came later.
        Assert.False(later.IsCompleted);
        _time.Advance(TimeSpan.FromSeconds(5.5));

        Assert.False(await waiting.OrTimeout());
        _ = await later.OrTimeout();
        budget.Return(70, "");
        Assert.True(await budget.TakeAsync(90, "", default));
    }

    [Fact]
    public async Task Take_BudgetIsReleased_GoesToTheFirstWaiter()
    {
        BufferBudget budget = Budget();
        Assert.True(await budget.TakeAsync(100, "", default));
        Task<bool> first = budget.TakeAsync(60, "", default).AsTask();
        Task<bool> second = budget.TakeAsync(60, "", default).AsTask();

        budget.Return(100, "");

        Assert.True(await first.OrTimeout());
        Assert.False(second.IsCompleted);
        Assert.Equal(60, budget.InUse);
    }

    [Fact]
    public async Task Take_CallerGone_LeavesNothingTaken()
    {
        BufferBudget budget = Budget();
        Assert.True(await budget.TakeAsync(100, "", default));
        using CancellationTokenSource gone = new();
        Task<bool> waiting = budget.TakeAsync(60, "", gone.Token).AsTask();

        await gone.CancelAsync();
        _ = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting.OrTimeout());
        budget.Return(100, "");

        Assert.Equal(0, budget.InUse);
    }

    [Fact]
    public async Task Take_OneCallerHoldsItsShare_OthersStillGetMemory()
    {
        BufferBudget budget = SharedBudget();
        Assert.True(await budget.TakeAsync(500, "one", default));

        Task<bool> more = budget.TakeAsync(1, "one", default).AsTask();
        Assert.True(await budget.TakeAsync(400, "two", default));

        // Another caller is also served while the first one waits; when that one has given memory back, it goes on.
        Assert.True(await budget.TakeAsync(100, "two", default));
        Assert.False(more.IsCompleted);
        budget.Return(200, "one");
        Assert.True(await more.OrTimeout());
        budget.Return(301, "one");
        budget.Return(500, "two");
        Assert.Equal(0, budget.InUse);
    }

    [Fact]
    public async Task Take_CallerStaysAtItsShare_IsRefusedAfterFiveSeconds()
    {
        BufferBudget budget = SharedBudget();
        Assert.True(await budget.TakeAsync(500, "one", default));
        Task<bool> more = budget.TakeAsync(1, "one", default).AsTask();

        _time.Advance(TimeSpan.FromSeconds(5.5));

        Assert.False(await more.OrTimeout());
        Assert.Equal(500, budget.InUse);
    }

    [Fact]
    public async Task Take_CallersWithoutKeys_MayUseAllOfIt()
    {
        BufferBudget budget = SharedBudget();
        Assert.True(await budget.TakeAsync(600, "", default));
        Assert.True(await budget.TakeAsync(400, "", default));
    }

    [Fact]
    public async Task Take_BudgetOfTwoLargestBodies_OneCallerMayUseAllOfIt()
    {
        BufferBudget budget = SharedBudget(largest: 500);
        Assert.True(await budget.TakeAsync(1000, "one", default));
    }

    private BufferBudget Budget() => SharedBudget(size: 100);

    private BufferBudget SharedBudget(long size = 1000, long largest = 100) => new(
        ProxyParts.Options(options =>
        {
            options.MaxBufferedBytes = size;
            (options.MaxRequestBodyBytes, options.MaxTranscriptionBytes, options.MaxDocumentBytes) = (largest, 1, 1);
        }),
        _time,
        ProxyParts.Telemetry());

    private RateGate Gate(ProxyRateLimits? limits, Action<PrivatemodeProxyOptions>? configure = null) => new(
        ProxyParts.Options(options =>
        {
            options.RateLimit = limits;
            configure?.Invoke(options);
        }),
        _time,
        ProxyParts.Telemetry());

    private static async Task<bool[]> Outcomes(List<Task<RatePermit>> tasks)
    {
        List<bool> outcomes = [];
        foreach (Task<RatePermit> task in tasks)
        {
            outcomes.Add(await Record.ExceptionAsync(() => task.OrTimeout()) is null);
        }

        return [.. outcomes];
    }
}
