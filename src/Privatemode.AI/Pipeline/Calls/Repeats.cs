using Privatemode.AI.Diagnostics;
using Privatemode.AI.Pipeline.Answers;
using Privatemode.AI.Sessions;

namespace Privatemode.AI.Pipeline.Calls;

/// <summary>How often a call may be sent, and when an attempt is repeated at once: the service did not know the secret, or the connection ended
/// without an answer.</summary>
/// <remarks>
/// Both can be forged by anybody on the path. All reasons to send a call again, those of <see cref="PrivatemodeRetryPolicy"/> included, therefore
/// share one limit. A secret that never worked is replaced once at most per call: the service did not forget it, and further key exchanges would
/// not help.
/// </remarks>
internal sealed class Repeats
{
    /// <summary>The most times one call is sent, its first attempt included.</summary>
    public const int MostSends = 4;

    private int _sends;
    private bool _usedFreeRepeat;
    private bool _forgotten;
    private bool _hadWorked;

    /// <summary>Id of the secret the service did not know at the last attempt; null when it knew it.</summary>
    public string? RejectedSecretId { get; private set; }

    /// <summary>Whether the limit allows the call to be sent once more.</summary>
    public bool MaySendAgain => _sends < MostSends;

    /// <summary>Counts an attempt, whether or not a connection can be made for it.</summary>
    public void CountSend() => _sends++;

    /// <summary>Takes in how an attempt ended.</summary>
    /// <param name="secret">The secret of the attempt; null on an endpoint that is not sealed.</param>
    /// <param name="error">What the service answered; null for a success.</param>
    public void Note(SessionSecret? secret, ServiceError? error)
    {
        _forgotten = secret is not null && error?.IsUnknownSecret == true;
        _hadWorked = _forgotten && secret!.HasWorked;
        RejectedSecretId = _forgotten ? secret!.Id : null;
        if (secret is not null && error is null)
        {
            secret.HasWorked = true;
        }
    }

    /// <summary>Whether the last attempt is to be repeated with a new secret.</summary>
    public bool MayRepeatWithNewSecret() => _forgotten && Count("unknown-secret", MaySendAgain && (_hadWorked || UseFreeRepeat()));

    /// <summary>Whether the last attempt is to be repeated after its connection ended without an answer.</summary>
    public bool MayRepeatUnanswered() => Count("reset", MaySendAgain && UseFreeRepeat());

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
