using System.Diagnostics;

namespace Privatemode.AI.Soak.Scenarios;

/// <summary>A small file system in memory, which can be full or read-only.</summary>
internal sealed class Volume : IDisposable
{
    private Volume(string path) => Path = path;

    public string Path { get; }

    private string Filler => System.IO.Path.Combine(Path, "filler");

    /// <summary>Mounts it; <see langword="null"/> if this process may not.</summary>
    public static Volume? TryMount(string path)
    {
        _ = Directory.CreateDirectory(path);
        return OperatingSystem.IsLinux() && Environment.IsPrivilegedProcess && Run("mount", "-t", "tmpfs", "-o", "size=512k", "tmpfs", path)
            ? new Volume(path)
            : null;
    }

    /// <summary>Writes until nothing more can be written.</summary>
    public void Fill()
    {
        using FileStream file = new(Filler, FileMode.Create, FileAccess.Write, FileShare.None, bufferSize: 0);
        try
        {
            while (true)
            {
                file.Write(new byte[4096]);
            }
        }
        catch (IOException)
        {
            // Full.
        }
    }

    public void Empty() => File.Delete(Filler);

    public void Set(string mode)
    {
        if (!Run("mount", "-o", $"remount,{mode}", Path))
        {
            throw new InvalidOperationException($"The file system cannot be made {mode}.");
        }
    }

    public void Dispose() => _ = Run("umount", "-l", Path);

    private static bool Run(string program, params string[] arguments)
    {
        try
        {
            using Process process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true })!;
            process.WaitForExit();
            return process.ExitCode == 0;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return false;
        }
    }
}
