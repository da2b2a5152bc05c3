using System.Formats.Tar;
using System.Text;
using Privatemode.Tool.CommandLine;

namespace Privatemode.Tool.Services;

/// <summary>A file that a command writes as a whole or not at all.</summary>
internal sealed class OutputFile
{
    private readonly string _shown;
    private readonly bool _replaces;

    /// <exception cref="ToolException">The file exists and <paramref name="replaces"/> is false, it is not a regular file, or its directory does not
    /// exist.</exception>
    public OutputFile(string path, bool replaces, ToolContext context)
    {
        _shown = path;
        _replaces = replaces;
        Path = context.FullPath(path);
        if (Directory.Exists(Path))
        {
            throw ToolException.Setup($"\"{path}\" is a directory.");
        }

        if (!Directory.Exists(System.IO.Path.GetDirectoryName(Path)))
        {
            throw ToolException.Setup($"The directory of \"{path}\" does not exist.");
        }

        // Renaming would put a file in the place of the link, the device or the pipe.
        if (new FileInfo(Path).LinkTarget is not null)
        {
            throw ToolException.Setup($"\"{path}\" is a link. Name the file that it points to.");
        }

        if (File.Exists(Path) && !RegularFile.Is(Path))
        {
            throw ToolException.Setup($"\"{path}\" is a device or a pipe. Name a regular file.");
        }

        if (!replaces && File.Exists(Path))
        {
            throw ToolException.Setup($"\"{path}\" exists. Use --force to replace it.");
        }
    }

    public string Path { get; }

    public void Write(string text) => Write(Encoding.UTF8.GetBytes(text));

    /// <summary>Writes a temporary file in the same directory, and then renames it.</summary>
    /// <exception cref="ToolException">The file cannot be written.</exception>
    public void Write(ReadOnlySpan<byte> content)
    {
        string temporary = $"{Path}.{Guid.NewGuid():N}.tmp";
        try
        {
            using (FileStream file = StateDirectory.CreateFile(temporary, FileMode.CreateNew))
            {
                file.Write(content);
                file.Flush(flushToDisk: true);
            }

            File.Move(temporary, Path, _replaces);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            File.Delete(temporary);
            throw ToolException.Failed($"\"{_shown}\" cannot be written: {FileErrors.Describe(exception)}.", exception);
        }
    }
}

/// <summary>Distinguishes regular files from devices, pipes and sockets.</summary>
internal static class RegularFile
{
    /// <param name="path">The full path of something that exists and is not a directory.</param>
    public static bool Is(string path)
    {
        string target = File.ResolveLinkTarget(path, returnFinalTarget: true)?.FullName ?? path;
        if (OperatingSystem.IsWindows() || new FileInfo(target).Length > 0)
        {
            return true;
        }

        // Opening a pipe would wait for its other end. The writer of tar archives is the part of .NET that looks at the type of a file first.
        try
        {
            using MemoryStream archive = new();
            using (TarWriter entries = new(archive, leaveOpen: true))
            {
                entries.WriteEntry(target, "file");
            }

            archive.Position = 0;
            using TarReader reader = new(archive);
            return reader.GetNextEntry()?.EntryType == TarEntryType.RegularFile;
        }
        catch (UnauthorizedAccessException)
        {
            return true; // only regular files are opened
        }
        catch (IOException)
        {
            return false; // a socket
        }
    }
}
