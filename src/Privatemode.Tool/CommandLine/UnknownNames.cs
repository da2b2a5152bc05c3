using System.CommandLine;

namespace Privatemode.Tool.CommandLine;

/// <summary>The messages for flags, commands and arguments that a command does not have.</summary>
/// <remarks>
/// System.CommandLine corrects typing errors too (<c>ParseErrorAction.ShowTypoCorrections</c>), but writes the corrections to the console as lines of
/// their own. A message of this tool is one line, also as JSON.
/// </remarks>
internal static class UnknownNames
{
    private const int MaxDifferences = 2;

    /// <summary>Returns the message for a flag. For the command <c>proxy</c>, it is that of <c>privatemode-proxy</c>.</summary>
    public static string Flag(string name, Command command)
    {
        if (IsOfReference(command))
        {
            return $"unknown flag: {name}";
        }

        IEnumerable<string> names = command.Options.Where(option => !option.Hidden)
            .SelectMany(option => (IEnumerable<string>)[option.Name, .. option.Aliases]).Append("--help");
        string suggestion = Suggest(name, names);
        string advice = suggestion.Length > 0 || command.Arguments.Count == 0 ? suggestion : " Before an argument that begins with a hyphen, write --.";
        return $"Unknown flag \"{name}\".{advice} Run \"{PathOf(command)} --help\".";
    }

    /// <summary>Returns the message for a word that is neither a command nor an argument.</summary>
    public static string Word(string word, Command command)
    {
        string path = PathOf(command);
        return IsOfReference(command) ? $"unknown command \"{word}\" for \"{path}\""
            : command.Subcommands.Count == 0 ? $"Unknown argument \"{word}\". Run \"{path} --help\"."
            : $"Unknown command \"{word}\".{Suggest(word, command.Subcommands.Where(each => !each.Hidden).Select(each => each.Name))} Run \"{path} --help\".";
    }

    /// <summary>Returns the words that select a command, beginning with the name of the tool.</summary>
    public static string PathOf(Command command) =>
        command.Parents.OfType<Command>().FirstOrDefault() is { } parent ? $"{PathOf(parent)} {command.Name}" : command.Name;

    private static bool IsOfReference(Command command) => command.Name == "proxy";

    private static string Suggest(string name, IEnumerable<string> known)
    {
        // One wrong character in three is a typing error, more is another word.
        int most = Math.Min(MaxDifferences, name.Trim('-').Length / 3);
        string? nearest = known.Select(each => (Name: each, Distance: Distance(name.ToUpperInvariant(), each.ToUpperInvariant())))
            .Where(each => each.Distance <= most).OrderBy(each => each.Distance).FirstOrDefault().Name;
        return nearest is null ? "" : $" Did you mean {nearest}?";
    }

    /// <summary>The number of characters to insert, remove, replace or exchange with the next one.</summary>
    private static int Distance(string from, string to)
    {
        // A long argument is no typing error, and the table would be large.
        if (Math.Abs(from.Length - to.Length) > MaxDifferences)
        {
            return int.MaxValue;
        }

        int[,] table = new int[from.Length + 1, to.Length + 1];
        for (int i = 0; i <= from.Length; i++)
        {
            for (int j = 0; j <= to.Length; j++)
            {
                if (i == 0 || j == 0)
                {
                    table[i, j] = i + j;
                    continue;
                }

                int replaced = table[i - 1, j - 1] + (from[i - 1] == to[j - 1] ? 0 : 1);
                table[i, j] = Math.Min(replaced, Math.Min(table[i - 1, j], table[i, j - 1]) + 1);
                if (i > 1 && j > 1 && from[i - 1] == to[j - 2] && from[i - 2] == to[j - 1])
                {
                    table[i, j] = Math.Min(table[i, j], table[i - 2, j - 2] + 1);
                }
            }
        }

        return table[from.Length, to.Length];
    }
}
