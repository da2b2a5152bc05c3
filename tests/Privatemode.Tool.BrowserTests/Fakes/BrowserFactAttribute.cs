namespace Privatemode.Tool.BrowserTests.Fakes;

/// <summary>A test in a browser. It is skipped, and counted as skipped, on machines without Chromium.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class BrowserFactAttribute : FactAttribute
{
    private static readonly string[] Names = ["chromium", "chromium-browser", "google-chrome", "chrome"];

    public BrowserFactAttribute()
    {
        if (Chromium is null)
        {
            Skip = "Chromium was not found on PATH. On Debian: apt-get install chromium";
        }
    }

    /// <summary>The path of the browser, or null.</summary>
    public static string? Chromium { get; } = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator)
        .SelectMany(_ => Names, (directory, name) => Path.Combine(directory, name)).FirstOrDefault(File.Exists);
}
