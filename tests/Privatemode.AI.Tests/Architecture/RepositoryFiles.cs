namespace Privatemode.AI.Tests.Architecture;

/// <summary>Finds the repository the tests were built from, to look at sources and documents.</summary>
internal static class RepositoryFiles
{
    public static string Root { get; } = Find();

    public static IEnumerable<string> Sources(string project) => Under(Path.Combine("src", project), "*.cs");

    /// <summary>Files below a folder, but not what a build or a tool has put there.</summary>
    public static IEnumerable<string> Under(string folder, string pattern) =>
        Directory.EnumerateFiles(Path.Combine(Root, folder), pattern, SearchOption.AllDirectories)
            .Where(path => !Path.GetRelativePath(Root, path).Split(Path.DirectorySeparatorChar).Any(
                part => part is "bin" or "obj" or "artifacts" or "node_modules" || part.StartsWith(".git", StringComparison.Ordinal)));

    private static string Find()
    {
        for (DirectoryInfo? folder = new(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "Privatemode.AI.sln")))
            {
                return folder.FullName;
            }
        }

        throw new InvalidOperationException("The tests do not run inside the repository.");
    }
}
