namespace Privatemode.AI.Fuzz.Targets;

/// <summary>One thing that reads what others write.</summary>
/// <param name="Name">For the command line.</param>
/// <param name="Seeds">At least one.</param>
/// <param name="Signed">Finds what is signed in accepted parts, without the library's help; null where nothing is.</param>
internal sealed record FuzzTarget(string Name, IReadOnlyList<FuzzSeed> Seeds, Func<byte[][], IEnumerable<SignedPart>>? Signed = null)
{
    /// <summary>The largest part in bytes, where whoever fetches it reads no more.</summary>
    public int Largest { get; init; } = int.MaxValue;
}
