using Privatemode.AI.Diagnostics;
using Privatemode.AI.Encryption.EventStream;
using Privatemode.AI.Pipeline.Requests;

namespace Privatemode.AI.Pipeline.Answers;

/// <summary>The attempt under a stream, which is over when the stream is: at its end, at a failure, or when it is disposed before.</summary>
internal sealed class WatchedAttempt(SealedAttempt attempt, EventOpener opener, IdleTimeoutStream network, Step? step, ClientEvents events) : IDisposable
{
    public void Dispose()
    {
        // The secret first, whatever listeners do.
        attempt.Dispose();
        if (network.HasExpired)
        {
            step?.EndStream(opener.Events, "failed", "timeout");
        }
        else if (opener.Failure is { } failure)
        {
            events.AnswerFailed(failure);
            step?.EndStream(opener.Events, "failed", ErrorNames.Of(failure));
        }
        else if (opener.IsEnded)
        {
            step?.EndStream(opener.Events, "ok", null);
        }
        else
        {
            // Nobody wanted more of it: for a stream that is the everyday way to stop the model.
            step?.EndStream(opener.Events, network.WasCancelled ? "cancelled" : "abandoned", null);
        }
    }
}
