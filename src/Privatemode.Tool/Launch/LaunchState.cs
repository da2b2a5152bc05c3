using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Nodes;
using Privatemode.Tool.CommandLine;
using Privatemode.Tool.Commands;
using Privatemode.Tool.Services;

namespace Privatemode.Tool.Launch;

/// <summary>The change of a file.</summary>
/// <param name="Path">The full path.</param>
/// <param name="Action"><c>wrote</c>, <c>restored</c>, <c>removed</c> or <c>kept</c>.</param>
/// <param name="Backup">The copy of the file as it was, or null.</param>
/// <param name="Kept">The members that are kept because they were changed since then.</param>
internal sealed record FileChange(string Path, string Action, string? Backup = null, IReadOnlyList<string>? Kept = null);

/// <summary>Writes configuration files, and stores the data to undo this.</summary>
/// <param name="context">The console, the environment and the directories of the command.</param>
/// <param name="program">The name of the program, which is that of the file with the memory.</param>
internal sealed class LaunchState(ToolContext context, string program)
{
    // Configuration files have some kilobytes.
    private const int MaxFileSize = 4 << 20;

    private string StateFile => Path.Combine(context.State.Path, "launch", program + ".json");

    /// <summary>Writes the changes. The changes of an earlier call are undone first, so that the backups are always those of the user's files.</summary>
    /// <exception cref="ToolException">A file cannot be changed safely, and nothing was written; or a file cannot be written, and the files before it are
    /// written and can be restored.</exception>
    public IReadOnlyList<FileChange> Write(IReadOnlyList<ConfigurationEdit> edits)
    {
        IReadOnlyList<Undoing> undoings = ReadUndoings();

        // All are computed before the first is written: an edit that is refused must not undo the one before it.
        List<(string Path, byte[]? Before, byte[] After, JsonObject Undo, bool HoldsKey)> changes = [];
        foreach (ConfigurationEdit edit in edits)
        {
            string path = Resolve(edit.Path);
            byte[]? before = undoings.FirstOrDefault(undoing => undoing.Change.Path == path) is { } undoing ? undoing.Content : Read(path);
            JsonObject undo = [];
            changes.Add((path, before, edit.Apply(before, undo), undo, edit.HoldsKey));
        }

        Commit(undoings);
        List<FileChange> written = [];
        JsonArray files = [];
        foreach ((string path, byte[]? before, byte[] after, JsonObject undo, bool holdsKey) in changes)
        {
            string? backup = before is null ? null : Backup(path, before);
            undo["path"] = path;
            undo["after"] = Digest(after);
            undo["backup"] = backup;
            UnixFileMode? mode = holdsKey ? OnlyUser(path) : null;
            undo["mode"] = mode is null ? null : (int)ModeOf(path)!.Value;
            files.Add((JsonNode)undo);
            WriteState(files);
            Replace(path, after, mode);
            written.Add(new FileChange(path, "wrote", backup));
        }

        return written;
    }

    /// <summary>Undoes the changes of <see cref="Write"/>. Members that were changed since then are kept.</summary>
    /// <returns>Empty if there is nothing to undo.</returns>
    /// <exception cref="ToolException">A file cannot be undone safely; nothing was written.</exception>
    public IReadOnlyList<FileChange> Restore()
    {
        IReadOnlyList<Undoing> undoings = ReadUndoings();
        Commit(undoings);
        return [.. undoings.Select(undoing => undoing.Change)];
    }

    /// <summary>The effect on a file of undoing an earlier call.</summary>
    /// <param name="Change">The change to report.</param>
    /// <param name="Content">The file afterwards, or null if it does not exist then.</param>
    /// <param name="Mode">Its permissions before an earlier call restricted them, or null.</param>
    private sealed record Undoing(FileChange Change, byte[]? Content, UnixFileMode? Mode);

    private IReadOnlyList<Undoing> ReadUndoings()
    {
        if (Read(StateFile) is not { } state)
        {
            return [];
        }

        try
        {
            return [.. JsonNode.Parse(state)!["files"]!.AsArray().Select(file => Undo(file!.AsObject()))];
        }
        catch (Exception exception) when (exception is JsonException or NullReferenceException or InvalidOperationException)
        {
            throw ToolException.Setup($"\"{StateFile}\" cannot be read. Restore the configuration from the backups beside it, then delete it.", exception);
        }
    }

    private void Commit(IReadOnlyList<Undoing> undoings)
    {
        foreach (Undoing undoing in undoings)
        {
            if (undoing.Change.Action == "removed")
            {
                File.Delete(undoing.Change.Path);
            }
            else if (undoing.Change.Action == "restored")
            {
                Replace(undoing.Change.Path, undoing.Content!, undoing.Mode);
            }
        }

        if (File.Exists(StateFile))
        {
            File.Delete(StateFile);
        }
    }

    private static Undoing Undo(JsonObject undo)
    {
        string path = undo["path"]!.GetValue<string>();
        string? backup = undo["backup"]?.GetValue<string>();
        UnixFileMode? mode = undo["mode"] is { } before ? (UnixFileMode)before.GetValue<int>() : null;
        if (Read(path) is not { } now)
        {
            return new Undoing(new FileChange(path, "kept", backup), Content: null, mode);
        }

        if (Digest(now) == undo["after"]!.GetValue<string>())
        {
            return backup is null
                ? new Undoing(new FileChange(path, "removed"), Content: null, mode)
                : new Undoing(
                    new FileChange(path, "restored", backup),
                    Read(backup) ?? throw ToolException.Failed($"The backup \"{backup}\" is missing. Nothing was changed in \"{path}\"."),
                    mode);
        }

        List<string> kept = [];
        byte[] without = ConfigurationEdit.Undo(now, undo, kept);
        string action = without.AsSpan().SequenceEqual(now) ? "kept" : "restored";
        return new Undoing(new FileChange(path, action, backup, kept), without, mode);
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

        if (!RegularFile.Is(path))
        {
            throw ToolException.Setup($"\"{path}\" is a device or a pipe. Use --print and edit the configuration yourself.");
        }

        return file.Length <= MaxFileSize
            ? File.ReadAllBytes(path)
            : throw ToolException.Setup($"\"{path}\" has {file.Length} bytes, more than a configuration file has. Use --print and edit it yourself.");
    }

    private static UnixFileMode? ModeOf(string path) => OperatingSystem.IsWindows() || !File.Exists(path) ? null : File.GetUnixFileMode(path);

    private static UnixFileMode? OnlyUser(string path) =>
        ModeOf(path) & (UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);

    // Beside the file, with its mode or the given one, then renamed: no half of it is ever read.
    private static void Replace(string path, byte[] content, UnixFileMode? mode = null)
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

            if (!OperatingSystem.IsWindows() && (mode ?? ModeOf(path)) is { } wanted)
            {
                File.SetUnixFileMode(temporary, wanted);
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
