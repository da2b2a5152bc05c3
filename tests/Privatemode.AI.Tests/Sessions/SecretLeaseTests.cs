using System.Runtime.CompilerServices;
using Privatemode.AI.Encryption;
using Privatemode.AI.Pipeline.Calls;
using Privatemode.AI.Pipeline.Requests;
using Privatemode.AI.Sessions;
using Privatemode.AI.Tests.Encryption;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.Tests.Sessions;

public sealed class SecretLeaseTests
{
    [Fact]
    public async Task Secret_LeaseWasNotDisposed_IsStillWiped()
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
        SecretLease lease = SecretLease.TryAcquire(secret)!;
        lease.Dispose();
        lease.Dispose();
        Assert.False(secret.IsInUse);
        Assert.False(secrets.IsWiped(0));
    }

    // A stream that runs while its secret is replaced.
    [Theory]
    [AesGcmProviders(AesGcmProvidersAttribute.Platform)]
    [AesGcmProviders(AesGcmProvidersAttribute.Sodium)]
    public async Task Exchange_OpenWhenItsSecretIsRetired_GoesOnUntilTheLeaseIsBack(string provider)
    {
        FakeSecrets secrets = new(new ManualTimeProvider());
        SessionSecret secret = await secrets.ExchangeAsync(async: true, CancellationToken.None);
        SecretLease lease = SecretLease.TryAcquire(secret)!;
        byte[] nonce = new byte[FieldCipher.NonceSize];
        using AesGcmKey peerKey = AesGcmProvidersAttribute.Key(provider, secret.Key);
        using ExchangeCipher peer = new(peerKey, secret.IdUtf8, nonce);
        using ExchangeCipher exchange = new(secret.EncryptionKey, secret.IdUtf8, nonce);
        using BodyExchange other = new BodyExchange(lease.Session.EncryptionKey, secret.IdUtf8);
        byte[][] values = [.. Enumerable.Range(0, 3).Select(i => ExchangeCipherTests.Seal(peer, [(byte)i]))];
        byte[] opened = new byte[1];

        Assert.Equal(AnswerFault.None, exchange.Decrypt(values[0], opened));
        secret.Retire();
        Assert.Equal(AnswerFault.None, exchange.Decrypt(values[1], opened));
        Assert.Equal(1, opened[0]);
        lease.Dispose();

        Assert.True(secrets.IsWiped(0));
        if (provider == AesGcmProvidersAttribute.Sodium)
        {
            Assert.Throws<ObjectDisposedException>(() => exchange.Decrypt(values[2], opened));
            Assert.Equal(AnswerFault.AlreadyFailed, exchange.Decrypt(values[2], opened));
        }
    }

    // A limiter's fault on the finalizer's thread would end the process.
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Permit_LeaseWasNotDisposed_IsStillReturned(bool throws)
    {
        FakeSecrets secrets = new(new ManualTimeProvider());
        SessionSecret secret = await secrets.ExchangeAsync(async: true, CancellationToken.None);
        Permit permit = new() { Throws = throws };
        Drop(secret, new RateLimitPermit(permit));
        await TestTimeouts.UntilAsync(() =>
        {
            // More than once: a thread that has used the lease may still have its address on the stack.
            GC.Collect();
            GC.WaitForPendingFinalizers();
            return permit.GivenBack.Task.IsCompleted;
        });
        Assert.False(secret.IsInUse);
    }

    [Fact]
    public async Task Permit_ThrowsWhenItIsGivenBack_TheRestOfTheAttemptIsGoneBefore()
    {
        FakeSecrets secrets = new(new ManualTimeProvider());
        SessionSecret secret = await secrets.ExchangeAsync(async: true, CancellationToken.None);
        SecretLease lease = SecretLease.TryAcquire(secret, new Permit { Throws = true })!;
        EncryptedContent content = new(new BufferedBody(new PooledBytes(1), "application/json"));
        using EncryptedCall call = new() { Rule = EndpointRules.ChatCompletions, RequestId = "request" };
        CallAttempt attempt = new(call, lease, null, content, []);
        Assert.Throws<InvalidOperationException>(attempt.Dispose);
        Assert.False(secret.IsInUse);
        Assert.Throws<ObjectDisposedException>(() => content.WriteTo(Stream.Null));
        attempt.Dispose();
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Drop(SessionSecret secret, IDisposable? permit = null)
    {
        SecretLease? lease = SecretLease.TryAcquire(secret, permit);
        Assert.NotNull(lease);
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
