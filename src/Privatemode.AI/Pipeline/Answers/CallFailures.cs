using System.Diagnostics.CodeAnalysis;
using Privatemode.AI.Internal;
using Privatemode.AI.Receipts;

namespace Privatemode.AI.Pipeline.Answers;

/// <summary>From what a client below an adapter throws to what callers of the adapter see.</summary>
/// <param name="map">The exception to throw instead; the same object when it is to be left alone.</param>
/// <param name="explain">Adds what only a further call can tell, and takes the task that was asked for. Never fails; null when there is nothing to
/// ask.</param>
/// <param name="task">The task a model needs to be asked here; null where there are no models.</param>
internal sealed class CallFailures(
    Func<Exception, Exception> map, Func<Exception, string?, CancellationToken, Task<Exception>>? explain = null, string? task = null)
{
    /// <summary>The same for calls of a task, in the words of the list of models.</summary>
    public CallFailures For(string ofTask) => new(map, explain, ofTask);

    /// <summary>For the filter of a catch clause: whether there is another exception to throw.</summary>
    /// <param name="exception">What was thrown.</param>
    /// <param name="note">The note of the call: how far it had come.</param>
    /// <param name="format">Names the member at which writing or reading failed.</param>
    /// <param name="mapped">The exception to throw.</param>
    public bool TryMap(Exception exception, CallNote note, CallFormat format, [NotNullWhen(true)] out Exception? mapped)
    {
        mapped = ServiceErrors.IsOfAParser(exception)
            ? note.Phase switch
            {
                CallPhase.Writing => ServiceErrors.Unwritable(exception, format.FindUnwritable()),
                CallPhase.Sending => ServiceErrors.Interrupted(exception),
                _ => ServiceErrors.Unreadable(exception, note.FindUnreadable(format.Read)),
            }
            : map(exception);
        return !ReferenceEquals(mapped, exception) || IsUnexplained(mapped);
    }

    /// <summary>An error inside an answer of status 200 comes as an exception of this library already, but without what only a further call can tell.</summary>
    private static bool IsUnexplained(Exception exception) =>
        exception is PrivatemodeServiceException { Reason: ServiceFailureReason.ModelUnavailable } and not PrivatemodeModelUnavailableException
        && !Callbacks.Threw(exception);

    /// <summary>The exception to throw, once more is known.</summary>
    public Task<Exception> ExplainAsync(Exception mapped, CancellationToken cancellationToken) =>
        explain is null ? Task.FromResult(mapped) : explain(mapped, task, cancellationToken);
}
