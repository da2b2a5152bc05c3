using System.Text.Json;

namespace Privatemode.AI.Fuzz.Corpus;

/// <summary>Finds vectors: ours beside the program, the third parties' where this machine has them.</summary>
internal static class CorpusFiles
{
    private static string Own => Path.Combine(AppContext.BaseDirectory, "Vectors");

    public static string? ThirdParty { get; private set; } = FindThirdParty();

    /// <summary>Leaves the third parties' vectors out, so that seeds have the same numbers everywhere.</summary>
    public static void UseOwnOnly() => ThirdParty = null;

    public static JsonElement OwnJson(string path) => Parse(Path.Combine(Own, path));

    public static byte[] OwnBytes(string path) => File.ReadAllBytes(Path.Combine(Own, path));

    /// <summary>Contents of the third parties' files in a folder; none without them. Always in the same order.</summary>
    public static IEnumerable<(string Name, byte[] Bytes)> ThirdPartyFiles(string folder, string pattern) => ThirdParty is null
        ? []
        : Directory.GetFiles(Path.Combine(ThirdParty, folder), pattern, SearchOption.AllDirectories)
            .Order(StringComparer.Ordinal)
            .Select(path => (Path.GetFileName(path), File.ReadAllBytes(path)));

    /// <summary>The cases of one kind of hardware: ours, then the third parties'.</summary>
    public static IEnumerable<VectorCase> Cases(string kind)
    {
        string folder = Path.Combine(Own, "tee");
        IEnumerable<VectorCase> own = Cases(Path.Combine(folder, kind, "MANIFEST.json"), folder, kind);
        return ThirdParty is null
            ? own
            : own.Concat(Cases(Path.Combine(ThirdParty, "tee", "MANIFEST.json"), Path.Combine(ThirdParty, "tee"), kind).Where(item => !item.IsOurs));
    }

    private static IEnumerable<VectorCase> Cases(string manifest, string folder, string kind) => Parse(manifest).GetProperty("cases").EnumerateArray()
        .Select(element => new VectorCase(folder, element))
        .Where(item => item.Id.StartsWith(kind + "/", StringComparison.Ordinal));

    private static JsonElement Parse(string path)
    {
        using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(path));
        return document.RootElement.Clone();
    }

    private static string? FindThirdParty()
    {
        if (Environment.GetEnvironmentVariable("PRIVATEMODE_VECTORS") is { Length: > 0 } configured)
        {
            return configured;
        }

        for (DirectoryInfo? folder = new(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "Privatemode.AI.sln")))
            {
                string sibling = Path.GetFullPath(Path.Combine(folder.FullName, "..", "shared", "vectors"));
                return Directory.Exists(sibling) ? sibling : null;
            }
        }

        return null;
    }
}
