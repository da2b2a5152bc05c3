namespace Privatemode.AI.Internal;

/// <summary>Computes the optimal string alignment distance: insertions, deletions, replacements and swaps of adjacent characters.</summary>
internal static class EditDistance
{
    private const int Far = int.MaxValue / 2;
    private const int MaxOnStack = 256;

    /// <summary>Returns the distance, or <see cref="int.MaxValue"/> if it is greater than <paramref name="most"/>. The smaller this limit, the less is
    /// computed: the service can send a thousand long names.</summary>
    public static int Of(string from, string to, int most = Far)
    {
        if (Math.Abs(from.Length - to.Length) > most)
        {
            return int.MaxValue;
        }

        // The last three rows of the matrix. Cells that are farther from the diagonal than the limit exceed it.
        int width = to.Length + 1;
        Span<int> rows = width <= MaxOnStack ? stackalloc int[3 * MaxOnStack] : new int[3 * width];
        Span<int> now = rows[..width], before = rows.Slice(width, width), earlier = rows.Slice(2 * width, width);
        for (int i = 0; i <= from.Length; i++)
        {
            now.Fill(Far);
            int least = Far;
            for (int j = Math.Max(i - most, 0); j <= Math.Min(i + most, to.Length); j++)
            {
                now[j] = i == 0 || j == 0 ? i + j
                    : Math.Min(Math.Min(before[j], now[j - 1]) + 1, before[j - 1] + (from[i - 1] == to[j - 1] ? 0 : 1));
                if (i > 1 && j > 1 && from[i - 1] == to[j - 2] && from[i - 2] == to[j - 1])
                {
                    now[j] = Math.Min(now[j], earlier[j - 2] + 1);
                }

                least = Math.Min(least, now[j]);
            }

            if (least > most)
            {
                return int.MaxValue;
            }

            Span<int> free = earlier;
            earlier = before;
            before = now;
            now = free;
        }

        return before[^1] <= most ? before[^1] : int.MaxValue;
    }
}
