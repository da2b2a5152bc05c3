using Privatemode.AI.Internal;
using Privatemode.AI.Sessions;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.Tests.Sessions;

/// <summary>A secret is replaced before it is over, and no call waits for that.</summary>
public sealed class RenewalAheadTests
{
    private readonly ManualTimeProvider _time = new(new DateTimeOffset(2026, 11, 21, 12, 0, 0, TimeSpan.Zero));
    private readonly FakeSecrets _secrets;

    public RenewalAheadTests() => _secrets = new FakeSecrets(_time);

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Acquire_FiveMinutesBeforeTheEnd_RenewsWhileCallersGoOn(bool async)
    {
        using AccountSession session = new(_secrets.ExchangeAsync, _time);
        SecretLease stream = await AcquireAsync(session, async);
        _time.Advance(TimeSpan.FromMinutes(40) - TimeSpan.FromTicks(1));
        (await AcquireAsync(session, async)).Dispose();
        Assert.Equal(1, _secrets.Exchanges);

        _secrets.Gate = new(TaskCreationOptions.RunContinuationsAsynchronously);
        _time.Advance(TimeSpan.FromTicks(1));
        for (int i = 0; i < 10; i++)
        {
            ValueTask<SecretLease> now = AcquireAsync(session, async);
            Assert.True(now.IsCompletedSuccessfully);
            using SecretLease lease = await now;
            Assert.Same(stream.Session, lease.Session);
        }

        Task renewal = session.Exchange;
        Assert.False(renewal.IsCompleted);
        _secrets.Gate.SetResult();
        await renewal.OrTimeout();
        Assert.Equal(2, _secrets.Exchanges);
        using SecretLease next = await AcquireAsync(session, async);
        Assert.NotSame(stream.Session, next.Session);
        Assert.Equal(32, stream.Session.Key.Length);
        stream.Dispose();
        Assert.True(_secrets.IsWiped(0));
    }

    [Fact]
    public async Task Acquire_RenewalFails_IsTriedEachMinuteAndTheSecretServesToItsEnd()
    {
        using AccountSession session = new(_secrets.ExchangeAsync, _time);
        (await AcquireAsync(session)).Dispose();
        _secrets.Failure = new InvalidOperationException("away");
        _time.Advance(TimeSpan.FromMinutes(40));
        for (int second = 0; second < 300; second += 15)
        {
            (await AcquireAsync(session)).Dispose();
            await session.Exchange.OrTimeout();
            _time.Advance(TimeSpan.FromSeconds(15));
        }

        Assert.Equal(1 + 5, _secrets.Exchanges);
        Assert.Equal("away", (await Assert.ThrowsAsync<InvalidOperationException>(() => AcquireAsync(session).AsTask())).Message);
    }

    [Fact]
    public async Task Acquire_SecretEndsWhileItIsRenewed_WaitsForThatExchange()
    {
        using AccountSession session = new(_secrets.ExchangeAsync, _time);
        (await AcquireAsync(session)).Dispose();
        _secrets.Gate = new(TaskCreationOptions.RunContinuationsAsynchronously);
        _time.Advance(TimeSpan.FromMinutes(44));
        (await AcquireAsync(session)).Dispose();
        _time.Advance(TimeSpan.FromMinutes(2));
        Task<SecretLease> waiting = AcquireAsync(session).AsTask();
        Task<SecretLease> blocking = TestTimeouts.OnOwnThread(() => AcquireAsync(session, async: false).Completed());
        Assert.False(waiting.IsCompleted);
        _secrets.Gate.SetResult();
        (await waiting.OrTimeout()).Dispose();
        (await blocking.OrTimeout()).Dispose();
        Assert.Equal((2, 1), (_secrets.Exchanges, _secrets.PeakConcurrency));
    }

    [Fact]
    public async Task Dispose_WhileItIsRenewed_WipesWhatComes()
    {
        AccountSession session = new(_secrets.ExchangeAsync, _time);
        (await AcquireAsync(session)).Dispose();
        _secrets.Gate = new(TaskCreationOptions.RunContinuationsAsynchronously);
        _time.Advance(TimeSpan.FromMinutes(41));
        (await AcquireAsync(session)).Dispose();
        session.Dispose();
        _secrets.Gate.SetResult();
        await session.Exchange.OrTimeout();
        Assert.All(Enumerable.Range(0, _secrets.Made.Count), i => Assert.True(_secrets.IsWiped(i)));
    }

    private ValueTask<SecretLease> AcquireAsync(AccountSession session, bool async = true)
    {
        session.Enter();
        return session.AcquireAsync(null, async, new CallDeadline(Timeout.InfiniteTimeSpan, _time, async, CancellationToken.None));
    }
}
