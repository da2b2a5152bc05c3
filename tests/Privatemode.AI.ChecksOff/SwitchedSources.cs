using System.Text.RegularExpressions;

namespace Privatemode.AI.ChecksOff;

/// <summary>Puts the switches of a list into sources.</summary>
internal static class SwitchedSources
{
    /// <summary>The files that change, by path, with their switches. Writes nothing.</summary>
    /// <exception cref="InvalidDataException">A check of the list is not where the list says.</exception>
    public static IReadOnlyDictionary<string, string> Require(string folder, IReadOnlyList<Check> checks)
    {
        string[] sources = [.. Directory.GetFiles(folder, "*.cs", SearchOption.AllDirectories).Where(path => !IsBuilt(Path.GetRelativePath(folder, path)))];
        Dictionary<string, string> switched = [];
        List<string> lost = [];
        foreach (IGrouping<string, Check> inFile in checks.GroupBy(check => check.File))
        {
            string[] found = [.. sources.Where(path => path.Replace('\\', '/').EndsWith($"/{inFile.Key}", StringComparison.Ordinal))];
            if (found.Length == 1)
            {
                switched[found[0]] = PutIn(File.ReadAllText(found[0]), inFile, lost);
            }
            else
            {
                lost.Add($"[{inFile.First().Name}] {inFile.Key}: there are {found.Length} such files");
            }
        }

        return lost.Count == 0 ? switched : throw new InvalidDataException(
            $"The list does not fit the sources. Correct these entries in tests/Privatemode.AI.ChecksOff/Checks:\n{string.Join('\n', lost)}");
    }

    private static bool IsBuilt(string path) => path.Split(Path.DirectorySeparatorChar).Any(part => part is "bin" or "obj");

    private static string PutIn(string text, IEnumerable<Check> checks, List<string> lost)
    {
        List<(Match At, Check Check)> places = [];
        foreach (Check check in checks)
        {
            MatchCollection matches = check.Pattern.Matches(text);
            if (matches.Count == 1)
            {
                places.Add((matches[0], check));
            }
            else
            {
                lost.Add($"[{check.Name}] {check.File}: its code occurs {matches.Count} times");
            }
        }

        // From the end, so that the places further up stay where they are.
        int end = text.Length;
        foreach ((Match at, Check check) in places.OrderByDescending(place => place.At.Index))
        {
            if (at.Index + at.Length > end)
            {
                lost.Add($"[{check.Name}] {check.File}: its code overlaps that of another entry");
                continue;
            }

            text = string.Concat(text.AsSpan(0, at.Index), check.Code, text.AsSpan(at.Index + at.Length));
            end = at.Index;
        }

        return text;
    }
}
