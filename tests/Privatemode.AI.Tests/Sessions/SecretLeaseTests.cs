using System.Runtime.CompilerServices;
using Privatemode.AI.Encryption;
using Privatemode.AI.Pipeline;
using Privatemode.AI.Sessions;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.Tests.Sessions;

public sealed class SecretLeaseTests
{
    [Fact]
    public async Task Secret_LeaseWasDroppedWithoutDispose_IsWipedAllTheSame()
    {
        FakeSecrets secrets = new(new ManualTimeProvider());
        SessionSecret secret = await secrets.ExchangeAsync(async: true, CancellationToken.None);
        Drop(secret);
        secret.Retire();
        GC.Collect();
        GC.WaitForPendingFinalizers();
        Assert.True(secrets.IsWiped(0));
    }

    [Fact]
    public async Task Dispose_Twice_GivesBackOnce()
    {
        FakeSecrets secrets = new(new ManualTimeProvider());
        SessionSecret secret = await secrets.ExchangeAsync(async: true, CancellationToken.None);
        SecretLease lease = SecretLease.TryTake(secret)!;
        lease.Dispose();
        lease.Dispose();
        Assert.False(secret.IsInUse);
        Assert.False(secrets.IsWiped(0));
    }

    // A limiter's fault on the finalizer's thread would end the process.
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Permit_LeaseWasDroppedWithoutDispose_IsGivenBackAllTheSame(bool throws)
    {
        FakeSecrets secrets = new(new ManualTimeProvider());
        SessionSecret secret = await secrets.ExchangeAsync(async: true, CancellationToken.None);
        Permit permit = new() { Throws = throws };
        Drop(secret, permit);
        GC.Collect();
        GC.WaitForPendingFinalizers();
        await permit.GivenBack.Task.OrTimeout();
        Assert.False(secret.IsInUse);
    }

    [Fact]
    public async Task Permit_ThrowsWhenItIsGivenBack_TheRestOfTheAttemptIsGoneBefore()
    {
        FakeSecrets secrets = new(new ManualTimeProvider());
        SessionSecret secret = await secrets.ExchangeAsync(async: true, CancellationToken.None);
        SecretLease lease = SecretLease.TryTake(secret)!;
        lease.Permit = new Permit { Throws = true };
        SealedContent content = new(new BufferedBody(new PooledBytes(1), "application/json"));
        SealedAttempt attempt = new(lease, null, content, []);
        Assert.Throws<InvalidOperationException>(attempt.Dispose);
        Assert.False(secret.IsInUse);
        Assert.Throws<ObjectDisposedException>(() => content.WriteTo(Stream.Null));
        attempt.Dispose();
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Drop(SessionSecret secret, IDisposable? permit = null)
    {
        SecretLease? lease = SecretLease.TryTake(secret);
        Assert.NotNull(lease);
        lease.Permit = permit;
    }

    private sealed class Permit : IDisposable
    {
        public bool Throws { get; init; }

        public TaskCompletionSource GivenBack { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public void Dispose()
        {
            GivenBack.SetResult();
            if (Throws)
            {
                throw new InvalidOperationException("the limiter is broken");
            }
        }
    }
}
