namespace Privatemode.AI.Fuzz.Mutation;

/// <summary>SplitMix64: the same numbers for the same seed, on every runtime.</summary>
internal sealed class Rng(ulong seed)
{
    private ulong _state = seed;

    /// <summary>The numbers of one input: they depend on nothing but these three.</summary>
    public static Rng Of(ulong seed, string target, long iteration)
    {
        Rng mixer = new(seed);
        foreach (char character in target)
        {
            mixer = new Rng(mixer.Next() ^ character);
        }

        return new Rng(mixer.Next() ^ (ulong)iteration);
    }

    public ulong Next()
    {
        ulong z = _state += 0x9E3779B97F4A7C15;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }

    /// <summary>0 to <paramref name="limit"/> - 1; 0 when there is nothing to choose.</summary>
    public int Below(int limit) => limit <= 1 ? 0 : (int)(Next() % (ulong)limit);

    public bool OneIn(int chances) => Below(chances) == 0;

    public T Pick<T>(IReadOnlyList<T> items) => items[Below(items.Count)];
}
