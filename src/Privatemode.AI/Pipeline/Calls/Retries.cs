using System.ClientModel.Primitives;
using System.Security.Cryptography;
using Privatemode.AI.Diagnostics;
using Privatemode.AI.Internal;
using Privatemode.AI.Pipeline.Answers;
using Privatemode.AI.Pipeline.Transport;
using Privatemode.AI.Sessions;

namespace Privatemode.AI.Pipeline.Calls;

/// <summary>Decides which failed calls are retried: those the service did not process. A timeout is never retried, because the generation may be
/// running.</summary>
/// <remarks>Retries share the limit of <see cref="SendBudget.MostSends"/> with attempts that were repeated at once.</remarks>
/// <param name="closing">Cancelled when the client is disposed: there are no retries then.</param>
internal sealed class PrivatemodeRetryPolicy(TimeProvider time, CancellationToken closing) : ClientRetryPolicy(MaxRetries)
{
    public const int MaxRetries = SendBudget.MostSends - 1;

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

    /// <summary>0.8 s, 1.6 s, 3.2 s, each plus or minus a fifth, or what Retry-After asks for if that is longer; at most 60 s.</summary>
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

    /// <summary>Drops the answer to the try before. Its content is closed: if this try fails before an answer, disposing the message would throw because of
    /// that, in place of the failure.</summary>
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
        catch (OperationCanceledException)
        {
            throw deadline.ToException();
        }
    }
}

/// <summary>How often a call may be sent, and when an attempt is repeated at once: the service did not know the secret, or the connection ended
/// without an answer.</summary>
/// <remarks>
/// Both can be forged on the network. All reasons to send a call again, those of <see cref="PrivatemodeRetryPolicy"/> included, therefore
/// share one limit. A secret that never worked is replaced once at most per call: the service did not forget it, and further key exchanges would
/// not help.
/// </remarks>
internal sealed class SendBudget
{
    /// <summary>The most times one call is sent, its first attempt included.</summary>
    public const int MostSends = 4;

    private static readonly TimeSpan PauseAfterEnd = TimeSpan.FromMilliseconds(50);

    // A connection that had gone stale in the pool ends at once. Later, the service may be at work on the call already.
    private static readonly TimeSpan LatestEnd = TimeSpan.FromSeconds(5);

    private TimeProvider _time = TimeProvider.System;
    private long _sentAt;
    private int _sends;
    private bool _usedFreeRepeat;
    private bool _forgotten;
    private bool _hadWorked;

    /// <summary>Id of the secret the service did not know at the last attempt; null when it knew it.</summary>
    public string? RejectedSecretId { get; private set; }

    /// <summary>Whether the limit allows the call to be sent once more.</summary>
    public bool MaySendAgain => _sends < MostSends;

    /// <summary>Counts an attempt that is handed to the transport now, whether or not a connection can be made for it.</summary>
    public void CountSend(TimeProvider time)
    {
        _sends++;
        (_time, _sentAt) = (time, time.GetTimestamp());
    }

    /// <summary>Records how an attempt ended.</summary>
    /// <param name="secret">The secret of the attempt; null on an endpoint that is not encrypted.</param>
    /// <param name="error">What the service answered; null for a success.</param>
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

    /// <summary>Whether the last attempt is to be repeated with a new secret.</summary>
    public bool CanRetryWithNewSecret() => _forgotten && Count("unknown-secret", MaySendAgain && (_hadWorked || UseFreeRepeat()));

    /// <summary>Whether the last attempt is to be repeated because its connection ended without an answer, soon after it was sent.</summary>
    public bool CanRetryUnanswered(Exception exception) => TransportExceptions.IsUnanswered(exception) && !UserCallback.Threw(exception)
        && _time.GetElapsedTime(_sentAt) < LatestEnd && Count("reset", MaySendAgain && UseFreeRepeat());

    /// <summary>Waits before the attempt after one without an answer.</summary>
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
