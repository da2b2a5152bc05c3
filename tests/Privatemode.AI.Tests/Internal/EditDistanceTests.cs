using Privatemode.AI.Internal;

namespace Privatemode.AI.Tests.Internal;

public sealed class EditDistanceTests
{
    [Fact]
    public void Of_AnyTwoTexts_IsTheDistanceOfTheWholeMatrixUpToTheLimit()
    {
        Random random = new(10);
        for (int i = 0; i < 5000; i++)
        {
            (string from, string to) = (Text(), Text());
            int whole = Whole(from, to);
            Assert.Equal(whole, EditDistance.Of(from, to));
            for (int most = 0; most <= 4; most++)
            {
                Assert.Equal(whole <= most ? whole : int.MaxValue, EditDistance.Of(from, to, most));
            }
        }

        string Text() => new([.. Enumerable.Range(0, random.Next(9)).Select(_ => (char)('a' + random.Next(3)))]);
    }

    [Theory]
    [InlineData(255)]
    [InlineData(256)]
    [InlineData(1000)]
    public void Of_LongTexts_IsTheDistance(int length)
    {
        string text = new('a', length);
        Assert.Equal(1, EditDistance.Of(text, text + "b", most: 2));
        Assert.Equal(2, EditDistance.Of("ba" + text, "ab" + text + "b", most: 2));
        Assert.Equal(length, EditDistance.Of(text, new string('b', length)));
    }

    // The list of models can be forged, and the error too.
    [Fact]
    public void Suggest_ThousandLongModelIds_TakesLittleMemory()
    {
        string[] offered = [.. Enumerable.Range(0, 1000).Select(i => $"{i:D4}{new string('x', 124)}")];
        string wrong = new('y', 128);
        _ = ModelIds.Suggest(wrong, offered[..1]);
        long before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Null(ModelIds.Suggest(wrong, offered));
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 4_000_000);
    }

    private static int Whole(string from, string to)
    {
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
