using System.Diagnostics.CodeAnalysis;

namespace Privatemode.AI;

/// <summary>From what a client below an adapter throws to what callers of the adapter see.</summary>
/// <param name="map">The exception to throw instead; the same object when it is to be left alone.</param>
/// <param name="explain">Adds what only a further call can tell. Never fails; null when there is nothing to ask.</param>
internal sealed class CallFailures(Func<Exception, Exception> map, Func<Exception, CancellationToken, Task<Exception>>? explain = null)
{
    /// <summary>For the filter of a catch clause: whether there is another exception to throw.</summary>
    public bool TryMap(Exception exception, [NotNullWhen(true)] out Exception? mapped)
    {
        mapped = map(exception);
        return !ReferenceEquals(mapped, exception) || IsUnexplained(mapped);
    }

    /// <summary>An error inside an answer of status 200 comes as an exception of this library already, but without what only a further call can tell.</summary>
    private static bool IsUnexplained(Exception exception) =>
        exception is PrivatemodeServiceException { Reason: PrivatemodeServiceFailure.ModelUnavailable } and not PrivatemodeModelUnavailableException;

    /// <summary>The exception to throw, once more is known.</summary>
    public Task<Exception> ExplainAsync(Exception mapped, CancellationToken cancellationToken) =>
        explain is null ? Task.FromResult(mapped) : explain(mapped, cancellationToken);
}
