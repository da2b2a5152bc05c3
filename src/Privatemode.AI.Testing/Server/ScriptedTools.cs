using Privatemode.AI.Testing.Enclave;

namespace Privatemode.AI.Testing.Server;

/// <summary>Decides whether a request offers the tools that its scripted answer calls.</summary>
internal static class ScriptedTools
{
    /// <summary>Refuses a scripted call of a tool that the request does not offer, which is usually a spelling mistake: the application would tell the model
    /// that there is no such tool, and the test would pass without running the tool.</summary>
    /// <exception cref="TestMistakeException">The request offers tools, but not this one.</exception>
    public static void RequireOffered(IReadOnlyList<string> called, ModelRequest request)
    {
        string[] offered = [.. request.ToolNames];
        if (offered.Length == 0 || called.FirstOrDefault(name => !offered.Contains(name, StringComparer.Ordinal)) is not { } wrong)
        {
            return;
        }

        string meant = Array.Find(offered, name => IsSimilar(name, wrong)) is { } similar ? $" Did you mean '{similar}'?" : "";
        throw new TestMistakeException(
            $"The script calls the tool '{wrong}', which the request does not offer.{meant} The request offers: {string.Join(", ", offered)}. To script a " +
            $"call of a tool that does not exist, use {nameof(ScriptedAnswer.WithRawJson)} or {nameof(ScriptedAnswer.WithRawEvents)}.");
    }

    /// <summary>Whether two names differ only in case, separators, or the name of a plugin in front.</summary>
    private static bool IsSimilar(string left, string right)
    {
        (string one, string other) = (Letters(left), Letters(right));
        return one.EndsWith(other, StringComparison.Ordinal) || other.EndsWith(one, StringComparison.Ordinal);
    }

    private static string Letters(string name) => string.Concat(name.Where(char.IsLetterOrDigit).Select(char.ToLowerInvariant));
}
