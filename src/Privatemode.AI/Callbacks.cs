using System.Runtime.CompilerServices;

namespace Privatemode.AI;

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

    /// <summary>For the filter of a catch clause around one: notes what it threw, and catches nothing.</summary>
    public static bool Note(Exception exception)
    {
        Thrown.AddOrUpdate(exception, exception.GetType());
        return false;
    }

    /// <summary>Whether a callback threw this.</summary>
    public static bool Threw(Exception exception) => Thrown.TryGetValue(exception, out _);
}
