using System.Text.RegularExpressions;

namespace Privatemode.AI.ChecksOff;

/// <summary>One security check of the library: where it is, how it is switched off, and which tests must fail then.</summary>
/// <param name="Number">Its number in the build with switches, from 1.</param>
/// <param name="Name">A short name, unique in the list.</param>
/// <param name="File">Name of the source file, or enough of the end of its path to be unique.</param>
/// <param name="Original">The code of the check. It must occur once in the file; white space is compared loosely.</param>
/// <param name="Switched">What takes its place; <c>OFF</c> is true when this check is switched off.</param>
/// <param name="Project">The folder of the test project, below the repository.</param>
/// <param name="Tests">Parts of the full names of the tests, separated by <c>|</c>.</param>
internal sealed record Check(int Number, string Name, string File, string Original, string Switched, string Project, string Tests)
{
    public IReadOnlyList<string> TestNames => Tests.Split('|', StringSplitOptions.TrimEntries);

    /// <summary>The original code as a pattern that allows for any white space between its words.</summary>
    public Regex Pattern => new(
        string.Join(@"\s+", Original.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries).Select(Regex.Escape)), RegexOptions.CultureInvariant);

    /// <summary>The code with its switch, which evaluates to the original unless this check is switched off.</summary>
    public string Code => Regex.Replace(Switched, @"\bOFF\b", $"global::PrivatemodeCheckSwitch.IsOff({Number})");
}
