using System.Globalization;

namespace Privatemode.AI.Fuzz;

/// <summary>What the command line says.</summary>
internal sealed record FuzzOptions
{
    public const string Usage =
        "--seconds N (default 60, shared by all targets) or --inputs N (of each target) [--seed S] [--target name] [--iteration I] | --self-test";

    public int Seconds { get; private init; } = 60;

    /// <summary>Of each target; null for as many as the time allows.</summary>
    public long? Inputs { get; private init; }

    public ulong Seed { get; private init; } = 1;

    /// <summary>Null for all.</summary>
    public string? Target { get; private init; }

    /// <summary>This input alone.</summary>
    public long? Iteration { get; private init; }

    public bool IsSelfTest { get; private init; }

    /// <summary>Null when something is not understood.</summary>
    public static FuzzOptions? Parse(ReadOnlySpan<string> args)
    {
        FuzzOptions options = new();
        while (args.Length > 0)
        {
            int used = 2;
            switch (args)
            {
                case ["--self-test", ..]:
                    options = options with { IsSelfTest = true };
                    used = 1;
                    break;
                case ["--seconds", string text, ..] when TryParse(text, out long seconds):
                    options = options with { Seconds = (int)seconds };
                    break;
                case ["--inputs", string text, ..] when TryParse(text, out long inputs):
                    options = options with { Inputs = inputs };
                    break;
                case ["--seed", string text, ..] when TryParse(text, out long seed):
                    options = options with { Seed = (ulong)seed };
                    break;
                case ["--iteration", string text, ..] when TryParse(text, out long iteration):
                    options = options with { Iteration = iteration };
                    break;
                case ["--target", string name, ..]:
                    options = options with { Target = name };
                    break;
                default:
                    return null;
            }

            args = args[used..];
        }

        return options;
    }

    private static bool TryParse(string text, out long number) => long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number);
}
