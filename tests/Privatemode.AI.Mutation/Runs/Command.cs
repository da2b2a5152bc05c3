using System.Globalization;

namespace Privatemode.AI.Mutation.Runs;

/// <summary>The arguments of scripts/mutation.</summary>
internal sealed class Command
{
    private const string Usage = """
        scripts/mutation --folder NAME [--sample N] [--seed S] [--resume] [--list] [--minutes M] [--at-least SCORE]
          --folder    a folder of src/Privatemode.AI: Encryption, KeyExchange, Attestation
          --sample    tests N of its mutants, chosen by the seed
          --seed      the order in which mutants are tested (1 without it)
          --resume    goes on with an earlier run: of its mutants, only survivors are tested again
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
        var run = new FolderRun(Directory.GetCurrentDirectory(), _folder!);
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
            switch (args[i])
            {
                case "--resume": _resume = true; continue;
                case "--list": _list = true; continue;
            }

            if (++i == args.Length || !Take(args[i - 1], args[i]))
            {
                return false;
            }
        }

        return true;
    }

    private bool Take(string name, string value)
    {
        if (name == "--folder")
        {
            _folder = value;
            return true;
        }

        if (name == "--at-least" && double.TryParse(value, CultureInfo.InvariantCulture, out double score))
        {
            _atLeast = score;
            return true;
        }

        if (!int.TryParse(value, CultureInfo.InvariantCulture, out int number))
        {
            return false;
        }

        switch (name)
        {
            case "--sample": _sample = number; return true;
            case "--seed": _seed = number; return true;
            case "--minutes": _minutes = number; return true;
            default: return false;
        }
    }
}
