using System.Globalization;

namespace Privatemode.AI.Mutation.Runs;

/// <summary>The arguments of scripts/mutation.</summary>
internal sealed class Command
{
    private const string Usage = """
        scripts/mutation --folder NAME [--sample N] [--seed S] [--resume] [--list] [--minutes M] [--at-least SCORE]
          --folder    a folder of src/Privatemode.AI: Encryption, KeyExchange, Attestation
          --sample    tests N of its mutants, chosen by the seed (1 without --seed)
          --resume    goes on with an earlier run: only survivors are tested again
          --list      prints the survivors of the last run, and tests nothing
          --minutes   tests no further mutant after so many minutes; the rest counts as untested
          --at-least  fails below this score in percent
        """;

    private string? _folder;
    private int? _sample;
    private int _seed = 1;
    private int? _minutes;
    private double? _atLeast;
    private bool _resume;
    private bool _list;

    public static async Task<int> RunAsync(string[] args)
    {
        var command = new Command();
        if (!command.Read(args) || command._folder is null)
        {
            Console.Error.WriteLine(Usage);
            return 2;
        }

        return await command.RunAsync();
    }

    private async Task<int> RunAsync()
    {
        string root = Directory.GetCurrentDirectory();
        string results = Path.Combine(root, "artifacts", "mutation", _folder!);
        var run = new FolderRun(root, _folder!, results);
        if (!_list)
        {
            DateTimeOffset until = _minutes is { } minutes ? DateTimeOffset.UtcNow.AddMinutes(minutes) : DateTimeOffset.UtcNow.AddYears(1);
            await run.RunAsync(_sample, _seed, _resume, until);
        }

        double score = run.Read().Print(Console.Out, survivors: _list);
        return score < _atLeast ? 1 : 0;
    }

    private bool Read(string[] args)
    {
        for (int i = 0; i < args.Length; i++)
        {
            string? value = i + 1 < args.Length ? args[i + 1] : null;
            switch (args[i])
            {
                case "--resume": _resume = true; continue;
                case "--list": _list = true; continue;
                case "--folder": _folder = value; break;
                case "--sample": _sample = Number(value); break;
                case "--seed": _seed = Number(value) ?? _seed; break;
                case "--minutes": _minutes = Number(value); break;
                case "--at-least": _atLeast = Number(value); break;
                default: return false;
            }

            if (value is null)
            {
                return false;
            }

            i++;
        }

        return true;
    }

    private static int? Number(string? text) => text is null ? null : int.Parse(text, CultureInfo.InvariantCulture);
}
