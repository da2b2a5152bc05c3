using Privatemode.Tool.CommandLine;
using Privatemode.Tool.Services;

namespace Privatemode.Tool.Commands;

/// <summary>Writes a file that a command was asked for: whole or not at all.</summary>
internal static class NewFile
{
    /// <summary>Checks before any work is done that the file can be written.</summary>
    /// <param name="path">The full path.</param>
    /// <param name="shown">The path as the user wrote it.</param>
    /// <param name="force">Whether an existing file is replaced.</param>
    /// <returns>The full path.</returns>
    public static string Check(string path, string shown, bool force)
    {
        if (Directory.Exists(path) || !Directory.Exists(Path.GetDirectoryName(path)))
        {
            throw ToolException.Setup($"The file \"{shown}\" cannot be written: it is a directory, or its directory does not exist.");
        }

        return File.Exists(path) && !force ? throw ToolException.Setup($"The file \"{shown}\" exists. Choose another name, or use --force.") : path;
    }

    /// <summary>Writes beside the file first, so that no half of it is left behind.</summary>
    public static async Task WriteAsync(string path, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        string temporary = $"{path}.{Guid.NewGuid():N}.tmp";
        try
        {
            await using (FileStream file = StateDirectory.CreateFile(temporary, FileMode.CreateNew))
            {
                await file.WriteAsync(content, cancellationToken);
                file.Flush(flushToDisk: true);
            }

            File.Move(temporary, path, overwrite: true);
        }
        catch
        {
            File.Delete(temporary);
            throw;
        }
    }
}
