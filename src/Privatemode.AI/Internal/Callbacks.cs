using System.Runtime.CompilerServices;

namespace Privatemode.AI.Internal;

/// <summary>What a callback of the user's throws goes to his caller as it is: nobody else knows what it means.</summary>
internal static class Callbacks
{
    private static readonly ConditionalWeakTable<Exception, object> Thrown = [];

    /// <summary>Asks one.</summary>
    public static T Ask<T>(Func<T> callback)
    {
        try
        {
            return callback();
        }
        catch (Exception exception) when (Note(exception))
        {
            throw;
        }
    }

    /// <summary>Calls an asynchronous one outside of the caller's synchronization context. Await the result in a try block with <see cref="Note"/>.</summary>
    public static ValueTask<T> StartAsync<T>(Func<CancellationToken, ValueTask<T>> callback, CancellationToken cancellationToken)
    {
        try
        {
            return CallerContext.StartOutside(static call => call.callback(call.cancellationToken), (callback, cancellationToken));
        }
        catch (Exception exception) when (Note(exception))
        {
            throw;
        }
    }

    /// <summary>For the filter of a catch clause around one: notes what it threw, and catches nothing.</summary>
    public static bool Note(Exception exception)
    {
        Thrown.AddOrUpdate(exception, exception.GetType());
        return false;
    }

    /// <summary>Whether a callback threw this.</summary>
    public static bool Threw(Exception exception) => Thrown.TryGetValue(exception, out _);
}
