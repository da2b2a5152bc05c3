namespace Privatemode.Tool.Services;

/// <summary>Reads small files. Pipes are files too: a shell's <c>&lt;(…)</c> has neither a length nor a position.</summary>
internal static class BoundedFile
{
    /// <param name="path">The full path.</param>
    /// <param name="largest">The maximum size in bytes.</param>
    /// <exception cref="IOException">The file cannot be read, or is longer.</exception>
    /// <exception cref="UnauthorizedAccessException">The user does not have the permission to read the file, or the path is a directory.</exception>
    public static byte[] Read(string path, int largest)
    {
        using FileStream file = new(path, new FileStreamOptions { Access = FileAccess.Read, Share = FileShare.ReadWrite, BufferSize = 0 });
        using MemoryStream content = new();
        byte[] buffer = new byte[Math.Min(largest, 64 * 1024) + 1];
        while (file.Read(buffer) is > 0 and int read)
        {
            content.Write(buffer, 0, read);
            if (content.Length > largest)
            {
                throw new IOException($"it has more than {largest} bytes");
            }
        }

        return content.ToArray();
    }
}
