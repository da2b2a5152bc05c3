using System.Runtime.CompilerServices;
using Privatemode.AI.Internal;
using Privatemode.AI.Sessions;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.Tests.Sessions;

public sealed class AccountSessionTests
{
    private readonly ManualTimeProvider _time = new(new DateTimeOffset(2026, 11, 21, 12, 0, 0, TimeSpan.Zero));
    private readonly FakeSecrets _secrets;

    public AccountSessionTests() => _secrets = new FakeSecrets(_time);

    [Fact]
    public async Task Acquire_Twice_SharesOneSecret()
    {
        using AccountSession session = NewSession();
        using SecretLease first = await AcquireAsync(session);
        using SecretLease second = await AcquireAsync(session);
        Assert.Same(first.Session, second.Session);
        Assert.Equal(1, _secrets.Exchanges);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Acquire_ManyAtOnce_MakesOneExchange(bool async)
    {
        using AccountSession session = NewSession();
        _secrets.Gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Task<SecretLease>[] callers = [.. Enumerable.Range(0, 20).Select(_ => StartAsync(session, async))];
        await _secrets.Begun.Task.OrTimeout();
        _secrets.Gate.SetResult();
        SecretLease[] leases = await Task.WhenAll(callers).OrTimeout();
        Assert.Equal(1, _secrets.Exchanges);
        Assert.Equal(async, _secrets.LastWasAsync);
        Assert.Single(leases.Select(lease => lease.Session.Id).Distinct());
        Assert.All(leases, lease => lease.Dispose());
    }

    [Fact]
    public async Task Acquire_DeploymentLosesTrustMeanwhile_ThatSecretIsNotUsed()
    {
        int asked = 0;
        using AccountSession session = new(_secrets.ExchangeAsync, _time, _ => asked++ > 0);
        using SecretLease lease = await AcquireAsync(session);
        Assert.Equal(2, _secrets.Exchanges);
        Assert.True(_secrets.IsWiped(0));
        Assert.False(_secrets.IsWiped(1));
    }

    [Fact]
    public async Task Acquire_VerificationExpiresDuringTheExchange_ThatSecretIsNotUsed()
    {
        // The machine sleeps for three days in the middle of it, and its monotonic clock stops meanwhile.
        ValidityPeriod brief = ValidityPeriod.Of(TimeSpan.FromHours(24), _time);
        using AccountSession session = new(
            async (async, token) =>
            {
                bool sleeps = _secrets.Exchanges == 0;
                ValueTask<SessionSecret> exchange = _secrets.ExchangeAsync(async, token);
                _secrets.Verification = null;
                SessionSecret secret = await exchange;
                _time.JumpTo(_time.GetUtcNow() + (sleeps ? TimeSpan.FromDays(3) : TimeSpan.Zero));
                return secret;
            },
            _time);
        _secrets.Verification = brief;
        using SecretLease lease = await AcquireAsync(session);
        Assert.False(lease.Session.IsOver(_time));
        Assert.Equal(2, _secrets.Exchanges);
        Assert.True(_secrets.IsWiped(0));
    }

    [Fact]
    public async Task Acquire_VerificationExpiresBetweenTheExchangeAndItsUse_ThatSecretIsNotUsed()
    {
        using AccountSession session = NewSession();
        session.MayBeIdle = () =>
        {
            session.MayBeIdle = null;
            _time.JumpTo(_time.GetUtcNow() + TimeSpan.FromDays(3));
        };
        using SecretLease lease = await AcquireAsync(session);
        Assert.False(lease.Session.IsOver(_time));
        Assert.Equal(2, _secrets.Exchanges);
    }

    [Fact]
    public async Task Acquire_EveryVerificationExpiresDuringTheExchange_FailsAfterThree()
    {
        using AccountSession session = NewSession();
        _secrets.Verification = ValidityPeriod.Of(TimeSpan.Zero, _time);
        PrivatemodeServiceException exception = await Assert.ThrowsAsync<PrivatemodeServiceException>(() => AcquireAsync(session).OrTimeout());
        Assert.Equal(ServiceFailureReason.Timeout, exception.Reason);
        Assert.Equal(3, _secrets.Exchanges);
        Assert.All(Enumerable.Range(0, 3), i => Assert.True(_secrets.IsWiped(i)));
    }

    [Fact]
    public async Task Acquire_AfterTheDeploymentLostTrust_AgreesOnAnotherSecret()
    {
        using AccountSession session = NewSession();
        using SecretLease stream = await AcquireAsync(session);
        session.Forget();
        using SecretLease next = await AcquireAsync(session);
        Assert.NotEqual(stream.Session.Id, next.Session.Id);
    }

    // A stream keeps the secret alive, so that a lease on it could still be taken.
    [Fact]
    public async Task Acquire_SecretRevokedBeforeItsWaiterUsesIt_EstablishesAnother()
    {
        using AccountSession session = NewSession();
        SecretLease? stream = null;
        session.MayBeIdle = () =>
        {
            session.MayBeIdle = null;
            stream = Acquire(session);
            session.Forget();
        };
        using SecretLease lease = await AcquireAsync(session);
        Assert.NotEqual(stream!.Session.Id, lease.Session.Id);
        stream.Dispose();
    }

    [Fact]
    public async Task Acquire_After45Minutes_RenewsAndKeepsTheOldSecretForItsStreams()
    {
        using AccountSession session = NewSession();
        SecretLease stream = await AcquireAsync(session);
        _time.Advance(TimeSpan.FromMinutes(45) - TimeSpan.FromTicks(1));
        using (SecretLease still = await AcquireAsync(session))
        {
            Assert.Same(stream.Session, still.Session);
        }

        _time.Advance(TimeSpan.FromTicks(1));
        using SecretLease renewed = await AcquireAsync(session);
        Assert.NotEqual(stream.Session.Id, renewed.Session.Id);
        Assert.False(_secrets.IsWiped(0));
        stream.Dispose();
        Assert.True(_secrets.IsWiped(0));
        Assert.False(_secrets.IsWiped(1));
    }

    [Fact]
    public async Task Acquire_RejectedSecret_IsReplacedOnceForAllWhoWereRefused()
    {
        using AccountSession session = NewSession();
        string rejected;
        using (SecretLease lease = await AcquireAsync(session))
        {
            rejected = lease.Session.Id;
        }

        using SecretLease first = await AcquireAsync(session, rejected);
        using SecretLease second = await AcquireAsync(session, rejected);
        Assert.NotEqual(rejected, first.Session.Id);
        Assert.Same(first.Session, second.Session);
        Assert.Equal(2, _secrets.Exchanges);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Acquire_WhileARefusedSecretIsReplaced_DoesNotReturnTheRefusedSecret(bool async)
    {
        using AccountSession session = NewSession();
        SecretLease stream = await AcquireAsync(session);
        _secrets.Gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Task<SecretLease> refused = AcquireAsync(session, stream.Session.Id);
        Task<SecretLease> other = StartAsync(session, async);
        _secrets.Gate.SetResult();
        using SecretLease first = await refused.OrTimeout();
        using SecretLease second = await other.OrTimeout();
        Assert.NotEqual(stream.Session.Id, second.Session.Id);
        Assert.Same(first.Session, second.Session);
        Assert.Equal(2, _secrets.Exchanges);
        Assert.False(_secrets.IsWiped(0));
        stream.Dispose();
        Assert.True(_secrets.IsWiped(0));
    }

    [Fact]
    public async Task Acquire_RefusedUnderAnOldSecret_UsesTheNewerOneThereIs()
    {
        using AccountSession session = NewSession();
        using SecretLease old = await AcquireAsync(session);
        using SecretLease newer = await AcquireAsync(session, old.Session.Id);
        using SecretLease newest = await AcquireAsync(session, newer.Session.Id);
        using SecretLease late = await AcquireAsync(session, old.Session.Id);
        Assert.Same(newest.Session, late.Session);
        Assert.Equal(3, _secrets.Exchanges);
    }

    [Fact]
    public async Task Acquire_OneCallerCancels_TheOthersStillGetTheSecret()
    {
        using AccountSession session = NewSession();
        using CancellationTokenSource impatient = new();
        _secrets.Gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Task<SecretLease> leader = AcquireAsync(session, null, impatient.Token);
        Task<SecretLease> other = AcquireAsync(session);
        await impatient.CancelAsync();
        OperationCanceledException exception = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => leader.OrTimeout());
        Assert.Equal(impatient.Token, exception.CancellationToken);
        _secrets.Gate.SetResult();
        using SecretLease lease = await other.OrTimeout();
        Assert.Equal(1, _secrets.Exchanges);
    }

    [Fact]
    public async Task Acquire_SynchronousCallerCancels_StopsWaiting()
    {
        using AccountSession session = NewSession();
        using CancellationTokenSource impatient = new();
        _secrets.Gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Task<SecretLease> caller = TestTimeouts.OnOwnThread(() => Acquire(session, impatient.Token));
        await _secrets.Begun.Task.OrTimeout();
        await impatient.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => caller);
        _secrets.Gate.SetResult();
    }

    [Fact]
    public async Task Acquire_FailedExchange_FailsItsCallersAndTheNextCallerTriesAgain()
    {
        using AccountSession session = NewSession();
        _secrets.Failure = new PrivatemodeVerificationException("check", "no");
        await Assert.ThrowsAsync<PrivatemodeVerificationException>(() => AcquireAsync(session));
        _secrets.Failure = null;
        using SecretLease lease = await AcquireAsync(session);
        Assert.Equal(2, _secrets.Exchanges);
    }

    [Fact]
    public async Task Acquire_OnlyCallerLeavesAndTheExchangeFails_IsNotLeftUnobserved()
    {
        bool isUnobserved = false;
        void Note(object? sender, UnobservedTaskExceptionEventArgs e) =>
            Volatile.Write(ref isUnobserved, isUnobserved || e.Exception.InnerException?.Message == "nobody hears of this");
        TaskScheduler.UnobservedTaskException += Note;
        try
        {
            await Task.Run(LeaveAsync);
            for (int i = 0; i < 3; i++)
            {
                GC.Collect();
                GC.WaitForPendingFinalizers();
            }

            Assert.False(Volatile.Read(ref isUnobserved));
        }
        finally
        {
            TaskScheduler.UnobservedTaskException -= Note;
        }

        [MethodImpl(MethodImplOptions.NoInlining)]
        async Task LeaveAsync()
        {
            using AccountSession session = NewSession();
            using CancellationTokenSource impatient = new();
            _secrets.Gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            _secrets.Failure = new TimeoutException("nobody hears of this");
            Task<SecretLease> caller = AcquireAsync(session, null, impatient.Token);
            await impatient.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => caller.OrTimeout());
            _secrets.Gate.SetResult();
            await session.Exchange.OrTimeout();
        }
    }

    [Fact]
    public async Task Dispose_WithALeaseOut_WipesWhenItIsBack()
    {
        AccountSession session = NewSession();
        SecretLease lease = await AcquireAsync(session);
        session.Dispose();
        session.Dispose();
        Assert.False(_secrets.IsWiped(0));
        ObjectDisposedException exception = await Assert.ThrowsAsync<ObjectDisposedException>(() => AcquireAsync(session));
        Assert.EndsWith(nameof(PrivatemodeClient), exception.ObjectName, StringComparison.Ordinal);
        lease.Dispose();
        lease.Dispose();
        Assert.True(_secrets.IsWiped(0));
        Assert.Throws<ObjectDisposedException>(() => lease.Session);
    }

    [Fact]
    public async Task Dispose_DuringAnExchange_EndsItsCallersAndWipesTheResult()
    {
        AccountSession session = NewSession();
        _secrets.Gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Task<SecretLease> caller = AcquireAsync(session);
        await _secrets.Begun.Task.OrTimeout();
        session.Dispose();
        await Assert.ThrowsAsync<ObjectDisposedException>(() => caller.OrTimeout());
    }

    [Fact]
    public async Task Acquire_SharedExchange_DoesNotUseTheExecutionContextOfTheFirstCaller()
    {
        AsyncLocal<string?> ambient = new() { Value = "of the caller" };
        string? seen = "not called";
        using AccountSession session = new(
            async (async, token) =>
            {
                seen = ambient.Value;
                return await _secrets.ExchangeAsync(async, token);
            },
            _time);
        (await AcquireAsync(session)).Dispose();
        Assert.Null(seen);
    }

    private Task<SecretLease> AcquireAsync(AccountSession session, string? rejected = null, CancellationToken cancellationToken = default)
    {
        session.Enter();
        return session.AcquireAsync(rejected, async: true, Unhurried(cancellationToken)).AsTask();
    }

    private SecretLease Acquire(AccountSession session, CancellationToken cancellationToken = default)
    {
        session.Enter();
        return session.AcquireAsync(null, async: false, Unhurried(cancellationToken)).Completed();
    }

    private Task<SecretLease> StartAsync(AccountSession session, bool async) => async
        ? AcquireAsync(session)
        : TestTimeouts.OnOwnThread(() => Acquire(session));

    private CallDeadline Unhurried(CancellationToken cancellationToken) => new(Timeout.InfiniteTimeSpan, _time, async: true, cancellationToken);

    private AccountSession NewSession() => new(_secrets.ExchangeAsync, _time);
}
