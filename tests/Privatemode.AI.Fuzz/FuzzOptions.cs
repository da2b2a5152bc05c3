using System.Globalization;

namespace Privatemode.AI.Fuzz;

/// <summary>What the command line says.</summary>
internal sealed record FuzzOptions
{
    public const string Usage =
        "--seconds N (default 60, shared by all targets) or --inputs N (of each target) [--seed S] [--target name] [--iteration I] | --self-test"
        + " | --list | --instrument folder | --afl [--planted] --target name | --write-corpus folder";

    public int Seconds { get; private init; } = 60;

    /// <summary>Of each target; null for as many as the time allows.</summary>
    public long? Inputs { get; private init; }

    public ulong Seed { get; private init; } = 1;

    /// <summary>Null for all.</summary>
    public string? Target { get; private init; }

    /// <summary>This input alone.</summary>
    public long? Iteration { get; private init; }

    public bool IsSelfTest { get; private init; }

    /// <summary>Only prints the names of the targets.</summary>
    public bool IsList { get; private init; }

    /// <summary>Whether afl-fuzz gives the inputs.</summary>
    public bool IsAfl { get; private init; }

    /// <summary>Whether afl-fuzz is to find planted faults.</summary>
    public bool IsPlanted { get; private init; }

    /// <summary>A copy of this program's folder, to instrument for afl-fuzz; null for none.</summary>
    public string? Instrument { get; private init; }

    /// <summary>Where to write a corpus for afl-fuzz, a folder for each target; null for none.</summary>
    public string? Corpus { get; private init; }

    /// <summary>Null when something is not understood.</summary>
    public static FuzzOptions? Parse(ReadOnlySpan<string> args)
    {
        FuzzOptions options = new();
        while (args.Length > 0)
        {
            int used = 2;
            switch (args)
            {
                case ["--self-test" or "--list" or "--afl" or "--planted", ..]:
                    options = options.With(args[0]);
                    used = 1;
                    break;
                case ["--instrument", string folder, ..]:
                    options = options with { Instrument = folder };
                    break;
                case ["--write-corpus", string folder, ..]:
                    options = options with { Corpus = folder };
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

    private FuzzOptions With(string flag) => flag switch
    {
        "--list" => this with { IsList = true },
        "--afl" => this with { IsAfl = true },
        "--planted" => this with { IsPlanted = true },
        _ => this with { IsSelfTest = true },
    };

    private static bool TryParse(string text, out long number) => long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number);
}
