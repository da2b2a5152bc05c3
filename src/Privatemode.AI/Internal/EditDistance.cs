namespace Privatemode.AI.Internal;

/// <summary>Computes the optimal string alignment distance: insertions, deletions, replacements and swaps of adjacent characters.</summary>
internal static class EditDistance
{
    /// <summary>Returns the distance, or <see cref="int.MaxValue"/> if the lengths alone differ by more than <paramref name="most"/>.</summary>
    public static int Of(string from, string to, int most = int.MaxValue)
    {
        if (Math.Abs(from.Length - to.Length) > most)
        {
            return int.MaxValue;
        }

        int[,] cost = new int[from.Length + 1, to.Length + 1];
        for (int i = 0; i <= from.Length; i++)
        {
            for (int j = 0; j <= to.Length; j++)
            {
                cost[i, j] = i == 0 || j == 0 ? i + j : Math.Min(
                    Math.Min(cost[i - 1, j], cost[i, j - 1]) + 1, cost[i - 1, j - 1] + (from[i - 1] == to[j - 1] ? 0 : 1));
                if (i > 1 && j > 1 && from[i - 1] == to[j - 2] && from[i - 2] == to[j - 1])
                {
                    cost[i, j] = Math.Min(cost[i, j], cost[i - 2, j - 2] + 1);
                }
            }
        }

        return cost[from.Length, to.Length];
    }
}
