using Privatemode.AI.Internal;
using Privatemode.AI.Sessions;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.Tests.Sessions;

/// <summary>A host with many tenants: a bounded number of secrets, none taken from under a call, and no call lost.</summary>
public sealed class ManyTenantsTests
{
    private const int Tenants = 200;
    private const int Calls = 10_000;

    private readonly ManualTimeProvider _time = new();
    private readonly Census _census = new();

    [Theory]
    [InlineData(256, 64)]
    [InlineData(48, 64)] // more calls at once than sessions: some are detached
    [InlineData(24, 64)] // more than live and detached ones: some calls have to wait
    public async Task Acquire_200TenantsRotateTheirKeys_NoCallIsLostAndTheLimitHolds(int mostSessions, int callsAtOnce)
    {
        using SessionManager sessions = NewManager(mostSessions);
        int next = -1;
        int answered = 0;
        await Task.WhenAll(Enumerable.Range(0, callsAtOnce).Select(worker => Task.Run(async () =>
        {
            for (int call = Interlocked.Increment(ref next); call < Calls; call = Interlocked.Increment(ref next))
            {
                // Each tenant has five keys, one after the other.
                string key = $"tenant {call * 7 % Tenants}, key {call / (Calls / 5)}";
                using SecretLease lease = await sessions.AcquireAsync(key, null, async: true, CancellationToken.None);
                await Task.Yield();
                Assert.Equal(32, lease.Session.Key.Length);
                _ = Interlocked.Increment(ref answered);
            }
        }))).OrTimeout();
        Assert.Equal(Calls, answered);
        Assert.InRange(_census.PeakConcurrency, 2, 2 * mostSessions);
        Assert.True(sessions.Count <= mostSessions);
        Assert.True(_census.Exchanges >= Tenants * 5, "not every key had a secret of its own");
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Acquire_AllInUse_WaitsUntilOneIsFree(bool async)
    {
        using SessionManager sessions = NewManager(1);
        SecretLease detached = await AcquireAsync(sessions, "a");
        using SecretLease live = await AcquireAsync(sessions, "b");
        Task<SecretLease> waiting = async
            ? AcquireAsync(sessions, "c")
            : TestTimeouts.OnOwnThread(() => sessions.AcquireAsync("c", null, async: false, CancellationToken.None).Completed());
        _ = await _time.TimerAsync(due => due == Longest).OrTimeout();
        Assert.False(waiting.IsCompleted);

        // The live one goes on meanwhile, also for others with its key, and so do the streams of the detached one.
        (await AcquireAsync(sessions, "b")).Dispose();
        Assert.Equal(32, detached.Session.Key.Length);
        Assert.Equal(2, _census.Held);
        detached.Dispose();
        using SecretLease third = await waiting.OrTimeout();
        Assert.Equal(2, _census.Held);
        Assert.Equal(1, sessions.Count);
    }

    [Fact]
    public async Task Acquire_OneTenantsStreamNeverEnds_TheOthersAreServedAndTheOldestIsDetached()
    {
        using SessionManager sessions = NewManager(2);
        using SecretLease endless = await AcquireAsync(sessions, "a");
        using SecretLease other = await AcquireAsync(sessions, "b");
        (await AcquireAsync(sessions, "c").OrTimeout()).Dispose();
        Assert.Equal(32, endless.Session.Key.Length);
        using SecretLease same = await AcquireAsync(sessions, "b");
        Assert.Same(other.Session, same.Session);
        using SecretLease again = await AcquireAsync(sessions, "a").OrTimeout();
        Assert.NotSame(endless.Session, again.Session);
        Assert.Equal(2, sessions.Count);
    }

    [Fact]
    public async Task Acquire_LiveAndDetached_AreAtMostTwiceTheLimit()
    {
        using SessionManager sessions = NewManager(3);
        List<SecretLease> streams = [];
        for (int i = 0; i < 6; i++)
        {
            streams.Add(await AcquireAsync(sessions, $"{i}").OrTimeout());
        }

        Task<SecretLease> seventh = AcquireAsync(sessions, "6");
        _ = await _time.TimerAsync(due => due == Longest).OrTimeout();
        _time.Advance(Longest);
        PrivatemodeServiceException exception = await Assert.ThrowsAsync<PrivatemodeServiceException>(() => seventh.OrTimeout());
        Assert.Contains("detached", exception.Message, StringComparison.Ordinal);
        streams[0].Dispose();
        streams.Add(await AcquireAsync(sessions, "6").OrTimeout());
        Assert.Equal(6, _census.PeakConcurrency);
        streams.ForEach(stream => stream.Dispose());
    }

    [Fact]
    public async Task Acquire_AllInUseForTooLong_SaysWhichSetting()
    {
        using SessionManager sessions = NewManager(1);
        using SecretLease detached = await AcquireAsync(sessions, "0");
        using SecretLease first = await AcquireAsync(sessions, "a");
        Task<SecretLease> waiting = AcquireAsync(sessions, "b");
        _ = await _time.TimerAsync(due => due == Longest).OrTimeout();
        _time.Advance(Longest);
        PrivatemodeServiceException exception = await Assert.ThrowsAsync<PrivatemodeServiceException>(() => waiting.OrTimeout());
        Assert.Equal((ServiceFailureReason.Timeout, true), (exception.Reason, exception.WasNotSent));
        Assert.Contains("MaxSessions", exception.Message, StringComparison.Ordinal);
        Assert.Equal(32, first.Session.Key.Length);
    }

    [Fact]
    public async Task Acquire_OneThatWaitsGivesUp_TheNextInLineIsServed()
    {
        using SessionManager sessions = NewManager(1);
        using CancellationTokenSource callerCancellation = new();
        using SecretLease detached = await AcquireAsync(sessions, "0");
        SecretLease first = await AcquireAsync(sessions, "a");
        Task<SecretLease> second = sessions.AcquireAsync("b", null, async: true, callerCancellation.Token).AsTask();
        Task<SecretLease> third = AcquireAsync(sessions, "c");
        await callerCancellation.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => second.OrTimeout());
        Assert.False(third.IsCompleted);
        first.Dispose();
        (await third.OrTimeout()).Dispose();
    }

    [Fact]
    public async Task Acquire_SeveralWait_FirstComeFirstServed()
    {
        using SessionManager sessions = NewManager(1);
        using SecretLease detached = await AcquireAsync(sessions, "detached");
        SecretLease current = await AcquireAsync(sessions, "0");
        List<Task<SecretLease>> waiting = [.. Enumerable.Range(1, 5).Select(i => AcquireAsync(sessions, $"{i}"))];
        foreach (Task<SecretLease> next in waiting)
        {
            Assert.False(next.IsCompleted);
            current.Dispose();
            current = await next.OrTimeout();
        }

        current.Dispose();
    }

    [Fact]
    public async Task Acquire_WaiterGetsTheSlot_OthersWithTheSameKeyShareIt()
    {
        using SessionManager sessions = NewManager(1);
        using SecretLease detached = await AcquireAsync(sessions, "detached");
        SecretLease current = await AcquireAsync(sessions, "0");
        Task<SecretLease> first = AcquireAsync(sessions, "k");
        Task<SecretLease> other = AcquireAsync(sessions, "j");
        Task<SecretLease> second = AcquireAsync(sessions, "k");
        current.Dispose();
        using SecretLease stream = await first.OrTimeout();
        using (SecretLease same = await second.OrTimeout())
        {
            Assert.Same(stream.Session, same.Session);
        }

        Assert.False(other.IsCompleted);
        stream.Dispose();
        (await other.OrTimeout()).Dispose();
    }

    [Fact]
    public async Task Acquire_ExchangeFails_FreesItsSlot()
    {
        FakeSecrets failing = new(_time) { Gate = new(), Failure = new InvalidOperationException("no") };
        FakeSecrets working = new(_time);
        using SessionManager sessions = new(
            key => new AccountSession((key == "a" ? failing : working).ExchangeAsync, _time), _time, 1, Longest);
        Task<SecretLease> first = AcquireAsync(sessions, "a");
        Task<SecretLease> second = AcquireAsync(sessions, "b");
        Assert.False(second.IsCompleted);
        failing.Gate.SetResult();
        await Assert.ThrowsAsync<InvalidOperationException>(() => first.OrTimeout());
        (await second.OrTimeout()).Dispose();
    }

    [Fact]
    public async Task Acquire_CallerCancelsDuringItsExchange_SlotIsFreedWhenTheExchangeEnds()
    {
        FakeSecrets slow = new(_time) { Gate = new() };
        FakeSecrets working = new(_time);
        using SessionManager sessions = new(key => new AccountSession((key == "a" ? slow : working).ExchangeAsync, _time), _time, 1, Longest);
        using CancellationTokenSource callerCancellation = new();
        Task<SecretLease> first = sessions.AcquireAsync("a", null, async: true, callerCancellation.Token).AsTask();
        await slow.Begun.Task.OrTimeout();
        await callerCancellation.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first.OrTimeout());
        Task<SecretLease> second = AcquireAsync(sessions, "b");
        Assert.False(second.IsCompleted);
        slow.Gate.SetResult();
        (await second.OrTimeout()).Dispose();
        Assert.True(slow.IsWiped(0));
    }

    [Fact]
    public async Task Dispose_WithWaiters_ThrowsForThem()
    {
        SessionManager sessions = NewManager(1);
        using SecretLease detached = await AcquireAsync(sessions, "0");
        using SecretLease first = await AcquireAsync(sessions, "a");
        Task<SecretLease> waiting = AcquireAsync(sessions, "b");
        sessions.Dispose();
        await Assert.ThrowsAsync<ObjectDisposedException>(() => waiting.OrTimeout());
    }

    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(10);

    private static Task<SecretLease> AcquireAsync(SessionManager sessions, string key) =>
        sessions.AcquireAsync(key, null, async: true, CancellationToken.None).AsTask();

    private SessionManager NewManager(int mostSessions) => new(
        _ =>
        {
            FakeSecrets secrets = new(_time);
            return new AccountSession(
                async (async, cancellationToken) =>
                {
                    if (async)
                    {
                        await Task.Yield();
                    }

                    return _census.Add(await secrets.ExchangeAsync(async, cancellationToken));
                },
                _time);
        },
        _time, mostSessions, Longest);

    /// <summary>How many secrets are not wiped yet.</summary>
    private sealed class Census
    {
        private readonly Lock _gate = new();
        private readonly List<SessionSecret> _held = [];

        public int Exchanges { get; private set; }

        public int PeakConcurrency { get; private set; }

        public int Held
        {
            get
            {
                lock (_gate)
                {
                    return Count();
                }
            }
        }

        public SessionSecret Add(SessionSecret secret)
        {
            lock (_gate)
            {
                Exchanges++;
                _held.Add(secret);
                PeakConcurrency = Math.Max(PeakConcurrency, Count());
                return secret;
            }
        }

        private int Count()
        {
            _ = _held.RemoveAll(secret => Record.Exception(() => secret.Key.Length) is ObjectDisposedException);
            return _held.Count;
        }
    }
}
