namespace Privatemode.AI.Verification;

/// <summary>Files in the directory of the adoption log. Only plain ones are opened: a link leads elsewhere, and a pipe waits for its other end.</summary>
/// <remarks>
/// This guards against accidents and leftovers. Whoever can write the directory can exchange a file between the look at it and its use; he could
/// write an approval as well.
/// </remarks>
internal static class ManifestFiles
{
    /// <summary>All of a file; nothing when it does not exist. Another process may be appending.</summary>
    /// <exception cref="UnauthorizedAccessException">It is no plain file, or may not be read.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static byte[] Read(string path)
    {
        // Pipes and devices have no length, so that they are not opened: reading from one may never end.
        FileInfo look = Look(path);
        if (!look.Exists || look.Length == 0)
        {
            return [];
        }

        using FileStream file = new(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        byte[] content = new byte[look.Length];
        int length = file.ReadAtLeast(content, content.Length, throwOnEndOfStream: false);
        return content[..length];
    }

    /// <summary>Makes a file anew, on disk when this returns. What stood there was left by a process that ended before it wrote its line.</summary>
    /// <remarks>
    /// The directory is not flushed: .NET does not open directories. The usual file systems write a new file's name along with its content; should
    /// one not, and the power fail, the log names a file that is missing, which is noticed and trusted in nothing.
    /// </remarks>
    public static void Write(string path, byte[] content)
    {
        File.Delete(path); // a link itself, not where it leads
        using FileStream file = new(path, FileMode.CreateNew, FileAccess.Write);
        file.Write(content);
        file.Flush(flushToDisk: true);
    }

    /// <summary>Replaces a file, so that a reader sees either the old content or the new one. On disk when this returns.</summary>
    public static void Replace(string path, byte[] content)
    {
        string next = path + ".new";
        Write(next, content);
        File.Move(next, path, overwrite: true); // a link itself, not where it leads
    }

    /// <summary>Opens a file for reading and writing, or makes it.</summary>
    /// <exception cref="UnauthorizedAccessException">It is no plain file, or may not be written.</exception>
    /// <exception cref="IOException">It cannot be opened, for example because somebody holds it.</exception>
    public static FileStream Open(string path, FileShare share)
    {
        _ = Look(path);
        FileStream file = new(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, share); // open for both, a pipe waits for nobody
        if (!file.CanSeek)
        {
            file.Dispose();
            throw new UnauthorizedAccessException("This is a pipe or a device, not a file.");
        }

        return file;
    }

    private static FileInfo Look(string path)
    {
        FileInfo file = new(path);
        return file.LinkTarget is null ? file : throw new UnauthorizedAccessException("This is a link, not a file.");
    }
}
