using System.Globalization;

namespace Privatemode.AI.Internal;

/// <summary>Reads the wait that a server requests. An attacker on the network path can write the header, so no wait is longer than
/// <see cref="Longest"/>.</summary>
internal static class RetryAfter
{
    public static readonly TimeSpan Longest = TimeSpan.FromSeconds(60);

    /// <summary>Reads seconds or an HTTP date in the form of RFC 9110, section 5.6.7; null for anything else, including obsolete forms of dates.</summary>
    public static TimeSpan? Parse(string? value, DateTimeOffset now)
    {
        if (long.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out long seconds))
        {
            return seconds > Longest.TotalSeconds ? Longest : TimeSpan.FromSeconds(seconds);
        }

        return DateTimeOffset.TryParseExact(value, "r", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out DateTimeOffset date)
            ? TimeSpan.FromTicks(Math.Clamp((date - now).Ticks, 0, Longest.Ticks))
            : null;
    }

    public static string Format(TimeSpan wait) => Math.Ceiling(wait.TotalSeconds).ToString(CultureInfo.InvariantCulture);

    /// <summary>Returns the usual pause, or the requested one if that is longer, up to <see cref="Longest"/>. The requested time can come from an exception of
    /// a handler of the application.</summary>
    public static TimeSpan Pause(TimeSpan usual, TimeSpan? asked) => !(asked > usual) ? usual : asked > Longest ? Longest : asked.Value;

    /// <summary>Runs an operation, and retries it after failures that <paramref name="mayRepeat"/> accepts: once for each pause, and not before the time that
    /// the server requested.</summary>
    public static async ValueTask<T> RepeatAsync<T>(
        Func<ValueTask<T>> tryAsync, TimeSpan[] pauses, Func<PrivatemodeServiceException, bool> mayRepeat, TimeProvider time, bool async,
        CancellationToken cancellationToken)
    {
        for (int attempt = 0; ; attempt++)
        {
            try
            {
                return await tryAsync().ConfigureAwait(false);
            }
            catch (PrivatemodeServiceException exception) when (attempt < pauses.Length && mayRepeat(exception))
            {
                await time.DelayAsync(Pause(pauses[attempt], exception.RetryAfter), async, cancellationToken).ConfigureAwait(false);
            }
        }
    }
}
