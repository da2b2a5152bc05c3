namespace Privatemode.AI.Fuzz.Running;

/// <summary>What an input was caught at.</summary>
internal enum FailureKind
{
    /// <summary>Another exception than ours.</summary>
    Exception,

    /// <summary>More than two seconds.</summary>
    Slow,

    /// <summary>More than 16 MiB.</summary>
    Memory,

    /// <summary>Accepted, though signed bytes are not what was signed.</summary>
    Accepted,
}

/// <summary>An input that broke a rule.</summary>
internal sealed record Failure(FailureKind Kind, string Detail, string Target, ulong RunSeed, long Iteration, string SeedName, byte[][] Parts)
{
    private const int MaxHexDigits = 40_000;

    public string ToText()
    {
        IEnumerable<string> parts = Parts.Select((part, i) => $"  part {i}, {part.Length} bytes: {Shortened(Convert.ToHexStringLower(part))}");
        return $"FAILED {Kind}: {Detail}\n  --seed {RunSeed} --target {Target} --iteration {Iteration} (from {SeedName})\n{string.Join('\n', parts)}";
    }

    private static string Shortened(string hex) => hex.Length <= MaxHexDigits ? hex : $"{hex[..MaxHexDigits]}… (the iteration gives all of it)";
}
