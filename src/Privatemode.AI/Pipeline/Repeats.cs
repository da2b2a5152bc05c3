using Privatemode.AI.Diagnostics;
using Privatemode.AI.Sessions;

namespace Privatemode.AI.Pipeline;

/// <summary>When an attempt may be repeated at once: the service did not know the secret, or reset the connection before an answer.</summary>
/// <remarks>
/// A secret that had worked and is unknown now was forgotten, however often that happens; the call was not processed and is made
/// again with a new one. A new secret that never worked is refused once at most: then it is not forgetfulness, and going on would
/// let anybody on the path keep both sides busy with key exchanges.
/// </remarks>
internal sealed class Repeats
{
    private const int MostNewSecrets = 32;

    private int _newSecrets;
    private bool _usedFreeRepeat;
    private bool _forgotten;
    private bool _hadWorked;

    /// <summary>Id of the secret the service did not know at the last attempt; null when it knew it.</summary>
    public string? RejectedSecretId { get; private set; }

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
    public bool MayRepeatWithNewSecret()
    {
        if (!_forgotten || _newSecrets == MostNewSecrets)
        {
            return false;
        }

        _newSecrets++;
        return Count("unknown-secret", _hadWorked || UseFreeRepeat());
    }

    /// <summary>Whether the last attempt is to be repeated after a reset.</summary>
    public bool MayRepeatAfterReset() => Count("reset", UseFreeRepeat());

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
