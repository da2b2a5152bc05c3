using Privatemode.Tool.CommandLine;

namespace Privatemode.Tool.Services;

/// <summary>A directory that only the user can read, for data that commands keep between runs.</summary>
/// <param name="path">The full path. It is created when it is needed.</param>
internal sealed class StateDirectory(string path)
{
    private const UnixFileMode OnlyUser = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    public string Path => path;

    /// <summary>Finds the state directory of the user.</summary>
    public static StateDirectory Find(ToolContext context)
    {
        if (context.Variable("PRIVATEMODE_STATE") is { } given)
        {
            return new StateDirectory(context.FullPath(given));
        }

        string home = context.Variable("HOME") ?? Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
        string parent = OperatingSystem.IsWindows() ? context.Variable("LOCALAPPDATA") ?? home
            : OperatingSystem.IsMacOS() ? System.IO.Path.Combine(home, "Library", "Application Support")
            : context.Variable("XDG_STATE_HOME") ?? System.IO.Path.Combine(home, ".local", "state");
        return new StateDirectory(System.IO.Path.Combine(context.FullPath(parent), "privatemode"));
    }

    /// <summary>Creates the directory, or one below it, and returns its path.</summary>
    public string Create(params ReadOnlySpan<string> below)
    {
        string directory = System.IO.Path.Combine([path, .. below]);
        CreateDirectory(directory);
        return directory;
    }

    /// <summary>Creates a directory that only the user can read. One that exists keeps its permissions.</summary>
    public static void CreateDirectory(string directory)
    {
        if (Directory.Exists(directory))
        {
            return;
        }

        if (OperatingSystem.IsWindows())
        {
            _ = Directory.CreateDirectory(directory);
            return;
        }

        // The permissions apply to the last directory only: each one that is missing is created by itself.
        if (System.IO.Path.GetDirectoryName(directory) is { } parent)
        {
            CreateDirectory(parent);
        }

        _ = Directory.CreateDirectory(directory, OnlyUser | UnixFileMode.UserExecute);
    }

    /// <summary>Opens a file to write. If it is new, only the user can read it.</summary>
    public static FileStream CreateFile(string file, FileMode mode = FileMode.Create, FileShare share = FileShare.Read)
    {
        FileStreamOptions options = new() { Mode = mode, Access = FileAccess.Write, Share = share };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = OnlyUser;
        }

        return new FileStream(file, options);
    }

    /// <summary>Creates a workspace if it is missing, and checks that files can be created in it.</summary>
    /// <exception cref="ToolException">No file can be created in the workspace.</exception>
    public static string RequireWritable(string directory, string shown)
    {
        try
        {
            CreateDirectory(directory);
            string probe = System.IO.Path.Combine(directory, $".privatemode-{Guid.NewGuid():N}");
            CreateFile(probe, FileMode.CreateNew).Dispose();
            File.Delete(probe);
            return directory;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw ToolException.Setup($"The workspace \"{shown}\" cannot be written: {exception.Message}", exception);
        }
    }
}
