using System.Security.Cryptography;
using Privatemode.AI.Internal;
using Privatemode.AI.KeyExchange;
using Privatemode.AI.Sessions;

namespace Privatemode.AI.Tests.Fakes;

/// <summary>An exchange that makes up secrets, counts, and waits when it is told to.</summary>
internal sealed class FakeSecrets(TimeProvider time)
{
    private int _running;

    public int Exchanges { get; private set; }

    public int PeakConcurrency { get; private set; }

    /// <summary>All secrets handed out, to see whether they were wiped.</summary>
    public List<InferenceSecret> Made { get; } = [];

    /// <summary>When set, an exchange waits for it.</summary>
    public TaskCompletionSource? Gate { get; set; }

    /// <summary>When set, an exchange fails with it.</summary>
    public Exception? Failure { get; set; }

    /// <summary>Completes when an exchange has begun.</summary>
    public TaskCompletionSource Begun { get; private set; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>How long the verdict under which the next secrets are agreed on counts; null for longer than they.</summary>
    public ValidityPeriod? Verification { get; set; }

    public bool LastWasAsync { get; private set; }

    public async ValueTask<SessionSecret> ExchangeAsync(bool async, CancellationToken cancellationToken)
    {
        Exchanges++;
        PeakConcurrency = Math.Max(PeakConcurrency, Interlocked.Increment(ref _running));
        LastWasAsync = async;
        _ = Begun.TrySetResult();
        try
        {
            if (Gate is { } gate)
            {
                _ = await SyncOrAsync.WaitAsync(WhenOpen(gate), async, cancellationToken);
            }

            if (Failure is not null)
            {
                throw Failure;
            }

            DateTimeOffset now = time.GetUtcNow();
            InferenceSecret secret = new(
                RandomNumberGenerator.GetBytes(32), RandomNumberGenerator.GetBytes(32), now, now + SecretExchange.SecretLifetime);
            Made.Add(secret);
            ValidityPeriod own = ValidityPeriod.Of(SecretExchange.SecretLifetime, time);
            return new SessionSecret(secret, own, "policy", "mac", null!, Verification ?? new ValidityPeriod(own.From, DateTimeOffset.MaxValue, own.Timestamp));
        }
        finally
        {
            _ = Interlocked.Decrement(ref _running);
        }
    }

    public bool IsWiped(int index) => Record.Exception(() => Made[index].Key.Length) is ObjectDisposedException;

    private static async Task<bool> WhenOpen(TaskCompletionSource gate)
    {
        await gate.Task;
        return true;
    }
}
