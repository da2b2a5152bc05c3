namespace Privatemode.AI.AspNetCore.Limits;

/// <summary>Counts the requests and tokens of the last 60 seconds, second by second. Not thread-safe.</summary>
/// <param name="limits">The limits.</param>
internal sealed class TokenWindow(ProxyRateLimits limits)
{
    private const int Cells = 60;

    private readonly Cell[] _cells = new Cell[Cells];
    private Cell _sum;
    private long _second;

    /// <summary>Returns the time that a request has to wait; zero if it can be sent.</summary>
    /// <param name="now">The time since the window was created.</param>
    /// <param name="input">The estimated number of input tokens of the request.</param>
    public TimeSpan TimeUntilAvailable(TimeSpan now, long input)
    {
        MoveTo(now);
        Cell left = _sum;
        for (int age = Cells; age > 0; age--)
        {
            if (Fits(left, input))
            {
                // Cells up to here have to leave the window: the oldest one does so at the end of this second.
                int gone = Cells - age;
                return gone == 0 ? TimeSpan.Zero : TimeSpan.FromSeconds(_second + gone) - now;
            }

            left = left.Minus(_cells[IndexOf(_second - age + 1)]);
        }

        // Alone in an empty window: the service is to refuse it, if anyone.
        return TimeSpan.FromSeconds(_second + Cells) - now;
    }

    /// <summary>Counts a request.</summary>
    /// <returns>The second in which the request counts.</returns>
    public long Add(TimeSpan now, long input)
    {
        MoveTo(now);
        Change(_second, new Cell(1, input, 0));
        return _second;
    }

    /// <summary>Replaces the estimate of a request with its actual token counts.</summary>
    /// <param name="now">The time since the window was created.</param>
    /// <param name="second">The result of <see cref="Add"/>.</param>
    /// <param name="estimated">The estimate.</param>
    /// <param name="input">The input tokens.</param>
    /// <param name="output">The output tokens, which count from now on.</param>
    public void Charge(TimeSpan now, long second, long estimated, long input, long output)
    {
        MoveTo(now);
        if (second > _second - Cells)
        {
            Change(second, new Cell(0, input - estimated, 0));
        }

        Change(_second, new Cell(0, 0, output));
    }

    /// <summary>Moves the window to a time. A request leaves the window together with the second in which it counts, which is 59 to 60 seconds later.</summary>
    private void MoveTo(TimeSpan now)
    {
        long second = (long)Math.Floor(now.TotalSeconds);
        for (long next = Math.Max(_second + 1, second - Cells + 1); next <= second; next++)
        {
            ref Cell cell = ref _cells[IndexOf(next)];
            _sum = _sum.Minus(cell);
            cell = default;
        }

        _second = Math.Max(_second, second);
    }

    private bool Fits(Cell used, long input) =>
        !(used.Requests >= limits.RequestsPerMinute)
        && !(used.Output >= limits.OutputTokensPerMinute)
        && (!(used.Input + input > limits.InputTokensPerMinute) || (used.Requests == 0 && used.Input == 0));

    private void Change(long second, Cell change)
    {
        ref Cell cell = ref _cells[IndexOf(second)];
        cell = cell.Plus(change);
        _sum = _sum.Plus(change);
    }

    private static int IndexOf(long second) => (int)(((second % Cells) + Cells) % Cells);

    private readonly record struct Cell(long Requests, long Input, long Output)
    {
        public Cell Plus(Cell other) => new(Requests + other.Requests, Input + other.Input, Output + other.Output);

        public Cell Minus(Cell other) => new(Requests - other.Requests, Input - other.Input, Output - other.Output);
    }
}
