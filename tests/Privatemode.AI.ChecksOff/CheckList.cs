namespace Privatemode.AI.ChecksOff;

/// <summary>Reads the files of <c>Checks/</c>.</summary>
/// <remarks>
/// An entry begins with <c>[name]</c>; then <c>in</c> (file), <c>-</c> (original code, one or more lines), <c>+</c> (with the switch) and
/// <c>by</c> (tests), <c>by integration</c>, <c>by proxy</c>, <c>by tool</c> or <c>by semantic kernel</c>. Lines that begin with <c>#</c> are comments.
/// Without <c>+</c>, an <c>if (…)</c> that refuses something is never true when the check is off, and a statement is left out.
/// </remarks>
internal static class CheckList
{
    public static IReadOnlyList<Check> Read(string folder)
    {
        List<Check> checks = [];
        foreach (string path in Directory.EnumerateFiles(folder, "*.txt").Order(StringComparer.Ordinal))
        {
            List<string> entry = [];
            foreach (string line in File.ReadLines(path).Append("["))
            {
                if (line.StartsWith('[') && entry.Count > 0)
                {
                    checks.Add(Parse(entry, checks.Count + 1, path));
                    entry.Clear();
                }

                if (line.Length > 0 && !line.StartsWith('#') && line != "[")
                {
                    entry.Add(line);
                }
            }
        }

        string[] repeated = [.. checks.GroupBy(check => check.Name).Where(group => group.Count() > 1).Select(group => group.Key)];
        return repeated.Length == 0 ? checks : throw new InvalidDataException($"Names occur more than once: {string.Join(", ", repeated)}");
    }

    private static Check Parse(List<string> entry, int number, string path)
    {
        string name = entry[0].Trim('[', ']');
        string[] known = ["in ", "- ", "+ ", "by "];
        string? unknown = entry.Skip(1).FirstOrDefault(
            line => !known.Any(start => line.StartsWith(start, StringComparison.Ordinal)) && line is not ("-" or "+"));
        string original = Joined(entry, '-');
        string switched = Joined(entry, '+') is { Length: > 0 } given ? given
            : original.StartsWith("if (", StringComparison.Ordinal) && original.EndsWith(')') ? $"if (!OFF && ({original[4..^1]}))"
            : original.EndsWith(';') ? $"if (!OFF) {{ {original} }}"
            : "";
        string file = entry.SingleOrDefault(line => line.StartsWith(known[0], StringComparison.Ordinal))?[3..].Trim() ?? "";
        string by = entry.SingleOrDefault(line => line.StartsWith(known[3], StringComparison.Ordinal)) ?? "";
        (string start, string project) = SwitchedBuild.Projects.First(
            project => by.StartsWith(project.Start, StringComparison.Ordinal) || project.Start == "by ");
        string tests = by.Length == 0 ? "" : by[start.Length..].Trim();
        return unknown is null && original.Length > 0 && switched.Contains("OFF", StringComparison.Ordinal) && file.Length > 0 && tests.Length > 0
            ? new Check(number, name, file, original, switched, project, tests)
            : throw new InvalidDataException(
                $"{Path.GetFileName(path)}: [{name}] is not complete{(unknown is null ? "" : $", or has an unknown line: {unknown}")}.");
    }

    private static string Joined(List<string> entry, char start) =>
        string.Join('\n', entry.Where(line => line.StartsWith(start)).Select(line => line.Length > 2 ? line[2..] : "")).Trim();
}
