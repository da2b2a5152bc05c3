using System.ClientModel.Primitives;
using System.Security.Cryptography;
using Privatemode.AI.Diagnostics;
using Privatemode.AI.Internal;
using Privatemode.AI.Pipeline.Answers;
using Privatemode.AI.Pipeline.Transport;
using Privatemode.AI.Sessions;

namespace Privatemode.AI.Pipeline.Calls;

/// <summary>Decides which failed calls are retried: those that the service did not process. A timeout is never retried, because the generation may be
/// running.</summary>
/// <remarks>Retries share the limit of <see cref="SendBudget.MaxSends"/> with attempts that were repeated immediately.</remarks>
/// <param name="closing">Canceled when the client is disposed: there are no retries then.</param>
internal sealed class PrivatemodeRetryPolicy(TimeProvider time, CancellationToken closing) : ClientRetryPolicy(MaxRetries)
{
    public const int MaxRetries = SendBudget.MaxSends - 1;

    private static readonly TimeSpan FirstDelay = TimeSpan.FromMilliseconds(800);

    protected override bool ShouldRetry(PipelineMessage message, Exception? exception)
    {
        if (CallState.Of(message) is not { SendBudget.MaySendAgain: true, RetryRounds: <= MaxRetries })
        {
            return false;
        }

        if (exception is not null)
        {
            return TransportExceptions.IsConnectFailure(exception) && !UserCallback.Threw(exception);
        }

        return message.Response?.Status is 408 or 429 or 503;
    }

    protected override ValueTask<bool> ShouldRetryAsync(PipelineMessage message, Exception? exception) => new(ShouldRetry(message, exception));

    /// <summary>Returns 0.8 s, 1.6 s, 3.2 s, each plus or minus a fifth, or the time in Retry-After if that is longer; at most 60 s.</summary>
    protected override TimeSpan GetNextDelay(PipelineMessage message, int tryCount)
    {
        Telemetry.CountRetry(message.Response?.Status ?? 0);
        TimeSpan backoff = FirstDelay * (1 << (CallState.Of(message)!.RetryRounds - 1)) * (RandomNumberGenerator.GetInt32(80, 121) / 100.0);
        string? header = message.Response?.Headers.TryGetValue(ProtocolHeaders.RetryAfter, out string? value) == true ? value : null;
        return RetryAfter.Pause(backoff, RetryAfter.Parse(header, time.GetUtcNow()));
    }

    protected override void OnSendingRequest(PipelineMessage message) => DropAnswer(message);

    protected override ValueTask OnSendingRequestAsync(PipelineMessage message)
    {
        DropAnswer(message);
        return default;
    }

    /// <summary>Drops the answer to the previous attempt. Its content is closed, so if this attempt failed before an answer, disposing the message would throw
    /// another exception than the failure.</summary>
    private static void DropAnswer(PipelineMessage message)
    {
        if (message.ExtractResponse() is { } answer)
        {
            answer.ContentStream = null;
            answer.Dispose();
        }
    }

    protected override Task WaitAsync(TimeSpan delay, CancellationToken cancellationToken) => WaitAsync(delay, async: true, cancellationToken).AsTask();

    protected override void Wait(TimeSpan delay, CancellationToken cancellationToken) => WaitAsync(delay, async: false, cancellationToken).Completed();

    private async ValueTask WaitAsync(TimeSpan delay, bool async, CancellationToken cancellationToken)
    {
        using CallDeadline deadline = new(Timeout.InfiniteTimeSpan, time, async, cancellationToken, closing);
        try
        {
            await time.DelayAsync(delay, async, deadline.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (deadline.IsOver)
        {
            throw deadline.ToCancellation()!;
        }
    }
}

/// <summary>The maximum number of sends of a call, and the rule for immediate repetitions: the service did not know the secret, or the connection ended
/// without an answer.</summary>
/// <remarks>
/// Both can be forged on the network. All reasons to send a call again, including those of <see cref="PrivatemodeRetryPolicy"/>, therefore
/// share one limit. A secret that never worked is replaced at most once per call: the service did not forget it, and further key exchanges would
/// not help.
/// </remarks>
internal sealed class SendBudget
{
    /// <summary>The maximum number of times that one call is sent, including its first attempt.</summary>
    public const int MaxSends = 4;

    private static readonly TimeSpan PauseAfterEnd = TimeSpan.FromMilliseconds(50);

    // A pooled connection that the server has closed fails immediately. After this time, the service may already be processing the call.
    private static readonly TimeSpan LatestEnd = TimeSpan.FromSeconds(5);

    private TimeProvider _time = TimeProvider.System;
    private long _sentAt;
    private int _sends;
    private bool _usedFreeRepeat;
    private bool _forgotten;
    private bool _hadWorked;

    /// <summary>The ID of the secret that the service did not know at the last attempt; null if it knew it.</summary>
    public string? RejectedSecretId { get; private set; }

    /// <summary>Whether the limit allows the call to be sent once more.</summary>
    public bool MaySendAgain => _sends < MaxSends;

    /// <summary>Whether an attempt was passed to the transport.</summary>
    public bool HasSent => _sends > 0;

    /// <summary>Counts an attempt that is passed to the transport now, whether or not a connection can be opened for it.</summary>
    public void CountSend(TimeProvider time)
    {
        _sends++;
        (_time, _sentAt) = (time, time.GetTimestamp());
    }

    /// <summary>Records how an attempt ended.</summary>
    /// <param name="secret">The secret of the attempt; null for an endpoint that is not encrypted.</param>
    /// <param name="error">The error in the answer; null for a success.</param>
    public void Record(SessionSecret? secret, ServiceError? error)
    {
        _forgotten = secret is not null && error?.Kind == ServiceErrorKind.UnknownSecret;
        _hadWorked = _forgotten && secret!.HasWorked;
        RejectedSecretId = _forgotten ? secret!.Id : null;
        if (secret is not null && error is null)
        {
            secret.HasWorked = true;
        }
    }

    /// <summary>Whether the last attempt must be repeated with a new secret.</summary>
    public bool CanRetryWithNewSecret() => _forgotten && Count("unknown-secret", MaySendAgain && (_hadWorked || UseFreeRepeat()));

    /// <summary>Whether the last attempt must be repeated because its connection ended without an answer, soon after it was sent.</summary>
    public bool CanRetryUnanswered(Exception exception) => TransportExceptions.IsUnanswered(exception) && !UserCallback.Threw(exception)
        && _time.GetElapsedTime(_sentAt) < LatestEnd && Count("reset", MaySendAgain && UseFreeRepeat());

    /// <summary>Waits before the retry of an attempt that ended without an answer.</summary>
    public ValueTask DelayAsync(bool async, CancellationToken cancellationToken) => _time.DelayAsync(PauseAfterEnd, async, cancellationToken);

    private static bool Count(string reason, bool isRepeated)
    {
        if (isRepeated)
        {
            Telemetry.CountRepeat(reason);
        }

        return isRepeated;
    }

    private bool UseFreeRepeat() => !_usedFreeRepeat && (_usedFreeRepeat = true);
}
