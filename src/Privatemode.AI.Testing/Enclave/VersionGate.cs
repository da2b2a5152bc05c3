using System.Globalization;
using System.Text.RegularExpressions;

namespace Privatemode.AI.Testing.Enclave;

/// <summary>Decides by <c>Privatemode-Version</c> whether a client is new enough. Versions are semantic, with a leading v.</summary>
internal static partial class VersionGate
{
    /// <summary>Returns whether a version is at least <c>v{major}.{minor}</c>. Text that is not a version is below every minimum. A pre-release counts as the
    /// release.</summary>
    public static bool IsAtLeast(string version, int major, int minor)
    {
        Match match = SemanticVersion().Match(version);
        return match.Success && (Number(match, "major"), Number(match, "minor")).CompareTo((major, minor)) >= 0;
    }

    private static long Number(Match match, string name) =>
        long.TryParse(match.Groups[name].ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture, out long number) ? number : 0;

    [GeneratedRegex(
        @"^v(?<major>0|[1-9]\d*)(\.(?<minor>0|[1-9]\d*)(\.(0|[1-9]\d*)(-[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*)?(\+[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*)?)?)?\z",
        RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture)]
    private static partial Regex SemanticVersion();
}
