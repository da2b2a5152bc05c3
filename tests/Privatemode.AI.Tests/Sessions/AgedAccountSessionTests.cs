using Privatemode.AI.Internal;
using Privatemode.AI.Sessions;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.Tests.Sessions;

/// <summary>How old a secret is if the machine sleeps, or its clock is set back.</summary>
public sealed class AgedAccountSessionTests
{
    private readonly ManualTimeProvider _time = new(new DateTimeOffset(2026, 11, 21, 12, 0, 0, TimeSpan.Zero));
    private readonly FakeSecrets _secrets;

    public AgedAccountSessionTests() => _secrets = new FakeSecrets(_time);

    [Fact]
    public async Task Acquire_AfterTheMachineSlept_RenewsByTheWallClock()
    {
        using AccountSession session = NewSession();
        (await AcquireAsync(session)).Dispose();
        _time.JumpTo(_time.GetUtcNow() + TimeSpan.FromHours(3));
        (await AcquireAsync(session)).Dispose();
        Assert.Equal(2, _secrets.Exchanges);
        Assert.True(_secrets.IsWiped(0));
    }

    [Fact]
    public async Task Acquire_AfterTheClockWasSetBack_Renews()
    {
        using AccountSession session = NewSession();
        (await AcquireAsync(session)).Dispose();
        _time.JumpTo(_time.GetUtcNow() - TimeSpan.FromHours(2));
        (await AcquireAsync(session)).Dispose();
        Assert.Equal(2, _secrets.Exchanges);
    }

    [Fact]
    public async Task Acquire_ClockIsSetBackRepeatedly_SecretStillExpires()
    {
        using AccountSession session = NewSession();
        (await AcquireAsync(session)).Dispose();
        DateTimeOffset start = _time.GetUtcNow();
        for (int minutes = 15; minutes <= 45; minutes += 15)
        {
            Assert.False(session.IsExpired);
            _time.Advance(TimeSpan.FromMinutes(15));
            _time.JumpTo(start);
        }

        Assert.True(session.IsExpired);
        (await AcquireAsync(session)).Dispose();
        Assert.Equal(2, _secrets.Exchanges);
        Assert.True(_secrets.IsWiped(0));
    }

    [Fact]
    public async Task Acquire_MachineSleptAndThenItsClockIsSetBack_SecretStillExpires()
    {
        using AccountSession session = NewSession();
        (await AcquireAsync(session)).Dispose();
        DateTimeOffset start = _time.GetUtcNow();
        _time.JumpTo(start + TimeSpan.FromMinutes(30)); // the monotonic clock stands while the machine sleeps
        Assert.False(session.IsExpired);
        _time.JumpTo(start);
        _time.Advance(TimeSpan.FromMinutes(14));
        Assert.False(session.IsExpired);

        _time.Advance(TimeSpan.FromMinutes(1));
        Assert.True(session.IsExpired);
    }

    [Fact]
    public async Task Acquire_ClockWasSetBackBeforeTheExchange_SecretExpiresWithTheVerification()
    {
        using AccountSession session = NewSession();
        ValidityPeriod verification = ValidityPeriod.Of(TimeSpan.FromHours(1), _time);
        _secrets.Verification = verification;
        _time.Advance(TimeSpan.FromMinutes(50));
        _time.JumpTo(verification.From);
        (await AcquireAsync(session)).Dispose();
        _secrets.Verification = null;
        _time.Advance(TimeSpan.FromMinutes(10));
        (await AcquireAsync(session)).Dispose();
        Assert.Equal(2, _secrets.Exchanges);
    }

    private Task<SecretLease> AcquireAsync(AccountSession session)
    {
        session.Enter();
        CallDeadline unhurried = new(Timeout.InfiniteTimeSpan, _time, async: true, CancellationToken.None);
        return session.AcquireAsync(rejectedId: null, async: true, unhurried).AsTask();
    }

    private AccountSession NewSession() => new(_secrets.ExchangeAsync, _time);
}
