using System.Text;

namespace Privatemode.AI.Internal;

/// <summary>Names of files in forms.</summary>
internal static class FileNames
{
    private const int LongestName = 200;

    /// <summary>The last segment of a path, without anything that would need quoting; null when nothing is left of it.</summary>
    /// <remarks>When it is too long its end stays, because there is the extension, by which the service knows the type.</remarks>
    public static string? Clean(string? path)
    {
        if (path is null)
        {
            return null;
        }

        string name = path[(path.LastIndexOfAny(['/', '\\']) + 1)..].Trim();
        StringBuilder clean = new(name.Length);
        foreach (Rune rune in name.EnumerateRunes())
        {
            _ = Rune.IsControl(rune) || rune.Value is '"' or '\u2028' or '\u2029' ? clean.Append('_') : clean.Append(rune);
        }

        if (clean.Length > LongestName)
        {
            _ = clean.Remove(0, clean.Length - LongestName);
            _ = char.IsLowSurrogate(clean[0]) ? clean.Remove(0, 1) : clean;
        }

        return clean.Length > 0 ? clean.ToString() : null;
    }
}
