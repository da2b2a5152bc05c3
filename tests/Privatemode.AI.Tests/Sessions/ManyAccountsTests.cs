using System.Runtime.CompilerServices;
using Privatemode.AI.Sessions;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.Tests.Sessions;

public sealed class ManyAccountsTests
{
    private const int MaxSessions = 256;

    private readonly ManualTimeProvider _time = new(new DateTimeOffset(2026, 11, 21, 12, 0, 0, TimeSpan.Zero));
    private readonly Dictionary<string, FakeSecrets> _secrets = [];
    private readonly Dictionary<string, AccountSession> _created = [];

    [Fact]
    public async Task Acquire_TwoKeys_NeverShareASecret()
    {
        using SessionManager sessions = NewManager();
        using SecretLease first = await AcquireAsync(sessions, "a");
        using SecretLease second = await AcquireAsync(sessions, "b");
        using SecretLease again = await AcquireAsync(sessions, "a");
        Assert.NotEqual(first.Session.Id, second.Session.Id);
        Assert.Same(first.Session, again.Session);
    }

    [Fact]
    public async Task Acquire_KeyWasRotatedAway_ItsSecretIsWipedOnceItHasExpired()
    {
        using SessionManager sessions = NewManager();
        (await AcquireAsync(sessions, "old")).Dispose();
        (await AcquireAsync(sessions, "new")).Dispose();
        Assert.False(_secrets["old"].IsWiped(0));
        _time.Advance(TimeSpan.FromMinutes(45));
        (await AcquireAsync(sessions, "new")).Dispose();
        Assert.True(_secrets["old"].IsWiped(0));
    }

    [Fact]
    public async Task Secret_NoMoreCalls_IsWipedMinutesAfterItExpiresAndNoTimerRemains()
    {
        using SessionManager sessions = NewManager();
        (await AcquireAsync(sessions, "a")).Dispose();
        for (int minute = 0; minute < 45; minute += 5)
        {
            Assert.True(IsTicking);
            Assert.False(_secrets["a"].IsWiped(0));
            _time.Advance(TimeSpan.FromMinutes(5));
        }

        Assert.True(_secrets["a"].IsWiped(0));
        Assert.Equal(0, sessions.Count);
        Assert.False(IsTicking);
        (await AcquireAsync(sessions, "a")).Dispose();
        Assert.True(IsTicking);
        sessions.Dispose();
        Assert.False(IsTicking);
    }

    [Fact]
    public async Task Secret_NoMoreCallsButAStreamRuns_IsWipedAfterTheStream()
    {
        using SessionManager sessions = NewManager();
        SecretLease stream = await AcquireAsync(sessions, "a");
        _time.Advance(TimeSpan.FromMinutes(50));
        Assert.Equal(32, stream.Session.Key.Length);
        stream.Dispose();
        _time.Advance(TimeSpan.FromMinutes(5));
        Assert.True(_secrets["a"].IsWiped(0));
        Assert.False(IsTicking);
    }

    [Fact]
    public async Task Sessions_DroppedWithoutDispose_AreNotKeptByTheirTimer()
    {
        WeakReference<SessionManager> dropped = await Task.Run(DropAsync);
        long begun = TimeProvider.System.GetTimestamp();
        while (dropped.TryGetTarget(out _))
        {
            // The last step of what made them may still be on its way out.
            Assert.True(TimeProvider.System.GetElapsedTime(begun) < TestTimeouts.Default, "they are kept");
            await Task.Yield();
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }

        Assert.True(IsTicking);
        _time.Advance(TimeSpan.FromMinutes(5));
        Assert.False(IsTicking);

        [MethodImpl(MethodImplOptions.NoInlining)]
        async Task<WeakReference<SessionManager>> DropAsync()
        {
            SessionManager sessions = NewManager();
            (await AcquireAsync(sessions, "a")).Dispose();
            return new(sessions);
        }
    }

    [Fact]
    public async Task Acquire_ExpiredButStillInUse_IsNotGivenUp()
    {
        using SessionManager sessions = NewManager();
        using SecretLease stream = await AcquireAsync(sessions, "old");
        _time.Advance(TimeSpan.FromMinutes(50));
        (await AcquireAsync(sessions, "new")).Dispose();
        Assert.False(_secrets["old"].IsWiped(0));
        Assert.Equal(32, stream.Session.Key.Length);
    }

    [Fact]
    public async Task Acquire_MoreKeysThanTheLimit_GivesUpTheLongestUnusedThatIsIdle()
    {
        using SessionManager sessions = NewManager();
        using SecretLease inUse = await AcquireAsync(sessions, "0");
        for (int i = 1; i < MaxSessions; i++)
        {
            (await AcquireAsync(sessions, $"{i}")).Dispose();
        }

        (await AcquireAsync(sessions, "1")).Dispose();
        (await AcquireAsync(sessions, "one more")).Dispose();
        Assert.False(_secrets["0"].IsWiped(0));
        Assert.False(_secrets["1"].IsWiped(0));
        Assert.True(_secrets["2"].IsWiped(0));
        Assert.Equal(MaxSessions, _secrets.Values.Count(secrets => !secrets.IsWiped(0)));
    }

    [Fact]
    public async Task Acquire_ManyKeysThatTheServiceRejects_OtherCallersKeepTheirSessions()
    {
        using SessionManager sessions = NewManager();
        for (int i = 0; i < 20; i++)
        {
            (await AcquireAsync(sessions, $"tenant {i}")).Dispose();
        }

        for (int i = 0; i < 300; i++)
        {
            await Assert.ThrowsAsync<PrivatemodeConfigurationException>(() => AcquireAsync(sessions, $"rejected {i}"));
        }

        Assert.Equal(20, sessions.Count);
        Assert.All(Enumerable.Range(0, 20), i => Assert.False(_secrets[$"tenant {i}"].IsWiped(0)));
    }

    [Fact]
    public async Task Acquire_SessionWithoutASecretIsThere_ThatOneIsEvictedFirst()
    {
        using SessionManager sessions = NewManager(mostSessions: 2);
        (await AcquireAsync(sessions, "tenant")).Dispose();

        // Its caller leaves before the exchange fails.
        using CancellationTokenSource impatient = new();
        Task<SecretLease> caller = sessions.AcquireAsync("rejected slowly", null, async: true, impatient.Token).AsTask();
        await _secrets["rejected slowly"].Begun.Task.OrTimeout();
        await impatient.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => caller.OrTimeout());
        _secrets["rejected slowly"].Gate!.SetResult();
        await _created["rejected slowly"].Exchange.OrTimeout();
        (await AcquireAsync(sessions, "another tenant")).Dispose();
        Assert.False(_secrets["tenant"].IsWiped(0));
    }

    [Fact]
    public async Task Dispose_WithSeveralAccounts_WipesAll()
    {
        SessionManager sessions = NewManager();
        (await AcquireAsync(sessions, "a")).Dispose();
        (await AcquireAsync(sessions, "b")).Dispose();
        sessions.Dispose();
        Assert.All(_secrets.Values, secrets => Assert.True(secrets.IsWiped(0)));
        await Assert.ThrowsAsync<ObjectDisposedException>(() => AcquireAsync(sessions, "a"));
    }

    /// <summary>Whether somebody looks for expired secrets in a while.</summary>
    private bool IsTicking => _time.TimerAsync(due => due == TimeSpan.FromMinutes(5)).IsCompleted;

    private static Task<SecretLease> AcquireAsync(SessionManager sessions, string key) =>
        sessions.AcquireAsync(key, null, async: true, CancellationToken.None).AsTask();

    /// <summary>Keys that begin with "rejected" are rejected by the service.</summary>
    private SessionManager NewManager(int mostSessions = MaxSessions) => new(
        key =>
        {
            FakeSecrets secrets = _secrets[key] = new FakeSecrets(_time);
            secrets.Failure = key.StartsWith("rejected", StringComparison.Ordinal) ? new PrivatemodeConfigurationException("ApiKey", "rejected") : null;
            secrets.Gate = key.EndsWith("slowly", StringComparison.Ordinal) ? new(TaskCreationOptions.RunContinuationsAsynchronously) : null;
            return _created[key] = new AccountSession(secrets.ExchangeAsync, _time);
        },
        _time, mostSessions, TimeSpan.FromMinutes(10));
}
