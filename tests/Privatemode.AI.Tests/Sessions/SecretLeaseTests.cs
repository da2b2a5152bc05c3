using System.Runtime.CompilerServices;
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

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Drop(SessionSecret secret) => Assert.NotNull(SecretLease.TryTake(secret));
}
