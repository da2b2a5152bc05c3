using Privatemode.AI.Fuzz.Targets;

namespace Privatemode.AI.Fuzz.Mutation;

/// <summary>Makes inputs out of seeds.</summary>
internal static class Mutator
{
    private const int InflateOneIn = 4000;
    private const int MaxOrdinarySize = 256 << 10;

    /// <summary>The input of one iteration: always the same for the same numbers and seeds.</summary>
    public static (FuzzSeed Seed, byte[][] Parts) Create(FuzzTarget target, Rng rng)
    {
        FuzzSeed seed = rng.Pick(target.Seeds);
        FuzzSeed other = rng.Pick(target.Seeds);
        byte[][] parts = [.. seed.Parts];
        int changed = rng.Below(parts.Length);
        if (rng.OneIn(12) && other.Parts.Length == parts.Length)
        {
            parts[changed] = other.Parts[changed];
            changed = rng.Below(parts.Length);
        }

        if (rng.OneIn(InflateOneIn))
        {
            byte[] large = ByteMutations.Inflate(parts[changed], rng);
            parts[changed] = large.Length <= target.Largest ? large : large[..target.Largest];
            return (seed, parts);
        }

        int changes = rng.OneIn(2) ? 1 : 1 + rng.Below(4);
        for (int i = 0; i < changes; i++)
        {
            byte[] donor = changed < other.Parts.Length ? other.Parts[changed] : parts[changed];
            byte[] result = Change(parts[changed], donor, rng);
            parts[changed] = result.Length <= MaxOrdinarySize ? result : parts[changed];
            changed = rng.OneIn(4) ? rng.Below(parts.Length) : changed;
        }

        return (seed, parts);
    }

    /// <summary>One change, in two of three cases one that understands what the bytes are.</summary>
    public static byte[] Change(byte[] bytes, byte[] donor, Rng rng) => rng.OneIn(3) ? ByteMutations.Apply(bytes, donor, rng)
        : TextMutations.IsJson(bytes) ? TextMutations.ApplyJson(bytes, rng)
        : TextMutations.IsPem(bytes) ? TextMutations.ApplyPem(bytes, rng)
        : DerMutations.IsLikely(bytes) ? DerMutations.Apply(bytes, rng)
        : ByteMutations.Apply(bytes, donor, rng);
}
