namespace Privatemode.AI.Fuzz.Targets;

/// <summary>Something sound, or nearly so, to damage.</summary>
/// <param name="Name">Where it comes from.</param>
/// <param name="Parts">What is damaged, in an order that is the target's.</param>
/// <param name="Judge">What is fuzzed: true when the parts were accepted as authentic. Refuses with our exception only.</param>
internal sealed record FuzzSeed(string Name, byte[][] Parts, Func<byte[][], bool> Judge)
{
    /// <summary>Whether everything in it is signed by whom it names, also where the whole is refused: damage can put parts together rightly.</summary>
    public bool IsGenuine { get; init; }
}
