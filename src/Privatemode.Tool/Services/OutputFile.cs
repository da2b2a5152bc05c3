using System.Text;
using Privatemode.Tool.CommandLine;

namespace Privatemode.Tool.Services;

/// <summary>A file that a command writes as a whole or not at all.</summary>
internal sealed class OutputFile
{
    private readonly string _shown;
    private readonly bool _replaces;

    /// <exception cref="ToolException">The file exists and <paramref name="replaces"/> is false, or its directory does not exist.</exception>
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

        if (!replaces && File.Exists(Path))
        {
            throw ToolException.Setup($"\"{path}\" exists. Use --force to replace it.");
        }
    }

    public string Path { get; }

    public void Write(string text) => Write(Encoding.UTF8.GetBytes(text));

    /// <summary>Writes a temporary file beside it, then renames it.</summary>
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
