namespace Privatemode.AI.Internal;

/// <summary>How long something counts, by two clocks: it is over as soon as one of them says so.</summary>
/// <param name="From">When it began, by the wall clock.</param>
/// <param name="Until">When it ends, by the wall clock.</param>
/// <param name="Stamp">When it began, by the monotonic clock.</param>
/// <remarks>
/// The wall clock can be set back, and would make something old look young. The monotonic one cannot, but may stand still while the machine sleeps.
/// </remarks>
internal readonly record struct ValidityPeriod(DateTimeOffset From, DateTimeOffset Until, long Stamp)
{
    private static readonly TimeSpan ClockTolerance = TimeSpan.FromMinutes(1);

    /// <summary>A period that begins now.</summary>
    public static ValidityPeriod Of(TimeSpan length, TimeProvider time)
    {
        long stamp = time.GetTimestamp();
        DateTimeOffset now = time.GetUtcNow();
        return new ValidityPeriod(now, now + length, stamp);
    }

    /// <summary>What is left by the clock that leaves less; nothing when the wall clock shows a time before the beginning.</summary>
    public TimeSpan Left(TimeProvider time)
    {
        DateTimeOffset now = time.GetUtcNow();
        TimeSpan byWall = Until - now;
        TimeSpan byMonotonic = Until - From - time.GetElapsedTime(Stamp);
        return now < From - ClockTolerance ? TimeSpan.Zero : byWall < byMonotonic ? byWall : byMonotonic;
    }

    public bool IsOver(TimeProvider time) => Left(time) <= TimeSpan.Zero;
}
