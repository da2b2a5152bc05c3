using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Nodes;
using Privatemode.Tool.CommandLine;
using Privatemode.Tool.Commands;
using Privatemode.Tool.Services;

namespace Privatemode.Tool.Launch;

/// <summary>What happened to a file.</summary>
/// <param name="Path">The full path.</param>
/// <param name="Action"><c>wrote</c>, <c>restored</c>, <c>removed</c> or <c>kept</c>.</param>
/// <param name="Backup">The copy of the file as it was, or null.</param>
/// <param name="Kept">Members that stay because they were changed since.</param>
internal sealed record FileChange(string Path, string Action, string? Backup = null, IReadOnlyList<string>? Kept = null);

/// <summary>Writes configuration files, and remembers how to undo it.</summary>
/// <param name="context">The surroundings.</param>
/// <param name="program">The name of the program, which is that of the file with the memory.</param>
internal sealed class LaunchState(ToolContext context, string program)
{
    // Configuration files have some kilobytes.
    private const int LargestFile = 4 << 20;

    private string StateFile => Path.Combine(context.State.Path, "launch", program + ".json");

    /// <summary>Writes the changes. What an earlier call wrote is undone first, so that the backups stay those of the user's files.</summary>
    /// <exception cref="ToolException">A file cannot be changed safely; the files before it are already written, and can be restored.</exception>
    public IReadOnlyList<FileChange> Write(IReadOnlyList<ConfigurationEdit> edits)
    {
        _ = Restore();

        // All are computed before the first is written.
        List<(string Path, byte[]? Before, byte[] After, JsonObject Undo)> changes = [];
        foreach (ConfigurationEdit edit in edits)
        {
            string path = Resolve(edit.Path);
            byte[]? before = Read(path);
            JsonObject undo = [];
            changes.Add((path, before, edit.Apply(before, undo), undo));
        }

        List<FileChange> written = [];
        JsonArray files = [];
        foreach ((string path, byte[]? before, byte[] after, JsonObject undo) in changes)
        {
            string? backup = before is null ? null : Backup(path, before);
            undo["path"] = path;
            undo["after"] = Digest(after);
            undo["backup"] = backup;
            files.Add((JsonNode)undo);
            WriteState(files);
            Replace(path, after);
            written.Add(new FileChange(path, "wrote", backup));
        }

        return written;
    }

    /// <summary>Undoes what <see cref="Write"/> wrote. Members that were changed since stay.</summary>
    /// <returns>Empty if there is nothing to undo.</returns>
    public IReadOnlyList<FileChange> Restore()
    {
        if (Read(StateFile) is not { } state)
        {
            return [];
        }

        List<FileChange> changes = [];
        try
        {
            foreach (JsonNode? file in JsonNode.Parse(state)!["files"]!.AsArray())
            {
                changes.Add(Restore(file!.AsObject()));
            }
        }
        catch (Exception exception) when (exception is JsonException or NullReferenceException or InvalidOperationException)
        {
            throw ToolException.Setup($"\"{StateFile}\" cannot be read. Restore the configuration from the backups beside it, then delete it.", exception);
        }

        File.Delete(StateFile);
        return changes;
    }

    private static FileChange Restore(JsonObject undo)
    {
        string path = undo["path"]!.GetValue<string>();
        string? backup = undo["backup"]?.GetValue<string>();
        if (Read(path) is not { } now)
        {
            return new FileChange(path, "kept", backup);
        }

        if (Digest(now) == undo["after"]!.GetValue<string>())
        {
            if (backup is null)
            {
                File.Delete(path);
                return new FileChange(path, "removed");
            }

            Replace(path, Read(backup) ?? throw ToolException.Failed($"The backup \"{backup}\" is missing. Nothing was changed in \"{path}\"."));
            return new FileChange(path, "restored", backup);
        }

        List<string> kept = [];
        byte[] without = ConfigurationEdit.Undo(now, undo, kept);
        if (without.AsSpan().SequenceEqual(now))
        {
            return new FileChange(path, "kept", backup, kept);
        }

        Replace(path, without);
        return new FileChange(path, "restored", backup, kept);
    }

    private string Backup(string path, byte[] content)
    {
        string directory = context.State.Create("launch");
        string backup = Path.Combine(directory, $"{program}-{Path.GetFileName(path)}-{context.Time.GetUtcNow():yyyyMMdd'T'HHmmssfff}.backup");
        using FileStream file = StateDirectory.CreateFile(backup, FileMode.CreateNew);
        file.Write(content);
        return backup;
    }

    private void WriteState(JsonArray files)
    {
        _ = context.State.Create("launch");
        JsonObject state = new() { ["version"] = 1, ["program"] = program, ["at"] = Times.Text(context.Time.GetUtcNow()), ["files"] = files.DeepClone() };
        Replace(StateFile, ConfigurationText.Encode(state));
    }

    private static string Resolve(string path) =>
        new FileInfo(path).LinkTarget is null ? path : File.ResolveLinkTarget(path, returnFinalTarget: true)?.FullName ?? path;

    private static byte[]? Read(string path)
    {
        if (Directory.Exists(path))
        {
            throw ToolException.Setup($"\"{path}\" is a directory.");
        }

        FileInfo file = new(path);
        if (!file.Exists)
        {
            return null;
        }

        return file.Length <= LargestFile
            ? File.ReadAllBytes(path)
            : throw ToolException.Setup($"\"{path}\" has {file.Length} bytes, more than a configuration file has. Use --print and edit it yourself.");
    }

    // Beside the file, with its mode, then renamed: no half of it is ever read.
    private static void Replace(string path, byte[] content)
    {
        string temporary = $"{path}.{Guid.NewGuid():N}.tmp";
        try
        {
            StateDirectory.CreateDirectory(Path.GetDirectoryName(path)!);
            using (FileStream file = StateDirectory.CreateFile(temporary, FileMode.CreateNew))
            {
                file.Write(content);
                file.Flush(flushToDisk: true);
            }

            if (!OperatingSystem.IsWindows() && File.Exists(path))
            {
                File.SetUnixFileMode(temporary, File.GetUnixFileMode(path));
            }

            File.Move(temporary, path, overwrite: true);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            File.Delete(temporary);
            throw ToolException.Setup($"\"{path}\" cannot be written: {FileErrors.Describe(exception)}.", exception);
        }
    }

    private static string Digest(byte[] content) => Convert.ToHexStringLower(SHA256.HashData(content));
}
