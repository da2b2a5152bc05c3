using System.ComponentModel;
using System.Diagnostics;
using System.Text;
using Privatemode.Tool.CommandLine;
using Privatemode.Tool.Launch;
using Privatemode.Tool.Services;

namespace Privatemode.Tool.App;

/// <summary>Opens an address with a key in the user's browser.</summary>
/// <remarks>
/// Other users of a machine can read the arguments of programs. The browser therefore gets the name of a file that only the user can read, and that leads
/// to the address.
/// </remarks>
internal sealed class Browser : IDisposable
{
    private readonly string _file;

    private Browser(string file) => _file = file;

    /// <summary>Starts the browser.</summary>
    /// <param name="address">The address, with its key behind #.</param>
    /// <param name="context">The console, the environment and the directories of the command.</param>
    /// <returns>Dispose it to delete the file. Null if no browser could be started.</returns>
    public static Browser? Open(Uri address, ToolContext context)
    {
        // In the home directory: browsers that run in a sandbox can read files there, but not in hidden directories.
        string home = context.Variable("HOME") ?? Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
        Browser browser = new(Path.Combine(home, $"privatemode-app-{Guid.NewGuid():N}.html"));
        try
        {
            using (FileStream file = StateDirectory.CreateFile(browser._file, FileMode.CreateNew))
            {
                file.Write(Encoding.UTF8.GetBytes(Page(address)));
            }

            if (Start(browser._file, context))
            {
                return browser;
            }
        }
        catch (Exception exception) when (exception is Win32Exception or IOException or UnauthorizedAccessException)
        {
        }

        browser.Dispose();
        return null;
    }

    public void Dispose()
    {
        try
        {
            File.Delete(_file);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // Its key is not valid any more, or only the user can read it.
        }
    }

    private static bool Start(string file, ToolContext context)
    {
        if (OperatingSystem.IsWindows())
        {
            using Process? shell = Process.Start(new ProcessStartInfo(file) { UseShellExecute = true });
            return true;
        }

        // By its full path: .NET also looks for a program in the current directory, which can be another user's.
        if (ChildProgram.Find(OperatingSystem.IsMacOS() ? "open" : "xdg-open", context) is not { } program)
        {
            return false;
        }

        using Process? opener = Process.Start(new ProcessStartInfo(program, [file]) { RedirectStandardOutput = true, RedirectStandardError = true });
        return opener is not null;
    }

    // The key has only letters, digits, - and _, so that nothing has to be escaped.
    private static string Page(Uri address) => $"""
        <!DOCTYPE html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta name="referrer" content="no-referrer">
        <meta http-equiv="refresh" content="0; url={address.AbsoluteUri}">
        <title>Privatemode</title>
        </head>
        <body><a href="{address.AbsoluteUri}">Open the chat page</a></body>
        </html>

        """;
}
